package collectors

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/timeline"
)

// abortClues is all that may tell why a revision was aborted.
type abortClues struct {
	message  string    // the Progressing condition's or the event's account
	at       time.Time // of the abort
	timedOut bool      // a RolloutAborted event said "timed out progressing"
	setBy    string    // field manager that owns status.abort
	failed   []timeline.Analysis
}

// abortCauses recognises the suffix that the controller adds to its message
// (its AddAbort calls, v1.8 to v1.10). The first match counts: an experiment's
// message speaks of its analysis too.
var abortCauses = []struct {
	suffix *regexp.Regexp
	cause  timeline.Cause
	why    string
}{
	{regexp.MustCompile(`^Experiment analysis phase`), timeline.CauseExperiment, "the controller's message names the experiment"},
	{regexp.MustCompile(`^Step Plugin \d+ `), timeline.CausePlugin, "the controller's message names the step plugin"},
	{regexp.MustCompile(`timed out progressing`), timeline.CauseProgressDeadline, "the controller's message names the deadline"},
	{regexp.MustCompile(`(?i)analysis phase|^Metric ".*" assessed `), timeline.CauseAnalysis, "the controller's message names the analysis"},
}

// abortCause weighs the clues. A message without a suffix is no proof of a
// person: some versions of the controller lose the suffix of a deadline abort.
func abortCause(c abortClues) (timeline.Cause, timeline.Confidence, string) {
	_, suffix, found := strings.Cut(c.message, ": ")
	if !abortedRevision.MatchString(c.message) {
		suffix, found = c.message, c.message != ""
	}
	if found {
		for _, known := range abortCauses {
			if known.suffix.MatchString(suffix) {
				return known.cause, timeline.Certain, known.why
			}
		}
	}
	if c.timedOut {
		return timeline.CauseProgressDeadline, timeline.Certain, "a RolloutAborted event names the deadline"
	}
	if c.setBy != "" && c.setBy != controllerManager {
		return timeline.CauseUser, timeline.Certain, fmt.Sprintf("status.abort was written by the field manager %s, not by the controller", c.setBy)
	}
	for _, run := range c.failed {
		if run.Phase == "Inconclusive" {
			continue // pauses a rollout, and never aborts it
		}
		if end := run.Completed; !end.IsZero() && c.at.Sub(end).Abs() <= 30*time.Second {
			return timeline.CauseAnalysis, timeline.Likely, fmt.Sprintf("AnalysisRun %s ended as %s at the time of the abort", run.Object.Name, run.Phase)
		}
	}
	return timeline.CauseUnknown, timeline.Uncertain, "no source says why"
}

// abortSetBy names the field manager that wrote status.abort, or "" where the
// API server does not say.
func (r rolloutObject) abortSetBy() string {
	for _, field := range r.Metadata.ManagedFields {
		if field.FieldsV1 == nil {
			continue
		}
		var owned struct {
			Status map[string]any `json:"f:status"`
		}
		if err := decodeFields(field.FieldsV1, &owned); err == nil {
			if _, ok := owned.Status["f:abort"]; ok {
				return field.Manager
			}
		}
	}
	return ""
}
