package report_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

var began = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

var subject = evidence.Object{Kind: "Rollout", Namespace: "shop", Name: "checkout", UID: "u"}

// incident is one that no rule objects to; the tests change one thing each.
type incident struct {
	manifest evidence.Manifest
	facts    timeline.Facts
	options  report.Options
}

func newIncident() *incident {
	i := &incident{}
	i.manifest = evidence.Manifest{
		Scope:       evidence.Scope{Subject: subject, Revision: 2, Window: evidence.Window{Start: after(-600), End: after(900)}},
		CollectedAt: after(1000),
		Objectives:  []slo.Objective{{Name: "availability", Target: 0.999}},
	}
	for _, source := range []string{"argo/analysisruns", "kubernetes/events", "pagerduty/log_entries", "prometheus/alerts"} {
		i.manifest.Coverage = append(i.manifest.Coverage, evidence.Coverage{Source: source, Status: evidence.StatusOK})
	}
	abort := timeline.Abort{Time: after(25), Cause: timeline.CauseAnalysis, Confidence: timeline.Certain, Evidence: []evidence.Citation{"argo/rollout.json#/status/abortedAt"}}
	i.facts.Rollout = timeline.Rollout{
		Subject: subject, Revision: 2, Strategy: "canary", TrafficRouting: true, Replicas: 5, Started: began, CanaryService: "checkout-canary",
		Steps: []string{"setWeight: 20", "pause: 20s"}, Abort: &abort, Images: []timeline.ImageChange{{Container: "web", From: "web:1", To: "web:2"}},
	}
	i.analysis("5s", 10, 15, 20)
	i.event(timeline.RolloutStarted, 0)
	i.event(timeline.TrafficShifted, 0).Weight = 20
	i.event(timeline.AlertFiring, 12)
	i.event(timeline.PageTriggered, 14)
	i.event(timeline.PageAcknowledged, 44).Actor = "P1"
	i.event(timeline.RolloutAborted, 25)
	i.counters()
	return i
}

// analysis makes a run whose metric failed at the seconds.
func (i *incident) analysis(interval string, failed ...float64) {
	m := timeline.Metric{Name: "error-rate", Interval: interval, FailureLimit: fmt.Sprint(len(failed) - 1), Phase: "Failed"}
	for _, at := range failed {
		m.Measurements = append(m.Measurements, timeline.Measurement{Time: after(at), Phase: "Failed", Value: "[0.5]"})
	}
	i.facts.Rollout.Analyses = []timeline.Analysis{{
		Object: evidence.Object{Kind: "AnalysisRun", Name: "run"}, Phase: "Failed", Started: after(5), Metrics: []timeline.Metric{m}, Evidence: "argo/analysisruns.jsonl:1",
	}}
	i.drop(timeline.AnalysisMeasured)
	for _, at := range failed {
		e := i.event(timeline.AnalysisMeasured, at)
		e.Notable = true
	}
}

func (i *incident) event(kind timeline.Kind, at float64) *timeline.Event {
	i.facts.Events = append(i.facts.Events, timeline.Event{
		Kind: kind, Time: after(at), Precision: time.Second, Source: "test", Subject: subject,
		Title: "The " + string(kind), Evidence: []evidence.Citation{evidence.Citation("test/" + string(kind))},
	})
	return &i.facts.Events[len(i.facts.Events)-1]
}

func (i *incident) drop(kinds ...timeline.Kind) {
	i.facts.Events = slices.DeleteFunc(i.facts.Events, func(e timeline.Event) bool { return slices.Contains(kinds, e.Kind) })
}

// counters are of a canary that fails 50 of its 100 requests every second from
// the first second to the 40th, and of a stable version that fails none.
func (i *incident) counters() {
	series := func(service string, each float64) slo.Series {
		s := slo.Series{Labels: map[string]string{"service": service}}
		for at := -600.0; at <= 900; at += 5 {
			s.Samples = append(s.Samples, slo.Sample{Time: after(at), Value: each * min(max(at, 0), 40)})
		}
		return s
	}
	stable := series("checkout-stable", 0)
	for n := range stable.Samples {
		stable.Samples[n].Value = float64(n * 2000)
	}
	i.facts.SLIs = []slo.Data{{
		Objective: slo.Objective{Name: "availability", Target: 0.999, Window: model.Duration(30 * 24 * time.Hour), Bad: "bad", Total: "total"},
		Bad:       []slo.Series{series("checkout-canary", 50), series("checkout-stable", 0)},
		Total:     []slo.Series{series("checkout-canary", 100), stable},
		Queries:   []slo.Query{{What: "bad events", Evidence: "prometheus/0-bad.jsonl:1"}},
	}}
}

func (i *incident) cover(source string, status evidence.Status, reason string) {
	i.manifest.Coverage = slices.DeleteFunc(i.manifest.Coverage, func(c evidence.Coverage) bool { return c.Source == source })
	i.manifest.Coverage = append(i.manifest.Coverage, evidence.Coverage{Source: source, Status: status, Reason: reason})
}

func (i *incident) abortedBy(cause timeline.Cause, at float64) {
	i.facts.Rollout.Abort.Cause, i.facts.Rollout.Abort.Time = cause, after(at)
	i.drop(timeline.RolloutAborted)
	i.event(timeline.RolloutAborted, at)
}

func (i *incident) withoutAnalysis() {
	i.facts.Rollout.Analyses = nil
	i.drop(timeline.AnalysisMeasured)
}

func (i *incident) actions() []report.Action {
	return report.Build(i.manifest, i.facts, i.options).Actions
}

// aborts are earlier aborts of the rollout, the days before this one.
func aborts(days ...int) []report.Earlier {
	var list []report.Earlier
	for _, d := range days {
		list = append(list, report.Earlier{
			PastIncident: report.PastIncident{Title: "Abort", Slug: fmt.Sprint("abort-", d), Link: fmt.Sprint("abort-", d, ".md"), Date: after(25).AddDate(0, 0, -d), Service: "shop/checkout"},
			Aborted:      true, Metrics: []string{"error-rate"},
		})
	}
	return list
}
