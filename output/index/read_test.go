package index_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/output/index"
)

func read(t testing.TB, files map[string]string) index.Collection {
	t.Helper()
	fsys := fstest.MapFS{".": &fstest.MapFile{Mode: 0o755 | 1<<31}}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
	}
	c, err := index.Read(fsys, ".")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func number(f float64) *float64 { return &f }

const minimal = "---\ntitle: A\ndate: 2026-01-02\nservices: [a]\n"

func TestFrontMatter(t *testing.T) {
	tests := []struct {
		name, front string
		want        func(*index.Incident)
		skipped     []string
	}{
		{name: "nothing more", want: func(*index.Incident) {}},
		{
			name: "one share alone", front: "slo: [o]\nbudget_consumed: 0.5\nbudget_saved: 2\nrequests_saved: 7\n",
			want: func(i *index.Incident) {
				i.Budgets = []index.Budget{{Objective: "o", Consumed: number(0.5), Saved: number(2)}}
				i.RequestsSaved = number(7)
			},
		},
		{
			name: "a share that is not known", front: "slo: [o, p]\nbudget_consumed: [null, 0.25]\n",
			want: func(i *index.Incident) {
				i.Budgets = []index.Budget{{Objective: "o"}, {Objective: "p", Consumed: number(0.25)}}
			},
		},
		{
			name: "more shares than objectives", front: "slo: [o]\nbudget_consumed: [0.25, 0.5]\n",
			want:    func(i *index.Incident) { i.Budgets = []index.Budget{{Objective: "o"}} },
			skipped: []string{"has front matter whose budget_consumed cannot be read: it counts as unknown"},
		},
		{
			name: "figures that are none", front: "slo: [o]\nbudget_consumed: .nan\nrequests_saved: -3\ntta: -4m\ndetected: noon\n",
			want: func(i *index.Incident) { i.Budgets = []index.Budget{{Objective: "o"}} },
			skipped: []string{
				"has front matter whose budget_consumed cannot be read: it counts as unknown",
				"has front matter whose detected cannot be read: it counts as unknown",
				"has front matter whose requests_saved cannot be read: it counts as unknown",
				"has front matter whose tta cannot be read: it counts as unknown",
			},
		},
		{name: "durations", front: "ttd: 38s\ntta: 1m5s\nttm: 2 h 10 min\nttr: 26h\n", want: func(i *index.Incident) {
			i.TTD, i.TTA, i.TTM, i.TTR = number(38), number(65), number(7800), number(93600)
		}},
		{name: "a cause", front: "cause: analysis\n", want: func(i *index.Incident) { i.Cause = "analysis" }},
		{name: "a cause among the tags", front: "tags: [rollout, abort, user]\n", want: func(i *index.Incident) { i.Cause = "user" }},
		{name: "no abort", front: "tags: [rollout]\n", want: func(i *index.Incident) { i.Cause = index.CauseNotAborted }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := read(t, map[string]string{"x.md": minimal + test.front + "---\n"})
			date := c.Incidents[0].Date
			want := index.Incident{
				Path: "x.md", Slug: "x", Title: "A", Date: date, Updated: date, Services: []string{"a"},
				Cause: index.CauseUnknown, Budgets: []index.Budget{},
			}
			test.want(&want)
			if diff := cmp.Diff([]index.Incident{want}, c.Incidents); diff != "" {
				t.Error(diff)
			}
			var reasons []string
			for _, s := range c.Skipped {
				reasons = append(reasons, s.Reason)
			}
			if diff := cmp.Diff(test.skipped, reasons); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestActions(t *testing.T) {
	open := func(texts ...string) (list []index.Action) {
		for _, text := range texts {
			list = append(list, index.Action{Text: text})
		}
		return list
	}
	tests := []struct {
		name, body string
		want       []index.Action
	}{
		{"no heading announces them", "# A\n\n- [ ] one\n", nil},
		{"tasks", "## Follow-ups\n- [ ] one\n- [x] two\n* three\n", open("one", "three")},
		{"done by word", "## Next steps\n- Done: one\n- two\n", open("two")},
		{"until the next heading", "## Action items\n### This week\n- one\n## Lessons\n- two\n", open("one")},
		{"questions", "## Action Items\n| # | Action Item | Owner |\n|-|-|-|\n| 1 | _What?_ <!-- debrief:prompt --> | _Who?_ <!-- debrief:prompt --> |\n", nil},
		{
			"an answer behind the mark", "## Action Items\n| Action Item | Owner |\n|-|-|\n| Do it | _Who?_ <!-- debrief:prompt --> team-a |\n",
			[]index.Action{{Text: "Do it", Owner: "team-a"}},
		},
		{
			"proposals", "## Action Items\n| Action | Type | Due date |\n|-|-|-|\n| Proposed: Add an alert. It would have seen it. | detect | 2026-02-01 |\n",
			[]index.Action{{Text: "Add an alert.", Type: "detect", Due: "2026-02-01", Proposed: true}},
		},
		{"states", "## Actions\n| Action | Status |\n|-|-|\n| a | Done |\n| b | open |\n| c | ✅ |\n| d | Completed 2026-01-03 |\n| e |\n", open("b", "e")},
		{"what is read", "## Actions\n- **a** [b](https://x.example) `c|d` &amp; \\* ~~e~~ <https://f.example>\n", open("a b c|d & * e https://f.example")},
		{"in code", "```\n## Actions\n- one\n```\n", nil},
		{"long", "## Actions\n- " + strings.Repeat("word ", 100) + "\n", open(strings.TrimSpace(strings.Repeat("word ", 40)[:199]) + "…")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := read(t, map[string]string{"x.md": minimal + "---\n" + test.body})
			if diff := cmp.Diff(test.want, c.Incidents[0].Actions); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsRead(t *testing.T) {
	doc := minimal + "---\n"
	c := read(t, map[string]string{
		"README.md": doc, "index.md": doc, "sub/_index.md": doc, ".hidden.md": doc, ".git/x.md": doc, "x.edited-summary.md": doc, "x.txt": doc,
		"sub/deep/a b (1):c.md": doc, "2026-02-03-old.md": "no heading\n", "notes.md": "# Notes\n", "draft.md": "---\ntitle: x\n---\n",
		"2026-99-99.md": "# no date\n", "noon.md": minimal + "start: noon\n---\n", "large.md": strings.Repeat("x", 4<<20+1), "empty.md": "",
	})
	var paths []string
	for _, i := range c.Incidents {
		paths = append(paths, i.Path+" "+i.Title)
	}
	if diff := cmp.Diff([]string{"2026-02-03-old.md 2026-02-03-old", "sub/deep/a b (1):c.md A"}, paths); diff != "" {
		t.Error(diff)
	}
	want := []index.Skipped{
		{File: "2026-99-99.md", Reason: `has a date in its front matter that is none: "2026-99-99"`},
		{File: "draft.md", Reason: "is no postmortem: neither its front matter nor its name states a date", Foreign: true},
		{File: "empty.md", Reason: "is no postmortem: neither its front matter nor its name states a date", Foreign: true},
		{File: "large.md", Reason: "is larger than 4 MiB"},
		{File: "noon.md", Reason: `has a time in its front matter that is none: "noon"`},
		{File: "notes.md", Reason: "is no postmortem: neither its front matter nor its name states a date", Foreign: true},
	}
	if diff := cmp.Diff(want, c.Skipped); diff != "" {
		t.Error(diff)
	}
}

// TestReport tells that the JSON form's figures come before the front matter's.
func TestReport(t *testing.T) {
	report := `{"schemaVersion": 1, "collected": "2026-01-03T00:00:00Z", "abort": {"cause": "experiment"}, "measures": {"ttd": 5},
		"impact": [
			{"objective": "o", "target": 0.99, "consumed": 0.5, "allowedBad": 200, "canary": {"saved": 100}},
			{"objective": "p", "target": 0.9, "consumed": null, "canary": {"saved": 30}},
			{"objective": "metric", "fromAnalysis": true}]}`
	c := read(t, map[string]string{"x.md": minimal + "cause: user\nttd: 9s\nttr: 9s\n---\n", "x.json": report})
	i := c.Incidents[0]
	got := fmt.Sprint(i.Cause, " ", *i.TTD, " ", i.TTR == nil, " ", *i.RequestsSaved, " ", i.Updated.Format("2006-01-02"))
	if want := "experiment 5 true 100 2026-01-03"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	budgets := []index.Budget{{Objective: "o", Consumed: number(0.5), Saved: number(0.5)}, {Objective: "p"}}
	if diff := cmp.Diff(budgets, i.Budgets); diff != "" {
		t.Error(diff)
	}
	for _, broken := range []string{"", "[]", "{}", "null", `{"schemaVersion": 1, "measures": []}`, `{"schemaVersion": 2}`} {
		c := read(t, map[string]string{"x.md": minimal + "cause: user\nttd: 9s\n---\n", "x.json": broken})
		if i := c.Incidents[0]; i.Cause != "user" || *i.TTD != 9 || len(c.Skipped) != 1 || c.Skipped[0].File != "x.json" {
			t.Errorf("%s: %+v %+v", broken, i, c.Skipped)
		}
	}
}

// FuzzRead tells that no document makes reading or writing panic, and that
// whatever is read gives a whole index.
func FuzzRead(f *testing.F) {
	f.Add(minimal+"slo: [a]\nbudget_consumed: [1]\n---\n## Actions\n- [ ] x\n", `{"schemaVersion":1}`)
	f.Add("# Title\n\nActions\n---\n| a | b |\n|-|-|\n| <!-- debrief:prompt --> | x\n", "")
	f.Add(minimal+"ttd: 1h\nservices: [\"|\", \"]\"]\ncause: \"`\"\n---\n", "{")
	f.Fuzz(func(t *testing.T, document, report string) {
		c := read(t, map[string]string{"2026-01-02-x.md": document, "2026-01-02-x.json": report})
		files, err := index.Files(c, index.Options{})
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := files[0].Onto(files[0].Data, false)
		if err != nil || string(again) != string(files[0].Data) {
			t.Fatalf("a second run is no no-op: %v", err)
		}
	})
}

// many is a folder of n incidents of 40 services over years.
func many(n int) map[string]string {
	files := map[string]string{}
	for k := range n {
		name := fmt.Sprintf("%d-%02d-%02d-s%d-r%d", 2020+k%7, 1+k%12, 1+k%28, k%40, k)
		files[name+".md"] = fmt.Sprintf("---\ntitle: Rollout %d of s%d\ndate: %s\nservices: [ns/s%d]\ntags: [rollout, abort, analysis]\nslo: [s%d]\nbudget_consumed: 0.01\nttd: %ds\n---\n\n# Rollout\n\n%s\n## Action items\n\n- [ ] do %d\n",
			k, k%40, name[:10], k%40, k%40, k%300, strings.Repeat("| 19:54:08 | An event | kubernetes | `kubernetes/events.jsonl:31` |\n", 300), k)
	}
	return files
}

func BenchmarkIndex2000(b *testing.B) {
	files := many(2000)
	fsys := fstest.MapFS{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fsys[name] = &fstest.MapFile{Data: []byte(files[name])}
	}
	b.ReportAllocs()
	for b.Loop() {
		c, err := index.Read(fsys, ".")
		if err != nil || len(c.Incidents) != 2000 {
			b.Fatal(len(c.Incidents), err)
		}
		if _, err := index.Files(c, index.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
