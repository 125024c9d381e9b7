package watch

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
)

// otherClocks is by how much the clocks of replicas may differ before one is
// taken to have been set.
const otherClocks = time.Minute

// stage takes an incident one step on. It sets the incident's state and when it
// is due next.
type stage struct {
	name string
	run  func(context.Context, *archive.Incident) error
}

// stageOf is what is to be done about an open incident.
func (w *Watcher) stageOf(in archive.Incident) stage {
	switch in.State {
	case archive.Seen, archive.Settling:
		if in.Settled == "" {
			return stage{"settle", w.settle}
		}
		return stage{"collect", w.collect}
	case archive.Collected:
		return stage{"render", w.render}
	case archive.Rendered:
		return stage{"publish", w.publish}
	default: // published, updated
		return stage{"collect", w.collect}
	}
}

// advance takes an incident one step on, and keeps in up to date with what the
// archive says of it. The step is noted before it is tried, so that a watcher
// that it kills does not try it without end.
func (w *Watcher) advance(ctx context.Context, in *archive.Incident) error {
	if why := w.reasonToEnd(*in); why != "" {
		return w.end(ctx, in, why)
	}
	s := w.stageOf(*in)
	in.Attempts++
	in.Due = w.options.Now().Add(backoff(in.Attempts))
	if err := w.save(ctx, in); err != nil {
		return err
	}
	done := *in
	done.Error = ""
	err := w.perform(ctx, s, &done)
	switch {
	case err == nil:
		done.Attempts = 0
	case ctx.Err() != nil:
		return context.Cause(ctx) // no fault of the step's: the next watcher goes on
	default:
		done = *in
		w.failedAttempt(s, &done, err)
		if errors.Is(err, ErrNoBundle) {
			collectAgain(&done)
		}
		if w.expired(done) {
			*in = done
			return w.end(ctx, in, "it is no longer followed")
		}
	}
	if err := w.saveResult(ctx, *in, &done); err != nil {
		return err
	}
	if in.Settled == "" && done.Settled != "" {
		w.incidentLog(in.Key, in.Namespace, in.Name).Info("settled", "reason", done.Settled)
	}
	*in = done
	return nil
}

// perform runs a stage in bounded time.
func (w *Watcher) perform(ctx context.Context, s stage, in *archive.Incident) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, w.options.StepTimeout, fmt.Errorf("%s took longer than %v", s.name, w.options.StepTimeout))
	defer cancel()
	defer w.options.Metrics.stage(s.name, in.ID, w.options.Now)()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			w.incidentLog(in.Key, in.Namespace, in.Name).Error("a step panicked", "stage", s.name, "stack", string(debug.Stack()))
		}
		if err != nil && ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
			err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}()
	return s.run(ctx, in)
}

// failedAttempt notes an error in the incident. That the step was tried and when
// it is due again has been noted before.
func (w *Watcher) failedAttempt(s stage, in *archive.Incident, err error) {
	in.Error = w.options.Redact(s.name + ": " + err.Error())
	in.Due = w.options.Now().Add(backoff(in.Attempts))
	w.options.Metrics.stageErrors.WithLabelValues(s.name).Inc()
	if s.name == "publish" {
		w.options.Metrics.published.WithLabelValues("failed").Inc()
	}
	w.incidentLog(in.Key, in.Namespace, in.Name).Warn("step failed; it will be tried again", "stage", s.name, "attempt", in.Attempts, "due", in.Due, "error", in.Error)
}

// collectAgain takes an incident back to where its evidence is collected. What
// is rendered of that is published, whatever was rendered before.
func collectAgain(in *archive.Incident) {
	if wasPublished(*in) || in.URL != "" {
		in.State = archive.Published
	} else {
		in.State = archive.Settling
	}
	in.Facts = ""
}

