package collectors

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/pager"

	"github.com/debrief-sre/debrief/evidence"
)

// Kubernetes is the cluster itself: events, pods and ReplicaSets.
var Kubernetes = Collector{
	Name:  "kubernetes",
	Doc:   "Kubernetes: events of the rollout's objects and nodes, pods, ReplicaSets",
	Fetch: fetchKubernetes,
	Read:  readKubernetes,
}

// The bundle's entries of this source.
const (
	eventsEntry     = "kubernetes/events.jsonl"
	nodeEventsEntry = "kubernetes/node-events.jsonl"
	podsEntry       = "kubernetes/pods.jsonl"
	setsEntry       = "kubernetes/replicasets.jsonl"
)

func fetchKubernetes(ctx context.Context, s *Settings, t *Target, w *evidence.Writer) error {
	kube, err := newKubeClients(s)
	if err != nil {
		return err
	}
	namespace, selector := t.Scope.Subject.Namespace, selectorOf(t.rollout)
	if err := ask(s, w, evidence.Coverage{Source: "kubernetes/replicasets", Asked: "ReplicaSets of " + t.Scope.Subject.String()}, func(c *evidence.Coverage) error {
		return storeSets(t, w, c)
	}); err != nil {
		return err
	}
	nodes := map[string]bool{}
	if err := ask(s, w, evidence.Coverage{Source: "kubernetes/pods", Asked: "pods in " + namespace + " with " + selectorWords(selector)}, func(c *evidence.Coverage) error {
		defer func() { c.ClockOffset = kube.clock.last() }()
		return fetchPods(ctx, kube, t, selector, w, c, nodes)
	}); err != nil {
		return err
	}
	if err := ask(s, w, evidence.Coverage{Source: "kubernetes/events", Asked: "events in " + namespace}, func(c *evidence.Coverage) error {
		defer func() { c.ClockOffset = kube.clock.last() }()
		return fetchEvents(ctx, kube, t, w, c, nodes)
	}); err != nil {
		return err
	}
	if len(nodes) == 0 {
		return nil
	}
	asked := "events of nodes " + strings.Join(slices.Sorted(maps.Keys(nodes)), ", ")
	return ask(s, w, evidence.Coverage{Source: "kubernetes/node-events", Asked: asked}, func(c *evidence.Coverage) error {
		return fetchNodeEvents(ctx, kube, w, c, nodes)
	})
}

// storeSets stores what locating the incident read already.
func storeSets(t *Target, w *evidence.Writer, c *evidence.Coverage) error {
	if t.setsErr != nil {
		return t.setsErr
	}
	file, err := w.Create(setsEntry)
	if err != nil {
		return stored(err)
	}
	for _, set := range t.sets {
		if err := file.Append(set); err != nil {
			return stored(err)
		}
	}
	c.Objects = len(t.sets)
	return nil
}

func fetchPods(ctx context.Context, kube *kubeClients, t *Target, selector string, w *evidence.Writer, c *evidence.Coverage, nodes map[string]bool) error {
	file, err := w.Create(podsEntry)
	if err != nil {
		return stored(err)
	}
	pods := kube.core.CoreV1().Pods(t.Scope.Subject.Namespace)
	list := func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return pods.List(ctx, opts)
	}
	return eachItem(ctx, list, metav1.ListOptions{LabelSelector: selector}, func(pod *corev1.Pod) error {
		if !t.ownsPod(pod) {
			return nil
		}
		if pod.Spec.NodeName != "" {
			nodes[pod.Spec.NodeName] = true
		}
		c.Objects++
		return stored(file.Append(keepPod(pod)))
	})
}

