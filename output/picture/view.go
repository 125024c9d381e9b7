package picture

import (
	"math"
	"time"

	"gonum.org/v1/plot"

	"github.com/debrief-sre/debrief/report"
)

// view is the stretch of time that a picture covers.
type view struct{ from, to time.Time }

// The view shows something of the time around the incident: a curve that is
// back to normal has to be seen to be normal.
const (
	marginShare = 0.2
	leastMargin = 30 * time.Second
)

// viewOf covers the incident from shortly before its start to shortly after its
// end, and what led to it or followed from it close by. What is further away
// (a page that is resolved hours later) must not squeeze the rest.
func viewOf(r report.Report) (view, bool) {
	var known []time.Time
	for _, e := range r.KeyMoments() {
		known = append(known, e.Time)
	}
	for _, w := range r.Weights {
		known = append(known, w.Time)
	}
	i := r.Incident
	v := view{from: timeOr(i.Started, extreme(known, time.Time.Before)), to: timeOr(i.Mitigated, time.Time{})}
	if v.from.IsZero() {
		v.from = i.Window.Start
	}
	if resolved := timeOr(i.Resolved, time.Time{}); v.to.IsZero() || resolved.After(v.to) && resolved.Sub(v.from) <= 3*v.to.Sub(v.from) {
		v.to = resolved
	}
	if v.to.IsZero() {
		v.to = extreme(known, time.Time.After)
	}
	if v.to.IsZero() {
		v.to = i.Window.End
	}
	if v.from.IsZero() || v.to.IsZero() {
		return view{}, false
	}
	if v.to.Before(v.from) {
		v.to = v.from
	}
	v = v.with(known)
	margin := max(leastMargin, time.Duration(marginShare*float64(v.to.Sub(v.from))))
	return view{v.from.Add(-margin), v.to.Add(margin)}, true
}

// with takes in the times that are no further away than the view is long.
func (v view) with(times []time.Time) view {
	wide := v
	for _, t := range times {
		switch length := v.to.Sub(v.from); {
		case t.Before(wide.from) && v.from.Sub(t) <= length:
			wide.from = t
		case t.After(wide.to) && t.Sub(v.to) <= length:
			wide.to = t
		}
	}
	return wide
}

func timeOr(t *time.Time, other time.Time) time.Time {
	if t == nil {
		return other
	}
	return *t
}

// extreme is the first of the times in an order.
func extreme(times []time.Time, before func(time.Time, time.Time) bool) time.Time {
	var first time.Time
	for _, t := range times {
		if first.IsZero() || before(t, first) {
			first = t
		}
	}
	return first
}

func (v view) contains(t time.Time) bool { return !t.Before(v.from) && !t.After(v.to) }

// x is the place of a time on the axis: seconds since its start. Durations
// would not do, they end at 292 years.
func (v view) x(t time.Time) float64 {
	return float64(t.Unix()-v.from.Unix()) + float64(t.Nanosecond()-v.from.Nanosecond())/1e9
}

func (v view) at(x float64) time.Time { return v.from.Add(time.Duration(x * float64(time.Second))) }

// steps between ticks are those of clocks and calendars, in seconds.
var steps = []int64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
	3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400,
}

// ticks are whole times of day, as many as have room where the text is large.
func (v view) ticks() []plot.Tick {
	const day = 86400
	length, most := v.x(v.to), 5.0
	step := int64(math.Ceil(length/most/day)) * day
	for _, s := range steps {
		if length/float64(s) <= most {
			step = s
			break
		}
	}
	layout := "15:04"
	switch {
	case length > 300*day:
		layout = "2006-01"
	case step >= day:
		layout = "01-02"
	case step < 60:
		layout = time.TimeOnly
	}
	var ticks []plot.Tick
	first := v.from.Unix() - mod(v.from.Unix(), step)
	for s := first; s <= v.to.Unix(); s += step {
		t := time.Unix(s, 0).UTC()
		if !v.contains(t) {
			continue
		}
		label := t.Format(layout)
		if label == "00:00" || label == "00:00:00" {
			label = t.Format("01-02") // a new day
		}
		ticks = append(ticks, plot.Tick{Value: v.x(t), Label: label})
	}
	return ticks
}

// mod is never negative: times before 1970 have ticks too.
func mod(a, b int64) int64 { return ((a % b) + b) % b }
