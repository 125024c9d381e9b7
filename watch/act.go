package watch

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/debrief-sre/debrief/watch/archive"
)

const (
	// lookEvery bounds how late the scheduler notices what others changed.
	lookEvery   = 5 * time.Second
	surveyEvery = 30 * time.Second
	// inHand is how soon what is due is looked at again while it is acted on.
	inHand  = time.Second
	dueOnce = 100
)

var errGrace = errors.New("the watcher is ending, and its grace is over")

// act sees incidents through while this watcher leads. When ctx ends it takes up
// no more, and gives running steps the grace; when the lease ends, none.
func (w *Watcher) act(ctx, lease context.Context) {
	w.leading.Store(true)
	w.options.Metrics.leader.Set(1)
	defer func() {
		w.leading.Store(false)
		w.options.Metrics.leader.Set(0)
	}()

	steps, cutOff := context.WithCancelCause(lease)
	defer cutOff(nil)
	taking, stop := context.WithCancel(lease)
	defer stop()
	defer context.AfterFunc(ctx, func() {
		stop()
		sleep(steps, w.options.Grace)
		cutOff(errGrace)
	})()

	queue := workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[int64](time.Second, time.Minute))
	var workers sync.WaitGroup
	for range w.options.Workers {
		workers.Go(func() { w.work(taking, steps, queue) })
	}
	w.schedule(taking, queue)
	queue.ShutDown()
	workers.Wait()
}

// schedule puts incidents into the queue when they are due.
func (w *Watcher) schedule(ctx context.Context, queue workqueue.TypedInterface[int64]) {
	var surveyed time.Time
	for ctx.Err() == nil {
		now := w.options.Now().Round(0) // the time of day, which shows when the clock was set
		if now.Sub(surveyed).Abs() >= surveyEvery {
			w.survey(ctx, now, queue)
			surveyed = now
		}
		due, err := w.options.Store.DueIncidents(ctx, w.options.Cluster, now, dueOnce)
		for _, in := range due {
			queue.Add(in.ID)
		}
		if err != nil && ctx.Err() == nil {
			w.options.Log.Warn("not known which incidents are due; this will be asked again", "error", err)
		}
		w.await(ctx, w.untilNext(ctx, now))
	}
}

// untilNext is how long nothing is due.
func (w *Watcher) untilNext(ctx context.Context, now time.Time) time.Duration {
	next, ok, err := w.options.Store.NextDue(ctx, w.options.Cluster)
	switch {
	case err != nil || !ok:
		return lookEvery
	case !next.After(now):
		return inHand
	default:
		return min(next.Sub(now), lookEvery)
	}
}

// await sleeps until there is something to look at.
func (w *Watcher) await(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-w.wake:
	case <-timer.C:
	}
}

// survey brings the gauge of open incidents up to date, and takes up those that
// were saved at a time which is still to come: since the clock was set back, the
// archive cannot tell when they are due.
func (w *Watcher) survey(ctx context.Context, now time.Time, queue workqueue.TypedInterface[int64]) {
	open, err := w.options.Store.DueIncidents(ctx, w.options.Cluster, endOfTime(now), maxOpen)
	if err != nil {
		return // the scheduler's own reading tells of it
	}
	counts := map[archive.State]int{}
	for _, in := range open {
		counts[in.State]++
		if in.Changed.After(now) {
			queue.Add(in.ID)
		}
	}
	for _, state := range []archive.State{archive.Seen, archive.Settling, archive.Collected, archive.Rendered, archive.Published, archive.Updated} {
		w.options.Metrics.incidents.WithLabelValues(string(state)).Set(float64(counts[state]))
	}
}

// work acts on incidents of the queue until that is shut down. What is left in
// it then stays due in the archive.
func (w *Watcher) work(taking, steps context.Context, queue workqueue.TypedRateLimitingInterface[int64]) {
	for {
		id, down := queue.Get()
		if down {
			return
		}
		if taking.Err() == nil {
			w.see(taking, steps, queue, id)
		}
		queue.Done(id)
	}
}

// see takes an incident as far as it can be taken now.
func (w *Watcher) see(taking, steps context.Context, queue workqueue.TypedRateLimitingInterface[int64], id int64) {
	in, err := w.options.Store.Incident(steps, id)
	if err == nil {
		if !w.busy.take(in.Key.UID) {
			queue.AddAfter(id, inHand)
			return
		}
		for err == nil && taking.Err() == nil && w.isDue(in) {
			err = w.advance(steps, &in)
		}
		w.busy.release(in.Key.UID)
		w.poke()
	}
	switch {
	case err == nil || errors.Is(err, archive.ErrStale) || steps.Err() != nil:
		queue.Forget(id) // whoever changed it acts, or the scheduler brings it again
	default:
		w.options.Log.Warn("an incident's state could not be kept; this will be tried again", "incident", id, "error", err)
		queue.AddRateLimited(id)
	}
}

// isDue tells whether something is to be done about an incident now. When it was
// saved at a time that is still to come, the clock was set back since, and what
// was reckoned then means nothing.
func (w *Watcher) isDue(in archive.Incident) bool {
	now := w.options.Now()
	return in.State != archive.Closed && in.State != archive.Failed && (!in.Due.After(now) || in.Changed.After(now))
}
