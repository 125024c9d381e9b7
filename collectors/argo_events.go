package collectors

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// What identifies a happening across the sources that tell of it.
func sameStart(r timeline.Rollout) string {
	return fmt.Sprintf("started/%s/%d", r.Subject.UID, r.Revision)
}

func sameAbort(r timeline.Rollout) string {
	return fmt.Sprintf("abort/%s/%d", r.Subject.UID, r.Revision)
}

func sameWeight(r timeline.Rollout, weight string) string {
	return fmt.Sprintf("weight/%s/%s", r.Subject.UID, weight)
}
func sameAnalysis(run, phase string) string { return "analysis/" + run + "/" + phase }
func sameScaledDown(set string) string      { return "scaled_down/" + set }

// analysisKinds says what the end of an AnalysisRun is on the timeline.
var analysisKinds = map[string]timeline.Kind{
	"Successful":   timeline.AnalysisSucceeded,
	"Failed":       timeline.AnalysisFailed,
	"Error":        timeline.AnalysisError,
	"Inconclusive": timeline.AnalysisInconclusive,
}

// rolloutEvents are the moments that the Rollout's status proves.
func rolloutEvents(r rolloutObject, facts timeline.Rollout, startedEvidence evidence.Citation) []timeline.Event {
	base := timeline.Event{
		Source: "argo", Clock: argoClock, Precision: secondPrecision, Subject: facts.Subject,
		Authority: timeline.FromStatus,
	}
	var events []timeline.Event
	if !facts.Started.IsZero() {
		e := base
		e.Kind, e.Time, e.Same, e.Evidence = timeline.RolloutStarted, facts.Started, sameStart(facts), []evidence.Citation{startedEvidence}
		e.Title = startTitle(facts)
		events = append(events, e)
	}
	if facts.Abort == nil {
		return events
	}
	e := base
	e.Kind, e.Time, e.Same, e.Evidence = timeline.RolloutAborted, facts.Abort.Time, sameAbort(facts), facts.Abort.Evidence
	e.Title, e.Detail = fmt.Sprintf("Rollout aborted at revision %d", facts.Revision), facts.Abort.Message
	events = append(events, e)
	if w := r.Status.Canary.Weights; w != nil && r.Status.Abort && w.Canary.Weight == 0 {
		e := base
		e.Kind, e.Time, e.Same = timeline.TrafficRestored, facts.Abort.Time, sameWeight(facts, "0")
		e.Evidence = []evidence.Citation{evidence.Pointer(rolloutEntry, "/status/canary/weights")}
		e.Title = restoredTitle
		events = append(events, e)
	}
	return events
}

const restoredTitle = "Canary weight set to 0 %: all traffic back on the stable version"

func startTitle(r timeline.Rollout) string {
	changes := make([]string, len(r.Images))
	for i, c := range r.Images {
		changes[i] = c.To
		if c.From != "" {
			changes[i] = c.From + " -> " + c.To
		}
	}
	title := fmt.Sprintf("Rollout of revision %d started", r.Revision)
	if len(changes) > 0 {
		title += ": " + strings.Join(changes, ", ")
	}
	return title
}

// analysisEvents are the moments of one AnalysisRun: its start, each
// measurement and its end.
func analysisEvents(run timeline.Analysis) []timeline.Event {
	base := timeline.Event{
		Source: "argo", Clock: argoClock, Precision: secondPrecision, Subject: run.Object,
		Authority: timeline.FromStatus, Evidence: []evidence.Citation{run.Evidence},
	}
	var events []timeline.Event
	if !run.Started.IsZero() {
		e := base
		e.Kind, e.Time, e.Same = timeline.AnalysisStarted, run.Started, sameAnalysis(run.Object.Name, "Running")
		e.Title = strings.TrimSpace(run.Type+" analysis") + " " + run.Object.Name + " started"
		events = append(events, e)
	}
	for _, m := range run.Metrics {
		for i, measured := range m.Measurements {
			e := base
			e.Kind, e.Time = timeline.AnalysisMeasured, measured.Time
			e.Same = fmt.Sprintf("measured/%s/%s/%d", run.Object.Name, m.Name, i)
			e.Title = measuredTitle(m, measured)
			e.Detail = measured.Message
			e.Notable = !m.DryRun && measured.Phase != "Successful"
			events = append(events, e)
		}
	}
	if kind, ended := analysisKinds[run.Phase]; ended && !run.Completed.IsZero() {
		e := base
		e.Kind, e.Time, e.Same = kind, run.Completed, sameAnalysis(run.Object.Name, run.Phase)
		e.Title, e.Detail = endedTitle(run), run.Message
		events = append(events, e)
	}
	return events
}

