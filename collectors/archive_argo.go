package collectors

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// abortHead is as much of a Rollout as tells of an abort.
type abortHead struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Status   struct {
		Abort     bool        `json:"abort"`
		AbortedAt metav1.Time `json:"abortedAt"`
	} `json:"status"`
}

// newestAbort is the newest abort that the archive tells of and that fits the
// search, with the last state that still shows it; nil if there is none.
// Aborts before the newest of those found already are of no interest. Only one
// Rollout is held in memory.
func (a *archiveAccount) newestAbort(ctx context.Context, archive Archive, search Search, found []candidate) *candidate {
	if archive == nil || search.settledBy(found) {
		return nil
	}
	q := ArchiveQuery{Namespace: search.Namespace, Resources: []string{"rollouts"}, From: search.Since}
	for _, c := range found {
		if c.at.After(q.From) {
			q.From = c.at
		}
	}
	if search.Aborted.After(q.From) {
		q.From = search.Aborted
	}
	if !q.From.IsZero() {
		q.From = q.From.Add(-observationLag)
	}
	var newest *candidate
	for state, err := range archive.States(ctx, q) {
		if err != nil {
			a.err = err
			break
		}
		// Most states tell of no abort, and need not be decoded.
		if !bytes.Contains(state.Object, []byte(`"abortedAt"`)) {
			continue
		}
		c, err := abortIn(state)
		switch {
		case err != nil:
			a.broken++
		case c != nil && search.fits(*c) && (newest == nil || !c.at.Before(newest.at)):
			newest = c
		}
	}
	return newest
}

// settledBy tells that nothing older or elsewhere can be meant: the status of
// the one rollout that is asked for shows a fitting abort, its last.
func (s Search) settledBy(found []candidate) bool {
	return s.Name != "" && slices.ContainsFunc(found, func(c candidate) bool { return c.fromStatus })
}

// abortIn is the abort that a Rollout's state shows, nil if it shows none.
func abortIn(state State) (*candidate, error) {
	var head abortHead
	if err := decodeState(state, &head, &head.Metadata); err != nil {
		return nil, err
	}
	if !head.Status.Abort || head.Status.AbortedAt.IsZero() {
		return nil, nil
	}
	var r rolloutObject
	if err := json.Unmarshal(state.Object, &r); err != nil {
		return nil, err
	}
	return &candidate{rollout: &r, revision: revisionOf(r.Metadata), at: r.Status.AbortedAt.Time, fromStatus: true, observed: state.Observed}, nil
}

// archivedAnalyses are the last states of the AnalysisRuns or Experiments of a
// rollout's revision that the API server no longer has. The state delivered
// with a deletion is the object's final one.
func archivedAnalyses(ctx context.Context, archive Archive, q ArchiveQuery, owner types.UID, revision int64, live []analysisObject) (gone []analysisObject, broken int, err error) {
	lives := map[types.UID]bool{}
	for _, o := range live {
		lives[o.Metadata.UID] = true
	}
	last := map[types.UID]analysisObject{}
	for state, err := range archive.States(ctx, q) {
		if err != nil {
			return sorted(last), broken, err
		}
		// Most are others', and need not be decoded.
		if lives[types.UID(state.UID)] || !bytes.Contains(state.Object, []byte(owner)) {
			continue
		}
		var o analysisObject
		if decodeState(state, &o, &o.Metadata) != nil {
			broken++
			continue
		}
		if o.Metadata.Namespace == q.Namespace && ownedBy(o.Metadata, string(owner)) && revisionOf(o.Metadata) == revision {
			o.Metadata = keepMeta(o.Metadata, false)
			last[o.Metadata.UID] = o
		}
	}
	return sorted(last), broken, nil
}

func sorted(byUID map[types.UID]analysisObject) []analysisObject {
	objects := make([]analysisObject, 0, len(byUID))
	for _, o := range byUID {
		objects = append(objects, o)
	}
	sortByName(objects)
	return objects
}

// sortByName orders as the API server lists.
func sortByName(objects []analysisObject) {
	slices.SortFunc(objects, func(a, b analysisObject) int {
		return cmp.Or(cmp.Compare(a.Metadata.Name, b.Metadata.Name), cmp.Compare(a.Metadata.UID, b.Metadata.UID))
	})
}

// addArchivedRuns adds the AnalysisRuns that are gone to the target's.
func (t *Target) addArchivedRuns(ctx context.Context, archive Archive, search Search, c candidate) {
	if archive == nil || t.archive.err != nil {
		return
	}
	q := ArchiveQuery{Namespace: t.Scope.Subject.Namespace, Resources: []string{"analysisruns"}}
	q.From, q.To = analysesObserved(search, c, updateBegan(t.rollout, t.sets, nil, c))
	gone, broken, err := archivedAnalyses(ctx, archive, q, t.rollout.Metadata.UID, c.revision, t.runs)
	t.archive.analyses, t.archive.err = len(gone), err
	t.archive.broken += broken
	if len(gone) > 0 {
		t.runs = append(t.runs, gone...)
		sortByName(t.runs)
	}
}

// analysesObserved is when the states of a revision's analyses were observed,
// as far as its abort and what the search says tell.
func analysesObserved(search Search, c candidate, began time.Time) (from, to time.Time) {
	switch {
	case !began.IsZero():
		from = began.Add(-observationLag)
	case !c.at.IsZero():
		from = c.at.Add(-longestUpdate)
	default:
		from = search.Since
	}
	if !c.at.IsZero() {
		to = c.at.Add(Horizon)
	}
	return from, to
}

// decodeState decodes a state's object, whose metadata is at meta, and makes
// sure that it is the one that the archive says it is.
func decodeState(state State, object any, meta *metav1.ObjectMeta) error {
	if err := json.Unmarshal(state.Object, object); err != nil {
		return err
	}
	if meta.UID == "" || string(meta.UID) != state.UID || meta.Name == "" {
		return errOtherObject
	}
	return nil
}
