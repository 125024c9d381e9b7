package collectors

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/debrief-sre/debrief/evidence"
)

// errOtherObject refuses a state whose object has another identity.
var errOtherObject = errors.New("the object is not the one that it was kept as")

// liveEvents are the events that the API server still has. One that the
// archive has too is taken from the API server.
type liveEvents map[types.UID]bool

// addArchived gives the events that the archive alone still has to take. It
// reads the archive twice, for the last version of each event first, so that
// no events pile up in memory.
func (l liveEvents) addArchived(ctx context.Context, archive Archive, namespace string, window evidence.Window, c *evidence.Coverage, take func(*corev1.Event) error) error {
	q := ArchiveQuery{
		Namespace: namespace, Resources: []string{"events"},
		From: window.Start.Add(-observationLag), To: window.End.Add(observationLag),
	}
	last := map[string]string{} // the version by UID
	for state, err := range archive.States(ctx, q) {
		if err != nil {
			return err
		}
		// The state that comes with a deletion tells of nothing but expiry.
		if !state.Deleted && !l[types.UID(state.UID)] {
			last[state.UID] = state.ResourceVersion
		}
	}
	broken := 0
	defer func() { warnBroken(c, broken) }()
	for state, err := range archive.States(ctx, q) {
		if err != nil {
			return err
		}
		if version, wanted := last[state.UID]; !wanted || version != state.ResourceVersion {
			continue
		}
		delete(last, state.UID)
		var e corev1.Event
		if err := decodeState(state, &e, &e.ObjectMeta); err != nil || e.Namespace != namespace {
			broken++
			continue
		}
		e.TypeMeta = metav1.TypeMeta{} // as the API server lists it
		if err := take(&e); err != nil {
			return err
		}
	}
	return nil
}
