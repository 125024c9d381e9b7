package review_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/report/review"
	"github.com/debrief-sre/debrief/timeline"
)

func at(minute int) time.Time {
	return time.Date(2026, time.November, 22, 19, minute, 0, 0, time.UTC)
}

// incident is a report of six events, the third of which the page's moment is.
func incident() report.Report {
	event := func(id string, minute int, kind timeline.Kind, title string, key bool) report.Event {
		return report.Event{ID: id, Time: at(minute), Kind: kind, Source: "kubernetes", Title: title, Key: key, Evidence: []evidence.Citation{"kubernetes/events.jsonl:1"}}
	}
	paged := &report.Moment{Time: at(3), Event: "e-3333333333", What: "Page triggered"}
	return report.Report{
		Incident: report.Incident{Window: evidence.Window{Start: at(0), End: at(30)}},
		Measures: report.Measures{From: report.Moments{Detected: paged, Paged: paged}},
		Events: []report.Event{
			event("e-1111111111", 1, timeline.TrafficShifted, "Traffic to the canary set to 20 %", true),
			event("e-2222222222", 2, timeline.CanaryReady, "Canary available", true),
			event("e-3333333333", 3, timeline.PageTriggered, "Page triggered", true),
			event("e-4444444444", 3, timeline.PageTriggered, "Page triggered again", true),
			event("e-5555555555", 5, timeline.Kubernetes, "BackOff on Pod a", false),
			event("e-5555555556", 5, timeline.Kubernetes, "BackOff on Pod b", false),
		},
	}
}

// apply parses the review and applies it, and checks that the report that it
// was given stays as it was.
func apply(t *testing.T, text string) (report.Report, error) {
	t.Helper()
	v, err := review.Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := incident()
	reviewed, err := v.Apply(r)
	if diff := cmp.Diff(incident(), r); diff != "" {
		t.Errorf("the report itself changed (-before +after):\n%s", diff)
	}
	return reviewed, err
}

func titles(r report.Report) []string {
	var list []string
	for _, e := range r.Events {
		list = append(list, e.Title)
	}
	return list
}

