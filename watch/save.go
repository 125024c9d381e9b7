package watch

import (
	"context"
	"errors"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
)

const (
	firstRetry, lastRetry = time.Second, 5 * time.Minute
	saveTimeout           = 10 * time.Second
)

// save notes an incident's state. It does so even when the watcher is to end:
// what was done is not to be done again.
func (w *Watcher) save(ctx context.Context, in *archive.Incident) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	return w.options.Store.SaveIncident(ctx, in)
}

// saveResult notes what a step made of the incident that was claimed for it. A
// hint that arrived during the step is no reason to lose its result, but one to
// look again at once.
func (w *Watcher) saveResult(ctx context.Context, claimed archive.Incident, done *archive.Incident) error {
	err := w.save(ctx, done)
	if !errors.Is(err, archive.ErrStale) {
		return err
	}
	read, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	now, readErr := w.options.Store.Incident(read, claimed.ID)
	if readErr != nil || now.State != claimed.State || now.Attempts != claimed.Attempts {
		return err // somebody else acts
	}
	done.Version, done.Due = now.Version, earlier(done.Due, now.Due)
	return w.save(ctx, done)
}

// expired tells whether an incident is no longer followed.
func (w *Watcher) expired(in archive.Incident) bool {
	return !w.options.Now().Before(in.Seen.Add(w.options.Follow))
}

// nextLook is when a published incident is looked at again.
func (w *Watcher) nextLook(in archive.Incident) time.Time {
	return earlier(w.options.Now().Add(w.options.FollowEvery), in.Seen.Add(w.options.Follow))
}

// began is when an incident began: when its trigger says, unless that is of a
// clock ahead of ours.
func began(in archive.Incident) time.Time {
	if in.Key.At.IsZero() {
		return in.Seen
	}
	return earlier(in.Key.At, in.Seen)
}

// backoff is how long after its n-th attempt a step is tried again.
func backoff(n int) time.Duration {
	return min(firstRetry<<min(max(n-1, 0), 20), lastRetry)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
