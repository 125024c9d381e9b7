// Package argo holds the few fields of Argo Rollouts' objects that the proving
// ground looks at. Importing the real types would drag in the whole of
// Kubernetes, and the proving ground must not share the product's own: it is
// there to contradict them.
package argo

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// The resources, for the dynamic client.
var (
	Rollouts     = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}
	AnalysisRuns = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "analysisruns"}
)

// Labels and annotations that tie the objects of one rollout together.
const (
	RevisionAnnotation = "rollout.argoproj.io/revision"
	PodHashLabel       = "rollouts-pod-template-hash"
	RunTypeLabel       = "rollout-type"
)

// Phases of a Rollout and of an AnalysisRun.
const (
	Healthy      = "Healthy"
	Degraded     = "Degraded"
	Paused       = "Paused"
	Failed       = "Failed"
	Error        = "Error"
	Inconclusive = "Inconclusive"
)

// A Rollout as the lab needs it.
type Rollout struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec   RolloutSpec   `json:"spec"`
	Status RolloutStatus `json:"status"`
}

// RolloutSpec says what is to run, and how it gets there.
type RolloutSpec struct {
	Replicas int32                  `json:"replicas"`
	Template corev1.PodTemplateSpec `json:"template"`
	Strategy struct {
		Canary    *CanaryStrategy    `json:"canary"`
		BlueGreen *BlueGreenStrategy `json:"blueGreen"`
	} `json:"strategy"`
}

// CanaryStrategy names the services between which traffic is split.
type CanaryStrategy struct {
	CanaryService string `json:"canaryService"`
	StableService string `json:"stableService"`
}

// BlueGreenStrategy names the services that switch.
type BlueGreenStrategy struct {
	ActiveService  string `json:"activeService"`
	PreviewService string `json:"previewService"`
}

// RolloutStatus is what the controller says of it.
type RolloutStatus struct {
	Phase             string       `json:"phase"`
	Message           string       `json:"message"`
	Abort             bool         `json:"abort"`
	Observed          string       `json:"observedGeneration"`
	AbortedAt         *metav1.Time `json:"abortedAt"`
	CurrentPodHash    string       `json:"currentPodHash"`
	StableRS          string       `json:"stableRS"`
	Replicas          int32        `json:"replicas"`
	AvailableReplicas int32        `json:"availableReplicas"`
	PauseConditions   []struct {
		Reason string `json:"reason"`
	} `json:"pauseConditions"`
	Canary struct {
		Weights *Weights `json:"weights"`
	} `json:"canary"`
	BlueGreen struct {
		PreviewSelector string `json:"previewSelector"`
		ActiveSelector  string `json:"activeSelector"`
	} `json:"blueGreen"`
}

// Weights are the shares of traffic; absent without traffic routing.
type Weights struct {
	Canary struct {
		Weight int `json:"weight"` // percent
	} `json:"canary"`
}

// RolloutFrom reads a Rollout out of what the dynamic client returns.
func RolloutFrom(obj runtime.Object) (*Rollout, error) {
	var r Rollout
	return &r, decode(obj, &r)
}

// Image is the image of the newest revision's first container.
func (r *Rollout) Image() string {
	if len(r.Spec.Template.Spec.Containers) == 0 {
		return ""
	}
	return r.Spec.Template.Spec.Containers[0].Image
}

// Revision is the number of the newest revision that the controller has seen.
func (r *Rollout) Revision() string { return r.Annotations[RevisionAnnotation] }

// CanaryWeight is the share of traffic, in percent, that the newest revision
// gets. Without traffic routing there is no such number: 0.
func (r *Rollout) CanaryWeight() int {
	if r.Status.Canary.Weights == nil {
		return 0
	}
	return r.Status.Canary.Weights.Canary.Weight
}

// Settled tells whether the status is about the spec as it is now.
func (r *Rollout) Settled() bool {
	return r.Status.Observed == strconv.FormatInt(r.Generation, 10)
}

// PausedFor tells whether the controller holds the rollout for that reason.
func (r *Rollout) PausedFor(reason string) bool {
	for _, c := range r.Status.PauseConditions {
		if c.Reason == reason {
			return true
		}
	}
	return false
}

// String tells the state in one line, for errors.
func (r *Rollout) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s revision %s phase %s weight %d", r.Namespace, r.Name, r.Revision(), r.Status.Phase, r.CanaryWeight())
	if r.Status.AbortedAt != nil {
		fmt.Fprintf(&b, " aborted at %s", r.Status.AbortedAt.UTC().Format("15:04:05"))
	}
	if r.Status.Message != "" {
		fmt.Fprintf(&b, " (%s)", r.Status.Message)
	}
	return b.String()
}

// An AnalysisRun as the lab needs it.
type AnalysisRun struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Status struct {
		Phase         string       `json:"phase"`
		Message       string       `json:"message"`
		StartedAt     *metav1.Time `json:"startedAt"`
		CompletedAt   *metav1.Time `json:"completedAt"`
		MetricResults []struct {
			Name         string            `json:"name"`
			Phase        string            `json:"phase"`
			Metadata     map[string]string `json:"metadata"`
			Measurements []struct {
				Phase      string       `json:"phase"`
				Value      string       `json:"value"`
				Message    string       `json:"message"`
				FinishedAt *metav1.Time `json:"finishedAt"`
			} `json:"measurements"`
		} `json:"metricResults"`
	} `json:"status"`
}

// AnalysisRunFrom reads an AnalysisRun out of what the dynamic client returns.
func AnalysisRunFrom(obj runtime.Object) (*AnalysisRun, error) {
	var r AnalysisRun
	return &r, decode(obj, &r)
}

// OwnedBy tells whether the object belongs to the owner with that UID.
func OwnedBy(meta metav1.ObjectMeta, owner types.UID) bool {
	for _, ref := range meta.OwnerReferences {
		if ref.UID == owner {
			return true
		}
	}
	return false
}

func decode(obj runtime.Object, into any) error {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("decoding a %T: not what the dynamic client returns", obj)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into); err != nil {
		return fmt.Errorf("decoding %s %s/%s: %w", u.GetKind(), u.GetNamespace(), u.GetName(), err)
	}
	return nil
}
