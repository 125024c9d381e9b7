package collectors

import (
	"encoding/json"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/debrief-sre/debrief/evidence"
)

// These are the parts of Argo Rollouts' types that a postmortem needs. They
// are also all that enters a bundle: what has no field here is never stored,
// above all the pods' environment and arguments. Importing Argo's own types
// would bring in all of k8s.io/kubernetes.

var argoGroup = schema.GroupVersion{Group: "argoproj.io", Version: "v1alpha1"}

const (
	revisionAnnotation = "rollout.argoproj.io/revision"
	podHashLabel       = "rollouts-pod-template-hash"
	controllerManager  = "rollouts-controller"
)

type rolloutObject struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Spec            rolloutSpec       `json:"spec"`
	Status          rolloutStatus     `json:"status"`
}

type rolloutSpec struct {
	Replicas *int32                `json:"replicas,omitempty"`
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	Strategy struct {
		Canary    *canaryStrategy    `json:"canary,omitempty"`
		BlueGreen *blueGreenStrategy `json:"blueGreen,omitempty"`
	} `json:"strategy"`
	ProgressDeadlineSeconds *int32       `json:"progressDeadlineSeconds,omitempty"`
	ProgressDeadlineAbort   bool         `json:"progressDeadlineAbort,omitempty"`
	Template                *podTemplate `json:"template,omitempty"`
}

type canaryStrategy struct {
	CanaryService  string                     `json:"canaryService,omitempty"`
	StableService  string                     `json:"stableService,omitempty"`
	Steps          []canaryStep               `json:"steps,omitempty"`
	Analysis       *analysisStep              `json:"analysis,omitempty"` // in the background
	TrafficRouting map[string]json.RawMessage `json:"trafficRouting,omitempty"`
}

type blueGreenStrategy struct {
	ActiveService         string        `json:"activeService,omitempty"`
	PreviewService        string        `json:"previewService,omitempty"`
	PrePromotionAnalysis  *analysisStep `json:"prePromotionAnalysis,omitempty"`
	PostPromotionAnalysis *analysisStep `json:"postPromotionAnalysis,omitempty"`
}

type canaryStep struct {
	SetWeight      *int32          `json:"setWeight,omitempty"`
	Pause          *pauseStep      `json:"pause,omitempty"`
	Analysis       *analysisStep   `json:"analysis,omitempty"`
	Experiment     *experimentStep `json:"experiment,omitempty"`
	SetCanaryScale *struct {
		Weight   *int32 `json:"weight,omitempty"`
		Replicas *int32 `json:"replicas,omitempty"`
	} `json:"setCanaryScale,omitempty"`
	Plugin *struct {
		Name string `json:"name"`
	} `json:"plugin,omitempty"`
	SetHeaderRoute *struct{} `json:"setHeaderRoute,omitempty"`
	SetMirrorRoute *struct{} `json:"setMirrorRoute,omitempty"`
}

type pauseStep struct {
	Duration any `json:"duration,omitempty"` // seconds or a duration string
}

type analysisStep struct {
	Templates []templateReference `json:"templates,omitempty"`
}

type experimentStep struct {
	Analyses []templateReference `json:"analyses,omitempty"`
}

type templateReference struct {
	TemplateName string `json:"templateName"`
	ClusterScope bool   `json:"clusterScope,omitempty"`
}

type podTemplate struct {
	Metadata struct {
		Labels map[string]string `json:"labels,omitempty"`
	} `json:"metadata"`
	Spec struct {
		Containers []containerImage `json:"containers,omitempty"`
	} `json:"spec"`
}

type containerImage struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

