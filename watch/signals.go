package watch

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/debrief-sre/debrief/watch/archive"
)

// maxOpen bounds how many open incidents are looked at together.
const maxOpen = 10_000

// decide makes incidents of the signals that have become due, until the queue
// is shut down. A signal that the archive does not take is tried again.
func (w *Watcher) decide(ctx context.Context) {
	for {
		s, down := w.signals.Get()
		if down {
			return
		}
		switch err := w.judge(ctx, s); {
		case err == nil:
			w.undecided.remove(s)
			w.signals.Forget(s)
		case ctx.Err() == nil:
			w.incidentLog(s.key, s.namespace, s.name).Warn("incident not noted; this will be tried again", "error", err)
			w.signals.AddRateLimited(s)
		}
		w.signals.Done(s)
	}
}

func (w *Watcher) judge(ctx context.Context, s signal) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !w.options.Triggers.stands(s, w.rollouts.get(s.key.UID)) {
		return nil
	}
	return w.add(ctx, s)
}

// add notes an incident, unless it is known or one of the same revision is open:
// the signal is news of that one then. An abort is always one of its own, and
// supersedes the others.
func (w *Watcher) add(ctx context.Context, s signal) error {
	if s.key.Trigger != triggerAbort {
		open, err := w.options.Store.DueIncidents(ctx, w.options.Cluster, endOfTime(w.options.Now()), maxOpen)
		if err != nil {
			return err
		}
		for _, in := range open {
			if in.Key.UID != s.key.UID || in.Key.Revision != s.key.Revision {
				continue
			}
			if in.Key == s.key {
				return nil
			}
			return w.Hint(ctx, w.options.Cluster, s.namespace, s.name)
		}
	}
	now := w.options.Now().UTC()
	added, err := w.options.Store.AddIncident(ctx, archive.Incident{
		Key: s.key, Namespace: s.namespace, Name: s.name, State: archive.Seen, Due: now, Seen: now, Changed: now,
	})
	if err != nil {
		return err
	}
	if added {
		w.options.Metrics.triggers.WithLabelValues(s.key.Trigger).Inc()
		w.incidentLog(s.key, s.namespace, s.name).Info("incident", "at", s.key.At)
	}
	w.poke() // another replica may have been first, and not be the one that acts
	return nil
}

// Hint says that there may be news of a Rollout's incidents: what is left to do
// about the open ones is done now. The cluster may be another one that shares
// the archive.
func (w *Watcher) Hint(ctx context.Context, cluster, namespace, name string) error {
	n, err := w.options.Store.HastenIncidents(ctx, cluster, namespace, name, w.options.Now().UTC())
	if err != nil {
		return err
	}
	if n > 0 {
		w.poke()
	}
	return nil
}

// Page says that somebody was paged, at a time, because of a Rollout of this
// cluster. It is a hint, and an incident if Triggers.Page is on and none of the
// Rollout's revision is open.
func (w *Watcher) Page(ctx context.Context, namespace, name string, at time.Time) error {
	if err := w.Hint(ctx, w.options.Cluster, namespace, name); err != nil || !w.options.Triggers.Page {
		return err
	}
	r, err := w.options.Client.Resource(resources[0]).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading rollout %s/%s, which a page is about: %w", namespace, name, err)
	}
	return w.add(ctx, signal{
		key: archive.Key{
			Cluster: w.options.Cluster, UID: string(r.GetUID()), Revision: revisionOf(r),
			Trigger: triggerPage, At: at.UTC().Truncate(time.Second),
		},
		namespace: namespace, name: name,
	})
}

// poke has the scheduler look at the incidents.
func (w *Watcher) poke() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// endOfTime is later than anything is due.
func endOfTime(now time.Time) time.Time { return now.AddDate(100, 0, 0) }
