package slo

import "time"

// Slice is the events of a short part of a window.
type Slice struct {
	Start, End       time.Time // aligned to multiples of the slice length since the epoch, clipped to the window
	Good, Bad, Total float64   // events
	// Known tells that the total has data in the slice. Without it the counts
	// are unknown; with it a Total of 0 means that there was no traffic.
	Known bool
}

// ErrorRate is the share of bad events, 0 to 1. It is 0 for a slice without
// traffic, in which nothing failed, and for one that is not known.
func (s Slice) ErrorRate() float64 {
	if !s.Known || s.Total <= 0 {
		return 0
	}
	return min(1, s.Bad/s.Total)
}

// sliceLengths are what people read off a graph.
var sliceLengths = []time.Duration{
	2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour,
}

// SliceLength is a round length for slices of samples with the given spacing:
// two samples or more in each, so that one late scrape does not leave a hole.
// For an unknown spacing it is a minute.
func SliceLength(spacing time.Duration) time.Duration {
	if spacing <= 0 {
		return time.Minute
	}
	const jitter = 0.95 // a scrape of 5.003 s is one of 5 s
	for _, d := range sliceLengths {
		if float64(d) >= 2*jitter*float64(spacing) {
			return d
		}
	}
	return (2*spacing + time.Hour - 1).Truncate(time.Hour)
}

// Slices cuts the window from start to end into slices, the first and the last
// of which may be shorter.
func Slices(d Data, start, end time.Time, length time.Duration) []Slice {
	return newCounters(d).slices(start, end, length)
}

// grid is the slices of a window as they are filled.
type grid struct {
	start, end time.Time // of the window
	first      time.Time // start of the first slice before clipping
	length     time.Duration
	slices     []Slice
}

func newGrid(start, end time.Time, length time.Duration) grid {
	g := grid{start: start, end: end, first: alignDown(start, length), length: length}
	if length <= 0 || !start.Before(end) {
		return g
	}
	n := int((end.Sub(g.first) + length - 1) / length)
	g.slices = make([]Slice, n)
	for i := range g.slices {
		from := g.first.Add(time.Duration(i) * length)
		to := from.Add(length)
		if from.Before(start) {
			from = start
		}
		if to.After(end) {
			to = end
		}
		g.slices[i] = Slice{Start: from, End: to}
	}
	return g
}

// alignDown is the latest multiple of the length since the Unix epoch that is
// not after t. (Time.Truncate counts from the year 1, which differs for
// lengths that do not divide a day.)
func alignDown(t time.Time, length time.Duration) time.Time {
	if length <= 0 {
		return t
	}
	n := t.UnixNano() % int64(length)
	if n < 0 {
		n += int64(length)
	}
	return t.Add(-time.Duration(n))
}

// index is the slice that holds t.
func (g grid) index(t time.Time) int { return int(t.Sub(g.first) / g.length) }

// spread adds the increase of every slice to it, in one pass over the series.
// It visits whole slices, so that a sample just outside the window still tells
// that the clipped slice at the edge has data, but adds what is inside only.
func (g grid) spread(s Series, h horizon, add func(s *Slice, increase float64)) {
	if len(g.slices) == 0 {
		return
	}
	p := cut(s, g.first, g.first.Add(time.Duration(len(g.slices))*g.length), h)
	if p.did {
		g.cell(p.first.Time).flush(p.first.Value, add)
	}
	last, sum := p.origin, 0.0
	var in cell
	for i := range p.samples {
		x := &p.samples[i]
		if !valid(x.Value) {
			continue
		}
		if !x.Time.Before(in.end) {
			in.flush(sum, add)
			in, sum = g.cell(x.Time), 0
		}
		sum += rise(last, x.Value)
		last = x.Value
	}
	in.flush(sum, add)
}

// cell is a slice, or the part of one that is on one side of the window's edge.
type cell struct {
	slice  *Slice
	end    time.Time
	inside bool // the window
}

func (g grid) cell(t time.Time) cell {
	at := g.index(t)
	c := cell{
		slice:  &g.slices[at],
		end:    g.first.Add(time.Duration(at+1) * g.length),
		inside: !t.Before(g.start) && t.Before(g.end),
	}
	if t.Before(g.start) {
		c.end = g.start
	} else if c.inside && c.end.After(g.end) {
		c.end = g.end
	}
	return c
}

func (c cell) flush(sum float64, add func(s *Slice, increase float64)) {
	switch {
	case c.slice == nil: // before the first sample
	case c.inside:
		add(c.slice, sum)
	default:
		add(c.slice, 0)
	}
}

// known is the share of the slices' time for which the total has data.
func known(slices []Slice) float64 {
	var with, all time.Duration
	for _, s := range slices {
		d := s.End.Sub(s.Start)
		all += d
		if s.Known {
			with += d
		}
	}
	if all <= 0 {
		return 0
	}
	return float64(with) / float64(all)
}
