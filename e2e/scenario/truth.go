package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/debrief-sre/debrief/e2e/argo"
)

// A Truth is what the APIs themselves say about a story: the measure of what
// debrief says. It is read without any of debrief's code.
type Truth struct {
	Old, New string // images
	Revision string
	Hash     string // of the aborted revision's pods
	Weights  []int  // of the canary, before the abort
	Queries  []string
	moments  map[string][]time.Time // by kind
}

// learn asks every API what happened.
func (a *Actors) learn(ctx context.Context) (*Truth, error) {
	if a.Aborted == nil {
		return nil, fmt.Errorf("learning what happened to %s: it was not aborted", a.Ref)
	}
	t := &Truth{
		Old:      a.Image(stableTag),
		New:      a.Aborted.Image(),
		Revision: a.Aborted.Revision(),
		Hash:     a.Aborted.Status.CurrentPodHash,
		moments:  map[string][]time.Time{},
	}
	t.note(rolloutAborted, a.Aborted.Status.AbortedAt.Time)
	a.learnPage(t)
	for _, learn := range []func(context.Context, *Truth) error{
		a.learnReplicaSet, a.learnScaleDown, a.learnAnalyses, a.learnAlerts,
	} {
		if err := learn(ctx, t); err != nil {
			return nil, fmt.Errorf("learning what happened to %s: %w", a.Ref, err)
		}
	}
	a.learnTraffic(t)
	return t, nil
}

// note adds a moment, if it came. All sources but Prometheus tell whole seconds.
func (t *Truth) note(kind string, at time.Time) {
	if at.IsZero() {
		return
	}
	t.moments[kind] = append(t.moments[kind], at.UTC().Truncate(time.Second))
}

// first is the first moment of a kind, or the zero time.
func (t *Truth) first(kind string) time.Time {
	if times := t.moments[kind]; len(times) > 0 {
		return slices.MinFunc(times, time.Time.Compare)
	}
	return time.Time{}
}

func (a *Actors) learnPage(t *Truth) {
	if a.Page == nil {
		return
	}
	t.note(pageTriggered, a.Page.Triggered())
	t.note(pageAcknowledged, a.acknowledged)
	t.note(pageResolved, a.resolved)
}

// learnReplicaSet takes the start of the revision from the birth of its
// ReplicaSet.
func (a *Actors) learnReplicaSet(ctx context.Context, t *Truth) error {
	rs, err := a.Lab.Kube.AppsV1().ReplicaSets(Namespace).Get(ctx, a.Story.App+"-"+t.Hash, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading the ReplicaSet of revision %s: %w", t.Revision, err)
	}
	t.note(rolloutStarted, rs.CreationTimestamp.Time)
	return nil
}

// learnTraffic takes the traffic's shifts from what was watched of the Rollout,
// up to the moment when the abort had settled.
func (a *Actors) learnTraffic(t *Truth) {
	for _, s := range a.Lab.Workload.Shifts(a.Story.App) {
		switch {
		case s.At.Before(t.first(rolloutStarted)) || s.At.After(a.settled):
		case s.Weight > 0:
			t.note(trafficShifted, s.At)
			t.Weights = append(t.Weights, s.Weight)
		case len(t.Weights) > 0:
			t.note(trafficRestored, s.At)
		}
	}
}

// learnScaleDown takes the end of the canary's pods from the events of its
// ReplicaSet, which comes from a controller that loses none here.
func (a *Actors) learnScaleDown(ctx context.Context, t *Truth) error {
	list, err := a.Lab.Kube.CoreV1().Events(Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "reason=SuccessfulDelete,involvedObject.name=" + a.Story.App + "-" + t.Hash,
	})
	if err != nil {
		return fmt.Errorf("listing events: %w", err)
	}
	if len(list.Items) == 0 {
		return nil
	}
	first := slices.MinFunc(list.Items, func(x, y corev1.Event) int { return x.FirstTimestamp.Compare(y.FirstTimestamp.Time) })
	t.note(scaledDown, first.FirstTimestamp.Time)
	return nil
}

// learnAnalyses takes times and queries from the revision's AnalysisRuns.
func (a *Actors) learnAnalyses(ctx context.Context, t *Truth) error {
	list, err := a.Lab.Dynamic.Resource(argo.AnalysisRuns).Namespace(Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: argo.PodHashLabel + "=" + t.Hash,
	})
	if err != nil {
		return fmt.Errorf("listing analysis runs: %w", err)
	}
	ends := map[string]string{argo.Failed: analysisFailed, argo.Error: analysisErred, argo.Inconclusive: analysisInconclusive}
	for _, item := range list.Items {
		run, err := argo.AnalysisRunFrom(&item)
		if err != nil {
			return err
		}
		if !argo.OwnedBy(run.ObjectMeta, a.Aborted.UID) {
			continue
		}
		if run.Status.StartedAt != nil {
			t.note(analysisStarted, run.Status.StartedAt.Time)
		}
		if kind, ok := ends[run.Status.Phase]; ok && run.Status.CompletedAt != nil {
			t.note(kind, run.Status.CompletedAt.Time)
		}
		for _, metric := range run.Status.MetricResults {
			if q := metric.Metadata["ResolvedPrometheusQuery"]; q != "" {
				t.Queries = append(t.Queries, q)
			}
		}
	}
	return nil
}

// learnAlerts takes from Prometheus when the alert was first pending, which is
// the value of ALERTS_FOR_STATE, and when it was first seen to fire.
func (a *Actors) learnAlerts(ctx context.Context, t *Truth) error {
	since := time.Since(t.first(rolloutStarted)).Round(time.Second) + 2*time.Second
	pending, err := query[model.Matrix](ctx, a.Lab, `ALERTS_FOR_STATE{app=%q}[%s]`, a.Story.App, model.Duration(since))
	if err != nil {
		return err
	}
	for _, series := range pending {
		t.note(alertPending, time.Unix(int64(series.Values[0].Value), 0))
	}
	firing, err := query[model.Matrix](ctx, a.Lab, `ALERTS{app=%q,alertstate="firing"}[%s]`, a.Story.App, model.Duration(since))
	if err != nil {
		return err
	}
	for _, series := range firing {
		t.note(alertFiring, series.Values[0].Timestamp.Time())
	}
	return nil
}

// foreigners are the names by which the other rollouts of the lab could show up
// in this one's story: their ReplicaSets (and with them their pods and analysis
// runs), UIDs, and PagerDuty services.
func (a *Actors) foreigners(ctx context.Context) ([]string, error) {
	list, err := a.Lab.Kube.AppsV1().ReplicaSets(Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing the other rollouts: %w", err)
	}
	var names []string
	for _, rs := range list.Items {
		owner := metav1.GetControllerOf(&rs)
		if owner == nil || owner.Name == a.Story.App {
			continue
		}
		hash := rs.Labels[argo.PodHashLabel]
		names = append(names, hash, string(owner.UID), string(rs.UID), `"`+owner.Name+`"`, serviceID(owner.Name)+`"`)
		if !strings.HasPrefix(a.Story.App, owner.Name) {
			names = append(names, owner.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
