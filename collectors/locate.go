package collectors

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/debrief-sre/debrief/evidence"
)

// Lead and Horizon bound what is collected around an abort: a lead before the
// revision began, for a baseline, and a horizon after its abort, in which the
// service recovers and the page resolves. A report looks at less of it.
const (
	Lead    = 10 * time.Minute
	Horizon = time.Hour
)

// longestUpdate is how far back from its abort an update may have begun when
// only the age of its ReplicaSet tells: that one may be reused from long ago.
const longestUpdate = 24 * time.Hour

// Search says which incident to look for. The zero value asks for the newest
// abort that may be read.
type Search struct {
	Namespace    string // empty: all, or Fallback where that is forbidden
	Fallback     string // the kubeconfig context's namespace
	Name         string // of the rollout
	Revision     int64  // 0: the newest aborted one
	Since, Until time.Time
}

// NoIncidentError says that the search found rollouts but no abort.
type NoIncidentError struct{ Reason string }

func (e *NoIncidentError) Error() string { return "no incident: " + e.Reason }

// candidate is an abort that some object tells of.
type candidate struct {
	namespace, name string
	revision        int64
	at              time.Time
	fromStatus      bool
}

// Locate finds the rollout and revision that the search describes. It is a
// *NoIncidentError when there is none.
func Locate(ctx context.Context, s *Settings, search Search) (*Target, error) {
	kube, err := newKubeClients(s)
	if err != nil {
		return nil, err
	}
	rollouts, err := findRollouts(ctx, kube, &search)
	if err != nil {
		return nil, err
	}
	runs, runsErr := listAll[analysisObject](ctx, kube, "analysisruns", search.Namespace)
	chosen, err := chooseAbort(search, rollouts, pastAborts(ctx, kube, search.Namespace, rollouts, runs))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(rollouts, func(r rolloutObject) bool {
		return r.Metadata.Namespace == chosen.namespace && r.Metadata.Name == chosen.name
	})
	t := &Target{runsErr: runsErr}
	return t, t.fill(ctx, s, kube, search, rollouts[i], runs, chosen)
}

// findRollouts lists the rollouts that the search may mean.
func findRollouts(ctx context.Context, kube *kubeClients, search *Search) ([]rolloutObject, error) {
	if search.Name != "" {
		var rollout rolloutObject
		err := kube.get(ctx, "rollouts", search.Namespace, search.Name, &rollout)
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("rollout %s/%s does not exist, or Argo Rollouts is not installed", search.Namespace, search.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading rollout %s/%s: %s", search.Namespace, search.Name, reason(err))
		}
		return []rolloutObject{rollout}, nil
	}
	rollouts, err := listAll[rolloutObject](ctx, kube, "rollouts", search.Namespace)
	if apierrors.IsForbidden(err) && search.Namespace == "" && search.Fallback != "" {
		search.Namespace = search.Fallback
		rollouts, err = listAll[rolloutObject](ctx, kube, "rollouts", search.Namespace)
	}
	if err != nil {
		return nil, fmt.Errorf("listing rollouts: %s", reason(err))
	}
	if len(rollouts) == 0 {
		return nil, &NoIncidentError{"there are no rollouts in " + namespaceWords(search.Namespace)}
	}
	return rollouts, nil
}

// chooseAbort picks the newest abort that fits the search, from the rollouts'
// own status and, since that is cleared by the next update, from what events
// and AnalysisRuns still tell.
func chooseAbort(search Search, rollouts []rolloutObject, past []candidate) (candidate, error) {
	found := past
	for _, r := range rollouts {
		if r.Status.Abort && !r.Status.AbortedAt.IsZero() {
			found = append(found, candidate{r.Metadata.Namespace, r.Metadata.Name, revisionOf(r.Metadata), r.Status.AbortedAt.Time, true})
		}
	}
	found = slices.DeleteFunc(found, func(c candidate) bool { return !search.fits(c) })
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b candidate) int {
			// The status is the best witness of an abort that several tell of.
			if a.name == b.name && a.namespace == b.namespace && a.revision == b.revision && a.fromStatus != b.fromStatus {
				return boolCompare(a.fromStatus, b.fromStatus)
			}
			return a.at.Compare(b.at)
		}), nil
	}
	if search.Name != "" && search.Revision != 0 {
		// Asked for by number: worth a document even without an abort.
		return candidate{namespace: search.Namespace, name: search.Name, revision: search.Revision}, nil
	}
	return candidate{}, &NoIncidentError{noAbortWords(search, rollouts)}
}

func (s Search) fits(c candidate) bool {
	return (s.Name == "" || s.Name == c.name && s.Namespace == c.namespace) &&
		(s.Revision == 0 || s.Revision == c.revision) &&
		(s.Since.IsZero() || !c.at.Before(s.Since)) &&
		(s.Until.IsZero() || c.at.Before(s.Until))
}

func noAbortWords(search Search, rollouts []rolloutObject) string {
	if search.Name == "" {
		return fmt.Sprintf("none of the %d rollouts in %s shows an abort", len(rollouts), namespaceWords(search.Namespace))
	}
	r := rollouts[0]
	words := fmt.Sprintf("rollout %s/%s is %s at revision %d and shows no abort", search.Namespace, search.Name,
		cmp.Or(r.Status.Phase, "in an unknown phase"), revisionOf(r.Metadata))
	if search.Revision == 0 {
		words += "; give --revision to write about a revision all the same"
	}
	return words
}

