package watch

import (
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/debrief-sre/debrief/watch/archive"
)

// The triggers, as archive.Key names them.
const (
	triggerAbort    = archive.TriggerAbort
	triggerAnalysis = "analysis"
	triggerDegraded = "degraded"
	triggerPage     = "page"
)

const revisionAnnotation = "rollout.argoproj.io/revision"

// signal is what may be an incident, to be decided when it is due. Its key is
// made of an object's own fields alone: the same state gives the same key,
// whoever sees it and however often.
type signal struct {
	key             archive.Key
	namespace, name string // of the Rollout
	due             time.Time
}

// detect tells what a new state of an object signals. Old is the state before,
// nil where none is known: at the start and after a gap.
func (t *Triggers) detect(cluster string, old, current *unstructured.Unstructured, now time.Time) []signal {
	switch current.GetKind() {
	case "Rollout":
		return t.detectRollout(cluster, old, current, now)
	case "AnalysisRun", "Experiment":
		return t.detectAnalysis(cluster, old, current, now)
	default:
		return nil
	}
}

func (t *Triggers) detectRollout(cluster string, old, r *unstructured.Unstructured, now time.Time) []signal {
	var found []signal
	add := func(trigger string, at, due time.Time) {
		found = append(found, signal{
			key:       archive.Key{Cluster: cluster, UID: string(r.GetUID()), Revision: revisionOf(r), Trigger: trigger, At: at},
			namespace: r.GetNamespace(), name: r.GetName(), due: due,
		})
	}
	seen := old != nil && abortedAt(r).Equal(abortedAt(old)) && revisionOf(r) == revisionOf(old)
	if at := abortedAt(r); t.Abort && !at.IsZero() && !seen && (old != nil || now.Sub(at) <= t.Missed) {
		add(triggerAbort, at, now)
	}
	since := t.degradedSince(r)
	recent := old != nil || now.Sub(since) <= t.Missed+t.DegradedAfter
	if t.Degraded && !since.IsZero() && !since.Equal(t.degradedSince(old)) && recent {
		add(triggerDegraded, since, earlier(since, now).Add(t.DegradedAfter)) // our clock may be behind
	}
	return found
}

// detectAnalysis looks at what has a Rollout as its owner. Cancelled runs end
// as Successful, so that no phase but these three tells of a failure.
func (t *Triggers) detectAnalysis(cluster string, old, run *unstructured.Unstructured, now time.Time) []signal {
	uid, name := ownerRollout(run)
	if !t.Analysis || uid == "" || !failedAnalysis(run) || failedAnalysis(old) {
		return nil
	}
	at := analysisEnd(run)
	if old == nil && now.Sub(at) > t.Missed {
		return nil
	}
	return []signal{{
		key:       archive.Key{Cluster: cluster, UID: uid, Revision: revisionOf(run), Trigger: triggerAnalysis, At: at},
		namespace: run.GetNamespace(), name: name, due: now.Add(t.AnalysisGrace),
	}}
}

// stands tells whether a signal that has become due is an incident, given the
// Rollout's present state; nil when that is not known.
func (t *Triggers) stands(s signal, r *unstructured.Unstructured) bool {
	switch s.key.Trigger {
	case triggerAnalysis:
		return !t.abortCovers(s.key, r)
	case triggerDegraded:
		return r != nil && t.degradedSince(r).Equal(s.key.At)
	default:
		return true
	}
}

// abortCovers tells whether the Rollout shows an abort of the key's revision,
// which is then the one incident of that revision.
func (t *Triggers) abortCovers(k archive.Key, r *unstructured.Unstructured) bool {
	return t.Abort && r != nil && !abortedAt(r).IsZero() && revisionOf(r) == k.Revision
}

// degradedSince is when a Rollout came into the phase Degraded; zero when it is
// in another one, and when that follows from an abort, which is a trigger of
// its own.
func (t *Triggers) degradedSince(r *unstructured.Unstructured) time.Time {
	if r == nil || text(r, "status", "phase") != "Degraded" || t.Abort && !abortedAt(r).IsZero() {
		return time.Time{}
	}
	since := conditionSince(r, "Progressing", "False")
	if since.IsZero() {
		since = conditionSince(r, "InvalidSpec", "True")
	}
	return since
}

// conditionSince is since when a condition has a status; zero when it has not.
func conditionSince(o *unstructured.Unstructured, kind, status string) time.Time {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] == kind && condition["status"] == status {
			at, _ := condition["lastTransitionTime"].(string)
			return stamp(at)
		}
	}
	return time.Time{}
}

func abortedAt(r *unstructured.Unstructured) time.Time {
	return stamp(text(r, "status", "abortedAt"))
}

func failedAnalysis(run *unstructured.Unstructured) bool {
	switch text(run, "status", "phase") {
	case "Failed", "Error", "Inconclusive":
		return true
	}
	return false
}

// analysisEnd is when a run or experiment ended. An error in its spec leaves a
// run's completedAt unset; an Experiment has none.
func analysisEnd(run *unstructured.Unstructured) time.Time {
	end := stamp(text(run, "status", "completedAt"))
	if !end.IsZero() {
		return end
	}
	if run.GetKind() == "Experiment" {
		end = conditionSince(run, "Progressing", "False")
	}
	results, _, _ := unstructured.NestedSlice(run.Object, "status", "metricResults")
	for _, r := range results {
		result, _ := r.(map[string]any)
		measurements, _, _ := unstructured.NestedSlice(result, "measurements")
		for _, m := range measurements {
			measurement, _ := m.(map[string]any)
			finished, _ := measurement["finishedAt"].(string)
			if at := stamp(finished); at.After(end) {
				end = at
			}
		}
	}
	if end.IsZero() {
		end = run.GetCreationTimestamp().UTC()
	}
	return end
}

func ownerRollout(o *unstructured.Unstructured) (uid, name string) {
	for _, owner := range o.GetOwnerReferences() {
		if owner.Kind == "Rollout" {
			return string(owner.UID), owner.Name
		}
	}
	return "", ""
}

func revisionOf(o *unstructured.Unstructured) int64 {
	revision, err := strconv.ParseInt(o.GetAnnotations()[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return revision
}

// text is a field's value; "" when it is missing or no string.
func text(o *unstructured.Unstructured, path ...string) string {
	if o == nil {
		return ""
	}
	value, _, _ := unstructured.NestedString(o.Object, path...)
	return value
}

// stamp reads a metav1.Time; what is none is the zero time.
func stamp(s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Second)
}
