package collectors

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/debrief-sre/debrief/evidence"
)

// replicaSetObject is what is kept of a ReplicaSet: no environment, no arguments.
type replicaSetObject struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Replicas *int32      `json:"replicas,omitempty"`
		Template podTemplate `json:"template"`
	} `json:"spec"`
	Status appsv1.ReplicaSetStatus `json:"status"`
}

// podObject is what is kept of a pod: no environment, no arguments.
type podObject struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		NodeName   string           `json:"nodeName,omitempty"`
		Containers []containerImage `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase             corev1.PodPhase          `json:"phase"`
		Reason            string                   `json:"reason,omitempty"`
		Message           string                   `json:"message,omitempty"`
		StartTime         *metav1.Time             `json:"startTime,omitempty"`
		Conditions        []corev1.PodCondition    `json:"conditions,omitempty"`
		ContainerStatuses []corev1.ContainerStatus `json:"containerStatuses,omitempty"`
	} `json:"status"`
}

func keepSet(set *appsv1.ReplicaSet) replicaSetObject {
	var kept replicaSetObject
	kept.Metadata = keepMeta(set.ObjectMeta, false)
	kept.Spec.Replicas = set.Spec.Replicas
	kept.Spec.Template.Metadata.Labels = set.Spec.Template.Labels
	kept.Spec.Template.Spec.Containers = keepImages(set.Spec.Template.Spec.Containers)
	kept.Status = set.Status
	return kept
}

func keepPod(pod *corev1.Pod) podObject {
	var kept podObject
	kept.Metadata = keepMeta(pod.ObjectMeta, false)
	kept.Spec.NodeName = pod.Spec.NodeName
	kept.Spec.Containers = keepImages(pod.Spec.Containers)
	kept.Status.Phase, kept.Status.Reason, kept.Status.Message = pod.Status.Phase, pod.Status.Reason, pod.Status.Message
	kept.Status.StartTime, kept.Status.Conditions = pod.Status.StartTime, pod.Status.Conditions
	kept.Status.ContainerStatuses = pod.Status.ContainerStatuses
	return kept
}

func keepImages(containers []corev1.Container) []containerImage {
	images := make([]containerImage, len(containers))
	for i, c := range containers {
		images[i] = containerImage{Name: c.Name, Image: c.Image}
	}
	return images
}

// listReplicaSets lists the rollout's ReplicaSets of all revisions.
func listReplicaSets(ctx context.Context, kube *kubeClients, r rolloutObject) ([]replicaSetObject, error) {
	var sets []replicaSetObject
	client := kube.core.AppsV1().ReplicaSets(r.Metadata.Namespace)
	list := func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return client.List(ctx, opts)
	}
	err := eachItem(ctx, kube, list, metav1.ListOptions{LabelSelector: selectorOf(r)}, func(set *appsv1.ReplicaSet) error {
		if ownedBy(set.ObjectMeta, string(r.Metadata.UID)) {
			sets = append(sets, keepSet(set))
		}
		return nil
	})
	return sets, err
}

func readSets(b *evidence.Bundle) ([]evidence.Cited[replicaSetObject], error) {
	var sets []evidence.Cited[replicaSetObject]
	for set, err := range evidence.Lines[replicaSetObject](b, setsEntry) {
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// setNames are the names of the rollout's ReplicaSets, deleted ones too as far
// as the status still knows their hash.
func (t *Target) setNames() []string {
	names := map[string]bool{}
	for _, set := range t.sets {
		names[set.Metadata.Name] = true
	}
	for _, hash := range []string{t.rollout.Status.CurrentPodHash, t.rollout.Status.StableRS} {
		if hash != "" {
			names[t.Scope.Subject.Name+"-"+hash] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (t *Target) ownsPod(pod *corev1.Pod) bool {
	for _, name := range t.setNames() {
		for _, owner := range pod.OwnerReferences {
			if owner.Kind == "ReplicaSet" && owner.Name == name {
				return true
			}
		}
	}
	return false
}

// concern tells which events are about the rollout's own objects. Pods and
// AnalysisRuns may be gone already, so they are known by the names that their
// ReplicaSet gives them.
type concern struct {
	uid, rollout string
	sets         []string
	runs         map[string]bool
	services     []string
}

func newConcern(t *Target) concern {
	c := concern{uid: t.Scope.Subject.UID, rollout: t.Scope.Subject.Name, sets: t.setNames(), runs: map[string]bool{}}
	for _, run := range t.runs {
		c.runs[run.Metadata.Name] = true
	}
	if canary := t.rollout.Spec.Strategy.Canary; canary != nil {
		c.services = []string{canary.CanaryService, canary.StableService}
	}
	if bg := t.rollout.Spec.Strategy.BlueGreen; bg != nil {
		c.services = []string{bg.PreviewService, bg.ActiveService}
	}
	return c
}

func (c concern) with(e *corev1.Event) bool {
	o := e.InvolvedObject
	switch o.Kind {
	case "Rollout":
		// An older rollout of the same name is not ours.
		return string(o.UID) == c.uid && e.Reason != "RolloutAddedToInformer"
	case "ReplicaSet":
		return c.ofSet(o.Name, "")
	case "Pod":
		return c.ofSet(o.Name, "-")
	case "AnalysisRun", "Experiment":
		return c.runs[o.Name] || c.ofSet(o.Name, "-")
	case "Service":
		return o.Name != "" && slices.Contains(c.services, o.Name)
	default:
		return false
	}
}

func (c concern) ofSet(name, separator string) bool {
	for _, set := range c.sets {
		if name == set || separator != "" && strings.HasPrefix(name, set+separator) {
			return true
		}
	}
	return false
}

var scheduled = regexp.MustCompile(`^Successfully assigned \S+ to (\S+)$`)

// scheduledTo is the node of a pod that may be gone by now.
func scheduledTo(e *corev1.Event) string {
	if e.Reason != "Scheduled" || e.InvolvedObject.Kind != "Pod" {
		return ""
	}
	if match := scheduled.FindStringSubmatch(e.Message); match != nil {
		return match[1]
	}
	return ""
}
