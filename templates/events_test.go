package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

func TestPickingEvents(t *testing.T) {
	start := time.Date(2026, time.November, 22, 19, 54, 0, 0, time.UTC)
	event := func(id string, seconds int, kind timeline.Kind, source, role string, key bool) report.Event {
		return report.Event{ID: id, Time: start.Add(time.Duration(seconds) * time.Second), Kind: kind, Source: source, Role: role, Key: key}
	}
	v := View{Report: report.Report{
		Events: []report.Event{
			event("a", 0, timeline.AlertPending, "prometheus", "", false),
			event("b", 10, timeline.AlertFiring, "prometheus", "", true),
			event("c", 20, timeline.PageAcknowledged, "pagerduty", "on-call engineer", true),
			event("d", 30, timeline.PageResolved, "pagerduty", "responder", false),
			event("e", 40, timeline.Note, "pagerduty", "on-call engineer", false),
		},
		Phases: []report.Phase{{Name: "Undetected", Start: start.Add(10 * time.Second), End: start.Add(30 * time.Second)}},
	}}
	tests := map[string]string{
		`{{ range ofKind .Events "alert.firing" }}{{ .ID }}{{ end }}`:                             "b",
		`{{ range ofKind .Events "alert" "note" }}{{ .ID }}{{ end }}`:                             "abe",
		`{{ range ofKind .Events }}{{ .ID }}{{ else }}none{{ end }}`:                              "none",
		`{{ range keyOnly .Events }}{{ .ID }}{{ end }}`:                                           "bc",
		`{{ range from .Events "pagerduty" }}{{ .ID }}{{ end }}`:                                  "cde",
		`{{ range .Phases }}{{ .Name }}:{{ range during $.Events . }}{{ .ID }}{{ end }}{{ end }}`: "Undetected:bc",
		`{{ join ", " (roles .Events) }}`:                                                         "on-call engineer, responder",
		`{{ range keyOnly (ofKind .Events "page") }}{{ .ID }}{{ end }}`:                           "c",
	}
	for source, want := range tests {
		set, err := newSet("test", []File{{Name: Entry, Source: source, shown: Entry}})
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if err := set.Render(&got, v); err != nil || got.String() != want {
			t.Errorf("%s gives %q, %v; want %q", source, got.String(), err, want)
		}
	}
}

func TestGantt(t *testing.T) {
	start := time.Date(2026, time.November, 22, 20, 54, 0, 500, time.FixedZone("CET", 3600))
	got := gantt([]report.Phase{
		{Name: "Undetected", Start: start, End: start.Add(38 * time.Second)},
		{Name: "a: b; c # d, e\n```\nclick x", Start: start, End: start.Add(300 * time.Millisecond)},
	})
	const want = "```mermaid\n" + `gantt
    dateFormat YYYY-MM-DDTHH:mm:ss
    axisFormat %H:%M:%S
    todayMarker off
    Undetected : 2026-11-22T19:54:00, 2026-11-22T19:54:38
    a b c d e click x : milestone, 2026-11-22T19:54:00, 0s
` + "```"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if gantt(nil) != "" {
		t.Error("a diagram of nothing")
	}
}

// TestGanttLabels: a label is neither a statement of Mermaid's nor ends.
func TestGanttLabels(t *testing.T) {
	for name, want := range map[string]string{
		"Until the abort": "Until the abort", "section x": "Phase section x", "TITLE y": "Phase TITLE y", "2026-11-22": "Phase 2026-11-22", "": "Phase",
		"%%{init: {}}%%": "init", "accTitle: z": "Phase accTitle z", "<b>bold</b>": "bbold/b", "日本語": "日本語", "-- x": "Phase -- x",
	} {
		if got := ganttLabel(name); got != want {
			t.Errorf("%q is labelled %q, want %q", name, got, want)
		}
	}
	for _, s := range hostile {
		label := ganttLabel(s)
		if label == "" || strings.ContainsAny(label, ":#;,\n\r`<>%{}\"") {
			t.Errorf("%q is labelled %q", s, label)
		}
	}
}
