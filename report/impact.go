package report

import (
	"math"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/slo"
)

// Impact is what the incident did to one objective. Counts are of events;
// pointers are null when the figure is unknown.
type Impact struct {
	Objective    string         `json:"objective"`
	FromAnalysis bool           `json:"fromAnalysis"` // no objective was configured: an analysis metric stands in, without a target
	Target       *float64       `json:"target"`       // a ratio
	Window       model.Duration `json:"window"`       // of the objective
	Start        time.Time      `json:"start"`        // of the span counted
	End          time.Time      `json:"end"`

	Measured bool    `json:"measured"` // false: the counters have no data in the span
	Bad      float64 `json:"bad"`
	Good     float64 `json:"good"`
	Total    float64 `json:"total"`
	BadLow   float64 `json:"badLow"` // bounds of bad, see slo.Count
	BadHigh  float64 `json:"badHigh"`
	Coverage float64 `json:"coverage"` // share of the span with data, 0 to 1

	AllowedBad  *float64 `json:"allowedBad"`
	WindowTotal *float64 `json:"windowTotal"` // events of the objective's whole window
	Projected   bool     `json:"projected"`   // WindowTotal is projected from a part of the window
	WindowKnown float64  `json:"windowKnown"` // that part, 0 to 1
	Consumed    *float64 `json:"consumed"`    // share of the budget spent by the incident; 1 is all of it
	Remaining   *float64 `json:"remaining"`   // share of the budget left; negative when overspent

	// The same, held against the budget of the events that were really
	// counted. They differ from those above only when WindowTotal is projected.
	ConsumedElapsed  *float64  `json:"consumedElapsed"`
	RemainingElapsed *float64  `json:"remainingElapsed"`
	BudgetAt         time.Time `json:"budgetAt"` // the end of the objective's window, when the remainder was taken

	OutageMinutes       *float64 `json:"outageMinutes"`       // minutes of full outage with as many bad events
	TimeWeightedMinutes *float64 `json:"timeWeightedMinutes"` // the same, weighing minutes rather than events
	BudgetMinutes       *float64 `json:"budgetMinutes"`       // minutes of full outage that the objective allows
	BurnRate            *float64 `json:"burnRate"`
	PeakBurnRate        *float64 `json:"peakBurnRate"`

	Baseline     *float64 `json:"baseline"` // error rate to expect without the incident
	BaselineFrom string   `json:"baselineFrom"`
	Net          *float64 `json:"net"` // bad events above the baseline
	LostRequests *float64 `json:"lostRequests"`

	Canary  *Canary     `json:"canary"` // null when the counters do not tell versions apart
	Queries []slo.Query `json:"queries"`
}

// Canary is the new version's part in the impact.
type Canary struct {
	Bad             float64  `json:"bad"`
	Total           float64  `json:"total"`
	ErrorRate       *float64 `json:"errorRate"` // null when it served none
	Exposure        float64  `json:"exposure"`  // share of all requests that the new version served, 0 to 1
	StableErrorRate *float64 `json:"stableErrorRate"`
	Saved           float64  `json:"saved"` // requests that would also have failed had it served them all
}

func impactOf(m slo.Impact, budget slo.Budget, queries []slo.Query) Impact {
	out := Impact{
		Objective: m.Objective.Name, FromAnalysis: m.FromAnalysis, Window: m.Objective.Window,
		Start: m.Start, End: m.End, Measured: m.Measured,
		Bad: m.Bad.Value, Good: m.Good.Value, Total: m.Total.Value, BadLow: m.Bad.Low, BadHigh: m.Bad.High,
		Coverage: m.Coverage, AllowedBad: m.AllowedBad, WindowTotal: m.Volume.Window,
		Projected: m.Volume.From != slo.VolumeMeasured && m.Volume.Window != nil, WindowKnown: m.Volume.Share,
		Consumed: m.Consumed, Remaining: m.Remaining, ConsumedElapsed: m.ConsumedElapsed, RemainingElapsed: m.RemainingElapsed, BudgetAt: budget.At,
		OutageMinutes: m.OutageMinutes, TimeWeightedMinutes: m.TimeWeightedMinutes,
		BurnRate: m.BurnRate, PeakBurnRate: m.PeakBurnRate,
		BaselineFrom: string(m.Baseline.From), Net: m.Net, LostRequests: m.LostRequests,
		Queries: append([]slo.Query{}, queries...),
	}
	if m.Objective.HasTarget() {
		out.Target = &m.Objective.Target
		minutes := (1 - m.Objective.Target) * time.Duration(m.Objective.Window).Minutes()
		out.BudgetMinutes = &minutes
	}
	if m.Baseline.From != slo.NoBaseline {
		out.Baseline = &m.Baseline.Rate
	}
	if c := m.Canary; c != nil {
		out.Canary = &Canary{
			Bad: c.Bad.Value, Total: c.Total.Value, Exposure: c.Exposure,
			StableErrorRate: c.StableErrorRate, Saved: math.Max(0, math.Round(c.Saved)),
		}
		if c.Total.Value > 0 {
			out.Canary.ErrorRate = &c.ErrorRate
		}
	}
	return out
}
