// Package watch watches a cluster: it records what expires, notices incidents,
// and sees each through to its published document.
//
// # Recording
//
// Every state of the Rollouts, AnalysisRuns and Experiments, and every event,
// goes to the archive as the API server delivers it. Recording never blocks;
// what the archive has no room for it names as a gap, and so does the watcher
// with what it may have missed: after a watch that could not be resumed, and
// while something may not be read. The archive also holds how far each watch has
// come, so that the next watcher goes on from there, as after an interruption:
// nothing is missing but what the API server no longer remembers. A feed holds the last state of
// each Rollout, AnalysisRun and Experiment and the version of each event, and
// at most three pages of 500 objects.
//
// # Incidents
//
// An incident is a row in the archive, added once for its key, and a state
// machine: seen, settling, collected, rendered, published, updated, closed. Each
// step is noted before it is tried and again when it succeeded, by
// compare-and-swap. So a watcher may be killed anywhere: whoever comes next goes
// on with the last state noted, and at worst repeats one step. A step that fails
// is tried again after 1 s, 2 s, and so on up to 5 min, until Options.Follow has
// passed; then the incident has failed, which is a gap.
//
// Incidents of one Rollout are acted on one after the other, those of several
// at once by a bounded number of workers.
//
// # Several watchers
//
// With Options.Lock one of them acts. It must have lost the lease, and all its
// steps' contexts with it, before another one takes it; compare-and-swap in the
// archive covers a clock that says otherwise.
package watch

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/util/workqueue"

	"github.com/debrief-sre/debrief/watch/archive"
)

// resources are what is watched.
var resources = []schema.GroupVersionResource{
	{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"},
	{Group: "argoproj.io", Version: "v1alpha1", Resource: "analysisruns"},
	{Group: "argoproj.io", Version: "v1alpha1", Resource: "experiments"},
	{Version: "v1", Resource: "events"},
}

// Watcher watches one cluster. Its methods may be called concurrently, Run once.
type Watcher struct {
	options Options

	rollouts  rolloutIndex
	signals   workqueue.TypedRateLimitingInterface[signal]
	undecided undecided
	busy      busy          // Rollouts whose incident is acted on
	wake      chan struct{} // holds a value when incidents may have become due
	leading   atomic.Bool
	readers   readers
	started   func() // the readers are known
}

// New checks the options.
func New(o Options) (*Watcher, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	o.Metrics.archive(o.Store.Stats, o.Now)
	w := &Watcher{options: o, wake: make(chan struct{}, 1)}
	w.started = w.readers.expect("the watcher's start", "")
	return w, nil
}

// Run watches until the context ends. Then it takes up no more work, gives
// running steps Options.Grace to finish, and returns when the archive has
// written what was recorded, or after the same time again.
func (w *Watcher) Run(ctx context.Context) error {
	w.signals = workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[signal](time.Second, time.Minute))
	defer w.signals.ShutDown()
	var tasks sync.WaitGroup
	record := sync.OnceFunc(func() {
		tasks.Go(func() { w.record(ctx) })
	})
	if w.options.Lock == nil || w.options.RecordAlways {
		record()
	} else {
		w.started()
	}
	err := w.lead(ctx, func(leader context.Context) {
		record()
		w.act(ctx, leader)
	})
	tasks.Wait()

	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.options.Grace)
	defer cancel()
	if flushErr := w.options.Store.Flush(flush); err == nil && flushErr != nil {
		err = fmt.Errorf("writing what was recorded: %w", flushErr)
	}
	return err
}

// Ready is nil when Run has begun, and the API server has answered for
// everything that is to be watched, if only with a refusal. The error names what
// is outstanding. A watcher that waits for its turn to record is ready.
func (w *Watcher) Ready() error { return w.readers.outstanding() }

// Leading tells whether this watcher acts on incidents.
func (w *Watcher) Leading() bool { return w.leading.Load() }

// record runs the feeds, and decides about what they signal.
func (w *Watcher) record(ctx context.Context) {
	var tasks sync.WaitGroup
	feeds := w.feeds(ctx)
	w.started()
	for _, f := range feeds {
		tasks.Go(func() { f.run(ctx) })
	}
	tasks.Go(func() { w.decide(ctx) })
	<-ctx.Done()
	w.signals.ShutDown()
	tasks.Wait()
}

