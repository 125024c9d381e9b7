package slo

import (
	"math"
	"time"
)

// BaselineSource says where a baseline comes from.
type BaselineSource string

// The sources.
const (
	ConcurrentStable BaselineSource = "concurrent stable"
	BeforeIncident   BaselineSource = "before the incident"
	NoBaseline       BaselineSource = "none"
)

// Baseline is the error rate to expect without the incident.
type Baseline struct {
	Rate float64 // a ratio, 0 for NoBaseline
	From BaselineSource
}

// calm is what came before an incident, up to an hour of it.
type calm struct {
	bad, total float64
	start, end time.Time // of the first and the last sample
}

func before(c counters, start time.Time) calm {
	const long = time.Hour
	k := calm{start: firstSample(c.total, start.Add(-long)), end: lastSample(c.total, start)}
	if k.start.IsZero() || !k.start.Before(k.end) {
		return calm{}
	}
	bad, _, total := c.count(k.start.Add(1), k.end.Add(1))
	k.bad, k.total = bad.Value, total.Value
	return k
}

// baseline prefers the stable version at the same time, which has the same
// traffic and dependencies, to the time before.
func baseline(canary *CanaryImpact, k calm) Baseline {
	if canary != nil && canary.StableErrorRate != nil {
		return Baseline{Rate: *canary.StableErrorRate, From: ConcurrentStable}
	}
	if k.total > 0 {
		return Baseline{Rate: k.bad / k.total, From: BeforeIncident}
	}
	return Baseline{From: NoBaseline}
}

// lost is how many requests stayed away, by the traffic before. Differences
// that chance explains are 0. The counts are of the time between samples, not
// of the windows' edges, and so is what is expected of them.
func lost(k calm, c counters, start, end time.Time, actual float64) *float64 {
	from, to := lastSample(c.total, start), lastSample(c.total, end)
	if k.total <= 0 || !from.Before(to) {
		return nil
	}
	expected := k.total / float64(k.end.Sub(k.start)) * float64(to.Sub(from))
	if missing := expected - actual; missing > beyondChance(expected) {
		return &missing
	}
	return new(0.0)
}

// beyondChance is how far a count of independent events strays from what is
// expected of it by chance alone: three standard deviations of a Poisson
// distribution, and never less than three events.
func beyondChance(expected float64) float64 { return 3 * math.Sqrt(max(expected, 1)) }
