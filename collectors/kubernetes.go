package collectors

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	kube, err := t.clients(s)
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
		return fetchEvents(ctx, s.Archive, kube, t, w, c, nodes)
	}); err != nil {
		return err
	}
	if len(nodes) == 0 {
		return nil
	}
	asked := "events of nodes " + strings.Join(slices.Sorted(maps.Keys(nodes)), ", ")
	return ask(s, w, evidence.Coverage{Source: "kubernetes/node-events", Asked: asked}, func(c *evidence.Coverage) error {
		return fetchNodeEvents(ctx, s.Archive, kube, t, w, c, nodes)
	})
}

// storeSets stores what locating the incident read already.
func storeSets(t *Target, w *evidence.Writer, c *evidence.Coverage) error {
	if t.setsErr != nil {
		return t.unarchived(t.setsErr, "ReplicaSets")
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
	err = eachItem(ctx, kube, list, metav1.ListOptions{LabelSelector: selector}, func(pod *corev1.Pod) error {
		if !t.ownsPod(pod) {
			return nil
		}
		if pod.Spec.NodeName != "" {
			nodes[pod.Spec.NodeName] = true
		}
		c.Objects++
		return stored(file.Append(keepPod(pod)))
	})
	return t.unarchived(err, "pods")
}

// eachItem calls fn with every object of a list, fetching page after page.
func eachItem[T runtime.Object](ctx context.Context, kube *kubeClients, list pager.ListPageFunc, opts metav1.ListOptions, fn func(T) error) error {
	if kube.down != nil {
		return kube.down
	}
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
