package slo

import "time"

// CanaryImpact is the new version's part in an incident.
type CanaryImpact struct {
	Bad, Total Count   // events of the canary
	Exposure   float64 // share of all requests that the canary served, 0 to 1
	ErrorRate  float64 // Bad / Total; 0 if it served none

	StableBad, StableTotal Count    // events of the stable version in the same window
	StableErrorRate        *float64 // nil when the stable version had no traffic

	// Saved is how many more requests would have failed had the canary served
	// all of the window's traffic. It is negative if the canary did better.
	Saved float64
}

// canaryImpact splits the window's events by version. It is nil when there are
// no series of a canary: one that got no traffic is something to tell.
func canaryImpact(c counters, start, end time.Time, isCanary func(labels map[string]string) bool) *CanaryImpact {
	if isCanary == nil {
		return nil
	}
	canary := c.only(isCanary)
	if len(canary.total) == 0 {
		return nil
	}
	var k CanaryImpact
	k.Bad, _, k.Total = canary.count(start, end)
	stable := func(labels map[string]string) bool { return !isCanary(labels) }
	k.StableBad, _, k.StableTotal = c.only(stable).count(start, end)
	all := k.Total.Value + k.StableTotal.Value
	if exposure := ratio(k.Total.Value, all); exposure != nil {
		k.Exposure = *exposure
	}
	if rate := ratio(k.Bad.Value, k.Total.Value); rate != nil {
		k.ErrorRate = *rate
	}
	if k.StableErrorRate = ratio(k.StableBad.Value, k.StableTotal.Value); k.StableErrorRate != nil && k.Total.Value > 0 {
		k.Saved = Saved(k.Exposure, all, k.ErrorRate, *k.StableErrorRate)
	}
	return &k
}

// Saved is how many more of the events would have failed had the canary served
// them all instead of its share.
func Saved(share, events, canaryRate, stableRate float64) float64 {
	return (1 - share) * events * (canaryRate - stableRate)
}

// OverallErrorRate is the error rate of a service of which a canary serves a share.
func OverallErrorRate(share, canaryRate, stableRate float64) float64 {
	return share*canaryRate + (1-share)*stableRate
}

// Excess is how many bad events are above those that a baseline's error rate
// leads to expect. It is negative when there were fewer.
func Excess(bad, total, baseRate float64) float64 { return bad - baseRate*total }
