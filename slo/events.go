package slo

import "time"

// counters are an objective's series, or those of one version of the service,
// with what is known from all of them together.
type counters struct {
	good, bad, total []Series
	byGood           bool // bad events are the total less the good ones
	noGood           bool // they are, but no good event was ever counted
	horizon          horizon
	until            time.Time // the latest sample of the total
}

func newCounters(d Data) counters {
	byGood := len(d.Bad) == 0 && (len(d.Good) > 0 || d.Objective.countsGood())
	return counters{
		good: d.Good, bad: d.Bad, total: d.Total,
		byGood:  byGood,
		noGood:  byGood && len(d.Good) == 0,
		horizon: horizonOf(d.Total, d.Bad, d.Good),
		until:   lastSample(d.Total, time.Time{}),
	}
}

// only keeps the series that match, and what was known from all.
func (c counters) only(match func(labels map[string]string) bool) counters {
	c.good, c.bad, c.total = filter(c.good, match), filter(c.bad, match), filter(c.total, match)
	return c
}

func filter(series []Series, match func(labels map[string]string) bool) []Series {
	var kept []Series
	for _, s := range series {
		if match(s.Labels) {
			kept = append(kept, s)
		}
	}
	return kept
}

// measured tells whether bad events can be told in the window. A missing
// series of bad events is none of them, as long as there is a total; but where
// good events are counted and there is no series of them at all, a wrong
// selector is likelier than that nothing ever succeeded.
func (c counters) measured(coverage float64) bool { return coverage > 0 && !c.noGood }

// count adds up the window's events.
func (c counters) count(start, end time.Time) (bad, good, total Count) {
	total = sum(c.total, start, end, c.horizon)
	switch {
	case c.noGood:
	case c.byGood:
		good = sum(c.good, start, end, c.horizon)
		bad = total.minus(good)
	default:
		bad = sum(c.bad, start, end, c.horizon)
		good = total.minus(bad)
	}
	return bad, good, total
}

// slices cuts the window's events into slices.
func (c counters) slices(start, end time.Time, length time.Duration) []Slice {
	g := newGrid(start, end, length)
	h := c.horizon
	if h.since.IsZero() || h.since.After(start) {
		h.since = start
	}
	each := func(series []Series, add func(*Slice, float64)) {
		for _, s := range series {
			g.spread(s, h.of(s), add)
		}
	}
	each(c.total, func(s *Slice, n float64) { s.Total += n; s.Known = true })
	each(c.bad, func(s *Slice, n float64) { s.Bad += n })
	each(c.good, func(s *Slice, n float64) { s.Good += n })
	for i := range g.slices {
		s := &g.slices[i]
		switch {
		case c.noGood:
		case c.byGood:
			s.Bad = max(0, s.Total-s.Good)
		default:
			s.Good = max(0, s.Total-s.Bad)
		}
	}
	return g.slices
}

// lastSample is the time of the latest sample before t, or of all for a zero t.
func lastSample(series []Series, t time.Time) time.Time {
	var last time.Time
	for _, s := range series {
		n := len(s.Samples)
		if !t.IsZero() {
			n = search(s.Samples, t)
		}
		for n > 0 && !valid(s.Samples[n-1].Value) {
			n--
		}
		if n > 0 && s.Samples[n-1].Time.After(last) {
			last = s.Samples[n-1].Time
		}
	}
	return last
}

// firstSample is the time of the earliest sample at t or later, zero without one.
func firstSample(series []Series, t time.Time) time.Time {
	var first time.Time
	for _, s := range series {
		from := search(s.Samples, t)
		i := firstValid(s.Samples[from:])
		if i < 0 {
			continue
		}
		if at := s.Samples[from+i].Time; first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}
