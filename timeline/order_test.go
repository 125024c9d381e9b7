package timeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

func TestOrder(t *testing.T) {
	const (
		second = time.Second
		ms     = time.Millisecond
	)
	run := evidence.Object{Kind: "AnalysisRun", Name: "r"}
	other := evidence.Object{Kind: "AnalysisRun", Name: "s"}
	exact := func(d time.Duration, k timeline.Kind) timeline.Event {
		return timeline.Event{Time: at(d), Kind: k, Subject: run, Clock: "a"}
	}
	status := func(d time.Duration, k timeline.Kind) timeline.Event {
		e := exact(d, k)
		e.Precision = second
		return e
	}
	sampled := func(d, step time.Duration, k timeline.Kind) timeline.Event {
		e := exact(d, k)
		e.Precision, e.Sampled = step, true
		return e
	}
	of := func(o evidence.Object, e timeline.Event) timeline.Event {
		e.Subject = o
		return e
	}
	by := func(clock string, e timeline.Event) timeline.Event {
		e.Clock = clock
		return e
	}
	tests := []struct {
		name     string
		events   []timeline.Event
		want     []timeline.Kind
		warnings []string
	}{
		{
			"the whole chain in one second",
			[]timeline.Event{
				status(0, timeline.CanaryScaledDown), status(0, timeline.TrafficRestored), status(0, timeline.RolloutAborted),
				status(0, timeline.AnalysisFailed), status(0, timeline.AnalysisMeasured), status(0, timeline.AnalysisStarted),
				status(0, timeline.TrafficShifted), status(0, timeline.CanaryReady), status(0, timeline.RolloutStarted),
			},
			[]timeline.Kind{
				timeline.RolloutStarted, timeline.CanaryReady, timeline.TrafficShifted, timeline.AnalysisStarted, timeline.AnalysisMeasured,
				timeline.AnalysisFailed, timeline.RolloutAborted, timeline.TrafficRestored, timeline.CanaryScaledDown,
			},
			nil,
		},
		{
			"a status's effect follows the exact cause of the same second",
			[]timeline.Event{status(0, timeline.RolloutAborted), exact(700*ms, timeline.AnalysisFailed)},
			[]timeline.Kind{timeline.AnalysisFailed, timeline.RolloutAborted},
			nil,
		},
		{
			"and so do the effects of that effect",
			[]timeline.Event{status(0, timeline.CanaryScaledDown), status(0, timeline.TrafficRestored), status(0, timeline.RolloutAborted), exact(700*ms, timeline.AnalysisFailed), exact(800*ms, timeline.Note)},
			[]timeline.Kind{timeline.AnalysisFailed, timeline.RolloutAborted, timeline.TrafficRestored, timeline.CanaryScaledDown, timeline.Note},
			nil,
		},
		{
			"an exact effect follows the status's cause",
			[]timeline.Event{exact(0, timeline.RolloutAborted), status(0, timeline.AnalysisFailed)},
			[]timeline.Kind{timeline.AnalysisFailed, timeline.RolloutAborted},
			nil,
		},
		{
			"what is certainly later stays later, cause or not",
			[]timeline.Event{exact(0, timeline.RolloutAborted), exact(1, timeline.AnalysisFailed)},
			[]timeline.Kind{timeline.RolloutAborted, timeline.AnalysisFailed},
			nil,
		},
		{
			"the end of a second is not in it",
			[]timeline.Event{status(0, timeline.RolloutAborted), exact(second, timeline.AnalysisFailed)},
			[]timeline.Kind{timeline.RolloutAborted, timeline.AnalysisFailed},
			nil,
		},
		{
			"a sampled event stands where it was seen",
			[]timeline.Event{sampled(30*second, 30*second, timeline.AlertFiring), exact(10*second, timeline.Note)},
			[]timeline.Kind{timeline.Note, timeline.AlertFiring},
			nil,
		},
		{
			"unless its effect came before",
			[]timeline.Event{sampled(30*second, 30*second, timeline.AlertFiring), exact(10*second, timeline.AlertResolved), exact(20*second, timeline.Note)},
			[]timeline.Kind{timeline.AlertFiring, timeline.AlertResolved, timeline.Note},
			nil,
		},
		{
			"or somewhere in the second that it was seen in",
			[]timeline.Event{sampled(30*second, 30*second, timeline.AlertFiring), status(10*second, timeline.AlertResolved), exact(20*second, timeline.Note)},
			[]timeline.Kind{timeline.AlertFiring, timeline.AlertResolved, timeline.Note},
			nil,
		},
		{
			"and its own cause is moved with it",
			[]timeline.Event{
				sampled(30*second, 30*second, timeline.AlertPending), sampled(31*second, 30*second, timeline.AlertFiring),
				exact(10*second, timeline.AlertResolved), exact(20*second, timeline.Note),
			},
			[]timeline.Kind{timeline.AlertPending, timeline.AlertFiring, timeline.AlertResolved, timeline.Note},
			nil,
		},
		{
			"a sampled cause does not go before what caused it",
			[]timeline.Event{
				exact(10*second, timeline.AlertPending), sampled(30*second, 30*second, timeline.AlertFiring), exact(12*second, timeline.AlertResolved), exact(5*second, timeline.Note),
			},
			[]timeline.Kind{timeline.Note, timeline.AlertPending, timeline.AlertFiring, timeline.AlertResolved},
			nil,
		},
		{
			"one effect before and one after the cause was seen",
			[]timeline.Event{
				exact(0, timeline.TrafficRestored), sampled(30*second, 40*second, timeline.RolloutAborted),
				exact(25*second, timeline.CanaryScaledDown), exact(15*second, timeline.Note),
			},
			[]timeline.Kind{timeline.RolloutAborted, timeline.TrafficRestored, timeline.Note, timeline.CanaryScaledDown},
			nil,
		},
		{
			"the page may precede the abort",
			[]timeline.Event{status(0, timeline.RolloutAborted), exact(300*ms, timeline.PageTriggered)},
			[]timeline.Kind{timeline.RolloutAborted, timeline.PageTriggered},
			nil,
		},
		{
			"another run's measurement is no cause",
			[]timeline.Event{status(0, timeline.AnalysisFailed), of(other, exact(500*ms, timeline.AnalysisMeasured)), of(run, exact(200*ms, timeline.Note))},
			[]timeline.Kind{timeline.AnalysisFailed, timeline.Note, timeline.AnalysisMeasured},
			nil,
		},
		{
			"clocks that disagree",
			[]timeline.Event{by("kubelet", exact(0, timeline.AnalysisFailed)), by("argo", exact(5*second, timeline.AnalysisMeasured))},
			[]timeline.Kind{timeline.AnalysisFailed, timeline.AnalysisMeasured},
			[]string{`"analysis.failed" is stamped before its cause "analysis.measured": their clocks (kubelet, argo) disagree`},
		},
		{
			"one clock cannot disagree with itself",
			[]timeline.Event{exact(0, timeline.AlertFiring), exact(5*second, timeline.AlertPending)},
			[]timeline.Kind{timeline.AlertFiring, timeline.AlertPending},
			nil,
		},
		{
			"a second cause after the effect is no contradiction",
			[]timeline.Event{by("a", exact(0, timeline.AlertPending)), by("b", exact(2*second, timeline.AlertFiring)), by("a", exact(5*second, timeline.AlertPending))},
			[]timeline.Kind{timeline.AlertPending, timeline.AlertFiring, timeline.AlertPending},
			nil,
		},
		{
			"a contradiction by way of a third",
			[]timeline.Event{
				by("a", exact(4*second, timeline.AlertPending)),
				by("b", sampled(5*second, 5*second, timeline.AlertFiring)),
				by("c", exact(2*second, timeline.AlertResolved)),
			},
			[]timeline.Kind{timeline.AlertResolved, timeline.AlertPending, timeline.AlertFiring},
			[]string{`"alert.resolved" is stamped before its cause "alert.firing": their clocks (c, b) disagree`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.events {
				tt.events[i].Title = string(tt.events[i].Kind)
			}
			story := tell(tt.events...)
			var got []timeline.Kind
			for _, e := range story.Events {
				got = append(got, e.Kind)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.warnings, story.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
