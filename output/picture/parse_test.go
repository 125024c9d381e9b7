package picture_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/debrief-sre/debrief/output/picture"
	"github.com/debrief-sre/debrief/report"
)

// node is an element as a reader of the file finds it.
type node struct {
	name  string
	attrs map[string]string
	text  string
	path  string // the names of its ancestors
}

func parse(t *testing.T, text string) []node {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(text))
	var nodes []node
	var open []int
	path := ""
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nodes
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := node{name: token.Name.Local, attrs: map[string]string{}, path: path}
			for _, a := range token.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			open = append(open, len(nodes))
			nodes = append(nodes, n)
			path += "/" + n.name
		case xml.EndElement:
			open = open[:len(open)-1]
			path = strings.TrimSuffix(path, "/"+token.Name.Local)
		case xml.CharData:
			if len(open) > 0 {
				nodes[open[len(open)-1]].text += string(token)
			}
		case xml.Comment, xml.Directive:
			t.Errorf("unexpected markup: %v", token)
		}
	}
}

// allowed are all elements that a picture has.
var allowed = map[string]bool{
	"svg": true, "title": true, "desc": true, "g": true, "a": true, "path": true,
	"text": true, "rect": true, "circle": true, "style": true,
}

func check(t *testing.T, text string, inline bool) {
	t.Helper()
	nodes := parse(t, text)
	ids, images := map[string]bool{}, 0
	for _, n := range nodes {
		if !allowed[n.name] {
			t.Errorf("element %s", n.name)
		}
		if n.name == "style" && inline {
			t.Error("the inline form has a style element")
		}
		for name, v := range n.attrs {
			switch {
			case name == "style", strings.HasPrefix(name, "on"), name == "src":
				t.Errorf("attribute %s=%q of %s", name, v, n.name)
			case name == "href" && (!inline || n.name != "a" || !strings.HasPrefix(v, "#row-")):
				t.Errorf("link to %q from %s", v, n.name)
			case strings.Contains(v, "url("), strings.Contains(v, "://") && name != "xmlns":
				t.Errorf("reference %s=%q", name, v)
			case strings.Contains(v, "NaN"), strings.Contains(v, "Inf"):
				t.Errorf("%s has %s=%q", n.name, name, v)
			}
		}
		if id, ok := n.attrs["id"]; ok {
			if ids[id] {
				t.Errorf("id %q stands twice", id)
			}
			ids[id] = true
		}
		if n.attrs["role"] == "img" {
			images++
		}
		for _, r := range n.text {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar) {
				t.Errorf("character %U in %q", r, n.text)
			}
		}
		if n.name == "a" && strings.Contains(n.path, "/a") {
			t.Error("a link within a link")
		}
	}
	if images != 1 {
		t.Errorf("%d elements have the role of an image, not one", images)
	}
	for _, n := range nodes {
		for _, id := range strings.Fields(n.attrs["aria-labelledby"]) {
			if !ids[id] {
				t.Errorf("labelled by %q, which is not there", id)
			}
		}
	}
	if nodes[0].attrs["viewBox"] == "" || nodes[1].name != "title" || nodes[2].name != "desc" || nodes[1].text == "" || nodes[2].text == "" {
		t.Error("no viewBox, title or desc")
	}
	if strings.Contains(strings.ToLower(text), "@import") || strings.Contains(text, "url(") {
		t.Error("the style refers to something outside")
	}
}

func TestWellFormedAndContained(t *testing.T) {
	for _, sample := range samples {
		for _, kind := range kinds {
			t.Run(sample.name+"/"+kind.name, func(t *testing.T) {
				s, _ := kind.draw(sample.report())
				check(t, s.Inline(), true)
				check(t, string(s.Standalone()), false)
			})
		}
	}
}

// TestOnePage puts both pictures on one page: their ids differ.
func TestOnePage(t *testing.T) {
	incident, _ := picture.Incident(recorded())
	budget, _ := picture.Budget(recorded())
	ids := map[string]bool{}
	for _, n := range append(parse(t, incident.Inline()), parse(t, budget.Inline())...) {
		if id := n.attrs["id"]; id != "" && ids[id] {
			t.Errorf("id %q is in both", id)
		} else {
			ids[id] = true
		}
	}
}

