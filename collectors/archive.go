package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

// Archive is what a watcher kept of a cluster: what the API server no longer
// has is taken from it. An archive that fails never loses what the API server
// said. It may be asked concurrently.
type Archive interface {
	// States yields the states that a query selects, ordered by the time of
	// their observation. After an error it ends.
	States(ctx context.Context, q ArchiveQuery) iter.Seq2[State, error]
	// Gaps are the times between from and to of which the archive lacks
	// observations, in the order of their beginnings.
	Gaps(ctx context.Context, from, to time.Time) ([]ArchiveGap, error)
	// Span is when the archive's first and last observation of the cluster were
	// made, both zero if there is none.
	Span(ctx context.Context) (first, last time.Time, err error)
}

// ArchiveQuery selects states by when they were observed.
type ArchiveQuery struct {
	Namespace string    // empty: all
	Resources []string  // plural, such as "events", "rollouts", "analysisruns", "experiments"
	From, To  time.Time // both inclusive; zero: no bound
}

// State is one state of one object, as the API server delivered it.
type State struct {
	Resource             string // plural
	UID, ResourceVersion string
	Deleted              bool // the last state, delivered with the deletion; of an event, with its expiry
	Observed             time.Time
	Object               json.RawMessage
}

// ArchiveGap is a time of which an archive lacks observations, and why. Both
// ends are part of it.
type ArchiveGap struct {
	Resource string // plural; empty: all
	From, To time.Time
	Reason   string
}

// observationLag is by how much an observation's time may differ from that of
// what was observed: it is stamped by another clock, and later.
const observationLag = time.Minute

// archiveAccount is what locating an incident learned from the archive.
type archiveAccount struct {
	err      error // the first failure: the archive is not asked any more
	since    time.Time
	until    time.Time
	gaps     []ArchiveGap // that touch the window
	analyses int          // AnalysisRuns that the archive alone had
	broken   int          // states that could not be decoded
}

// survey asks how much of the window the archive can know.
func (a *archiveAccount) survey(ctx context.Context, archive Archive, window evidence.Window) {
	if archive == nil || a.err != nil {
		return
	}
	if a.since, a.until, a.err = archive.Span(ctx); a.err == nil {
		a.gaps, a.err = archive.Gaps(ctx, window.Start, window.End)
	}
}

// coverArchive tells how much of the incident the archive can know.
func coverArchive(s *Settings, t *Target, w *evidence.Writer) error {
	if s.Archive == nil {
		return nil
	}
	asked := "what was observed in " + t.Scope.Subject.Namespace
	return ask(s, w, evidence.Coverage{Source: "archive", Asked: asked}, func(c *evidence.Coverage) error {
		a := t.archive
		c.Oldest, c.Objects = a.since, a.analyses
		if !t.observed.IsZero() {
			c.Objects++
		}
		warnBroken(c, a.broken)
		switch {
		case a.err != nil:
			return a.err
		case a.since.IsZero():
			c.Status, c.Reason = evidence.StatusAbsent, "the archive has observed nothing of this cluster yet"
		case len(a.gaps) > 0:
			c.Status, c.Reason = evidence.StatusPartial, "not observed: "+gapWords(a.gaps)
		case t.unasked != nil && a.since.After(t.Scope.Window.Start):
			c.Status, c.Reason = evidence.StatusPartial, "nothing was observed before "+a.since.UTC().Format(time.RFC3339)
		}
		if t.unasked != nil && !a.until.IsZero() {
			warn(c, "the last observation of the cluster is of %s", a.until.UTC().Format(time.RFC3339))
		}
		return nil
	})
}

// warnArchive remarks on a source's row how much of its answer is from the
// archive, or why that gave nothing.
func (t *Target) warnArchive(c *evidence.Coverage, what string, archived int, err error) {
	switch {
	case archived > 0:
		warn(c, "%d of %d %s are from the archive", archived, c.Objects, what)
	case t.unasked != nil && err == nil && c.Objects == 0:
		warn(c, "the archive has no %s of it", what)
	}
	if err != nil {
		warn(c, "the archive could not be read: %s", reason(err))
	}
}

func warnBroken(c *evidence.Coverage, broken int) {
	if broken > 0 {
		warn(c, "%s in the archive could not be read", plural(broken, "state"))
	}
}

// gapsOf are the gaps of a resource that touch the time between from and to.
func (a *archiveAccount) gapsOf(resource string, from, to time.Time) []ArchiveGap {
	var gaps []ArchiveGap
	for _, g := range a.gaps {
		if (g.Resource == "" || g.Resource == resource) && !g.To.Before(from) && !g.From.After(to) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// gapWords names the first few gaps.
func gapWords(gaps []ArchiveGap) string {
	const most = 3
	var words []string
	for i, g := range gaps {
		if i == most {
			words = append(words, fmt.Sprintf("%d more", len(gaps)-most))
			break
		}
		what := "everything"
		if g.Resource != "" {
			what = g.Resource
		}
		words = append(words, oneLine(fmt.Sprintf("%s from %s to %s (%s)", what, g.From.UTC().Format(time.RFC3339), g.To.UTC().Format(time.RFC3339), g.Reason)))
	}
	return strings.Join(words, ", ")
}
