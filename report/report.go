// Package report brings together what is known of an incident in one
// document-neutral form, from which every output is rendered. As JSON it is
// debrief's stable, versioned interface to other tools.
package report

import (
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// SchemaVersion is that of the JSON form. Fields may be added within a version;
// none changes its meaning or goes.
const SchemaVersion = 1

// Report is everything that a document states. Times are UTC; durations are
// seconds, as numbers.
type Report struct {
	SchemaVersion int    `json:"schemaVersion"`
	Tool          string `json:"tool"`
	Name          string `json:"name"` // of the files, without extension: YYYY-MM-DD-<namespace>-<name>-r<revision>

	Incident  Incident            `json:"incident"`
	Change    Change              `json:"change"`
	Abort     *Abort              `json:"abort"` // null when the revision was not aborted
	Analyses  []Analysis          `json:"analyses"`
	Pages     []Page              `json:"pages"`
	Impact    []Impact            `json:"impact"`
	Measures  Measures            `json:"measures"`
	Phases    []Phase             `json:"phases"`
	Events    []Event             `json:"events"`
	Hidden    []Hidden            `json:"hidden,omitempty"` // events that reviewers took from the timeline, by time
	Series    []Series            `json:"series"`
	Weights   []Weight            `json:"weights"`
	Coverage  []evidence.Coverage `json:"coverage"`
	Collected time.Time           `json:"collected"` // when the bundle was made
	Notes     []string            `json:"notes,omitempty"`
	Warnings  []string            `json:"warnings,omitempty"` // about order and clocks
	Authors   string              `json:"authors,omitempty"`
	Bundle    *Bundle             `json:"bundle,omitempty"` // the evidence's file
	Actions   []Action            `json:"actions"`          // proposed, in the rules' order
	Past      *Past               `json:"past,omitempty"`   // null when no earlier postmortem is like this one
}

// Incident is the frame of the story.
type Incident struct {
	Subject   evidence.Object `json:"subject"`
	App       string          `json:"app,omitempty"`
	Revision  int64           `json:"revision"`
	Window    evidence.Window `json:"window"`
	Started   *time.Time      `json:"started"`
	Detected  *time.Time      `json:"detected"`
	Mitigated *time.Time      `json:"mitigated"`
	Resolved  *time.Time      `json:"resolved"`
}

// Change is what the revision changed and how it was rolled out.
type Change struct {
	Images         []Image  `json:"images"`
	Strategy       string   `json:"strategy"`
	Steps          []string `json:"steps"`
	Replicas       int      `json:"replicas"`
	TrafficRouting bool     `json:"trafficRouting"`
	// MaxWeight is the largest share of traffic, in percent, that the new
	// version was given; null when no source tells.
	MaxWeight *int   `json:"maxWeight"`
	Phase     string `json:"phase"` // of the rollout at collection
}

// Image is a container's image before and after; From is empty when unknown.
type Image struct {
	Container string `json:"container"`
	From      string `json:"from"`
	To        string `json:"to"`
}

// Abort is the end of the update.
type Abort struct {
	Time       time.Time           `json:"time"`
	Cause      timeline.Cause      `json:"cause"`
	Confidence timeline.Confidence `json:"confidence"`
	Why        string              `json:"why"`
	Message    string              `json:"message"`
	Evidence   []evidence.Citation `json:"evidence"`
}

// Analysis is one AnalysisRun.
type Analysis struct {
	Name      string            `json:"name"`
	Type      string            `json:"type"`
	Phase     string            `json:"phase"`
	Message   string            `json:"message"`
	Started   time.Time         `json:"started,omitzero"`
	Completed time.Time         `json:"completed,omitzero"`
	Metrics   []Metric          `json:"metrics"`
	Evidence  evidence.Citation `json:"evidence"`
}

// Metric is one metric of an AnalysisRun.
type Metric struct {
	Name         string        `json:"name"`
	Provider     string        `json:"provider"`
	Query        string        `json:"query"`
	Success      string        `json:"successCondition"`
	Failure      string        `json:"failureCondition"`
	FailureLimit string        `json:"failureLimit"`
	Interval     string        `json:"interval"`
	InitialDelay string        `json:"initialDelay,omitempty"`
	Phase        string        `json:"phase"`
	DryRun       bool          `json:"dryRun"`
	Measurements []Measurement `json:"measurements"`
}

// Measurement is one measured value, in the provider's words.
type Measurement struct {
	Time    time.Time `json:"time"`
	Value   string    `json:"value"`
	Phase   string    `json:"phase"`
	Message string    `json:"message,omitempty"`
}

// Page is a PagerDuty incident.
type Page struct {
	ID       string    `json:"id"`
	Number   int       `json:"number"`
	Title    string    `json:"title"`
	URL      string    `json:"url"`
	Service  string    `json:"service"`
	Urgency  string    `json:"urgency"`
	Priority string    `json:"priority"`
	Status   string    `json:"status"`
	Created  time.Time `json:"created"`
}

// Measures are the response measures in seconds, null when unknown.
type Measures struct {
	TTD      *float64 `json:"ttd"`
	TTA      *float64 `json:"tta"`
	TTM      *float64 `json:"ttm"`
	TTR      *float64 `json:"ttr"`
	Exposure *float64 `json:"exposure"`
	// From names the moments that the measures are taken between.
	From Moments `json:"from"`
}

// Moments are the events that the measures rest on, each null when unknown.
type Moments struct {
	Started   *Moment `json:"started"`
	Detected  *Moment `json:"detected"`
	Aborted   *Moment `json:"aborted"`
	Mitigated *Moment `json:"mitigated"`
	Paged     *Moment `json:"paged"`
	Acked     *Moment `json:"acknowledged"`
	Resolved  *Moment `json:"resolved"`
}

// Moment is a time and the event that it is taken from.
type Moment struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"`
	What  string    `json:"what"`
}

