package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

// cause says that an event of one kind comes before one of another, where the
// clocks cannot tell.
type cause struct {
	before, after Kind
	sameSubject   bool // only between events about the same object
}

// causes are what is known of how a rollout, an alert and a page proceed. An
// abort does not come before a page by nature: an alert may precede it.
var causes = []cause{
	{RolloutStarted, CanaryReady, false},
	{RolloutStarted, TrafficShifted, false},
	{RolloutStarted, AnalysisStarted, false},
	{RolloutStarted, RolloutAborted, false},
	{CanaryReady, TrafficShifted, false},
	{AnalysisStarted, AnalysisMeasured, true},
	{AnalysisMeasured, AnalysisFailed, true},
	{AnalysisMeasured, AnalysisError, true},
	{AnalysisMeasured, AnalysisInconclusive, true},
	{AnalysisMeasured, AnalysisSucceeded, true},
	{AnalysisFailed, RolloutAborted, false},
	{AnalysisError, RolloutAborted, false},
	{RolloutAborted, TrafficRestored, false},
	{TrafficRestored, CanaryScaledDown, false},
	{RolloutAborted, CanaryScaledDown, false},
	{TrafficShifted, SLIBreached, false},
	{SLIBreached, AlertPending, false},
	{AlertPending, AlertFiring, true},
	{AlertFiring, AlertResolved, true},
	{AlertFiring, PageTriggered, false},
	{PageTriggered, PageAcknowledged, true},
	{PageAcknowledged, PageResolved, true},
	{PageTriggered, PageResolved, true},
}

// chain lists the kinds so that every cause stands before its effect.
var chain = []Kind{
	ChangeBuilt, RolloutStarted, CanaryReady, TrafficShifted, SLIBreached, AlertPending, AnalysisStarted,
	AnalysisMeasured, AlertFiring, AnalysisSucceeded, AnalysisInconclusive, AnalysisFailed, AnalysisError,
	RolloutAborted, TrafficRestored, PageTriggered, PageAcknowledged, SLIRecovered, CanaryScaledDown,
	AlertResolved, PageResolved,
}

// chainPlace is a kind's place in the chain; kinds that are not in it come last.
func chainPlace(k Kind) int {
	if i := slices.Index(chain, k); i >= 0 {
		return i
	}
	return len(chain)
}

// order sorts events by time, and events that the clocks cannot tell apart by
// cause and effect. It never moves an event out of the span in which it truly
// happened, so what two clocks do tell apart stays so. The warnings name
// effects that one clock stamped before another stamped their cause.
func order(events []Event) (ordered []Event, warnings []string) {
	slices.SortFunc(events, func(a, b Event) int {
		if c := a.Earliest().Compare(b.Earliest()); c != 0 {
			return c
		}
		return compareEvents(a, b)
	})
	links, soonest, warnings := causalLinks(events)
	// How late each event can be placed without passing its effects.
	latest := make([]time.Time, len(events))
	for i, e := range events {
		latest[i] = e.Latest()
	}
	for _, l := range slices.Backward(links) {
		latest[l.cause] = earlier(latest[l.cause], latest[l.effect])
	}
	at := soonest
	for i, e := range events {
		if e.Sampled {
			at[i] = latest[i] // a reader expects it when it was seen, unless an effect came before
		}
	}
	for _, l := range links {
		at[l.effect] = later(at[l.effect], at[l.cause])
	}
	return placed(events, at), warnings
}

// link ties an effect to a cause whose span overlaps its own, by their indices.
type link struct{ cause, effect int }

// group is the events of one kind, about one object or about any.
type group struct {
	kind    Kind
	subject evidence.Object // zero for any
}

// causalLinks ties effects to causes. The links come in the order of the
// chain, so that one which leads to an event precedes those that lead from it.
// It also gives how soon each event can be placed, after all of its causes.
func causalLinks(events []Event) (links []link, soonest []time.Time, warnings []string) {
	l := newLinker(events)
	for _, kind := range chain {
		for _, c := range causes {
			if c.after != kind {
				continue
			}
			for _, effect := range l.groups[group{kind: kind}] {
				l.tie(c, effect)
			}
		}
	}
	return l.links, l.soonest, l.warnings
}

// linker gathers the links of events, which are in order of Earliest.
type linker struct {
	events   []Event
	groups   map[group][]int // in the events' order
	widest   time.Duration   // of all spans: how far back an overlapping one may begin
	links    []link
	soonest  []time.Time
	warnings []string
}

func newLinker(events []Event) *linker {
	l := &linker{events: events, groups: map[group][]int{}, soonest: make([]time.Time, len(events))}
	for i, e := range events {
		l.soonest[i] = e.Earliest()
		l.widest = max(l.widest, e.Latest().Sub(e.Earliest()))
		all := group{kind: e.Kind}
		l.groups[all] = append(l.groups[all], i)
		if of := (group{e.Kind, e.Subject}); of != all {
			l.groups[of] = append(l.groups[of], i)
		}
	}
	return l
}

// tie links an effect to the causes of one sort that its span overlaps.
func (l *linker) tie(c cause, effect int) {
	e := l.events[effect]
	from := group{kind: c.before}
	if c.sameSubject {
		from.subject = e.Subject
	}
	candidates := l.groups[from]
	first, _ := slices.BinarySearchFunc(candidates, e.Earliest().Add(-l.widest), func(i int, t time.Time) int {
		return l.events[i].Earliest().Compare(t)
	})
	preceded := first > 0
	for _, cause := range candidates[first:] {
		if l.events[cause].Earliest().After(e.Latest()) {
			break
		}
		if l.soonest[cause].After(e.Latest()) {
			continue // it had a cause of its own after this
		}
		preceded = true
		if overlap(l.events[cause], e) {
			l.soonest[effect] = later(l.soonest[effect], l.soonest[cause])
			l.links = append(l.links, link{cause, effect})
		}
	}
	if c.sameSubject && !preceded && len(candidates) > 0 {
		l.warnings = append(l.warnings, disagreement(l.events[candidates[0]], e)...)
	}
}

// disagreement tells of a cause that was stamped after its effect, when two
// clocks did so: one alone may have seen the effect of an earlier cause.
func disagreement(cause, effect Event) []string {
	if cause.Clock == effect.Clock {
		return nil
	}
	return []string{fmt.Sprintf("%q is stamped before its cause %q: their clocks (%s, %s) disagree",
		effect.Title, cause.Title, effect.Clock, cause.Clock)}
}

func overlap(a, b Event) bool {
	return !a.Earliest().After(b.Latest()) && !b.Earliest().After(a.Latest())
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// placed sorts events by their places, and by the chain where those are equal.
func placed(events []Event, at []time.Time) []Event {
	index := make([]int, len(events))
	for i := range index {
		index[i] = i
	}
	slices.SortFunc(index, func(i, j int) int {
		if c := cmp.Or(at[i].Compare(at[j]), cmp.Compare(chainPlace(events[i].Kind), chainPlace(events[j].Kind))); c != 0 {
			return c
		}
		return compareEvents(events[i], events[j])
	})
	sorted := make([]Event, len(events))
	for to, from := range index {
		sorted[to] = events[from]
	}
	return sorted
}
