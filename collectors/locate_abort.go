package collectors

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// candidate is an abort that some object tells of.
type candidate struct {
	rollout    *rolloutObject
	revision   int64
	at         time.Time // zero: the revision was asked for, and shows no abort
	fromStatus bool      // the rollout's status shows it
	observed   time.Time // when the archive's state of the rollout was; zero: it is the live one
}

const (
	// abortTolerance is how far an abort may be from the time that was asked for.
	abortTolerance = 2 * time.Second
	// abortSpread is how far apart the accounts of one abort are: events may
	// be recorded late, and analyses end before.
	abortSpread = time.Minute
)

// statusAborts are the aborts that the rollouts' own status shows.
func statusAborts(rollouts []rolloutObject) []candidate {
	var found []candidate
	for i, r := range rollouts {
		if r.Status.Abort && !r.Status.AbortedAt.IsZero() {
			found = append(found, candidate{rollout: &rollouts[i], revision: revisionOf(r.Metadata), at: r.Status.AbortedAt.Time, fromStatus: true})
		}
	}
	return found
}

var abortedRevision = regexp.MustCompile(`^Rollout aborted update to revision (\d+)`)

// pastAborts finds aborts that the rollouts' status no longer shows. It is best
// effort: what cannot be read here is covered when it is collected.
func pastAborts(ctx context.Context, kube *kubeClients, namespace string, rollouts []rolloutObject, runs []analysisObject) []candidate {
	if len(rollouts) == 0 {
		return nil
	}
	known := map[types.UID]*rolloutObject{}
	for i, r := range rollouts {
		known[r.Metadata.UID] = &rollouts[i]
	}
	var found []candidate
	events, err := kube.core.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=RolloutAborted,involvedObject.kind=Rollout"})
	if err == nil {
		for _, e := range events.Items {
			match, r := abortedRevision.FindStringSubmatch(e.Message), known[e.InvolvedObject.UID]
			if match != nil && r != nil {
				revision, _ := strconv.ParseInt(match[1], 10, 64) // all digits by the expression
				found = append(found, candidate{rollout: r, revision: revision, at: eventTimes(&e).first})
			}
		}
	}
	for _, run := range runs {
		for _, owner := range run.Metadata.OwnerReferences {
			if r := known[owner.UID]; r != nil && run.stopsRollout() {
				found = append(found, candidate{rollout: r, revision: revisionOf(run.Metadata), at: run.completed()})
			}
		}
	}
	return found
}

// chooseAbort picks the newest of the aborts that fit the search: from the
// rollouts' own status, from what events and AnalysisRuns still tell, since
// that is cleared by the next update, and from the archive.
func chooseAbort(search Search, rollouts []rolloutObject, found []candidate) (candidate, error) {
	found = slices.DeleteFunc(slices.Clone(found), func(c candidate) bool {
		return slices.ContainsFunc(found, func(better candidate) bool { return better.witnesses(c) })
	})
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b candidate) int { return a.at.Compare(b.at) }), nil
	}
	if search.byRevision() {
		return candidate{rollout: &rollouts[0], revision: search.Revision}, nil
	}
	return candidate{}, &NoIncidentError{noAbortWords(search, rollouts)}
}

// witnesses tells whether c tells of the same abort as other, and is the
// better witness: a status, and of two the live one.
func (c candidate) witnesses(other candidate) bool {
	if c.rollout.Metadata.UID != other.rollout.Metadata.UID || c.revision != other.revision || !c.fromStatus {
		return false
	}
	if other.fromStatus {
		return c.at.Equal(other.at) && c.observed.IsZero() && !other.observed.IsZero()
	}
	return c.at.Sub(other.at).Abs() <= abortSpread
}

// obscured tells whether the rollout's status shows another abort of the same
// revision, which was retried and aborted again.
func (c candidate) obscured() bool {
	return !c.fromStatus && !c.at.IsZero() && c.rollout.Status.Abort && revisionOf(c.rollout.Metadata) == c.revision
}

// lastKnown is the abort, or else the last that is known of a revision that the
// archive alone has; zero: that is now.
func (c candidate) lastKnown() time.Time {
	if c.at.IsZero() {
		return c.observed
	}
	return c.at
}

// byRevision tells that a revision was asked for by its number: it is worth a
// document even without an abort.
func (s Search) byRevision() bool {
	return s.Name != "" && s.Revision != 0 && s.Aborted.IsZero()
}

func (s Search) fits(c candidate) bool {
	return (s.Namespace == "" || s.Namespace == c.rollout.Metadata.Namespace) &&
		(s.Name == "" || s.Name == c.rollout.Metadata.Name) &&
		(s.Revision == 0 || s.Revision == c.revision) &&
		(s.Since.IsZero() || !c.at.Before(s.Since)) &&
		(s.Until.IsZero() || c.at.Before(s.Until)) &&
		(s.Aborted.IsZero() || c.at.Sub(s.Aborted).Abs() <= abortTolerance)
}

func noAbortWords(search Search, rollouts []rolloutObject) string {
	if search.Name == "" {
		return fmt.Sprintf("none of the %d rollouts in %s shows an abort%s", len(rollouts), namespaceWords(search.Namespace), search.abortedWords())
	}
	r := rollouts[0]
	words := fmt.Sprintf("rollout %s/%s is %s at revision %d and shows no abort%s", search.Namespace, search.Name,
		cmp.Or(r.Status.Phase, "in an unknown phase"), revisionOf(r.Metadata), search.abortedWords())
	if search.Revision == 0 && search.Aborted.IsZero() {
		words += "; give --revision to write about a revision all the same"
	}
	return words
}

func (s Search) abortedWords() string {
	if s.Aborted.IsZero() {
		return ""
	}
	return " at " + s.Aborted.UTC().Format(time.RFC3339)
}
