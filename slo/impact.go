package slo

import "time"

// Impact is what an incident did to an objective. A nil pointer is a figure
// that is not known; a figure of the budget is also nil without a target.
type Impact struct {
	Objective    Objective
	FromAnalysis bool // no objective was configured: there is no target to hold the counts against

	Start, End time.Time // the incident's window, half-open

	// Measured tells that the counters have data in the window. Otherwise
	// Bad and Good are unknown, and Total is when Coverage is 0: their zeros mean nothing.
	Measured         bool
	Bad, Good, Total Count    // events
	SLI              *float64 // share of good events, or of good slices by the objective's method, 0 to 1
	Coverage         float64  // share of the window's time, 0 to 1, in slices for which the total has data

	Volume            Volume   // events of the objective's whole window, the budget's denominator
	AllowedBad        *float64 // bad events that the whole window allows
	AllowedBadElapsed *float64 // bad events allowed by the events that were really counted
	Consumed          *float64 // share of the whole window's budget spent by the incident; 1 is all of it
	ConsumedElapsed   *float64 // the same of the elapsed part's budget

	// OutageMinutes are minutes of full outage with the same number of bad
	// events at the window's average traffic. TimeWeightedMinutes weigh the
	// error rate of every slice by its time, whatever the traffic; slices
	// without data add nothing. The two differ off-peak.
	OutageMinutes       *float64
	TimeWeightedMinutes *float64

	BurnRate     *float64 // of the incident as a whole; 1 spends the budget in exactly the objective's window
	PeakBurnRate *float64 // the highest of a slice that breached the objective; BurnRate when none did

	// Remaining is the share of the whole window's budget that was left at
	// Budget.At; RemainingElapsed is that of the elapsed part's. Both may be
	// negative, and are only known for Occurrences.
	Remaining        *float64
	RemainingElapsed *float64
	Exhaustion       *Projection // of what remained, had the incident's burn rate gone on

	Baseline Baseline
	Net      *float64 // bad events above the baseline; nil without one

	Canary *CanaryImpact // nil when there are no series of a canary

	// LostRequests are those that the traffic before the incident would have
	// led to expect and that never came; 0 when the difference may be chance.
	LostRequests *float64

	SliceLength    time.Duration
	Slices         []Slice
	Reconciliation *Reconciliation
}

// Reconciliation ties the budget left after an incident to that before it, as
// shares of one budget. Over a rolling window the two readings of a dashboard
// do not differ by the incident alone, as old errors leave the window and its
// traffic changes: so the denominator is that of the window's end for all.
type Reconciliation struct {
	Before   float64 // left without the incident
	Consumed float64 // spent by the incident
	After    float64 // left: Before - Consumed
	// OtherBad are the bad events of the window outside the incident. It is
	// negative when the server counts fewer than the raw samples show:
	// PromQL's increase does not see the first sample of a new series.
	OtherBad float64
}
