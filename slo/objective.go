package slo

import (
	"math"
	"time"

	"github.com/prometheus/common/model"
)

// Objective is a service level objective: the share of valid events that must
// be good over a window. The counters are given in PromQL: Total and one of Bad
// and Good, each a counter selector or a sum, rate or increase over one.
type Objective struct {
	Name   string         `json:"name"`
	Target float64        `json:"target"` // a ratio, such as 0.999
	Window model.Duration `json:"window"` // rolling; in JSON as Prometheus writes it, such as "30d"
	Good   string         `json:"good,omitempty"`
	Bad    string         `json:"bad,omitempty"`
	Total  string         `json:"total"`

	Method Method `json:"budgetingMethod,omitempty"` // empty is Occurrences
	// SliceTarget is the share of good events below which a slice is bad, for
	// Timeslices; 0 is Target. SliceWindow is the length of a slice, for
	// Timeslices and RatioTimeslices; 0 is derived from the samples.
	SliceTarget float64        `json:"timeSliceTarget,omitempty"`
	SliceWindow model.Duration `json:"timeSliceWindow,omitempty"`
}

// Method is how an objective spends its budget, by the names of OpenSLO v1.
type Method string

// The budgeting methods.
const (
	Occurrences     Method = "Occurrences"     // counts bad events
	Timeslices      Method = "Timeslices"      // counts slices with too few good events
	RatioTimeslices Method = "RatioTimeslices" // adds up the error rates of slices
)

// HasTarget tells whether there is a target that leaves a budget to spend.
func (o Objective) HasTarget() bool { return o.Target > 0 && o.Target < 1 }

// bySlices tells whether the budget is counted in slices rather than events.
func (o Objective) bySlices() bool { return o.Method == Timeslices || o.Method == RatioTimeslices }

func (o Objective) window() time.Duration { return time.Duration(o.Window) }

func (o Objective) sliceTarget() float64 {
	if o.SliceTarget > 0 {
		return o.SliceTarget
	}
	return o.Target
}

// countsGood tells whether the objective is stated by its good events.
func (o Objective) countsGood() bool { return o.Good != "" && o.Bad == "" }

// allowance is the share of events that may be bad, 1 - target. Targets are
// written in decimals, so it is rounded back to one: 1 - 0.9 is otherwise a
// little less than 0.1, and ten events would allow no bad one.
func allowance(target float64) float64 {
	const digits = 1e12
	return math.Round((1-target)*digits) / digits
}

// Sample is one raw sample of a counter or gauge.
type Sample struct {
	Time  time.Time
	Value float64
}

// Series is one time series: its labels and its samples in order of time.
type Series struct {
	Labels  map[string]string
	Samples []Sample
}