type rolloutStatus struct {
	Abort             bool             `json:"abort,omitempty"`
	AbortedAt         metav1.Time      `json:"abortedAt,omitzero"`
	AvailableReplicas int32            `json:"availableReplicas,omitempty"`
	PauseConditions   []pauseCondition `json:"pauseConditions,omitempty"`
	Canary            struct {
		Weights *trafficWeights `json:"weights,omitempty"`
	} `json:"canary"`
	Conditions       []rolloutCondition `json:"conditions,omitempty"`
	CurrentPodHash   string             `json:"currentPodHash,omitempty"`
	CurrentStepIndex *int32             `json:"currentStepIndex,omitempty"`
	Message          string             `json:"message,omitempty"`
	Phase            string             `json:"phase,omitempty"`
	StableRS         string             `json:"stableRS,omitempty"`
}

type pauseCondition struct {
	Reason    string      `json:"reason"`
	StartTime metav1.Time `json:"startTime"`
}

type trafficWeights struct {
	Canary weightDestination `json:"canary"`
	Stable weightDestination `json:"stable"`
}

type weightDestination struct {
	PodTemplateHash string `json:"podTemplateHash,omitempty"`
	ServiceName     string `json:"serviceName,omitempty"`
	Weight          int32  `json:"weight"`
}

type rolloutCondition struct {
	Type               string      `json:"type"`
	Status             string      `json:"status"`
	Reason             string      `json:"reason,omitempty"`
	Message            string      `json:"message,omitempty"`
	LastUpdateTime     metav1.Time `json:"lastUpdateTime,omitzero"`
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitzero"`
}

// analysisObject is an AnalysisRun; of templates and experiments the same
// fields are kept.
type analysisObject struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Spec            struct {
		Metrics []metricSpec `json:"metrics,omitempty"`
	} `json:"spec"`
	Status analysisStatus `json:"status,omitzero"`
}

type metricSpec struct {
	Name                  string         `json:"name"`
	Interval              string         `json:"interval,omitempty"`
	InitialDelay          string         `json:"initialDelay,omitempty"`
	Count                 any            `json:"count,omitempty"`
	SuccessCondition      string         `json:"successCondition,omitempty"`
	FailureCondition      string         `json:"failureCondition,omitempty"`
	FailureLimit          any            `json:"failureLimit,omitempty"`
	InconclusiveLimit     any            `json:"inconclusiveLimit,omitempty"`
	ConsecutiveErrorLimit any            `json:"consecutiveErrorLimit,omitempty"`
	Provider              metricProvider `json:"provider"`
}

// metricProvider keeps a provider's name and, where it is PromQL or the like,
// its query. Headers, tokens and bodies of other providers stay behind.
type metricProvider struct {
	Name       string              `json:"name"`
	Prometheus *prometheusProvider `json:"prometheus,omitempty"`
}

type prometheusProvider struct {
	Address string `json:"address,omitempty"`
	Query   string `json:"query,omitempty"`
}

// UnmarshalJSON accepts both Argo's form, where the provider's name is the one
// key, and ours.
func (p *metricProvider) UnmarshalJSON(data []byte) error {
	type own metricProvider
	if err := json.Unmarshal(data, (*own)(p)); err != nil {
		return err
	}
	if p.Prometheus != nil {
		p.Prometheus.Address = withoutUserInfo(p.Prometheus.Address)
	}
	if p.Name != "" {
		return nil
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return err
	}
	for key := range keys {
		p.Name = key
	}
	return nil
}

type analysisStatus struct {
	Phase         string         `json:"phase,omitempty"`
	Message       string         `json:"message,omitempty"`
	StartedAt     metav1.Time    `json:"startedAt,omitzero"`
	CompletedAt   metav1.Time    `json:"completedAt,omitzero"`
	MetricResults []metricResult `json:"metricResults,omitempty"`
}

type metricResult struct {
	Name         string              `json:"name"`
	Phase        string              `json:"phase,omitempty"`
	Message      string              `json:"message,omitempty"`
	DryRun       bool                `json:"dryRun,omitempty"`
	Measurements []measurementResult `json:"measurements,omitempty"`
	Metadata     map[string]string   `json:"metadata,omitempty"`
}