// measuredTitle states value, condition and verdict, the value with three
// digits: the exact one is in the evidence.
func measuredTitle(m timeline.Metric, measured timeline.Measurement) string {
	condition := ""
	switch {
	case m.Success != "":
		condition = " against success condition " + m.Success
	case m.Failure != "":
		condition = " against failure condition " + m.Failure
	}
	dry := ""
	if m.DryRun {
		dry = " (dry run)"
	}
	value := timeline.ShortValue(measured.Value)
	if value == "" {
		value = "no value"
	}
	return fmt.Sprintf("%s measured %s%s: %s%s", m.Name, value, condition, measured.Phase, dry)
}

func endedTitle(run timeline.Analysis) string {
	if run.Phase == "Successful" && run.Message == "Run Terminated" {
		return "Analysis " + run.Object.Name + " was cancelled" // Argo reports it as Successful
	}
	return fmt.Sprintf("Analysis %s ended: %s", run.Object.Name, run.Phase)
}

// readAnalyses reads the revision's AnalysisRuns, oldest first.
func readAnalyses(b *evidence.Bundle) ([]timeline.Analysis, error) {
	var runs []timeline.Analysis
	for line, err := range evidence.Lines[analysisObject](b, analysisRunsEntry) {
		if err != nil {
			return nil, err
		}
		runs = append(runs, line.Value.analysis(line.Citation))
	}
	slices.SortStableFunc(runs, func(a, b timeline.Analysis) int { return a.Started.Compare(b.Started) })
	return runs, nil
}

func (o analysisObject) analysis(citation evidence.Citation) timeline.Analysis {
	a := timeline.Analysis{
		Object: objectOf("AnalysisRun", o.Metadata), Evidence: citation,
		Type: o.Metadata.Labels["rollout-type"], Step: o.Metadata.Labels["step-index"],
		Phase: o.Status.Phase, Message: o.Status.Message,
		Started: o.Status.StartedAt.UTC(), Completed: o.completed(),
	}
	if a.Started.IsZero() {
		a.Started = o.Metadata.CreationTimestamp.UTC()
	}
	for i, spec := range o.Spec.Metrics {
		m := timeline.Metric{
			Name: spec.Name, Provider: spec.Provider.Name, Query: strings.TrimSpace(o.resolvedQuery(i)),
			Success: spec.SuccessCondition, Failure: spec.FailureCondition, FailureLimit: jsonWord(spec.FailureLimit),
			Interval: spec.Interval, InitialDelay: spec.InitialDelay,
		}
		if p := spec.Provider.Prometheus; p != nil {
			m.Address = p.Address
		}
		if result := o.result(spec.Name); result != nil {
			m.Phase, m.Message, m.DryRun = result.Phase, result.Message, result.DryRun
			for _, measured := range result.Measurements {
				m.Measurements = append(m.Measurements, timeline.Measurement{
					Time: measured.time(), Phase: measured.Phase, Value: measured.Value, Message: measured.Message,
				})
			}
		}
		a.Metrics = append(a.Metrics, m)
	}
	return a
}

func (o analysisObject) result(metric string) *metricResult {
	i := slices.IndexFunc(o.Status.MetricResults, func(r metricResult) bool { return r.Name == metric })
	if i < 0 {
		return nil
	}
	return &o.Status.MetricResults[i]
}

// resolvedQuery is the query with its arguments filled in, as the controller
// recorded it, or as the spec has it when it has no arguments.
func (o analysisObject) resolvedQuery(metric int) string {
	spec := o.Spec.Metrics[metric]
	if result := o.result(spec.Name); result != nil && result.Metadata["ResolvedPrometheusQuery"] != "" {
		return result.Metadata["ResolvedPrometheusQuery"]
	}
	if p := spec.Provider.Prometheus; p != nil && !strings.Contains(p.Query, "{{") {
		return p.Query
	}
	return ""
}

// completed is when the run ended. Runs that fail on their spec have no
// completion time: their last measurement stands in.
func (o analysisObject) completed() time.Time {
	if !o.Status.CompletedAt.IsZero() {
		return o.Status.CompletedAt.UTC()
	}
	if analysisKinds[o.Status.Phase] == "" {
		return time.Time{}
	}
	var last time.Time
	for _, result := range o.Status.MetricResults {
		for _, m := range result.Measurements {
			if m.time().After(last) {
				last = m.time()
			}
		}
	}
	return last
}

// stopsRollout tells whether the run's end makes the controller abort: failed
// or in error, and not because of dry-run metrics, which never count.
func (o analysisObject) stopsRollout() bool {
	return o.Status.Phase == "Failed" || o.Status.Phase == "Error"
}

func (m measurementResult) time() time.Time {
	if !m.FinishedAt.IsZero() {
		return m.FinishedAt.UTC()
	}
	return m.StartedAt.UTC()
}
