package timeline

import (
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
)

// Facts is what the collectors read out of a bundle: what happened, and the
// particulars that a document states beside the timeline. A source that gave
// nothing leaves its part empty; the manifest's coverage says why.
type Facts struct {
	Rollout Rollout
	Events  []Event
	Pages   []Page
	Metrics []MetricSeries // the analysis metrics over the window
	SLIs    []slo.Data     // raw counters of each objective, in the objectives' order
}

// Rollout is what is known of the revision under examination.
type Rollout struct {
	Subject  evidence.Object
	Revision int64
	App      string // the app label, by which other systems may name it
	Strategy string // "canary" or "blueGreen"
	Phase    string // at collection
	Replicas int
	Steps    []string // the canary's steps in words, such as "setWeight: 20"
	Images   []ImageChange

	CanaryHash    string // pod template hash of this revision
	CanarySet     string // name of its ReplicaSet
	CanaryService string // preview service for blue-green
	StableHash    string
	StableSet     string
	StableService string
	// TrafficRouting tells whether weights are enforced by a traffic router;
	// without one they are approximated by replica counts.
	TrafficRouting bool

	Started time.Time // when the controller began the update to this revision
	// Superseded is when it began the next update; zero when there was none.
	Superseded time.Time
	Abort      *Abort // nil when the revision was not aborted
	Analyses   []Analysis
	Evidence   []evidence.Citation
}

// ImageChange is a container whose image differs between stable and this revision.
type ImageChange struct {
	Container string
	From, To  string // From is empty when the stable revision is unknown
}

// Cause is why a rollout was aborted.
type Cause string

// The causes.
const (
	CauseAnalysis         Cause = "analysis"
	CauseExperiment       Cause = "experiment"
	CausePlugin           Cause = "plugin"
	CauseProgressDeadline Cause = "progressDeadline"
	CauseUser             Cause = "user" // a person or an API call
	CauseUnknown          Cause = "unknown"
)

// Confidence says how well a cause is proved.
type Confidence string

// The confidences.
const (
	Certain   Confidence = "certain"
	Likely    Confidence = "likely"
	Uncertain Confidence = "unknown"
)

// Abort is the end of an update that did not succeed.
type Abort struct {
	Time       time.Time
	Cause      Cause
	Confidence Confidence
	Why        string // what the confidence rests on, one line
	Message    string // the controller's own words
	Evidence   []evidence.Citation
}

// Analysis is one AnalysisRun of the revision.
type Analysis struct {
	Object    evidence.Object
	Type      string // Step, Background, PrePromotion, PostPromotion or empty
	Step      string // index of the canary step, for Type Step
	Phase     string // Successful, Failed, Error, Inconclusive, Running, Pending
	Message   string
	Started   time.Time
	Completed time.Time // zero while it runs
	Metrics   []Metric
	Evidence  evidence.Citation
}

// Metric is one metric of an AnalysisRun with its measurements.
type Metric struct {
	Name         string
	Provider     string // such as "prometheus"
	Address      string // of the provider, without credentials
	Query        string // as resolved; for other providers than Prometheus it may be empty
	Success      string // success condition
	Failure      string // failure condition
	FailureLimit string
	Interval     string // between measurements
	InitialDelay string // before the first one
	Phase        string
	Message      string
	DryRun       bool
	Measurements []Measurement
}

// Measurement is one measured value.
type Measurement struct {
	Time    time.Time // when it finished
	Phase   string
	Value   string // in the provider's words, such as "[0.514]"
	Message string // an error, if there was one
}

// Failed tells whether the analysis ended in a way that stops a rollout.
func (a Analysis) Failed() bool {
	return a.Phase == "Failed" || a.Phase == "Error" || a.Phase == "Inconclusive"
}

// MetricSeries is an analysis metric's query evaluated over the window.
type MetricSeries struct {
	Name     string // of the metric
	Query    string
	Success  string
	Failure  string
	Step     time.Duration
	Series   []slo.Series
	Evidence evidence.Citation
}

// Page is a PagerDuty incident that concerns the rollout.
type Page struct {
	ID       string
	Number   int
	Title    string
	URL      string
	Service  string
	Urgency  string
	Priority string
	Status   string
	Created  time.Time
	// How it was tied to the rollout: "service" when the config maps it,
	// "name" when its service or title names the rollout.
	MatchedBy string
	People    []Person // whom it mentions; the same person may stand here more than once
	Evidence  evidence.Citation
}
