package report

import (
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

// Action is a proposed action item. It follows from facts alone: its reason
// holds the figures, and whether to do it, who and until when are people's to say.
type Action struct {
	ID     string `json:"id"` // stable, such as "analysis-interval"
	Title  string `json:"title"`
	Type   string `json:"type"`   // prevent, mitigate, detect, investigate or process
	Reason string `json:"reason"` // plain text
	// Evidence is what the figures are taken from; empty when they are of the
	// incident as a whole.
	Evidence []evidence.Citation `json:"evidence"`
}

// ActionRule proposes an action where the facts call for it.
type ActionRule struct {
	ID    string
	Type  string
	Title string
	When  string // the condition with its threshold, in words

	// reason is empty where the facts do not call for the action. What no
	// source answered is no fact: a rule that rests on something being absent
	// asks for the coverage first.
	reason func(scene) (string, []evidence.Citation)
}

// The thresholds of the rules.
const (
	AckTarget      = 5 * time.Minute  // unless the options set another
	SlowVerdict    = 10 * time.Second // from the first failed measurement to the last
	LateFirst      = 30 * time.Second // from the first traffic to the first measurement
	RepeatedAborts = 3                // of one rollout within [PastWithin], this one included
)

// ActionRules are all there are, in the order in which documents list the actions.
var ActionRules = []ActionRule{
	{
		ID: "analysis-interval", Type: "mitigate", Title: "Shorten the interval between the analysis's measurements", reason: analysisInterval,
		When: "a metric aborted the rollout after two or more measurements at an interval of 2 s or more, and the first failed one was 10 s or more before the last",
	},
	{
		ID: "late-first-measurement", Type: "detect", Title: "Take the analysis's first measurement sooner after the new version has traffic", reason: lateFirstMeasurement,
		When: "the metric that aborted the rollout failed its first measurement, taken 30 s or more after the new version first had traffic, unless the counters show no failed request by then",
	},
	{
		ID: "no-analysis", Type: "detect", Title: "Add an analysis to the rollout", reason: noAnalysis,
		When: "the progress deadline or a person aborted the rollout, and it had no AnalysisRun",
	},
	{
		ID: "no-traffic-routing", Type: "mitigate", Title: "Route traffic by weight, or choose weights that whole pods can meet", reason: noTrafficRouting,
		When: "a canary without a traffic router was aborted, and one of its weights is no whole number of pods",
	},
	{
		ID: "missing-slo", Type: "detect", Title: "Define a service level objective for the rollout's service", reason: missingSLO,
		When: "no objective applied to the rollout",
	},
	{
		ID: "missing-alert", Type: "detect", Title: "Add an alert that fires on this failure", reason: missingAlert,
		When: "the objective was breached or a measurement failed, and no alert that names the rollout fired, by a server that answered in full",
	},
	{
		ID: "detected-by-people", Type: "detect", Title: "Detect this failure before a person has to", reason: detectedByPeople,
		When: "a page that a person triggered, or a person's abort, surely came before every alert, automatic page and failed measurement",
	},
	{
		ID: "slow-ack", Type: "process", Title: "Get pages of this service acknowledged within the target", reason: slowAck,
		When: "the page was acknowledged later than the target of 5 min, or not at all in a longer time",
	},
	{
		ID: "events-expired", Type: "process", Title: "Collect the evidence before Kubernetes events expire", reason: eventsExpired,
		When: "events of the rollout had expired before they were collected",
	},
	{
		ID: "coverage-gap", Type: "process", Title: "Give debrief access to the sources that did not answer", reason: coverageGap,
		When: "a source refused the credentials or could not be reached",
	},
	{
		ID: "unknown-abort-cause", Type: "investigate", Title: "Find out why the rollout was aborted", reason: unknownAbortCause,
		When: "no source says why the rollout was aborted",
	},
	{
		ID: "repeated-abort", Type: "investigate", Title: "Find out what the aborts of this rollout have in common", reason: repeatedAbort,
		When: "this is the third abort of the rollout within 30 days or a later one, by the folder of postmortems",
	},
}

// scene is what the rules look at.
type scene struct {
	manifest evidence.Manifest
	facts    timeline.Facts
	story    timeline.Story
	report   Report // all but its actions
	ack      time.Duration
}

func actionsOf(s scene) []Action {
	actions := []Action{}
	for _, rule := range ActionRules {
		reason, cited := rule.reason(s)
		if reason == "" {
			continue
		}
		actions = append(actions, Action{
			ID: rule.ID, Title: rule.Title, Type: rule.Type, Reason: reason,
			Evidence: append([]evidence.Citation{}, cited...),
		})
	}
	return actions
}

// answered tells whether a source answered in full. Without that, what it did
// not tell of may still have happened.
func (s scene) answered(source string) bool {
	found := false
	for _, c := range s.manifest.Coverage {
		if c.Source != source {
			continue
		}
		if c.Gap() {
			return false
		}
		found = true
	}
	return found
}

// first is the story's first event of a kind since the update began.
func (s scene) first(kinds ...timeline.Kind) (timeline.Event, bool) {
	return s.firstOf(func(e timeline.Event) bool {
		for _, kind := range kinds {
			if e.Kind == kind {
				return true
			}
		}
		return false
	})
}

func (s scene) firstOf(is func(timeline.Event) bool) (timeline.Event, bool) {
	r := s.facts.Rollout
	for _, e := range s.story.Events {
		switch {
		case !r.Started.IsZero() && e.Latest().Before(r.Started):
		case !r.Superseded.IsZero() && !e.Time.Before(r.Superseded):
		case is(e):
			return e, true
		}
	}
	return timeline.Event{}, false
}

// exposed is when the new version first had traffic.
func (s scene) exposed() (time.Time, bool) {
	e, found := s.first(timeline.TrafficShifted)
	if !found && !s.facts.Rollout.TrafficRouting { // pods share the traffic as soon as they are ready
		e, found = s.first(timeline.CanaryReady)
	}
	return e.Time, found
}

// failures are the failed requests that the first objective with data had
// counted at a moment, those of the new version where they are told apart.
type failures struct {
	count float64
	of    string // whose they are, in words
	cited []evidence.Citation
}

func (s scene) failedBy(t time.Time) (failures, bool) {
	start := impactWindow(s.facts.Rollout, s.story).Start
	for _, data := range s.facts.SLIs {
		m := slo.Assess(data, start, t, canaryMatcher(s.facts.Rollout))
		if !m.Measured || !start.Before(t) {
			continue
		}
		f := failures{count: m.Bad.Value, of: "the counters of " + m.Objective.Name + " held %s failed requests"}
		if m.Canary != nil {
			f.count, f.of = m.Canary.Bad.Value, f.of+" of the new version"
		}
		f.cited = sliEvent(data, s.facts.Rollout).Evidence
		return f, true
	}
	return failures{}, false
}
