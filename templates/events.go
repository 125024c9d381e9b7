package templates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

type eventKind struct {
	kind   timeline.Kind
	public string
}

// kinds is the closed vocabulary of events, and what each is called where no
// internal name may be told. An empty name keeps the event from the public:
// what it says is known to its source alone.
var kinds = []eventKind{
	{timeline.ChangeBuilt, "A new version was built"},
	{timeline.RolloutStarted, "The release of the new version started"},
	{timeline.CanaryReady, "The new version was ready"},
	{timeline.TrafficShifted, "The new version's share of traffic changed"},
	{timeline.RolloutPaused, "The release paused"},
	{timeline.SLIBreached, "The service fell below its objective"},
	{timeline.AlertPending, ""},
	{timeline.AnalysisStarted, "Automatic checks of the new version started"},
	{timeline.AnalysisMeasured, "A check of the new version measured"},
	{timeline.AlertFiring, "Monitoring raised an alert"},
	{timeline.AnalysisSucceeded, "Automatic checks of the new version passed"},
	{timeline.AnalysisFailed, "Automatic checks of the new version failed"},
	{timeline.AnalysisError, "Automatic checks of the new version could not be completed"},
	{timeline.AnalysisInconclusive, "Automatic checks of the new version were inconclusive"},
	{timeline.RolloutAborted, "The release was aborted"},
	{timeline.TrafficRestored, "All traffic was back on the version before"},
	{timeline.PageTriggered, "Our on-call engineer was notified"},
	{timeline.PageAcknowledged, "Our on-call engineer acknowledged"},
	{timeline.SLIRecovered, "The service was back within its objective"},
	{timeline.CanaryScaledDown, "The new version was removed"},
	{timeline.AlertResolved, "Monitoring saw the alert resolved"},
	{timeline.RolloutRetried, "The release was tried again"},
	{timeline.RolloutCompleted, "The release was completed"},
	{timeline.PageResolved, "Our on-call engineer closed the incident"},
	{timeline.Note, ""},
	{timeline.Kubernetes, ""},
}

// ofKind picks events by kind: "alert.firing" is one, "alert" is all whose
// names begin with "alert.".
func ofKind(events []report.Event, wanted ...string) ([]report.Event, error) {
	for _, w := range wanted {
		if !slices.ContainsFunc(kinds, func(k eventKind) bool { return isKind(k.kind, w) }) {
			return nil, fmt.Errorf("there is no kind of event %q%s: there are %s", w, didYouMean(w, kindNames()), strings.Join(kindNames(), ", "))
		}
	}
	return pick(events, func(e report.Event) bool {
		return slices.ContainsFunc(wanted, func(w string) bool { return isKind(e.Kind, w) })
	}), nil
}

func isKind(k timeline.Kind, wanted string) bool {
	return string(k) == wanted || strings.HasPrefix(string(k), wanted+".")
}

func kindNames() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k.kind)
	}
	return names
}

// during picks the events of a phase, from its start until before its end.
func during(events []report.Event, p report.Phase) []report.Event {
	return pick(events, func(e report.Event) bool { return !e.Time.Before(p.Start) && e.Time.Before(p.End) })
}

// keyMoments picks the events that tell the story in short.
func keyMoments(events []report.Event) []report.Event {
	return pick(events, func(e report.Event) bool { return e.Key })
}

// from picks the events of a source.
func from(events []report.Event, source string) []report.Event {
	return pick(events, func(e report.Event) bool { return e.Source == source })
}

func pick(events []report.Event, wanted func(report.Event) bool) []report.Event {
	var picked []report.Event
	for _, e := range events {
		if wanted(e) {
			picked = append(picked, e)
		}
	}
	return picked
}

// roles lists who acted, each once, in the order of their first act.
func roles(events []report.Event) []string {
	var list []string
	for _, e := range events {
		if e.Role != "" && !slices.Contains(list, e.Role) {
			list = append(list, e.Role)
		}
	}
	return list
}
