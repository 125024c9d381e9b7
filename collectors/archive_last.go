package collectors

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/debrief-sre/debrief/evidence"
)

const lastEntry = "argo/rollout-last.json"

// lastState is the archive's last state of a rollout. A document must not show
// that as the present one.
type lastState struct {
	Observed time.Time     `json:"observed"`
	Deleted  bool          `json:"deleted"` // it is the state that came with the deletion
	Gone     bool          `json:"gone"`    // the rollout is known not to exist any more
	Rollout  rolloutObject `json:"rollout"`
}

// lastState is the last state of the rollouts that the search names, or of the
// one with the UID if that is not empty; nil if there is none. What was observed
// before from is not looked at.
func (a *archiveAccount) lastState(ctx context.Context, archive Archive, search Search, uid types.UID, from time.Time) *lastState {
	if a.err != nil {
		return nil
	}
	var last *lastState
	for state, err := range archive.States(ctx, ArchiveQuery{Namespace: search.Namespace, Resources: []string{"rollouts"}, From: from}) {
		if err != nil {
			a.err = err
			break
		}
		// Most are others', and need not be decoded.
		if uid != "" && state.UID != string(uid) || !bytes.Contains(state.Object, []byte(search.Name)) {
			continue
		}
		var r rolloutObject
		if decodeState(state, &r, &r.Metadata) != nil {
			continue // counted where aborts are looked for
		}
		if search.fits(candidate{rollout: &r, revision: revisionOf(r.Metadata)}) {
			last = &lastState{Observed: state.Observed.UTC(), Deleted: state.Deleted, Rollout: r}
		}
	}
	return last
}

func (l *lastState) phase() string {
	return cmp.Or(oneLine(l.Rollout.Status.Phase), "in an unknown phase")
}

// words say until when the rollout was there.
func (l *lastState) words() string {
	at := l.Observed.UTC().Format(time.RFC3339)
	if l.Deleted {
		return "it was deleted at " + at
	}
	return fmt.Sprintf("its last state there is of %s, %s at revision %d", at, l.phase(), revisionOf(l.Rollout.Metadata))
}

// storeRollout stores the rollout, and beside it the last state of one that only
// the archive has.
func (t *Target) storeRollout(w *evidence.Writer) error {
	if t.last != nil {
		last := *t.last
		last.Rollout.Metadata = keepMeta(last.Rollout.Metadata, true)
		if err := w.WriteJSON(lastEntry, last); err != nil {
			return stored(err)
		}
	}
	return stored(w.WriteJSON(rolloutEntry, t.Rollout))
}

// readPhase is the phase at the time of collection: that of the rollout's state
// only if this was the live one.
func readPhase(b *evidence.Bundle, phase string) (string, error) {
	var last lastState
	err := b.ReadJSON(lastEntry, &last)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return phase, nil
	case err != nil:
		return "", err
	}
	now := "unknown"
	if last.Gone {
		now = "gone"
	}
	return fmt.Sprintf("%s (last known state: %s, of %s)", now, last.phase(), last.Observed.UTC().Format(time.RFC3339)), nil
}
