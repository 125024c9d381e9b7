package hooks

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
)

const (
	firstWait, longestWait = time.Second, time.Minute
	// mostRetries is about five minutes of them. Later, the watcher has looked by
	// itself.
	mostRetries = 10
	passTimeout = 10 * time.Second // of one attempt
	grace       = 5 * time.Second
)

// queue holds a bounded number of hints until the sink has them.
type queue struct {
	Options
	metrics *metrics
	ready   workqueue.TypedRateLimitingInterface[*task]

	mu      sync.Mutex
	waiting int // tasks taken and not done
	ended   bool
}

// task is one hint to pass on.
type task struct {
	hint Hint
	id   string // of its delivery
	// fresh says that the delivery is known to be new: it was remembered when
	// it was first tried.
	fresh bool
}

func newQueue(o Options, m *metrics) *queue {
	q := &queue{
		Options: o,
		metrics: m,
		ready:   workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[*task](firstWait, longestWait)),
	}
	m.watch(q.length)
	return q
}

func (q *queue) length() float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return float64(q.waiting)
}

// take takes all of a delivery's hints, or none when there is no room. An event
// that is too old to know whether it is repeated counts as taken: its sender
// means no harm, and would give us up if we refused it.
func (q *queue) take(d delivery) bool {
	if !d.at.IsZero() && q.Now().Sub(d.at) > q.MaxAge {
		q.metrics.count(d.hints, "stale")
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended || q.waiting+len(d.hints) > q.Capacity {
		return false
	}
	q.waiting += len(d.hints)
	for _, h := range d.hints {
		q.ready.Add(&task{hint: h, id: d.id})
	}
	return true
}

// run passes hints on until ctx ends, and a grace longer.
func (q *queue) run(ctx context.Context) {
	passing, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	var workers sync.WaitGroup
	for range q.Workers {
		workers.Go(func() { q.work(passing) })
	}
	<-ctx.Done()
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.ready.ShutDown()
	defer time.AfterFunc(grace, cutOff).Stop()
	workers.Wait()
	if n := q.length(); n > 0 {
		q.Log.Warn("ended with hints that were not passed on", "hints", n)
	}
}

func (q *queue) work(ctx context.Context) {
	for {
		t, down := q.ready.Get()
		if down {
			return
		}
		q.attempt(ctx, t)
		q.ready.Done(t)
	}
}

// attempt passes a hint on, now or later.
func (q *queue) attempt(ctx context.Context, t *task) {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	log := q.Log.With("receiver", t.hint.Source, "why", t.hint.Why)
	if !q.isFresh(ctx, t) {
		q.finish(t, "repeated")
		return
	}
	err := q.Sink(ctx, t.hint)
	switch {
	case err == nil:
		q.finish(t, "passed")
	case q.ready.NumRequeues(t) < mostRetries && !q.ready.ShuttingDown():
		log.Warn("hint not passed on; this will be tried again", "error", err)
		q.ready.AddRateLimited(t)
	default:
		log.Error("hint dropped: it could not be passed on", "error", err)
		q.finish(t, "dropped")
	}
}

// isFresh tells whether a task's delivery has not been passed on before. When
// that cannot be known it is taken for new: a second hint does no harm.
func (q *queue) isFresh(ctx context.Context, t *task) bool {
	if t.id == "" || t.fresh || q.FirstDelivery == nil {
		return true
	}
	first, err := q.FirstDelivery(ctx, t.hint.Source, t.id)
	if err != nil {
		q.Log.Warn("not known whether a webhook is repeated; it is taken for new", "receiver", t.hint.Source, "error", err)
	}
	t.fresh = first || err != nil
	return t.fresh
}

func (q *queue) finish(t *task, result string) {
	q.ready.Forget(t)
	q.metrics.count([]Hint{t.hint}, result)
	q.mu.Lock()
	q.waiting--
	q.mu.Unlock()
}
