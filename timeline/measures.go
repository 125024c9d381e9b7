package timeline

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Measures are the response measures of an incident, each nil when an event
// that it is taken from is not known. Their definitions:
//
//   - TTD, time to detect: start -> first alert, page or failed measurement.
//   - TTA, time to acknowledge: page -> its acknowledgement.
//   - TTM, time to mitigate: start -> end of the impact.
//   - TTR, time to resolve: start -> resolution of the page, or end of the
//     impact where nobody was paged.
//   - Duration: start -> end of the impact, as TTM; Exposure: how long the new
//     version had traffic.
type Measures struct {
	Started   Moment // when the impact began
	Detected  Moment
	Aborted   Moment
	Mitigated Moment // when the impact ended
	Paged     Moment
	Acked     Moment
	Resolved  Moment

	TTD, TTA, TTM, TTR *time.Duration
	Exposure           *time.Duration
}

// Moment is a time with the event it is taken from. Its zero value is unknown.
type Moment struct {
	Time  time.Time
	Event string // id
	What  string // the event's title
}

// Known tells whether there is such a moment.
func (m Moment) Known() bool { return !m.Time.IsZero() }

// measure takes the measures from the ordered events.
func measure(f Facts, events []Event) Measures {
	m := Measures{}
	story := func(kinds ...Kind) Moment { return first(events, f.Rollout, time.Time{}, kinds...) }

	// The impact begins when the indicator fails; without one, when the new
	// version first has traffic; without that, with the update.
	m.Started = firstKnown(story(SLIBreached), story(TrafficShifted), story(RolloutStarted))
	m.Aborted = story(RolloutAborted)
	m.Paged, m.Acked = story(PageTriggered), story(PageAcknowledged)
	m.Detected = earliest(story(AlertFiring), m.Paged, firstNotable(events, f.Rollout), story(AnalysisFailed), story(AnalysisError), m.Aborted)
	recovered := lastOf(events, SLIRecovered, m.Started.Time)
	restored := first(events, f.Rollout, m.Started.Time, TrafficRestored)
	m.Mitigated = firstKnown(latest(recovered, restoredIf(recovered, restored)), restored, m.Aborted)
	exposed := story(TrafficShifted)
	if !f.Rollout.TrafficRouting { // pods share the traffic as soon as they are ready
		exposed = firstKnown(exposed, story(CanaryReady))
	}
	if f.Rollout.TrafficRouting && !exposed.Known() && !story(SLIBreached).Known() {
		m.Mitigated = Moment{} // without traffic or a failing indicator there was no impact to end
	}
	m.Resolved = lastOf(events, PageResolved, m.Started.Time)
	if !m.Paged.Known() {
		m.Resolved = m.Mitigated
	}

	m.TTD = between(m.Started, m.Detected)
	m.TTA = between(m.Paged, m.Acked)
	m.TTM = between(m.Started, m.Mitigated)
	m.TTR = between(m.Started, m.Resolved)
	m.Exposure = between(exposed, firstKnown(restored, m.Aborted))
	return m
}

// restoredIf keeps the moment the traffic was back only beside a recovery: on
// its own it stands for one.
func restoredIf(recovered, restored Moment) Moment {
	if recovered.Known() {
		return restored
	}
	return Moment{}
}

func first(events []Event, r Rollout, from time.Time, kinds ...Kind) Moment {
	for _, e := range events {
		for _, k := range kinds {
			if e.Kind == k && belongs(e, r) && !e.Time.Before(from) {
				return momentOf(e)
			}
		}
	}
	return Moment{}
}

func firstNotable(events []Event, r Rollout) Moment {
	for _, e := range events {
		if e.Kind == AnalysisMeasured && e.Notable && belongs(e, r) {
			return momentOf(e)
		}
	}
	return Moment{}
}

func lastOf(events []Event, kind Kind, from time.Time) Moment {
	last := Moment{}
	for _, e := range events {
		if e.Kind == kind && !e.Time.Before(from) {
			last = momentOf(e)
		}
	}
	return last
}

func momentOf(e Event) Moment { return Moment{Time: e.Time, Event: e.ID, What: e.Title} }

func firstKnown(moments ...Moment) Moment {
	for _, m := range moments {
		if m.Known() {
			return m
		}
	}
	return Moment{}
}

func earliest(moments ...Moment) Moment {
	found := Moment{}
	for _, m := range moments {
		if m.Known() && (!found.Known() || m.Time.Before(found.Time)) {
			found = m
		}
	}
	return found
}

func latest(moments ...Moment) Moment {
	found := Moment{}
	for _, m := range moments {
		if m.Time.After(found.Time) {
			found = m
		}
	}
	return found
}

// between is nil unless both moments are known and in order: a negative time
// to detect would say more about clocks than about detection.
func between(from, to Moment) *time.Duration {
	if !from.Known() || !to.Known() || to.Time.Before(from.Time) {
		return nil
	}
	d := to.Time.Sub(from.Time)
	return &d
}

// Phase is a named stretch of the incident.
type Phase struct {
	Name       string
	Start, End time.Time
}

// phases cuts the incident at its known moments.
func phases(m Measures) []Phase {
	var list []Phase
	add := func(name string, from, to Moment) {
		if from.Known() && to.Known() && to.Time.Sub(from.Time) >= time.Second {
			list = append(list, Phase{name, from.Time, to.Time})
		}
	}
	add("Undetected", m.Started, m.Detected)
	add("Until the abort", m.Detected, m.Aborted)
	add("Until the impact ended", firstKnown(m.Aborted, m.Detected), m.Mitigated)
	add("Page open", m.Paged, m.Resolved)
	return list
}

// ShortValue cuts a measured value such as "[0.5145172180958811]" to three
// decimals, or three significant digits if it is smaller. It cuts rather than
// rounds, so that no value seems to meet a threshold that it missed from below.
// What is not a number, or a list of one, is returned as it is.
func ShortValue(value string) string {
	inner := strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")
	number, err := strconv.ParseFloat(inner, 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
		return value
	}
	exact := strconv.FormatFloat(number, 'f', -1, 64)
	whole, decimals, _ := strings.Cut(exact, ".")
	keep := 3
	if strings.Trim(whole, "-0") == "" {
		leading := len(decimals) - len(strings.TrimLeft(decimals, "0"))
		keep = max(keep, leading+3)
	}
	if len(decimals) <= keep {
		return exact
	}
	return whole + "." + decimals[:keep]
}
