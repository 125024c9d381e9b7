package collectors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// unaskedError is that the API server could not be asked for the rollout.
type unaskedError struct {
	words string
	err   error // why
}

func (e *unaskedError) Error() string { return e.words }

func unasked(ctx context.Context, what string, err error) *unaskedError {
	var silent *silentError
	if errors.As(context.Cause(ctx), &silent) { // and not that the question was called off
		err = silent
	}
	return &unaskedError{what + ": " + reason(err), err}
}

// noRollout is that there is no such rollout, which an API server that does not
// know Rollouts at all cannot tell.
func noRollout(search Search, err error) error {
	words := fmt.Sprintf("rollout %s/%s does not exist, or Argo Rollouts is not installed", search.Namespace, search.Name)
	if apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) {
		return &unaskedError{words, err}
	}
	return errors.New(words)
}

// down is why nothing else should be asked either: an API server that does not
// answer, or not to us, is asked once. One that only refuses or does not know
// Rollouts may answer the rest; then it is nil.
func (e *unaskedError) down() error {
	if apierrors.IsForbidden(e.err) || apierrors.IsNotFound(e.err) {
		return nil
	}
	return &unaskedError{"the API server could not be asked: " + reason(e.err), e.err}
}

// findRollouts is what the API server lists. That it could not be asked counts
// as missing where the archive alone will do.
func (t *Target) findRollouts(ctx context.Context, s *Settings, kube *kubeClients, search *Search) (rollouts []rolloutObject, missing, err error) {
	if s.Archive == nil || !s.ArchiveAlone {
		return findRollouts(ctx, kube, search)
	}
	asking, stop := kube.impatient(ctx)
	defer stop()
	rollouts, missing, err = findRollouts(asking, kube, search)
	if ctx.Err() != nil || !errors.As(cmp.Or(err, missing), &t.unasked) {
		return rollouts, missing, err
	}
	kube.down = t.unasked.down()
	return nil, t.unasked, nil
}

// clients asks the API server, unless it could not be asked before.
func (t *Target) clients(s *Settings) (*kubeClients, error) {
	kube, err := newKubeClients(s)
	if err == nil && t.unasked != nil {
		kube.down = t.unasked.down()
	}
	return kube, err
}

// inArchive is what the archive, if it alone will do, has of a rollout that is
// asked for by its revision, aborted or not. Otherwise its error adds to what is
// missing that the archive does not know better.
func (t *Target) inArchive(ctx context.Context, s *Settings, search Search, missing error) ([]candidate, error) {
	if s.ArchiveAlone && search.byRevision() {
		named := Search{Namespace: search.Namespace, Name: search.Name, Revision: search.Revision}
		if last := t.archive.lastState(ctx, s.Archive, named, "", time.Time{}); last != nil {
			return []candidate{{rollout: &last.Rollout, revision: search.Revision, observed: last.Observed}}, nil
		}
	}
	return nil, fmt.Errorf("%w; %s", missing, t.archive.ignorance(ctx, s.Archive, search))
}

// ignorance says what the archive knows, which is no abort that fits.
func (a *archiveAccount) ignorance(ctx context.Context, archive Archive, search Search) string {
	var last *lastState
	if search.Name != "" {
		last = a.lastState(ctx, archive, Search{Namespace: search.Namespace, Name: search.Name}, "", time.Time{})
	}
	var since time.Time
	if a.err == nil {
		since, _, a.err = archive.Span(ctx)
	}
	asked := "the archive, with observations since " + since.UTC().Format(time.RFC3339) + ", "
	switch {
	case a.err != nil:
		return "the archive could not be read: " + reason(a.err)
	case since.IsZero():
		return "the archive has observed nothing of this cluster yet"
	case search.Name == "":
		return asked + "has no abort in " + namespaceWords(search.Namespace) + " that fits either"
	case last == nil:
		return asked + "does not know it either"
	case search.Revision == 0 && search.Aborted.IsZero():
		return asked + "has no abort of it that fits either, and " + last.words() + "; give --revision to write about a revision all the same"
	default:
		return asked + "has nothing of it that fits either, and " + last.words()
	}
}

// whereFrom says of a rollout that the API server could not be asked for where
// its state is from, and until when it is known to have been there.
func (t *Target) whereFrom() string {
	words := "the API server could not be asked for it: " + reason(t.unasked.err) + "; from the archive"
	if !t.last.Observed.Equal(t.observed) {
		words += ", as observed at " + t.observed.UTC().Format(time.RFC3339)
	}
	words += "; " + t.last.words()
	if t.last.Deleted {
		return words
	}
	return words + "; what became of it since is not known"
}

// unarchived adds to the failure of a question that the API server alone can
// answer that the archive does not help.
func (t *Target) unarchived(err error, what string) error {
	if err == nil || t.unasked == nil {
		return err
	}
	return fmt.Errorf("%w; %s are not archived", err, what)
}

// keepLast keeps the archive's last state of a rollout that only it has.
func (t *Target) keepLast(ctx context.Context, archive Archive, rollouts []rolloutObject, c candidate) {
	uid := c.rollout.Metadata.UID
	if slices.ContainsFunc(rollouts, func(r rolloutObject) bool { return r.Metadata.UID == uid }) {
		return
	}
	t.gone = t.unasked == nil
	t.last = t.archive.lastState(ctx, archive, Search{Namespace: c.rollout.Metadata.Namespace}, uid, c.observed)
	if t.last == nil { // the archive failed meanwhile
		t.last = &lastState{Observed: c.observed.UTC(), Rollout: *c.rollout}
	}
	t.last.Gone = t.gone || t.last.Deleted
}