// Phase is a named stretch of the incident.
type Phase struct {
	Name  string    `json:"name"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Event is one row of the timeline.
type Event struct {
	ID        string              `json:"id"`
	Time      time.Time           `json:"time"`
	End       *time.Time          `json:"end,omitempty"`
	Precision float64             `json:"precision"`
	Sampled   bool                `json:"sampled,omitempty"` // happened up to Precision before Time, not after
	Source    string              `json:"source"`
	Clock     string              `json:"clock"`
	Kind      timeline.Kind       `json:"kind"`
	Subject   evidence.Object     `json:"subject"`
	Role      string              `json:"role,omitempty"`
	Title     string              `json:"title"`
	Detail    string              `json:"detail,omitempty"`
	Key       bool                `json:"key"`
	Evidence  []evidence.Citation `json:"evidence"`
	Links     []timeline.Link     `json:"links,omitempty"`
	Reviewed  *Reviewed           `json:"reviewed,omitempty"` // null when reviewers left it as it is
}

// Reviewed is what reviewers decided about an event.
type Reviewed struct {
	Pinned bool   `json:"pinned,omitempty"` // they made it a key moment
	Title  string `json:"title,omitempty"`  // its own, in the place of which they gave it another
	Added  bool   `json:"added,omitempty"`  // they state it: no source told of it
}

// Hidden is an event that reviewers took from the timeline.
type Hidden struct {
	ID       string              `json:"id"`
	Time     time.Time           `json:"time"`
	Kind     timeline.Kind       `json:"kind"`
	Source   string              `json:"source"`
	Title    string              `json:"title"`
	Reason   string              `json:"reason"` // the reviewers' words
	Evidence []evidence.Citation `json:"evidence"`
}

// KeyMoments are the events of the main timeline.
func (r Report) KeyMoments() []Event {
	var key []Event
	for _, e := range r.Events {
		if e.Key {
			key = append(key, e)
		}
	}
	return key
}

// Gaps are the coverage records of sources that left something out.
func (r Report) Gaps() []evidence.Coverage {
	var gaps []evidence.Coverage
	for _, c := range r.Coverage {
		if c.Gap() {
			gaps = append(gaps, c)
		}
	}
	return gaps
}
