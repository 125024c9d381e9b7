package slo

import "time"

// Data is what a metrics source gave for one objective.
type Data struct {
	Objective Objective
	// FromAnalysis tells that no objective was configured: the counters are
	// those of an analysis metric, and Objective has no target.
	FromAnalysis bool

	// Raw samples of the counters over the collected window, one per series.
	// One of Good and Bad is empty, as in the objective.
	Good, Bad, Total []Series

	Budget  Budget
	Queries []Query
}

// Budget is what the metrics source says of the objective's whole window.
type Budget struct {
	At         time.Time // the window's end
	Total, Bad *float64  // events within it as the server counts them; nil when unknown
	Oldest     time.Time // the oldest data the server has of it; zero when unknown
	Coverage   float64   // share of it for which the total has data, 0 to 1
}

// Query is a question put to the metrics source, for a reader who wants to ask it again.
type Query struct {
	What     string    `json:"what"` // such as "bad events, raw samples"
	PromQL   string    `json:"promql"`
	Time     time.Time `json:"time"`     // the evaluation time
	Evidence string    `json:"evidence"` // the bundle's citation of the answer
}