func (w *Watcher) feeds(ctx context.Context) []*feed {
	namespaces := w.options.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	_, last, err := w.options.Store.Span(ctx, w.options.Cluster)
	if err != nil {
		w.options.Log.Warn("not known what was missed before this start", "error", err)
	}
	var feeds []*feed
	for _, resource := range resources {
		for _, namespace := range namespaces {
			f := w.newFeed(resource, namespace)
			w.goOn(ctx, f, last)
			f.answered = w.readers.expect(resource.Resource, namespace)
			if namespace == "" && w.options.OwnNamespace != "" {
				f.narrower = func(ctx context.Context) {
					own := w.newFeed(resource, w.options.OwnNamespace)
					w.goOn(ctx, own, time.Time{})
					own.run(ctx)
				}
			}
			feeds = append(feeds, f)
		}
	}
	return feeds
}

// goOn has a feed begin where the last one of its kind was. Where there was
// none, it begins now; and if the archive has something all the same, its last
// observation is where something may be missing from.
func (w *Watcher) goOn(ctx context.Context, f *feed, last time.Time) {
	now := w.options.Now()
	f.coverage = f.coverage.startingFrom(last, now)
	p, err := w.options.Store.Position(ctx, w.options.Cluster, f.resource, f.namespace)
	if err == nil && p.ResourceVersion != "" {
		// Only what is in order can be gone on from.
		_, err = resourceversion.CompareResourceVersion(p.ResourceVersion, p.ResourceVersion)
		f.coverage = f.coverage.startingFrom(p.At, now)
	}
	if err != nil {
		w.options.Log.Warn("not known where the last watch ended", "resource", f.resource, "namespace", f.namespace, "error", err)
		return
	}
	f.since = p.ResourceVersion
}

func (w *Watcher) newFeed(resource schema.GroupVersionResource, namespace string) *feed {
	name := resource.Resource
	isEvents := name == "events"
	return &feed{
		client: w.options.Client.Resource(resource).Namespace(namespace), resource: name, namespace: namespace, events: isEvents, watchFor: w.options.watchFor,
		deliver: func(old, current *unstructured.Unstructured, deleted bool) bool {
			return w.observe(name, old, current, deleted)
		},
		reached:  func(version string, at time.Time) { w.reached(name, namespace, version, at) },
		answered: func() {},
		failed:   w.options.Metrics.watchErrors.WithLabelValues(name).Inc,
		now:      w.options.Now, log: w.options.Log,
		coverage: coverage{events: isEvents, gap: func(from, to time.Time, reason string) { w.gap(name, from, to, reason) }},
	}
}

// observe records a state and takes up what it signals.
func (w *Watcher) observe(resource string, old, current *unstructured.Unstructured, deleted bool) (kept bool) {
	now := w.options.Now()
	if resource == "rollouts" {
		w.rollouts.put(current, deleted)
	}
	if !deleted {
		for _, s := range w.options.Triggers.detect(w.options.Cluster, old, current, now) {
			w.undecided.add(s)
			w.signals.AddAfter(s, s.due.Sub(now))
		}
	}
	o, err := observation(w.options.Cluster, resource, current, deleted, now)
	if err != nil { // cannot happen to what was decoded from JSON
		w.options.Log.Error("not recorded", "error", err)
		return false
	}
	return w.options.Store.Record(o)
}

// reached notes how far a feed has come, unless it signalled what is not decided
// yet: a watcher that goes on from there is to see that again.
func (w *Watcher) reached(resource, namespace, version string, at time.Time) {
	if w.undecided.none() {
		w.options.Store.RecordPosition(archive.Position{
			Cluster: w.options.Cluster, Resource: resource, Namespace: namespace, ResourceVersion: version, At: at.UTC(),
		})
	}
}

func (w *Watcher) gap(resource string, from, to time.Time, reason string) {
	reason = w.options.Redact(reason)
	w.options.Metrics.gaps.WithLabelValues(resource).Inc()
	w.options.Log.Warn("the archive has a gap", "resource", resource, "from", from, "to", to, "reason", reason)
	w.options.Store.RecordGap(archive.Gap{Cluster: w.options.Cluster, Resource: resource, From: from.UTC(), To: to.UTC(), Reason: reason})
}

// incidentLog is the log with what tells an incident apart.
func (w *Watcher) incidentLog(k archive.Key, namespace, name string) *slog.Logger {
	return w.options.Log.With("rollout", namespace+"/"+name, "revision", k.Revision, "trigger", k.Trigger)
}
