package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/pager"
)

const (
	pageSize    = 500
	listTimeout = 5 * time.Minute
	// deadConnection is how long a connection may be dead before that is
	// noticed: client-go pings it after 30 s and waits 15 s.
	deadConnection = time.Minute
	// resumptions is how often a watch is resumed in vain before a new list:
	// for some four minutes.
	resumptions = 8
	// refusals is how often a watch is resumed although that is refused: an API
	// server that has just started refuses everybody until it knows the roles.
	refusals = 3
)

// feed delivers one resource of one namespace, or of all: what there is, and
// then each change, until its context ends.
//
// It stands where an informer could. An informer decodes the whole list at
// once, keeps every object, buffers what its handlers have not taken without a
// bound, and does not tell a resumed watch, which missed nothing, from a new
// list, which may have. With 50,000 events each of these matters.
type feed struct {
	client    dynamic.ResourceInterface
	resource  string // plural
	namespace string // "" for all
	events    bool   // of these only versions are kept, and deletions are expiries
	watchFor  time.Duration
	// narrower takes the feed's place, until its context ends, while all
	// namespaces together may not be listed; nil: nothing does.
	narrower func(context.Context)

	// deliver takes a state. It is false when the state is to be delivered
	// again by the next list.
	deliver  func(old, current *unstructured.Unstructured, deleted bool) bool
	reached  func(version string, at time.Time) // all up to it was delivered, then
	answered func()                             // the API server has given a list, or refused one
	failed   func()                             // a request failed
	now      func() time.Time
	log      *slog.Logger

	known    map[types.UID]known
	coverage coverage
	// since is where a watcher before this one was, "" if there was none. What
	// is newer the watch delivers, in the order in which it came to be; the first
	// list only what is not.
	since string
}

// known is the last delivered state of an object.
type known struct {
	version string
	object  *unstructured.Unstructured // nil for events
}

// errExpired ends a watch that cannot go on where it was.
var errExpired = errors.New("the API server no longer has the changes since the last one delivered")

func (f *feed) run(ctx context.Context) {
	f.known = map[types.UID]known{}
	var substitute sync.WaitGroup
	defer substitute.Wait()
	var stop context.CancelFunc // of the substitute
	retry := newRetry()
	var listed time.Time
	for ctx.Err() == nil {
		version, err := f.list(ctx)
		if err == nil {
			listed = f.now()
			if stop != nil {
				stop()
				stop = nil
			}
			retry = newRetry()
			err = f.watch(ctx, cmp.Or(f.since, version))
			f.since = ""
		}
		if ctx.Err() != nil {
			break
		}
		f.interrupted(err)
		if refused(err) && f.narrower != nil && stop == nil {
			var narrow context.Context
			narrow, stop = context.WithCancel(ctx)
			substitute.Go(func() { f.narrower(narrow) })
		}
		if errors.Is(err, errExpired) && f.now().Sub(listed) > time.Minute {
			continue // at once: what comes and goes meanwhile is missed
		}
		sleep(ctx, retry.Step())
	}
	if stop != nil {
		stop()
	}
}

// newRetry gives the waits between attempts: 1 s to a minute, apart by chance so
// that the feeds do not ask all at once.
func newRetry() *wait.Backoff {
	return &wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 100, Cap: time.Minute}
}

// list delivers what has changed since the last state delivered, and returns
// the version to watch from. At most three pages are in memory at once.
func (f *feed) list(ctx context.Context) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	pages := pager.New(func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		page, err := f.client.List(ctx, opts)
		if err == nil {
			version = page.GetResourceVersion()
		}
		return page, err
	})
	pages.PageSize, pages.PageBufferSize = pageSize, 1
	listed := make(map[types.UID]bool, len(f.known))
	changed := false
	err = pages.EachListItemWithAlloc(ctx, metav1.ListOptions{}, func(item runtime.Object) error {
		o, ok := item.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("unexpected object of type %T", item)
		}
		listed[o.GetUID()] = true
		if !newer(o.GetResourceVersion(), f.since) { // the watch brings that
			changed = f.take(o) || changed
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("listing %s: %w", f.resource, err)
	}
	for uid, last := range f.known {
		if !listed[uid] {
			f.remove(uid, last.object)
			changed = true
		}
	}
	if newer(f.since, version) { // the cluster is another one, or was restored from a backup
		f.since = ""
	}
	if f.since == "" {
		f.coverage.complete(f.now(), changed)
		f.reach(version, f.now())
	}
	f.answered()
	return version, nil
}

// newer compares two resource versions, which need not be of the same object;
// nothing is newer than none:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
func newer(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err == nil && order > 0
}

