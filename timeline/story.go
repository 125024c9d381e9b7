package timeline

import (
	"slices"
	"strconv"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

// Story is the ordered account of an incident.
type Story struct {
	Window   evidence.Window // what it covers
	Events   []Event         // in order, without duplicates, with their ids
	Phases   []Phase
	Measures Measures
	Warnings []string // what could not be told about the order
}

// MaxKeyMoments is how many events the main timeline shows at the most.
const MaxKeyMoments = 15

// tail is how long after its end an incident's window still runs, so that the
// return to normal is seen to hold.
const tail = 5 * time.Minute

// Tell merges and orders the facts' events into the story of the incident.
// Its window is what of the collected one the incident needs, unless a person
// chose that.
func Tell(f Facts, scope evidence.Scope) Story {
	s := Story{Window: scope.Window}
	events := merge(f.Events)
	for i := range events {
		events[i].identify() // before the window cuts anything: ids do not depend on it
	}
	distinguish(events)
	if !scope.Chosen {
		s.Window.End = incidentEnd(f, events, scope.Window)
	}
	s.Events, s.Warnings = order(clip(events, s.Window))
	markKeyMoments(s.Events, f.Rollout)
	s.Measures = measure(f, s.Events)
	s.Phases = phases(s.Measures)
	return s
}

// incidentEnd is when the last of recovery, resolution and abort happened, plus
// a tail, within what was collected.
func incidentEnd(f Facts, events []Event, collected evidence.Window) time.Time {
	var last time.Time
	if f.Rollout.Abort != nil {
		last = f.Rollout.Abort.Time
	}
	for _, e := range events {
		switch e.Kind {
		case SLIRecovered, PageResolved, AlertResolved, TrafficRestored, CanaryScaledDown:
			if !e.Time.Before(f.Rollout.Started) {
				last = later(last, e.Time)
			}
		}
	}
	if end := last.Add(tail); !last.IsZero() && end.Before(collected.End) {
		return end
	}
	return collected.End
}

// clip drops the events outside the window and cuts those that reach into it:
// a counted event says only when it was first and last seen.
func clip(events []Event, w evidence.Window) []Event {
	var kept []Event
	for _, e := range events {
		end := e.End
		if end.IsZero() {
			end = e.Time
		}
		if end.Before(w.Start) || !e.Time.Before(w.End) {
			continue
		}
		if e.Time.Before(w.Start) {
			e.Time = w.Start
		}
		if e.End.After(w.End) {
			e.End = w.End
		}
		kept = append(kept, e)
	}
	return kept
}

// distinguish gives events that look the same in every respect ids of their own.
func distinguish(events []Event) {
	seen := map[string]int{}
	for i, e := range events {
		seen[e.ID]++
		if n := seen[e.ID]; n > 1 {
			events[i].ID += "-" + strconv.Itoa(n)
		}
	}
}

// markKeyMoments picks the events that the main timeline shows: the revision's
// own course and what people saw of it, the most telling first.
func markKeyMoments(events []Event, r Rollout) {
	byKind := make([][]int, len(priority))
	for i, e := range events {
		if rank := slices.Index(priority, e.Kind); rank >= 0 && belongs(e, r) {
			byKind[rank] = append(byKind[rank], i)
		}
	}
	// The ends of a kind's occurrences tell most: many middle ones, such as the
	// steps of a slow canary, give way to every other kind.
	const ends = 2
	var moments, middle []int
	for rank, indices := range byKind {
		indices = tellingOnes(events, indices, priority[rank])
		for n, index := range indices {
			if n < ends || n >= len(indices)-ends {
				moments = append(moments, index)
			} else {
				middle = append(middle, index)
			}
		}
	}
	moments = append(moments, middle...)
	for _, i := range moments[:min(len(moments), MaxKeyMoments)] {
		events[i].Key = true
	}
}

// tellingOnes leaves out what repeats itself: an indicator is told of when it
// first fails and when it last recovers, an analysis by the first measurement
// that failed.
func tellingOnes(events []Event, indices []int, kind Kind) []int {
	switch {
	case len(indices) == 0:
		return nil
	case kind == SLIBreached:
		return indices[:1]
	case kind == SLIRecovered:
		return indices[len(indices)-1:]
	case kind != AnalysisMeasured:
		return indices
	}
	var firsts []int
	seen := map[string]bool{}
	for _, i := range indices {
		if e := events[i]; e.Notable && !seen[e.Subject.Name] {
			seen[e.Subject.Name] = true
			firsts = append(firsts, i)
		}
	}
	return firsts
}

// belongs tells whether an event is part of the revision's story: what the
// controller did before its start or after the next update is another's.
func belongs(e Event, r Rollout) bool {
	if e.Source != "argo" && e.Source != "kubernetes" {
		return true
	}
	if !r.Started.IsZero() && e.Latest().Before(r.Started) {
		return false
	}
	return r.Superseded.IsZero() || e.Time.Before(r.Superseded) || e.Kind == RolloutCompleted
}
