package timeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// TestKeyMoments writes events as "minute kind", with "argo" events about the
// controller's own doing and "!" for notable ones.
func TestKeyMoments(t *testing.T) {
	steps := func(n int) []string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("%d traffic.shifted", i+1))
		}
		return list
	}
	tests := []struct {
		name   string
		events []string
		want   []string
	}{
		{"nothing", nil, nil},
		{
			"a note, a pause and what did not fail never are",
			[]string{"0 rollout.started", "1 note", "2 rollout.paused", "3 kubernetes", "5 alert.resolved", "6 analysis.succeeded"},
			[]string{"0 rollout.started"},
		},
		{
			"the first failed measurement only",
			[]string{"1 analysis.measured", "2! analysis.measured", "3! analysis.measured", "4 analysis.failed"},
			[]string{"2! analysis.measured", "4 analysis.failed"},
		},
		{
			"the first breach and the last recovery",
			[]string{"1 sli.breached", "2 sli.recovered", "3 sli.breached", "4 sli.recovered", "5 sli.breached", "6 sli.recovered"},
			[]string{"1 sli.breached", "6 sli.recovered"},
		},
		{
			"nothing of an earlier revision, nor of the next",
			[]string{"-2 rollout.aborted", "-1 traffic.shifted", "0 rollout.started", "5 rollout.aborted", "60 traffic.shifted", "61 rollout.aborted", "62 rollout.completed"},
			[]string{"0 rollout.started", "5 rollout.aborted", "62 rollout.completed"},
		},
		{
			"pages and alerts are people's, not the controller's",
			[]string{"-2 alert.firing", "0 rollout.started", "70 page.resolved"},
			[]string{"-2 alert.firing", "0 rollout.started", "70 page.resolved"},
		},
		{
			"fifteen at the most, the most telling first",
			slices.Concat(steps(20), []string{"0 rollout.started", "22 sli.breached", "23 analysis.failed", "24 rollout.aborted", "25 traffic.restored", "26 page.triggered"}),
			[]string{
				"0 rollout.started", "1 traffic.shifted", "2 traffic.shifted", "3 traffic.shifted", "4 traffic.shifted", "5 traffic.shifted", "6 traffic.shifted", "7 traffic.shifted",
				"19 traffic.shifted", "20 traffic.shifted", "22 sli.breached", "23 analysis.failed", "24 rollout.aborted", "25 traffic.restored", "26 page.triggered",
			},
		},
		{
			"the least telling go first",
			[]string{
				"0 rollout.started", "1 canary.ready", "2 traffic.shifted", "3 sli.breached", "4 alert.pending", "5 analysis.started", "6! analysis.measured", "7 alert.firing",
				"8 analysis.failed", "9 rollout.aborted", "10 traffic.restored", "11 page.triggered", "12 page.acknowledged", "13 sli.recovered", "14 rollout.retried", "15 page.resolved", "16 change.built",
			},
			[]string{
				"0 rollout.started", "1 canary.ready", "2 traffic.shifted", "3 sli.breached", "5 analysis.started", "7 alert.firing",
				"8 analysis.failed", "9 rollout.aborted", "10 traffic.restored", "11 page.triggered", "12 page.acknowledged", "13 sli.recovered", "14 rollout.retried", "15 page.resolved", "16 change.built",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := timeline.Facts{Rollout: timeline.Rollout{Started: at(0), Superseded: at(time.Hour)}}
			for _, line := range tt.events {
				f.Events = append(f.Events, eventOf(t, line))
			}
			var got []string
			for _, e := range timeline.Tell(f, evidence.Scope{Window: window, Chosen: true}).Events {
				if e.Key {
					got = append(got, e.Title)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func eventOf(t *testing.T, line string) timeline.Event {
	t.Helper()
	var minute int
	var kind timeline.Kind
	if _, err := fmt.Sscanf(strings.Replace(line, "!", "", 1), "%d %s", &minute, &kind); err != nil {
		t.Fatal(err)
	}
	source := "argo"
	switch kind {
	case timeline.PageTriggered, timeline.PageAcknowledged, timeline.PageResolved:
		source = "pagerduty"
	case timeline.SLIBreached, timeline.SLIRecovered, timeline.AlertPending, timeline.AlertFiring, timeline.AlertResolved:
		source = "prometheus"
	}
	return timeline.Event{
		Time: at(time.Duration(minute) * time.Minute), Kind: kind, Source: source, Title: line, Notable: strings.Contains(line, "!"),
		Subject: evidence.Object{Kind: "AnalysisRun", Name: "r"},
	}
}
