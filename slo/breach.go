package slo

import "time"

// Interval is a time in which an objective was breached.
type Interval struct {
	// Start is the start of the first breached slice, End the end of the last,
	// clipped to the window. A slice tells when its samples were taken: what
	// they show happened up to one slice earlier or later than it, which is Precision.
	Start, End   time.Time
	Precision    time.Duration
	PeakBurnRate float64 // of its worst slice
	Bad, Total   float64 // events within it
}

// Breaches finds when more events were bad than the objective allows and
// chance explains: bad > allowed + 3*sqrt(max(allowed, 1)) in a slice, so that
// a single bad request is none. A slow burn that no slice shows by itself is
// not found. Breached slices with fewer than two others between them are one
// breach; slices without data or traffic part like good ones, as no breach is
// claimed over a time that nobody saw. With only, series that match none of the
// functions are left out, to see a canary that the stable version drowns out.
//
// Without a target nothing is a breach.
func Breaches(d Data, from, to time.Time, only ...func(labels map[string]string) bool) []Interval {
	c := newCounters(d)
	if match := anyOf(only); match != nil {
		c = c.only(match)
	}
	if !d.Objective.HasTarget() || c.noGood {
		return nil
	}
	length := sliceLength(d.Objective, c)
	return breaches(c.slices(from, to, length), d.Objective.Target, length)
}

// anyOf is nil when there is nothing to match.
func anyOf(list []func(labels map[string]string) bool) func(labels map[string]string) bool {
	var set []func(labels map[string]string) bool
	for _, f := range list {
		if f != nil {
			set = append(set, f)
		}
	}
	if len(set) == 0 {
		return nil
	}
	return func(labels map[string]string) bool {
		for _, f := range set {
			if f(labels) {
				return true
			}
		}
		return false
	}
}

func breaches(slices []Slice, target float64, length time.Duration) []Interval {
	const apart = 2 // slices
	var found []Interval
	last := -1 // the latest breached slice
	for i, s := range slices {
		if !s.breaches(target) {
			continue
		}
		if last < 0 || i-last-1 >= apart {
			found = append(found, Interval{Start: s.Start, Precision: length})
			last = i
		}
		v := &found[len(found)-1]
		for _, part := range slices[min(last+1, i) : i+1] { // with what lies between merged ones
			v.Bad += part.Bad
			v.Total += part.Total
		}
		v.End = s.End
		v.PeakBurnRate = max(v.PeakBurnRate, BurnRate(s.ErrorRate(), target))
		last = i
	}
	return found
}

// breaches tells whether the slice has more bad events than the target allows and chance explains.
func (s Slice) breaches(target float64) bool {
	allowed := Allowed(target, s.Total)
	return s.Known && s.Bad > allowed+beyondChance(allowed)
}
