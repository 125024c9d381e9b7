package timeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// unknown is a measure that the events do not give.
const unknown = -1

func TestMeasures(t *testing.T) {
	type minutes struct{ TTD, TTA, TTM, TTR, Exposure int }
	tests := []struct {
		name   string
		events []string // minute and kind, after 14:54
		want   minutes
	}{
		{
			// The SRE book's example: outage 14:54, page 14:55, declared 15:01,
			// mitigated 15:36, closed 16:30.
			"the book's incident, mitigated",
			[]string{"0 sli.breached", "1 page.triggered", "7 page.acknowledged", "42 traffic.restored", "96 page.resolved"},
			minutes{TTD: 1, TTA: 6, TTM: 42, TTR: 96, Exposure: unknown},
		},
		{
			// It ended at 16:00: only then had the indicator recovered.
			"the book's incident, ended",
			[]string{"0 sli.breached", "1 page.triggered", "7 page.acknowledged", "42 traffic.restored", "66 sli.recovered", "96 page.resolved"},
			minutes{TTD: 1, TTA: 6, TTM: 66, TTR: 96, Exposure: unknown},
		},
		{"nothing is known", nil, minutes{unknown, unknown, unknown, unknown, unknown}},
		{
			"nobody was paged",
			[]string{"0 rollout.started", "1 traffic.shifted", "2 sli.breached", "3! analysis.measured", "5 rollout.aborted", "6 traffic.restored", "8 sli.recovered"},
			minutes{TTD: 1, TTA: unknown, TTM: 6, TTR: 6, Exposure: 5},
		},
		{
			"no indicator: from the first traffic to the weight's return",
			[]string{"0 rollout.started", "1 traffic.shifted", "4 analysis.failed", "5 rollout.aborted", "6 traffic.restored"},
			minutes{TTD: 3, TTA: unknown, TTM: 5, TTR: 5, Exposure: 5},
		},
		{
			"the abort alone",
			[]string{"0 rollout.started", "5 rollout.aborted"},
			minutes{TTD: 5, TTA: unknown, TTM: 5, TTR: 5, Exposure: unknown},
		},
		{
			"pods that are ready have traffic",
			[]string{"0 rollout.started", "1 canary.ready", "5 rollout.aborted"},
			minutes{TTD: 5, TTA: unknown, TTM: 5, TTR: 5, Exposure: 4},
		},
		{
			"an alert that fired before says nothing of detection",
			[]string{"-5 alert.firing", "0 sli.breached", "3 sli.recovered"},
			minutes{TTD: unknown, TTA: unknown, TTM: 3, TTR: 3, Exposure: unknown},
		},
		{
			"a page that is still open",
			[]string{"0 sli.breached", "1 page.triggered", "3 sli.recovered"},
			minutes{TTD: 1, TTA: unknown, TTM: 3, TTR: unknown, Exposure: unknown},
		},
		{
			"a recovery from before is none",
			[]string{"-5 sli.recovered", "0 sli.breached"},
			minutes{unknown, unknown, unknown, unknown, unknown},
		},
		{
			"zero is not unknown",
			[]string{"0 sli.breached", "0 page.triggered", "0 page.acknowledged", "0 sli.recovered", "0 page.resolved"},
			minutes{TTD: 0, TTA: 0, TTM: 0, TTR: 0, Exposure: unknown},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var events []timeline.Event
			for _, line := range tt.events {
				events = append(events, eventOf(t, line))
			}
			m := tell(events...).Measures
			in := func(d *time.Duration) int {
				if d == nil {
					return unknown
				}
				return int(d.Minutes())
			}
			got := minutes{in(m.TTD), in(m.TTA), in(m.TTM), in(m.TTR), in(m.Exposure)}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoTrafficNoImpact: behind a traffic router, pods that are ready have
// none yet, and an abort before that ends no impact.
func TestNoTrafficNoImpact(t *testing.T) {
	f := timeline.Facts{Rollout: timeline.Rollout{TrafficRouting: true}}
	for _, line := range []string{"0 rollout.started", "1 canary.ready", "5 rollout.aborted"} {
		f.Events = append(f.Events, eventOf(t, line))
	}
	m := timeline.Tell(f, evidence.Scope{Window: window, Chosen: true}).Measures
	if m.Exposure != nil || m.TTM != nil || m.TTR != nil {
		t.Errorf("exposure %v, TTM %v, TTR %v, want none", m.Exposure, m.TTM, m.TTR)
	}
}

func TestMeasuresNameTheirEvents(t *testing.T) {
	s := tell(eventOf(t, "0 sli.breached"), eventOf(t, "1 page.triggered"))
	if s.Measures.Started.Event != s.Events[0].ID || s.Measures.Detected.What != "1 page.triggered" || s.Measures.Acked.Known() {
		t.Errorf("got %+v", s.Measures)
	}
}

func TestPhases(t *testing.T) {
	type phase struct {
		Name     string
		From, To int
	}
	tests := []struct {
		name   string
		events []string
		want   []phase
	}{
		{"none", nil, nil},
		{
			"all",
			[]string{"0 sli.breached", "1 alert.firing", "2 page.triggered", "5 rollout.aborted", "6 traffic.restored", "8 sli.recovered", "9 page.resolved"},
			[]phase{{"Undetected", 0, 1}, {"Until the abort", 1, 5}, {"Until the impact ended", 5, 8}, {"Page open", 2, 9}},
		},
		{
			"empty ones are left out",
			[]string{"0 sli.breached", "0 rollout.aborted", "8 sli.recovered"},
			[]phase{{"Until the impact ended", 0, 8}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := timeline.Facts{}
			for _, line := range tt.events {
				f.Events = append(f.Events, eventOf(t, line))
			}
			var got []phase
			for _, p := range timeline.Tell(f, evidence.Scope{Window: window, Chosen: true}).Phases {
				got = append(got, phase{p.Name, int(p.Start.Sub(start).Minutes()), int(p.End.Sub(start).Minutes())})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestShortValue(t *testing.T) {
	tests := []struct{ value, want string }{
		{"[0.5145172180958811]", "0.514"},
		{"[0.5135]", "0.513"},
		{"0.0499999", "0.0499"},
		{"[0.99996]", "0.999"},
		{"0.00012345", "0.000123"},
		{"-0.00012345", "-0.000123"},
		{"0", "0"},
		{"[3]", "3"},
		{"1234567.8919", "1234567.891"},
		{"1e-9", "0.000000001"},
		{"[NaN]", "[NaN]"},
		{"NaN", "NaN"},
		{"+Inf", "+Inf"},
		{"[0.1,0.2]", "[0.1,0.2]"},
		{"[]", "[]"},
		{"", ""},
		{"true", "true"},
	}
	for _, tt := range tests {
		if got := timeline.ShortValue(tt.value); got != tt.want {
			t.Errorf("ShortValue(%q) = %q, want %q", tt.value, got, tt.want)
		}
	}
}