// watch delivers changes from a version on, over as many requests as it takes.
// It returns when only a new list can tell more.
func (f *feed) watch(ctx context.Context, version string) error {
	retry, vain := newRetry(), 0
	for {
		delivered, err := f.request(ctx, &version)
		pause := time.Second // against a server that ends every request at once
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			retry, vain = newRetry(), 0
			f.reach(version, f.now().Add(-deadConnection))
		case expired(err):
			return errExpired
		case refused(err) && vain >= refusals:
			return fmt.Errorf("watching %s: %w", f.resource, err)
		default:
			if delivered {
				retry, vain = newRetry(), 0
			}
			if vain++; vain > resumptions {
				return fmt.Errorf("watching %s: %w", f.resource, err)
			}
			f.failed()
			f.log.Warn("watch interrupted; it will be resumed", "resource", f.resource, "namespace", f.namespace, "error", err)
			pause = retry.Step()
		}
		if err != nil || !delivered {
			sleep(ctx, pause)
		}
	}
}

// request makes one watch request and delivers what it brings. It ends without
// an error when the API server ends it, as it does after some minutes.
func (f *feed) request(ctx context.Context, version *string) (delivered bool, err error) {
	// A connection that brings nothing any more, nor its end, is given up.
	ctx, cancel := context.WithTimeout(ctx, f.watchFor+deadConnection)
	defer cancel()
	seconds := int64(f.watchFor.Seconds())
	changes, err := f.client.Watch(ctx, metav1.ListOptions{ResourceVersion: *version, AllowWatchBookmarks: true, TimeoutSeconds: &seconds})
	if err != nil {
		return false, err
	}
	defer changes.Stop()
	for {
		select {
		case <-ctx.Done():
			return delivered, context.Cause(ctx)
		case change, ok := <-changes.ResultChan():
			if !ok {
				return delivered, nil
			}
			if change.Type == apiwatch.Error {
				return delivered, apierrors.FromObject(change.Object)
			}
			o, ok := change.Object.(*unstructured.Unstructured)
			if !ok {
				return delivered, fmt.Errorf("unexpected object of type %T", change.Object)
			}
			f.change(change.Type, o)
			*version, delivered = o.GetResourceVersion(), true
			f.reach(*version, f.now())
		}
	}
}

// reach notes that everything up to a version was delivered, at a time.
func (f *feed) reach(version string, at time.Time) {
	f.coverage.reach(at)
	f.reached(version, f.coverage.current)
}

func (f *feed) change(kind apiwatch.EventType, o *unstructured.Unstructured) {
	switch kind {
	case apiwatch.Added, apiwatch.Modified:
		f.take(o)
	case apiwatch.Deleted:
		f.remove(o.GetUID(), o)
	case apiwatch.Bookmark, apiwatch.Error: // bring no object
	}
}

// take delivers a state, unless it was delivered before.
func (f *feed) take(o *unstructured.Unstructured) (isNew bool) {
	last := f.known[o.GetUID()]
	if last.version == o.GetResourceVersion() {
		return false
	}
	strip(o)
	next := known{version: o.GetResourceVersion()}
	if !f.deliver(last.object, o, false) {
		next.version = "" // so that the next list delivers it again
	}
	if !f.events {
		next.object = o
	}
	f.known[o.GetUID()] = next
	return true
}

// remove delivers an object's last state. That of an event is no news: events
// expire, and their states were delivered.
func (f *feed) remove(uid types.UID, last *unstructured.Unstructured) {
	if !f.events {
		strip(last)
		f.deliver(f.known[uid].object, last, true)
	}
	delete(f.known, uid)
}

// interrupted notes why the feed is no longer current.
func (f *feed) interrupted(err error) {
	reason := words(err)
	log := f.log.With("resource", f.resource, "namespace", f.namespace, "reason", reason)
	switch {
	case errors.Is(err, errExpired): // happens to every watch of events
		log.Info("watch expired; listing again")
	case refused(err):
		if f.narrower != nil {
			reason += "; only debrief's own namespace is watched"
		}
		f.coverage.refuse(f.now(), reason)
		f.answered()
		fallthrough
	default:
		f.failed()
		log.Warn("not watching; this will be tried again")
	}
	f.coverage.lose(reason)
}

func refused(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsNotFound(err)
}

// expired tells whether a watch must begin anew: the version is too old, or of
// a future that a restored etcd does not know.
func expired(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge)
}

// words puts an error of the API server into a gap's reason.
func words(err error) string {
	switch {
	case errors.Is(err, errExpired):
		return "the watch was interrupted, and " + err.Error()
	case apierrors.IsNotFound(err):
		return "the API server does not know the resource; is Argo Rollouts installed?"
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return "the API server refuses: " + err.Error()
	default:
		return "the API server could not be asked: " + err.Error()
	}
}

// sleep waits, but not beyond the context's end.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
