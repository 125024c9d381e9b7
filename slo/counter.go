package slo

import (
	"math"
	"slices"
	"sort"
	"time"
)

// Count is a number of events with the bounds between which it lies. Low is
// what the differences between samples prove. High adds what a series counted
// before its first sample, if it began at zero within the window.
type Count struct {
	Value, Low, High float64
}

func (c Count) plus(d Count) Count {
	return Count{Value: c.Value + d.Value, Low: c.Low + d.Low, High: c.High + d.High}
}

// minus subtracts a count of a subset of the same events. Both are bounded by
// the same question, whether series began at zero, so the bounds pair up.
func (c Count) minus(d Count) Count {
	value, a, b := max(0, c.Value-d.Value), max(0, c.Low-d.Low), max(0, c.High-d.High)
	return Count{Value: value, Low: min(value, a, b), High: max(value, a, b)}
}

// Increase is by how much a counter rose in the window, corrected for resets:
// a drop is a restart from zero. Samples that no counter can have, such as NaN
// and staleness markers, are skipped.
//
// The last sample before the window is the origin of the first difference. A
// series without one may have begun in the window, in which case its first
// sample counts from zero, or only have been scraped late. The value takes it
// to have begun if its first sample comes later after start than the series's
// own typical spacing, since an older series would have been scraped before. A
// series that is first seen at start itself has its origin there.
func Increase(series Series, start, end time.Time) Count {
	h := horizon{since: start, spacing: typicalSpacing(series.Samples)}
	return cut(series, start, end, h).count()
}

// Sum is the increase of many series together. Each is corrected for resets on
// its own. That a series began in the window is told from the time of the
// earliest sample of any, where that is before start.
func Sum(series []Series, start, end time.Time) Count {
	return sum(series, start, end, horizonOf(series))
}

func sum(series []Series, start, end time.Time, h horizon) Count {
	if h.since.IsZero() || h.since.After(start) {
		h.since = start
	}
	var c Count
	for _, s := range series {
		c = c.plus(cut(s, start, end, h.of(s)).count())
	}
	return c
}

// horizon is what lets one tell a new series from one that was not yet seen.
type horizon struct {
	since   time.Time     // nothing is known of the time before
	spacing time.Duration // typical time between samples; 0 when unknown
}

// horizonOf is the horizon of series that were collected together.
func horizonOf(series ...[]Series) horizon {
	var h horizon
	for _, list := range series {
		for _, s := range list {
			if i := firstValid(s.Samples); i >= 0 && (h.since.IsZero() || s.Samples[i].Time.Before(h.since)) {
				h.since = s.Samples[i].Time
			}
		}
	}
	h.spacing = Spacing(slices.Concat(series...))
	return h
}

// of is the horizon for one series: its own spacing where it has one.
func (h horizon) of(s Series) horizon {
	if d := typicalSpacing(s.Samples); d > 0 {
		h.spacing = d
	}
	return h
}

// began tells whether a series whose first sample is at t surely began after
// the horizon. Scrapes jitter by milliseconds, which a tenth more than the
// spacing allows for: mistaking an old counter for a new one adds its lifetime.
func (h horizon) began(t time.Time) bool {
	return h.spacing > 0 && t.Sub(h.since) > h.spacing+h.spacing/10
}

// stretch is the part of a counter that lies in a window.
type stretch struct {
	origin  float64  // the counter before samples
	samples []Sample // in the window and after the origin

	first Sample // the first sample of all, if in the window with no origin before it
	may   bool   // the series may have begun at zero between the horizon and first
	did   bool   // and surely did
}

// cut takes the part of a series in the window from start to end.
func cut(s Series, start, end time.Time, h horizon) stretch {
	from := search(s.Samples, start)
	to := from + search(s.Samples[from:], end)
	for i := from - 1; i >= 0; i-- {
		if valid(s.Samples[i].Value) {
			return stretch{origin: s.Samples[i].Value, samples: s.Samples[from:to]}
		}
	}
	i := firstValid(s.Samples[from:to])
	if i < 0 {
		return stretch{}
	}
	first := s.Samples[from+i]
	return stretch{
		origin:  first.Value,
		samples: s.Samples[from+i+1 : to],
		first:   first,
		may:     first.Time.After(h.since),
		did:     h.began(first.Time),
	}
}

func (p stretch) count() Count {
	low, last := 0.0, p.origin
	for i := range p.samples {
		v := p.samples[i].Value
		if !valid(v) {
			continue
		}
		low += rise(last, v)
		last = v
	}
	c := Count{Value: low, Low: low, High: low}
	if p.may {
		c.High += p.first.Value
	}
	if p.did {
		c.Value = c.High
	}
	return c
}

// rise is the increase from one sample of a counter to the next.
func rise(from, to float64) float64 {
	if to < from { // restarted from zero
		return to
	}
	return to - from
}

// valid tells whether a counter can have the value.
func valid(v float64) bool { return v >= 0 && v <= math.MaxFloat64 }

func firstValid(samples []Sample) int {
	return slices.IndexFunc(samples, func(s Sample) bool { return valid(s.Value) })
}

// search is the index of the first sample at t or later.
func search(samples []Sample, t time.Time) int {
	return sort.Search(len(samples), func(i int) bool { return !samples[i].Time.Before(t) })
}

// Spacing is the typical time between two samples of a series, the median over
// the series; 0 when none has two samples.
func Spacing(series []Series) time.Duration {
	var all []time.Duration
	for _, s := range series {
		if d := typicalSpacing(s.Samples); d > 0 {
			all = append(all, d)
		}
	}
	return median(all)
}

// typicalSpacing is the median time between the first samples of a series. A
// few dozen suffice: a scrape interval is a setting, and seldom changes.
func typicalSpacing(samples []Sample) time.Duration {
	const enough = 32
	var gaps []time.Duration
	var last time.Time
	for _, s := range samples {
		if !valid(s.Value) {
			continue
		}
		if d := s.Time.Sub(last); !last.IsZero() && d > 0 {
			gaps = append(gaps, d)
		}
		if last = s.Time; len(gaps) == enough {
			break
		}
	}
	return median(gaps)
}

// median is the lower median, 0 of nothing.
func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[(len(d)-1)/2]
}
