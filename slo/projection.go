package slo

import (
	"math"
	"time"
)

// ExhaustionState says whether and when a budget runs out.
type ExhaustionState string

// The states.
const (
	Exhausted   ExhaustionState = "exhausted" // nothing is left
	ExhaustedIn ExhaustionState = "projected" // at Projection.At
	Never       ExhaustionState = "never"     // nothing burns, or not within centuries
)

// Projection is when a budget runs out if its burn rate goes on.
type Projection struct {
	State ExhaustionState
	In    time.Duration // for ExhaustedIn, from the time at which the budget was read
	At    time.Time     // for ExhaustedIn
}

// Exhaustion projects when a budget runs out of which a share remains at a
// time: remaining * window / burn rate, from "Alerting on SLOs" of the SRE Workbook.
func Exhaustion(remaining, burnRate float64, window time.Duration, at time.Time) Projection {
	if remaining <= 0 {
		return Projection{State: Exhausted}
	}
	in := remaining * float64(window) / burnRate
	if burnRate <= 0 || in >= math.MaxInt64 {
		return Projection{State: Never}
	}
	d := time.Duration(math.Round(in))
	return Projection{State: ExhaustedIn, In: d, At: at.Add(d)}
}
