package timeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

// merge makes one event of all accounts of the same happening. The best
// authority's account is kept, with everybody's citations; the most exact
// account within its precision says when it was.
func merge(events []Event) []Event {
	events = slices.Clone(events)
	for i, e := range events {
		events[i].Time, events[i].End = e.Time.UTC(), e.End.UTC()
	}
	slices.SortFunc(events, func(a, b Event) int {
		if c := cmp.Or(cmp.Compare(a.Same, b.Same), a.Time.Compare(b.Time), cmp.Compare(b.Authority, a.Authority)); c != 0 {
			return c
		}
		return compareEvents(a, b)
	})
	merged := make([]Event, 0, len(events))
	for i := 0; i < len(events); {
		j := i + 1
		for j < len(events) && sameHappening(events[j-1], events[j]) {
			j++
		}
		merged = append(merged, fuse(events[i:j]))
		i = j
	}
	return merged
}

func sameHappening(a, b Event) bool {
	return a.Same != "" && a.Same == b.Same && b.Time.Sub(a.Time) <= SameWithin
}

// fuse merges accounts of one happening, which are in order of time.
func fuse(accounts []Event) Event {
	best := slices.MaxFunc(accounts, func(a, b Event) int { return cmp.Compare(a.Authority, b.Authority) })
	var citations []evidence.Citation
	for _, a := range accounts {
		citations = append(citations, a.Evidence...)
		best.Links = append(best.Links[:len(best.Links):len(best.Links)], otherLinks(best, a)...)
		if best.Detail == "" {
			best.Detail = a.Detail
		}
		best.Precision = min(best.Precision, recordedBy(best, a))
		if a.End.After(best.Time.Add(SameWithin)) && a.End.After(best.End) {
			best.End = a.End
		}
	}
	slices.Sort(citations)
	best.Evidence = slices.Compact(citations)
	return best
}

// recordedBy narrows the span of an event by another account of it: what was
// recorded at a moment had happened by then. An account outside the span
// contradicts it, and the authority's word stands.
func recordedBy(best, a Event) time.Duration {
	within := !a.Earliest().Before(best.Earliest()) && !a.Latest().After(best.Latest())
	if best.Sampled || a.Sampled || !within || a.Precision >= best.Precision {
		return best.Precision
	}
	return a.Time.Sub(best.Time) + a.Precision
}

func otherLinks(best, a Event) []Link {
	var others []Link
	for _, link := range a.Links {
		if !slices.Contains(best.Links, link) {
			others = append(others, link)
		}
	}
	return others
}

// compareEvents is a total order of events for everything that time and
// causality leave open, so that the order of collection never shows.
func compareEvents(a, b Event) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c // mostly; the rest costs more
	}
	return cmp.Or(
		cmp.Compare(chainPlace(a.Kind), chainPlace(b.Kind)),
		cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Subject.Kind, b.Subject.Kind),
		cmp.Compare(a.Subject.Namespace, b.Subject.Namespace),
		cmp.Compare(a.Subject.Name, b.Subject.Name),
		cmp.Compare(a.Subject.UID, b.Subject.UID),
		cmp.Compare(a.Title, b.Title),
		cmp.Compare(a.Detail, b.Detail),
		slices.Compare(a.Evidence, b.Evidence),
		a.End.Compare(b.End),
		cmp.Compare(a.Precision, b.Precision),
		compareBools(a.Sampled, b.Sampled),
		cmp.Compare(a.Clock, b.Clock),
		cmp.Compare(a.Authority, b.Authority),
		cmp.Compare(a.Role, b.Role),
		cmp.Compare(a.Actor, b.Actor),
		compareBools(a.Notable, b.Notable),
		cmp.Compare(a.Weight, b.Weight),
		slices.CompareFunc(a.Links, b.Links, func(a, b Link) int {
			return cmp.Or(cmp.Compare(a.Title, b.Title), cmp.Compare(a.URL, b.URL))
		}),
	)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