// settle waits for the incident's end, so that the evidence holds the recovery.
func (w *Watcher) settle(ctx context.Context, in *archive.Incident) error {
	in.State = archive.Settling
	now, began := w.options.Now(), began(*in)
	if began.Sub(now) > otherClocks { // nobody knows how long ago it began
		in.Settled, in.Due = "the clock was set back meanwhile", now
		return nil
	}
	in.Due = began.Add(w.options.Settle.Min)
	if now.Before(in.Due) {
		return nil
	}
	last := began.Add(w.options.Settle.Max)
	in.Due = last
	if w.options.Steps.Settled != nil {
		why, settled, err := w.options.Steps.Settled(ctx, *in)
		if err != nil { // a source that is down must not hold up the rest
			w.failedAttempt(stage{name: "settle"}, in, err)
		}
		if settled {
			in.Settled, in.Due = why, now
			if why == "" {
				in.Settled = "settled"
			}
			return nil
		}
		in.Due = earlier(now.Add(w.options.Settle.Poll), last)
	}
	if !now.Before(last) {
		in.Settled, in.Due = fmt.Sprintf("the maximum of %v passed", w.options.Settle.Max), now
	}
	return nil
}

func (w *Watcher) collect(ctx context.Context, in *archive.Incident) error {
	bundle, err := w.options.Steps.Collect(ctx, *in)
	if err != nil {
		return err
	}
	in.State, in.Bundle, in.Due = archive.Collected, bundle, w.options.Now()
	return nil
}

// render writes the documents. It notes the facts' digest with them: a rendered
// incident is always published, so that the next rendering may compare.
func (w *Watcher) render(ctx context.Context, in *archive.Incident) error {
	document, facts, err := w.options.Steps.Render(ctx, *in, in.Bundle)
	if err != nil {
		return err
	}
	if facts != "" && facts == in.Facts {
		in.State, in.Due = archive.Updated, w.nextLook(*in)
		w.options.Metrics.published.WithLabelValues("unchanged").Inc()
		return nil
	}
	in.State, in.Document, in.Facts, in.Due = archive.Rendered, document, facts, w.options.Now()
	return nil
}

func (w *Watcher) publish(ctx context.Context, in *archive.Incident) error {
	in.State = archive.Published
	if in.URL != "" {
		in.State = archive.Updated
	}
	if w.options.Steps.Publish != nil {
		url, err := w.options.Steps.Publish(ctx, *in, in.Bundle)
		if err != nil {
			return err
		}
		if url != "" {
			in.URL = url
		}
		w.options.Metrics.published.WithLabelValues("published").Inc()
	}
	in.Due = w.nextLook(*in)
	w.incidentLog(in.Key, in.Namespace, in.Name).Info("published", "document", in.Document, "url", in.URL)
	return nil
}

// reasonToEnd is why nothing is to be done about an incident any more; "" if
// something is.
func (w *Watcher) reasonToEnd(in archive.Incident) string {
	if k := in.Key; k.Trigger != triggerAbort {
		// An abort from before was known when this incident was seen.
		r := w.rollouts.get(k.UID)
		if w.options.Triggers.abortCovers(k, r) && abortedAt(r).After(in.Seen.Add(-w.options.Triggers.Missed)) {
			return "superseded by the abort of the same revision"
		}
	}
	if w.expired(in) && (wasPublished(in) || in.Attempts > 0) {
		return "it is no longer followed"
	}
	return ""
}

// end closes an incident, or gives it up if it never came to be published.
func (w *Watcher) end(ctx context.Context, in *archive.Incident, why string) error {
	log := w.incidentLog(in.Key, in.Namespace, in.Name)
	if w.expired(*in) && !wasPublished(*in) {
		in.State = archive.Failed
	} else {
		in.State = archive.Closed
	}
	if in.Settled == "" {
		in.Settled = why
	}
	if err := w.save(ctx, in); err != nil {
		return err
	}
	w.options.Metrics.ended.WithLabelValues(string(in.State)).Inc()
	if in.State == archive.Failed {
		log.Error("given up; the incident has no published document", "error", in.Error)
		w.gap("incidents", began(*in), w.options.Now(), fmt.Sprintf("the incident of %s/%s at revision %d was not published: %s", in.Namespace, in.Name, in.Key.Revision, in.Error))
		return nil
	}
	log.Info("closed", "reason", why)
	return nil
}

// wasPublished tells whether a document of the incident is published, if not
// with the newest facts.
func wasPublished(in archive.Incident) bool {
	switch in.State {
	case archive.Published, archive.Updated:
		return true
	case archive.Collected:
		return in.Facts != ""
	default:
		return false
	}
}
