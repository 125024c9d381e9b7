package slo

import (
	"math"
	"time"
)

// Allowed is how many of a number of events may be bad: the error budget in
// events. SRE Workbook, "Implementing SLOs".
func Allowed(target, events float64) float64 { return allowance(target) * events }

// Whole is a budget in whole events. A budget of 0.9999999 that only floating
// point keeps from 1 is 1.
func Whole(events float64) float64 {
	const noise = 1e-9
	return math.Floor(events + noise*max(1, math.Abs(events)))
}

// BurnRate is how many times faster than sustainable an error rate spends the
// budget; at most 1/(1-target). SRE Workbook, "Alerting on SLOs".
func BurnRate(errorRate, target float64) float64 { return errorRate / allowance(target) }

// Spent is the share of a window's budget that a burn rate spends in a time,
// under uniform traffic. SRE Workbook, "Alerting on SLOs".
func Spent(burnRate float64, during, window time.Duration) float64 {
	return burnRate * float64(during) / float64(window)
}

// Remaining is the share of a budget that is left. Overspending is negative.
func Remaining(bad, allowed float64) float64 { return 1 - bad/allowed }

// OutageMinutes is how long a full outage at a window's average traffic takes
// to lead to as many bad events.
func OutageMinutes(bad, windowEvents float64, window time.Duration) float64 {
	return bad / windowEvents * window.Minutes()
}

// TimeWeightedMinutes is how long a full outage is as bad as the error rates
// of the slices, each for its time.
func TimeWeightedMinutes(slices []Slice) float64 {
	var minutes float64
	for _, s := range slices {
		minutes += s.ErrorRate() * s.End.Sub(s.Start).Minutes()
	}
	return minutes
}

// AllowedSlices is how many slices of a window may be bad. OpenSLO v1,
// budgetingMethod Timeslices.
func AllowedSlices(target float64, window, length time.Duration) float64 {
	return Allowed(target, float64(window)/float64(length))
}

// BadSlices counts the slices with a smaller share of good events than the
// target. A slice without traffic is a good one, since nobody was failed; one
// without data is not counted, and shows in the coverage.
func BadSlices(slices []Slice, target float64) float64 {
	var bad float64
	for _, s := range slices {
		if s.Known && s.Total > 0 && s.Good/s.Total < target {
			bad++
		}
	}
	return bad
}

// SliceErrors adds up the error rates of slices: what they spend of
// [AllowedSlices] by OpenSLO's budgetingMethod RatioTimeslices. A slice
// without traffic spends nothing.
func SliceErrors(slices []Slice) float64 {
	var errors float64
	for _, s := range slices {
		errors += s.ErrorRate()
	}
	return errors
}

// spentSlices is what slices spend of [AllowedSlices] by the objective's method.
func (o Objective) spentSlices(slices []Slice) float64 {
	if o.Method == RatioTimeslices {
		return SliceErrors(slices)
	}
	return BadSlices(slices, o.sliceTarget())
}

// sliceSLI is the share of the slices with data that the objective's method
// does not hold against the service.
func (o Objective) sliceSLI(slices []Slice) *float64 {
	var n float64
	for _, s := range slices {
		if s.Known {
			n++
		}
	}
	return ratio(n-o.spentSlices(slices), n)
}

// ratio is a quotient, nil where it is not defined.
func ratio(a, b float64) *float64 {
	if b == 0 || math.IsNaN(a/b) || math.IsInf(a/b, 0) {
		return nil
	}
	return new(a / b)
}