var abortedRevision = regexp.MustCompile(`^Rollout aborted update to revision (\d+)`)

// pastAborts finds aborts that the rollouts' status no longer shows. It is best
// effort: what cannot be read here is covered when it is collected.
func pastAborts(ctx context.Context, kube *kubeClients, namespace string, rollouts []rolloutObject, runs []analysisObject) []candidate {
	known := map[types.UID]bool{}
	for _, r := range rollouts {
		known[r.Metadata.UID] = true
	}
	var found []candidate
	events, err := kube.core.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=RolloutAborted,involvedObject.kind=Rollout"})
	if err == nil {
		for _, e := range events.Items {
			match := abortedRevision.FindStringSubmatch(e.Message)
			if match != nil && known[e.InvolvedObject.UID] {
				revision, _ := strconv.ParseInt(match[1], 10, 64) // all digits by the expression
				found = append(found, candidate{e.InvolvedObject.Namespace, e.InvolvedObject.Name, revision, eventTimes(&e).first, false})
			}
		}
	}
	for _, run := range runs {
		for _, owner := range run.Metadata.OwnerReferences {
			if known[owner.UID] && run.stopsRollout() {
				found = append(found, candidate{run.Metadata.Namespace, owner.Name, revisionOf(run.Metadata), run.completed(), false})
			}
		}
	}
	return found
}

// fill gathers what the sources need to know of the chosen abort.
func (t *Target) fill(ctx context.Context, s *Settings, kube *kubeClients, search Search, r rolloutObject, runs []analysisObject, c candidate) error {
	r.Metadata = keepMeta(r.Metadata, true)
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("storing rollout %s/%s: %w", c.namespace, c.name, err)
	}
	t.Rollout, t.Aborted, t.App = raw, c.at, appLabel(r)
	t.rollout = r
	t.Scope = evidence.Scope{
		Subject: objectOf("Rollout", r.Metadata), Revision: c.revision,
		Chosen: !search.Since.IsZero() || !search.Until.IsZero(),
	}
	t.sets, t.setsErr = listReplicaSets(ctx, kube, r)
	for _, run := range runs {
		if ownedBy(run.Metadata, string(r.Metadata.UID)) && revisionOf(run.Metadata) == c.revision {
			run.Metadata = keepMeta(run.Metadata, false)
			t.runs = append(t.runs, run)
		}
	}
	t.Metrics = prometheusMetrics(t.runs)
	now := s.Now().UTC().Truncate(time.Second).Add(time.Second) // what happened in this second is in the half-open window
	t.Scope.Window = windowFor(search, c.at, updateBegan(r, t.sets, t.runs, c), now)
	return nil
}

// updateBegan estimates when the update to the revision began, from objects
// that do not expire. The events may know better later.
func updateBegan(r rolloutObject, sets []replicaSetObject, runs []analysisObject, c candidate) time.Time {
	var began time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (began.IsZero() || t.Before(began)) && (c.at.IsZero() || !t.After(c.at) && c.at.Sub(t) < longestUpdate) {
			began = t
		}
	}
	for _, set := range sets {
		if revisionOf(set.Metadata) == c.revision {
			earlier(set.Metadata.CreationTimestamp.Time)
		}
	}
	if c.fromStatus {
		for _, condition := range r.Status.Conditions {
			if condition.Type == "Completed" && condition.Status == "False" && began.IsZero() {
				earlier(condition.LastTransitionTime.Time)
			}
		}
	}
	for _, run := range runs {
		earlier(run.Metadata.CreationTimestamp.Time)
	}
	return began
}

// windowFor derives the collected window from the update's start and abort,
// unless the search says otherwise.
func windowFor(search Search, aborted, began, now time.Time) evidence.Window {
	if aborted.IsZero() {
		aborted = now
	}
	if began.IsZero() {
		began = aborted.Add(-Horizon)
	}
	w := evidence.Window{Start: began.Add(-Lead), End: aborted.Add(Horizon)}
	if !search.Since.IsZero() {
		w.Start = search.Since
	}
	if !search.Until.IsZero() {
		w.End = search.Until
	}
	if w.End.After(now) {
		w.End = now
	}
	return evidence.Window{Start: w.Start.UTC(), End: w.End.UTC()}
}

// appLabel is the name by which other systems may know the workload.
func appLabel(r rolloutObject) string {
	if r.Spec.Template == nil {
		return ""
	}
	labels := r.Spec.Template.Metadata.Labels
	return cmp.Or(labels["app.kubernetes.io/name"], labels["app"], labels["k8s-app"])
}

func prometheusMetrics(runs []analysisObject) []TargetMetric {
	var metrics []TargetMetric
	for _, run := range runs {
		for i, spec := range run.Spec.Metrics {
			if spec.Provider.Prometheus == nil {
				continue
			}
			m := TargetMetric{
				Name: spec.Name, Address: spec.Provider.Prometheus.Address, Query: strings.TrimSpace(run.resolvedQuery(i)),
				Success: spec.SuccessCondition, Failure: spec.FailureCondition,
			}
			if m.Query != "" && !slices.Contains(metrics, m) {
				metrics = append(metrics, m)
			}
		}
	}
	return metrics
}

func revisionOf(m metav1.ObjectMeta) int64 {
	revision, err := strconv.ParseInt(m.Annotations[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return revision
}

func namespaceWords(namespace string) string {
	if namespace == corev1.NamespaceAll {
		return "any namespace"
	}
	return "namespace " + namespace
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
