package watch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/debrief-sre/debrief/watch/archive"
)

const (
	checkoutUID = "c6d530dd-708f-4eef-a9dd-5cbcad108d92"
	checkoutRun = "checkout-666689f855-2-2"
)

var (
	aborted = time.Date(2026, 11, 22, 19, 55, 8, 0, time.UTC)
	allOn   = Triggers{
		Abort: true, Analysis: true, Degraded: true, Page: true,
		AnalysisGrace: 30 * time.Second, DegradedAfter: 15 * time.Minute, Missed: time.Hour,
	}
)

func abortKey(at time.Time) archive.Key {
	return archive.Key{Cluster: "lab", UID: checkoutUID, Revision: 2, Trigger: "abort", At: at}
}

func TestDetect(t *testing.T) {
	rollout := recordedNamed(t, "rollouts", "checkout")
	healthy := with(t, with(t, rollout, nil, "status", "abortedAt"), "Healthy", "status", "phase")
	stuck := with(t, rollout, nil, "status", "abortedAt") // Degraded, as after a missed deadline
	again := with(t, rollout, "2026-11-22T20:10:00Z", "status", "abortedAt")
	run := recordedNamed(t, "analysisruns", checkoutRun)
	running := with(t, run, "Running", "status", "phase")
	experiment := with(t, with(t, with(t, run, "Experiment", "kind"), nil, "status", "completedAt"), nil, "status", "metricResults")
	experiment = with(t, experiment, []any{map[string]any{"type": "Progressing", "status": "False", "lastTransitionTime": "2026-11-22T19:55:07Z"}}, "status", "conditions")
	orphan := run.DeepCopy()
	orphan.SetOwnerReferences([]metav1.OwnerReference{{Kind: "Experiment", UID: "e"}})
	early := with(t, with(t, run, nil, "status", "completedAt"), nil, "status", "metricResults")

	now := aborted.Add(time.Second)
	abort := func(at, seen time.Time) signal {
		return signal{key: abortKey(at), namespace: "shop", name: "checkout", due: seen}
	}
	analysis := func(at time.Time) signal {
		k := abortKey(at)
		k.Trigger = "analysis"
		return signal{key: k, namespace: "shop", name: "checkout", due: now.Add(30 * time.Second)}
	}
	degraded := func(at time.Time) signal {
		k := abortKey(at)
		k.Trigger = "degraded"
		return signal{key: k, namespace: "shop", name: "checkout", due: at.Add(15 * time.Minute)}
	}
	soon := func(s signal, seen time.Time) signal {
		s.due = seen.Add(15 * time.Minute)
		return s
	}
	without := func(change func(*Triggers)) Triggers {
		triggers := allOn
		change(&triggers)
		return triggers
	}
	for _, test := range []struct {
		name     string
		triggers Triggers
		old, now *unstructured.Unstructured
		at       time.Time
		want     []signal
	}{
		{"abort", allOn, healthy, rollout, now, []signal{abort(aborted, now)}},
		{"same abort again", allOn, rollout, rollout, now, nil},
		{"abort switched off leaves a degraded rollout", without(func(t *Triggers) { t.Abort = false }), healthy, rollout, now, []signal{degraded(aborted)}},
		{"abort found at the start", allOn, nil, rollout, aborted.Add(59 * time.Minute), []signal{abort(aborted, aborted.Add(59*time.Minute))}},
		{"abort too old at the start", allOn, nil, rollout, aborted.Add(61 * time.Minute), nil},
		{"late abort of a known rollout", allOn, healthy, rollout, aborted.Add(5 * time.Hour), []signal{abort(aborted, aborted.Add(5*time.Hour))}},
		{"retry", allOn, rollout, healthy, now, nil},
		{"second abort of a revision", allOn, rollout, again, now, []signal{abort(time.Date(2026, 11, 22, 20, 10, 0, 0, time.UTC), now)}},
		{"no time is no abort", allOn, healthy, with(t, healthy, "soon", "status", "abortedAt"), now, nil},
		{"healthy", allOn, nil, healthy, now, nil},
		{"degraded", allOn, healthy, stuck, now, []signal{degraded(aborted)}},
		{"degraded by a clock ahead of ours", allOn, healthy, stuck, aborted.AddDate(0, 0, -1), []signal{soon(degraded(aborted), aborted.AddDate(0, 0, -1))}},
		{"still degraded", allOn, stuck, stuck, now, nil},
		{"degraded switched off", without(func(t *Triggers) { t.Degraded = false }), healthy, stuck, now, nil},
		{"degraded for a reason nobody states", allOn, healthy, with(t, stuck, nil, "status", "conditions"), now, nil},

		{"failed run", allOn, running, run, now, []signal{analysis(aborted)}},
		{"failed run found at the start", allOn, nil, run, now, []signal{analysis(aborted)}},
		{"old failed run at the start", allOn, nil, run, aborted.Add(2 * time.Hour), nil},
		{"run in error", allOn, running, with(t, run, "Error", "status", "phase"), now, []signal{analysis(aborted)}},
		{"inconclusive run", allOn, running, with(t, run, "Inconclusive", "status", "phase"), now, []signal{analysis(aborted)}},
		{"failed run again", allOn, run, run, now, nil},
		{"running", allOn, nil, running, now, nil},
		{"cancelled run", allOn, running, with(t, run, "Successful", "status", "phase"), now, nil},
		{"analysis switched off", without(func(t *Triggers) { t.Analysis = false }), running, run, now, nil},
		{"run of an experiment", allOn, running, orphan, now, nil},
		{"experiment", allOn, nil, experiment, now, []signal{analysis(aborted.Add(-time.Second))}},
		{"run without an end", allOn, running, with(t, run, nil, "status", "completedAt"), now, []signal{analysis(aborted)}},
		{"run that never measured", allOn, running, early, now, []signal{analysis(run.GetCreationTimestamp().UTC())}},
		{"event", allOn, nil, recorded(t, "events")[0], now, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.triggers.detect("lab", test.old, test.now, test.at)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(signal{})); diff != "" {
				t.Errorf("wrong signals (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStands(t *testing.T) {
	rollout := recordedNamed(t, "rollouts", "checkout")
	stuck := with(t, rollout, nil, "status", "abortedAt")
	other := with(t, rollout, "3", "metadata", "annotations", revisionAnnotation)
	for _, test := range []struct {
		name, trigger string
		rollout       *unstructured.Unstructured
		want          bool
	}{
		{"an abort always", triggerAbort, nil, true},
		{"analysis without an abort", triggerAnalysis, stuck, true},
		{"analysis of a rollout nobody knows", triggerAnalysis, nil, true},
		{"analysis that an abort followed", triggerAnalysis, rollout, false},
		{"analysis of an earlier revision", triggerAnalysis, other, true},
		{"still degraded", triggerDegraded, stuck, true},
		{"healthy again", triggerDegraded, with(t, stuck, "Healthy", "status", "phase"), false},
		{"aborted meanwhile", triggerDegraded, rollout, false},
		{"gone meanwhile", triggerDegraded, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := abortKey(aborted)
			k.Trigger = test.trigger
			if got := allOn.stands(signal{key: k}, test.rollout); got != test.want {
				t.Errorf("stands is %v", got)
			}
		})
	}
}

// FuzzDetect feeds it objects of any shape: a CRD promises little of status.
func FuzzDetect(f *testing.F) {
	for _, resource := range []string{"rollouts", "analysisruns"} {
		for _, o := range recorded(f, resource) {
			data, err := o.MarshalJSON()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte(`{"kind":"Rollout","spec":[{"env":1},null],"status":{"phase":"Degraded","conditions":[1,{"type":"Progressing","status":"False","lastTransitionTime":3}]}}`))
	f.Add([]byte(`{"kind":"AnalysisRun","metadata":{"ownerReferences":[{"kind":"Rollout","uid":"u"}]},"status":{"phase":"Error","metricResults":[7,{"measurements":[{}]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := &unstructured.Unstructured{}
		if o.UnmarshalJSON(data) != nil {
			return
		}
		strip(o)
		for _, s := range allOn.detect("lab", nil, o, aborted) {
			if s.key.UID != string(o.GetUID()) && o.GetKind() == "Rollout" {
				t.Errorf("a rollout signals for %q", s.key.UID)
			}
		}
		if _, err := observation("lab", "rollouts", o, false, aborted); err != nil {
			t.Error(err)
		}
	})
}