type measurementResult struct {
	Phase      string      `json:"phase"`
	Message    string      `json:"message,omitempty"`
	StartedAt  metav1.Time `json:"startedAt,omitzero"`
	FinishedAt metav1.Time `json:"finishedAt,omitzero"`
	Value      string      `json:"value,omitempty"`
}

// keptAnnotations are the annotations that a postmortem needs. The others may
// hold anything, the last applied configuration with its environment included.
var keptAnnotations = []string{"rollout.argoproj.io/", "scale-down-deadline", "kubernetes.io/change-cause"}

// keepMeta reduces metadata to what is kept. Managed fields say who set
// status.abort, so Rollouts keep theirs.
func keepMeta(m metav1.ObjectMeta, managedFields bool) metav1.ObjectMeta {
	kept := metav1.ObjectMeta{
		Name: m.Name, Namespace: m.Namespace, UID: m.UID, ResourceVersion: m.ResourceVersion, Generation: m.Generation,
		CreationTimestamp: m.CreationTimestamp, DeletionTimestamp: m.DeletionTimestamp,
		Labels: m.Labels, OwnerReferences: m.OwnerReferences,
	}
	if managedFields {
		kept.ManagedFields = m.ManagedFields
	}
	for name, value := range m.Annotations {
		for _, prefix := range keptAnnotations {
			if strings.HasPrefix(name, prefix) {
				metav1.SetMetaDataAnnotation(&kept, name, value)
			}
		}
	}
	return kept
}

func objectOf(kind string, m metav1.ObjectMeta) evidence.Object {
	return evidence.Object{Kind: kind, Namespace: m.Namespace, Name: m.Name, UID: string(m.UID)}
}

// ownedBy tells whether an object belongs to the owner with the uid.
func ownedBy(m metav1.ObjectMeta, uid string) bool {
	for _, owner := range m.OwnerReferences {
		if string(owner.UID) == uid {
			return true
		}
	}
	return false
}

// analysisReferences lists the templates that the rollout's analyses name.
func (s rolloutSpec) analysisReferences() []templateReference {
	var steps []*analysisStep
	if c := s.Strategy.Canary; c != nil {
		steps = append(steps, c.Analysis)
		for _, step := range c.Steps {
			steps = append(steps, step.Analysis)
			if step.Experiment != nil {
				steps = append(steps, &analysisStep{Templates: step.Experiment.Analyses})
			}
		}
	}
	if b := s.Strategy.BlueGreen; b != nil {
		steps = append(steps, b.PrePromotionAnalysis, b.PostPromotionAnalysis)
	}
	var refs []templateReference
	for _, step := range steps {
		if step != nil {
			refs = append(refs, step.Templates...)
		}
	}
	return refs
}

// usesExperiments tells whether a canary step starts an Experiment.
func (s rolloutSpec) usesExperiments() bool {
	if s.Strategy.Canary == nil {
		return false
	}
	for _, step := range s.Strategy.Canary.Steps {
		if step.Experiment != nil {
			return true
		}
	}
	return false
}

// words names a step as the controller's own events do.
func (s canaryStep) words() string {
	switch {
	case s.SetWeight != nil:
		return "setWeight: " + itoa(*s.SetWeight)
	case s.Pause != nil && s.Pause.Duration != nil:
		return "pause: " + jsonWord(s.Pause.Duration)
	case s.Pause != nil:
		return "pause"
	case s.Analysis != nil:
		return "analysis: " + strings.Join(templateNames(s.Analysis.Templates), ", ")
	case s.Experiment != nil:
		return "experiment"
	case s.SetCanaryScale != nil:
		return "setCanaryScale"
	case s.SetHeaderRoute != nil:
		return "setHeaderRoute"
	case s.SetMirrorRoute != nil:
		return "setMirrorRoute"
	case s.Plugin != nil:
		return "plugin: " + s.Plugin.Name
	default:
		return "step"
	}
}

func templateNames(refs []templateReference) []string {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = ref.TemplateName
	}
	return names
}