func TestMarksLinkToRows(t *testing.T) {
	r := recorded()
	s, _ := picture.Incident(r)
	var links, marks []string
	for _, n := range parse(t, s.Inline()) {
		if n.name == "a" {
			links = append(links, strings.TrimPrefix(n.attrs["href"], "#row-"))
		}
		if id, ok := strings.CutPrefix(n.attrs["id"], "mark-"); ok {
			marks = append(marks, id)
		}
	}
	for i, e := range r.KeyMoments() {
		if i >= len(links) || links[i] != e.ID || marks[i] != e.ID {
			t.Fatalf("links %v and marks %v do not follow the key moments", links, marks)
		}
	}
}

// TestLinksAreNoPartOfAnImage: assistive technology does not see what is in one.
func TestLinksAreNoPartOfAnImage(t *testing.T) {
	s, _ := picture.Incident(recorded())
	text := s.Inline()
	image := strings.Index(text, `<g role="img"`)
	end := strings.Index(text[image:], "\n </g>") + image // the indent is that of the group
	if first := strings.Index(text, "<a "); first < end {
		t.Errorf("the first link is at %d, the image ends at %d", first, end)
	}
	for _, n := range parse(t, text)[:1] {
		if n.attrs["role"] != "group" {
			t.Errorf("the root's role is %q", n.attrs["role"])
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	empty := recorded()
	empty.Series, empty.Weights, empty.Impact = nil, nil, nil
	blank := recorded()
	blank.Weights = nil
	for i := range blank.Series {
		for j := range blank.Series[i].Points {
			blank.Series[i].Points[j].Value = nil
		}
	}
	blank.Impact[0].Consumed, blank.Impact[0].Remaining = nil, value(nan)
	for name, r := range map[string]report.Report{"zero": {}, "empty": empty, "blank": blank} {
		if _, ok := picture.Incident(r); ok {
			t.Errorf("%s: an incident was drawn", name)
		}
		if _, ok := picture.Budget(r); ok {
			t.Errorf("%s: a budget was drawn", name)
		}
	}
}

// TestNoDataIsSaid: an indicator without data is shown beside the weights.
func TestNoDataIsSaid(t *testing.T) {
	r := recorded()
	for i := range r.Series[0].Points {
		r.Series[0].Points[i].Value = nil
	}
	s, ok := picture.Incident(r)
	if !ok || !strings.Contains(s.Inline(), "no data in this time") || !strings.Contains(s.Desc, "has no data") {
		t.Errorf("%v %s", ok, s.Desc)
	}
}

func TestDescriptions(t *testing.T) {
	incident, _ := picture.Incident(recorded())
	budget, _ := picture.Budget(recorded())
	want := "The incident over time: error rate, share of traffic on the new version and key moments. " +
		"From 19:53:38 to 19:55:38 UTC on 2026-11-22: the error rate was highest with 10.57 % at 19:54:20 against a limit of 0.1 %; " +
		"an analysis metric measured between 0.498 and 0.515 against a limit of 0.05; the new version had at most 20 % of the traffic; key moments: 10."
	if got := incident.Alt(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want = "The error budget and the incident's part of it. The incident took 2.31 % (projected from 12.4 % of the window) of the budget, 88.12 % is left."
	if got := budget.Alt(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	incident, _ = picture.Incident(hostile())
	budget, _ = picture.Budget(hostile())
	if text := incident.Alt() + budget.Alt(); strings.ContainsAny(text, "<>&[]|`*_\\") {
		t.Errorf("text of the report in %s", text)
	}
}

func FuzzText(f *testing.F) {
	f.Add("plain", "e-1")
	f.Add(hostile().Events[0].Title, `"><script>`)
	f.Fuzz(func(t *testing.T, text, id string) {
		r := recorded()
		for i := range r.Events {
			r.Events[i].Title = text
		}
		r.Events[0].ID, r.Series[0].Name, r.Series[1].Condition, r.Impact[0].Objective = id, text, text, text
		for _, kind := range kinds {
			s, ok := kind.draw(r)
			if !ok {
				t.Fatal("nothing was drawn")
			}
			check(t, s.Inline(), true)
			check(t, string(s.Standalone()), false)
		}
	})
}
