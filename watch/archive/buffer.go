package archive

import (
	"fmt"
	"sync"
	"time"
)

// maxGaps bounds the gaps that wait. Beyond it, a stream's last gap is widened
// instead: coarser, but true.
const maxGaps = 1024

// buffer holds what waits to be written. Adding never waits for the database,
// and memory is bounded: what does not fit becomes a gap.
type buffer struct {
	limit int           // bytes
	batch int           // observations that are worth writing at once
	wake  chan struct{} // holds one value when there is something to write
	full  chan struct{} // holds one value when there is a batch of it

	mu      sync.Mutex
	queue   []Observation
	bytes   int    // of the queue
	last    uint64 // number of the last observation added, counted from 1
	written uint64 // number of the last one taken off
	gaps    []Gap
	losses  map[stream]*loss // runs of dropped observations that have not ended
	dropped int64
	closed  bool

	positions map[watched][]reached // oldest first; see reach
}

// stream is what one watch delivers.
type stream struct{ cluster, resource string }

// loss is a run of dropped observations of one stream: nothing between them was kept.
type loss struct {
	from, to time.Time
	count    int
}

func newBuffer(limit, batch int) *buffer {
	return &buffer{
		limit: limit, batch: batch,
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1),
		losses: map[stream]*loss{}, positions: map[watched][]reached{},
	}
}

// add takes an observation in, unless there is no room for it.
func (b *buffer) add(o Observation) (kept bool) {
	o.Observed = stamp(o.Observed)
	of, size, storable := stream{o.Cluster, o.Resource}, o.size(), o.storable()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return false
	case !storable:
		b.dropped++
		b.addGap(Gap{o.Cluster, o.Resource, o.Observed, o.Observed, "an observation has no identity that can be kept"})
		signal(b.wake)
		return false
	case b.bytes+size > b.limit:
		b.dropped++
		b.lose(of, o.Observed)
		signal(b.wake)
		return false
	}
	b.endLoss(of)
	b.queue = append(b.queue, o)
	b.bytes += size
	b.last++
	signal(b.wake)
	if len(b.queue) >= b.batch {
		signal(b.full)
	}
	return true
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (b *buffer) lose(of stream, at time.Time) {
	run := b.losses[of]
	if run == nil {
		run = &loss{from: at, to: at}
		b.losses[of] = run
	}
	run.from, run.to = earlier(run.from, at), later(run.to, at)
	run.count++
}

func (b *buffer) endLoss(of stream) {
	if run := b.losses[of]; run != nil {
		b.addGap(Gap{of.cluster, of.resource, run.from, run.to, fmt.Sprintf("the archive's buffer was full: %d dropped", run.count)})
		delete(b.losses, of)
	}
}

// gap takes in a gap that somebody else knows of.
func (b *buffer) gap(g Gap) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addGap(g)
	signal(b.wake)
}

func (b *buffer) addGap(g Gap) {
	g = storableGap(g)
	if len(b.gaps) >= maxGaps {
		for i := len(b.gaps) - 1; i >= 0; i-- {
			if have := &b.gaps[i]; have.Cluster == g.Cluster && have.Resource == g.Resource {
				have.From, have.To = earlier(have.From, g.From), later(have.To, g.To)
				return
			}
		}
	}
	b.gaps = append(b.gaps, g)
}

// take gives the oldest observations, at most a batch and maxBytes of them, but
// always one. They stay in the buffer until done is called with their number.
func (b *buffer) take(maxBytes int) []Observation {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, bytes := 0, 0
	for n < min(len(b.queue), b.batch) && (n == 0 || bytes+b.queue[n].size() <= maxBytes) {
		bytes += b.queue[n].size()
		n++
	}
	return b.queue[:n:n]
}

// done takes off the n oldest observations: they are written.
func (b *buffer) done(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.queue[:n] {
		b.bytes -= b.queue[i].size()
	}
	clear(b.queue[:n]) // the array lives on
	b.queue = b.queue[n:]
	b.written += uint64(n)
}

// takeGaps removes the gaps that wait. Whoever cannot write them gives them back.
func (b *buffer) takeGaps() []Gap {
	b.mu.Lock()
	defer b.mu.Unlock()
	for of := range b.losses {
		b.endLoss(of)
	}
	gaps := b.gaps
	b.gaps = nil
	return gaps
}

func (b *buffer) returnGaps(gaps []Gap) {
	b.mu.Lock()
	defer b.mu.Unlock()
	since := b.gaps
	b.gaps = gaps
	for _, g := range since {
		b.addGap(g)
	}
}

// mark is the number of the last observation that was added so far.
func (b *buffer) mark() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// clean tells whether all up to a mark is written, every gap, and how far the
// watches have come with that.
func (b *buffer) clean(mark uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.written >= mark && len(b.gaps) == 0 && len(b.losses) == 0 && b.settled()
}

func (b *buffer) stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Stats{Waiting: len(b.queue), WaitingBytes: b.bytes, Dropped: b.dropped}
	if len(b.queue) > 0 {
		s.Oldest = b.queue[0].Observed
	}
	return s
}

// close has every later observation refused.
func (b *buffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