func TestPin(t *testing.T) {
	got, err := apply(t, "- {event: e-5555555555, pin: true}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := incident()
	want.Events[4].Key, want.Events[4].Reviewed = true, &report.Reviewed{Pinned: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRetitle: the evidence stays, the event's own title too, and the measures
// name the moment as the timeline does.
func TestRetitle(t *testing.T) {
	got, err := apply(t, "- {event: e-3333333333, title: The first page}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := incident()
	want.Events[2].Title, want.Events[2].Reviewed = "The first page", &report.Reviewed{Title: "Page triggered"}
	want.Measures.From.Paged.What = "The first page" // and Detected, which is the same
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHide(t *testing.T) {
	got, err := apply(t, "- {event: e-5555555556, hide: true, reason: another pod}\n- {event: e-4444444444, hide: true, reason: sent twice}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := incident()
	hidden := func(i int, reason string) report.Hidden {
		e := want.Events[i]
		return report.Hidden{ID: e.ID, Time: e.Time, Kind: e.Kind, Source: e.Source, Title: e.Title, Reason: reason, Evidence: e.Evidence}
	}
	want.Hidden = []report.Hidden{hidden(3, "sent twice"), hidden(5, "another pod")}
	want.Events = []report.Event{want.Events[0], want.Events[1], want.Events[2], want.Events[4]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAdd(t *testing.T) {
	got, err := apply(t, `
- add: {time: 2026-11-22T19:03:00Z, title: Payments held their release, role: on-call engineer, source: incident channel, pin: true}
- add: {time: 2026-11-22T18:00:00Z, title: A feature flag changed, source: flag service}
- add: {time: 2026-11-23T00:00:00Z, title: The fix was merged, source: the repository}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"A feature flag changed", "Traffic to the canary set to 20 %", "Canary available", "Page triggered", "Page triggered again",
		"Payments held their release", "BackOff on Pod a", "BackOff on Pod b", "The fix was merged",
	}
	if diff := cmp.Diff(want, titles(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e := got.Events[5]
	added := report.Event{
		ID: e.ID, Time: at(3), Precision: 1, Source: "reviewer", Clock: "reviewer", Kind: timeline.Note, Role: "on-call engineer",
		Title: "Payments held their release", Detail: "stated by a reviewer: incident channel", Key: true, Evidence: []evidence.Citation{},
		Reviewed: &report.Reviewed{Added: true, Pinned: true},
	}
	if diff := cmp.Diff(added, e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again, err := apply(t, "- add: {time: 2026-11-22T20:03:00+01:00, title: Payments held their release, source: x}\n"); err != nil || again.Events[4].ID != e.ID {
		t.Errorf("the same addition has another id: %+v, %v", again.Events, err)
	}
	if data, err := json.Marshal(e); err != nil || !strings.Contains(string(data), `"evidence":[]`) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestApplyRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{
			"a mistyped id", "- {event: e-5555555557, pin: true}\n",
			`f:1: [0].event: there is no event "e-5555555557"; did you mean e-5555555555 ("BackOff on Pod a") or e-5555555556 ("BackOff on Pod b")? (the JSON form, --format json, lists all events with their ids)`,
		},
		{
			"an id like none", "- {event: nothing, pin: true}\n",
			`f:1: [0].event: there is no event "nothing" (the JSON form, --format json, lists all events with their ids)`,
		},
		{
			"a moment of the measures", "- {event: e-3333333333, hide: true, reason: noise}\n",
			`f:1: [0].hide: e-3333333333 ("Page triggered") cannot be hidden: a response measure is taken from it. Retitle it instead`,
		},
		{
			"the traffic", "- {event: e-1111111111, hide: true, reason: noise}\n",
			`f:1: [0].hide: e-1111111111 ("Traffic to the canary set to 20 %") cannot be hidden: the new version's share of traffic follows from it. Retitle it instead`,
		},
		{
			"the exposure without a router", "- {event: e-2222222222, hide: true, reason: noise}\n",
			`f:1: [0].hide: e-2222222222 ("Canary available") cannot be hidden: the new version's time in service follows from it. Retitle it instead`,
		},
		{
			"another day", "- add: {time: 2026-11-24T19:03:00Z, title: x, source: y}\n",
			"f:1: [0].add.time: is more than 12 hours from the incident (2026-11-22T19:00:00Z to 2026-11-22T19:30:00Z)",
		},
		{
			"the same added twice", strings.Repeat("- add: {time: 2026-11-22T19:03:00Z, title: x, source: y}\n", 2),
			"f:2: [1].add: is there already: its time and title are those of another added event",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := apply(t, tt.text)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestApplyBeside: without a file the report stays as it is; what a file adds
// is redacted, and a mistake in it is told by its name.
func TestApplyBeside(t *testing.T) {
	tests := []struct {
		name string
		text string
		err  error // of reading
		want string
		last string // event's title
	}{
		{"no file", "", fs.ErrNotExist, "<nil>", "BackOff on Pod b"},
		{"no way to read it", "", fs.ErrPermission, "reading the review of the timeline: permission denied", ""},
		{"not a review", "x", nil, `dir/document.timeline.yaml:1: is not a list of decisions: begin each with "- event: ID" or "- add:"`, ""},
		{"no such event", "- {event: x, pin: true}", nil, `dir/document.timeline.yaml:1: [0].event: there is no event "x" (the JSON form, --format json, lists all events with their ids)`, ""},
		{"a decision", "- {event: e-5555555556, title: a secret}", nil, "<nil>", "redacted"},
	}
	redact := func(r report.Report) (report.Report, error) {
		r.Events[len(r.Events)-1].Title = "redacted"
		return r, nil
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			read := func(string) ([]byte, error) { return []byte(test.text), test.err }
			got, err := review.ApplyBeside("dir/document", read, incident(), redact)
			if fmt.Sprint(err) != test.want {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			if err == nil && got.Events[5].Title != test.last {
				t.Errorf("the last event is %q", got.Events[5].Title)
			}
		})
	}
}
