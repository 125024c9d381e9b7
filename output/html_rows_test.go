package output

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
	"github.com/debrief-sre/debrief/timeline"
)

// storyOf is a report that can be drawn, with events whose titles are not
// simple: two of one time and title, one that Markdown has to escape.
func storyOf() report.Report {
	r := reportOf("checkout")
	at := func(seconds int) time.Time { return abortedAt.Add(time.Duration(seconds) * time.Second) }
	r.Weights = []report.Weight{{Time: at(-60), Percent: 20}, {Time: at(0), Percent: 0}}
	r.Incident.Mitigated = new(at(10))
	r.Events = []report.Event{
		{ID: "e-0", Time: at(-60), Kind: timeline.TrafficShifted, Source: "argo", Title: "Traffic to the canary: 0 % -> 20 %", Key: true},
		{ID: "e-1", Time: at(-30), Kind: timeline.Kubernetes, Source: "kubernetes", Title: "Pod a"},
		{ID: "e-2", Time: at(-30), Kind: timeline.Kubernetes, Source: "kubernetes", Title: "Pod a"},
		{ID: "e-3", Time: at(0), Kind: timeline.RolloutAborted, Source: "argo", Title: "Aborted | *at* <b> `x` \u202e@me https://a.example & \\", Key: true, Role: "responder"},
		{ID: "no id", Time: at(0), Kind: "a\"] {}", Source: "</style>", Title: "Aborted"},
		{ID: "e-5", Time: at(10), Kind: timeline.SLIRecovered, Source: "prometheus", Title: "Recovered", Key: true},
	}
	return r
}

func rowsIn(page *html.Node) map[string]*html.Node {
	rows := map[string]*html.Node{}
	for _, tr := range elements(page, "tr") {
		if id := attr(tr, "id"); id != "" {
			rows[id] = tr
		}
	}
	return rows
}

// linkOf is where a row's time leads.
func linkOf(tr *html.Node) string {
	for d := range tr.Descendants() {
		if d.Data == "a" {
			return attr(d, "href")
		}
	}
	return ""
}

func TestRowsAndMarks(t *testing.T) {
	text := render(t, "html", storyOf())
	rows := rowsIn(checkPage(t, text))
	for _, id := range []string{"e-0", "e-3", "e-5"} {
		row, event := rows["row-"+id], rows["event-"+id]
		if row == nil || event == nil {
			t.Errorf("%s: no row", id)
			continue
		}
		if got := linkOf(row); got != "#mark-"+id {
			t.Errorf("%s: the row leads to %q", id, got)
		}
		if got := linkOf(event); got != "#row-"+id {
			t.Errorf("%s: the appendix leads to %q", id, got)
		}
		if !strings.Contains(text, `<a href="#row-`+id+`">`) {
			t.Errorf("%s: no link from the picture", id)
		}
	}
	for _, id := range []string{"e-1", "e-2"} {
		if row := rows["row-"+id]; row == nil || attr(row, "data-key") != "false" || linkOf(row) != "" {
			t.Errorf("%s: a minor event's row is not as it should be", id)
		}
	}
}

var table = regexp.MustCompile(`(?s)<!-- debrief:begin (full-)?timeline -->.*?<!-- debrief:end (full-)?timeline [^>]* -->\n`)

// TestRowsThatPeopleTookAway: what is left has no link to what is not there.
func TestRowsThatPeopleTookAway(t *testing.T) {
	story := storyOf()
	d, _, err := New(templates.Default(), story, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(d.Markdown)
	picture := "![the incident](" + story.Name + "-incident.svg)"
	full := table.FindAllString(whole, -1)
	if len(full) != 2 {
		t.Fatalf("%d tables", len(full))
	}
	tests := []struct {
		name, markdown     string
		marks, rows, links int // links are the picture's
	}{
		{"the picture alone", picture, 3, 0, 0},
		{"the picture twice", picture + "\n\n" + picture, 3, 0, 0},
		{"the full timeline alone", full[1], 0, 6 - 1, 0}, // one event has no id
		{"the picture and the full timeline", picture + "\n\n" + full[1], 3, 5, 3},
		{"the key moments twice", picture + "\n\n" + full[0] + strings.ReplaceAll(full[0], "timeline", "timeline-2"), 3, 3, 3},
		{"outside of debrief's blocks", strings.ReplaceAll(full[1], "<!--", "<!-- no"), 0, 0, 0},
		{"a row that was edited", strings.Replace(full[1], "Pod a", "Pod b", 1), 0, 4, 0},
		{"in a sentence", "a " + picture, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, page := pageOf(t, tt.markdown)
			rows := 0
			for id := range rowsIn(page) {
				if strings.HasPrefix(id, "row-") {
					rows++
				}
			}
			if marks := strings.Count(text, ` id="mark-`); marks != tt.marks || rows != tt.rows || strings.Count(text, `<a href="#row-`) < tt.links {
				t.Errorf("%d marks and %d rows, want %d and %d", marks, rows, tt.marks, tt.rows)
			}
		})
	}
}

func TestFilter(t *testing.T) {
	page := checkPage(t, render(t, "html", storyOf()))
	style := words(elements(page, "style")[0])
	groups := map[string][]string{}
	for _, n := range elements(page, "input") {
		set := n.Parent.Parent
		if value := attr(n, "value"); value != "" {
			groups[attr(set, "id")] = append(groups[attr(set, "id")], value)
		}
		if elements(set, "legend") == nil {
			t.Error("a group without a legend")
		}
	}
	if got := strings.Join(groups["by-source"], " "); got != "argo kubernetes other prometheus" {
		t.Errorf("sources %s", got)
	}
	if got := strings.Join(groups["by-kind"], " "); got != "kubernetes other rollout.aborted sli.recovered traffic.shifted" {
		t.Errorf("kinds %s", got)
	}
	rows := 0
	for _, tr := range elements(page, "tr") {
		if attr(tr, "data-key") == "" {
			continue
		}
		rows++
		for _, group := range []string{"source", "kind"} {
			value := attr(tr, "data-"+group)
			if !strings.Contains(style, `:not(:has(#by-`+group+` [value="`+value+`"]:checked)) tr[data-`+group+`="`+value+`"] { display: none; }`) {
				t.Errorf("no rule for the %s %q", group, value)
			}
		}
	}
	if rows != 6 {
		t.Errorf("%d rows can be filtered, want 6", rows)
	}
}

func TestNoFilterWithoutATimeline(t *testing.T) {
	text, _ := pageOf(t, "# A")
	for _, word := range []string{"fieldset id", "only-key", "--pic-", "<nav"} {
		if strings.Contains(text, word) {
			t.Errorf("a page of a heading has %q", word)
		}
	}
}
