package collectors

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	// Aborted asks for the abort at this time, give or take two seconds, and
	// not for the newest. Unlike Since and Until it leaves the window alone.
	Aborted time.Time
}

// NoIncidentError says that the search found rollouts but no abort.
type NoIncidentError struct{ Reason string }

func (e *NoIncidentError) Error() string { return "no incident: " + e.Reason }

// Locate finds the rollout and revision that the search describes. It is a
// *NoIncidentError when there is none.
func Locate(ctx context.Context, s *Settings, search Search) (*Target, error) {
	kube, err := newKubeClients(s)
	if err != nil {
		return nil, err
	}
	t := &Target{}
	rollouts, missing, err := t.findRollouts(ctx, s, kube, &search)
	if err != nil {
		return nil, err
	}
	if missing != nil && s.Archive == nil {
		return nil, missing
	}
	runs, runsErr := listAll[analysisObject](ctx, kube, "analysisruns", search.Namespace)
	found := append(statusAborts(rollouts), pastAborts(ctx, kube, search.Namespace, rollouts, runs)...)
	found = slices.DeleteFunc(found, func(c candidate) bool { return !search.fits(c) })
	t.runsErr = runsErr
	if archived := t.archive.newestAbort(ctx, s.Archive, search, found); archived != nil {
		found = append(found, *archived)
	}
	if missing != nil && len(found) == 0 {
		if found, err = t.inArchive(ctx, s, search, missing); err != nil {
			return nil, err
		}
	}
	chosen, err := chooseAbort(search, rollouts, found)
	if err != nil {
		return nil, err
	}
	t.keepLast(ctx, s.Archive, rollouts, chosen)
	return t, t.fill(ctx, s, kube, search, runs, chosen)
}

// findRollouts lists the rollouts that the search may mean. That there are none
// is missing, not err: an archive may know of deleted ones.
func findRollouts(ctx context.Context, kube *kubeClients, search *Search) (rollouts []rolloutObject, missing, err error) {
	if search.Name != "" {
		var rollout rolloutObject
		err := kube.get(ctx, "rollouts", search.Namespace, search.Name, &rollout)
		if apierrors.IsNotFound(err) {
			return nil, noRollout(*search, err), nil
		}
		if err != nil {
			return nil, nil, unasked(ctx, fmt.Sprintf("reading rollout %s/%s", search.Namespace, search.Name), err)
		}
		return []rolloutObject{rollout}, nil, nil
	}
	rollouts, err = listAll[rolloutObject](ctx, kube, "rollouts", search.Namespace)
	if apierrors.IsForbidden(err) && search.Namespace == "" && search.Fallback != "" {
		search.Namespace = search.Fallback
		rollouts, err = listAll[rolloutObject](ctx, kube, "rollouts", search.Namespace)
	}
	if err != nil {
		return nil, nil, unasked(ctx, "listing rollouts", err)
	}
	if len(rollouts) == 0 {
		missing = &NoIncidentError{"there are no rollouts in " + namespaceWords(search.Namespace)}
	}
	return rollouts, missing, nil
}

// fill gathers what the sources need to know of the chosen abort.
func (t *Target) fill(ctx context.Context, s *Settings, kube *kubeClients, search Search, runs []analysisObject, c candidate) error {
	r := *c.rollout
	r.Metadata = keepMeta(r.Metadata, true)
	t.observed = c.observed
	if c.obscured() {
		t.abortedAgain = r.Status.AbortedAt.Time
		r.Status = r.Status.withoutAbort()
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("storing rollout %s/%s: %w", r.Metadata.Namespace, r.Metadata.Name, err)
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
	t.addArchivedRuns(ctx, s.Archive, search, c)
	t.Metrics = prometheusMetrics(t.runs)
	now := s.Now()
	if t.Aborted.After(now) {
		now = t.Aborted // the cluster's clock is ahead of ours
	}
	now = now.UTC().Truncate(time.Second).Add(time.Second) // what happened in this second is in the half-open window
	t.Scope.Window = windowFor(search, c.lastKnown(), updateBegan(r, t.sets, t.runs, c), now)
	t.archive.survey(ctx, s.Archive, t.Scope.Window)
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