// fetchEvents reads the namespace's events page by page and stores those that
// concern the rollout. One list with protobuf is far cheaper for the API
// server than a list for every object: events have no index.
func fetchEvents(ctx context.Context, kube *kubeClients, t *Target, w *evidence.Writer, c *evidence.Coverage, nodes map[string]bool) error {
	file, err := w.Create(eventsEntry)
	if err != nil {
		return stored(err)
	}
	events := kube.core.CoreV1().Events(t.Scope.Subject.Namespace)
	list := func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return events.List(ctx, opts)
	}
	concerned := newConcern(t)
	counts := map[recorder]int{}
	sawStart := false
	err = eachItem(ctx, list, metav1.ListOptions{}, func(e *corev1.Event) error {
		times := eventTimes(e)
		if c.Oldest.IsZero() || times.last.Before(c.Oldest) {
			c.Oldest = times.last
		}
		if !concerned.with(e) {
			return nil
		}
		if node := scheduledTo(e); node != "" {
			nodes[node] = true
		}
		sawStart = sawStart || isStartOf(e, t.Scope.Revision)
		counts[recorder{e.Source.Component, e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Type}]++
		c.Objects++
		e.ManagedFields = nil
		return stored(file.Append(e))
	})
	if err != nil {
		return err
	}
	judgeEvents(c, t, sawStart)
	c.Warnings = append(c.Warnings, spamWarnings(counts)...)
	return nil
}

func fetchNodeEvents(ctx context.Context, kube *kubeClients, w *evidence.Writer, c *evidence.Coverage, nodes map[string]bool) error {
	defer func() { c.ClockOffset = kube.clock.last() }()
	file, err := w.Create(nodeEventsEntry)
	if err != nil {
		return stored(err)
	}
	// Nodes have no namespace; their events are kept in "default".
	events := kube.core.CoreV1().Events(metav1.NamespaceDefault)
	list := func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return events.List(ctx, opts)
	}
	return eachItem(ctx, list, metav1.ListOptions{FieldSelector: "involvedObject.kind=Node"}, func(e *corev1.Event) error {
		if !nodes[e.InvolvedObject.Name] {
			return nil
		}
		c.Objects++
		e.ManagedFields = nil
		return stored(file.Append(e))
	})
}

// eachItem calls fn with every object of a list, fetching page after page.
func eachItem[T runtime.Object](ctx context.Context, list pager.ListPageFunc, opts metav1.ListOptions, fn func(T) error) error {
	pages := pager.New(list)
	pages.PageSize = pageSize
	return pages.EachListItem(ctx, opts, func(object runtime.Object) error {
		item, ok := object.(T)
		if !ok {
			return fmt.Errorf("unexpected object of type %T in a list", object)
		}
		return fn(item)
	})
}

// judgeEvents tells expiry from quiet: events live an hour by default, and
// those of the update's start are gone when it began before the oldest one left.
func judgeEvents(c *evidence.Coverage, t *Target, sawStart bool) {
	began := t.Scope.Window.Start.Add(Lead)
	switch {
	case sawStart || t.Aborted.IsZero():
	case c.Objects == 0:
		c.Status = evidence.StatusExpired
		c.Reason = "no event of the rollout is left; the API server keeps events for an hour by default"
	case c.Oldest.After(began):
		c.Status = evidence.StatusPartial
		c.Reason = fmt.Sprintf("events before %s have expired; the API server keeps them for an hour by default", c.Oldest.UTC().Format(time.RFC3339))
	}
}

// recorder is what client-go's event spam filter counts by.
type recorder struct{ component, kind, name, eventType string }

// spamBurst is how many events of one recorder about one object that filter
// lets through before it drops all but one in five minutes.
const spamBurst = 25

func spamWarnings(counts map[recorder]int) []string {
	var warnings []string
	for r, n := range counts {
		if n >= spamBurst {
			warnings = append(warnings, fmt.Sprintf("%s recorded %d %s events about %s %s; beyond %d its client drops most, so later ones may be missing", r.component, n, r.eventType, r.kind, r.name, spamBurst))
		}
	}
	slices.Sort(warnings)
	return warnings
}

func selectorOf(r rolloutObject) string {
	if r.Spec.Selector == nil {
		return ""
	}
	return metav1.FormatLabelSelector(r.Spec.Selector)
}

func selectorWords(selector string) string {
	if selector == "" {
		return "any labels"
	}
	return "labels " + selector
}
