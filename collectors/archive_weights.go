package collectors

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

const weightsEntry = "argo/weights.jsonl"

// observedWeight is a change of the canary's weight, as the archived states of
// the Rollout show it: it happened after the previous state and not after the
// observed one.
type observedWeight struct {
	Previous        time.Time `json:"previous"`
	Observed        time.Time `json:"observed"`
	ResourceVersion string    `json:"resourceVersion"`
	Weight          int32     `json:"weight"`         // percent
	Step            *int32    `json:"step,omitempty"` // index of the canary step, from 0
}

// fetchWeights stores how the canary's weight changed. The controller's events
// tell it too, but their recorder drops most beyond a burst.
func fetchWeights(ctx context.Context, archive Archive, t *Target, w *evidence.Writer, c *evidence.Coverage) error {
	file, err := w.Create(weightsEntry)
	if err != nil {
		return stored(err)
	}
	q := ArchiveQuery{
		Namespace: t.Scope.Subject.Namespace, Resources: []string{"rollouts"},
		From: t.Scope.Window.Start.Add(-observationLag), To: t.Scope.Window.End.Add(observationLag),
	}
	broken := 0
	defer func() { warnBroken(c, broken) }()
	change := observedWeight{}
	for state, err := range archive.States(ctx, q) {
		if err != nil {
			return err
		}
		if state.UID != t.Scope.Subject.UID {
			continue
		}
		change.Previous, change.Observed, change.ResourceVersion = change.Observed, state.Observed.UTC(), state.ResourceVersion
		var r rolloutObject
		if decodeState(state, &r, &r.Metadata) != nil {
			broken++
			continue
		}
		weight, known := r.weightOf(t.Scope.Revision)
		if !known || weight == change.Weight {
			continue
		}
		change.Weight, change.Step = weight, r.Status.CurrentStepIndex
		if change.Previous.IsZero() {
			continue // when it changed is not known at all
		}
		if err := file.Append(change); err != nil {
			return stored(err)
		}
		c.Objects = file.Lines()
	}
	return nil
}

// weightOf is the weight of a revision's canary, if the status shows it.
func (r rolloutObject) weightOf(revision int64) (weight int32, known bool) {
	w := r.Status.Canary.Weights
	if w == nil || revisionOf(r.Metadata) != revision || w.Canary.PodTemplateHash != r.Status.CurrentPodHash {
		return 0, false
	}
	return w.Canary.Weight, true
}

// addObservedWeights adds the shifts of traffic that no event tells of. The
// restoration needs none: the abort's own status proves it.
func addObservedWeights(b *evidence.Bundle, f *timeline.Facts) error {
	for line, err := range evidence.Lines[observedWeight](b, weightsEntry) {
		if err != nil {
			return err
		}
		w := line.Value
		if w.Weight == 0 || w.Observed.Before(f.Rollout.Started) || slices.ContainsFunc(f.Events, w.toldBy) {
			continue
		}
		since := w.Previous
		if since.Before(f.Rollout.Started) {
			since = f.Rollout.Started
		}
		f.Events = append(f.Events, timeline.Event{
			Time: w.Observed, Precision: max(secondPrecision, w.Observed.Sub(since)), Sampled: true, Clock: "debrief watcher",
			Source: "argo", Kind: timeline.TrafficShifted, Weight: int(w.Weight), Subject: f.Rollout.Subject,
			Title: fmt.Sprintf("Traffic to the canary observed at %d %%", w.Weight), Evidence: []evidence.Citation{line.Citation},
			Same: sameWeight(f.Rollout, strconv.Itoa(int(w.Weight))), Authority: timeline.FromNotification,
		})
	}
	return nil
}

// toldBy tells whether an event is about the same change.
func (w observedWeight) toldBy(e timeline.Event) bool {
	return e.Kind == timeline.TrafficShifted && e.Weight == int(w.Weight) &&
		!e.Time.Before(w.Previous.Add(-observationLag)) && !e.Time.After(w.Observed.Add(observationLag))
}
