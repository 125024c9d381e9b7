package collectors

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

// usualEvaluation is how often Prometheus evaluates rules unless told otherwise.
const usualEvaluation = time.Minute

// alert is what the samples tell of one alert.
type alert struct {
	labels   model.Metric
	states   []slo.Series // of ALERTS, for the evaluation interval
	firing   []time.Time
	pending  []time.Time
	since    []time.Time // the distinct values of ALERTS_FOR_STATE, when it became pending
	evidence map[string]evidence.Citation
}

func readAlerts(b *evidence.Bundle, f *timeline.Facts) error {
	names := namesOf(f.Rollout.Subject, f.Rollout.App, f.Rollout.CanaryService, f.Rollout.StableService)
	alerts := map[string]*alert{}
	for _, entry := range []string{alertsEntry, alertsPendingEntry} {
		for line, err := range evidence.Lines[rawLine](b, entry) {
			if err != nil {
				return err
			}
			if line.Value.Metric == nil || !names.concern(line.Value.Metric) {
				continue
			}
			key := alertKey(line.Value.Metric)
			if alerts[key] == nil {
				alerts[key] = &alert{labels: line.Value.Metric, evidence: map[string]evidence.Citation{}}
			}
			alerts[key].add(line.Value, line.Citation, b.Manifest.Scope.Window)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(alerts)) {
		f.Events = append(f.Events, alerts[key].events(key, b.Manifest.Scope.Window, f.Rollout)...)
	}
	return nil
}

// add takes samples in. Those of highly available pairs come together here.
func (a *alert) add(line rawLine, citation evidence.Citation, w evidence.Window) {
	state := string(line.Metric["alertstate"])
	if line.Metric[model.MetricNameLabel] == forStateSeries {
		state = "since"
	}
	if a.evidence[state] == "" {
		a.evidence[state] = citation
	}
	one := slo.Series{}
	for _, v := range line.Values {
		at := v.Timestamp.Time().UTC()
		if !w.Contains(at) {
			continue
		}
		one.Samples = append(one.Samples, slo.Sample{Time: at, Value: 1})
		switch state {
		case "firing":
			a.firing = append(a.firing, at)
		case "pending":
			a.pending = append(a.pending, at)
		case "since":
			if math.IsNaN(float64(v.Value)) {
				continue
			}
			a.since = append(a.since, time.Unix(int64(v.Value), 0).UTC())
		}
	}
	a.states = append(a.states, one)
}

// events are when the alert became pending, fired and was resolved.
func (a *alert) events(key string, w evidence.Window, r timeline.Rollout) []timeline.Event {
	interval := cmp.Or(slo.Spacing(a.states), usualEvaluation)
	var events []timeline.Event
	firing := spans(a.firing, interval)
	for _, at := range a.pendings(interval) {
		if w.Contains(at.Time) && !firesAt(firing, at.Time, interval) {
			at.Title = fmt.Sprintf("Alert %s pending", a.name())
			events = append(events, a.event(at, key, r))
		}
	}
	for _, span := range firing {
		// An alert that fires in the window's first samples did so before.
		began := span.first.Sub(w.Start) > interval
		// One that fires in its last ones may go on.
		ended := w.End.Sub(span.last) > 2*interval
		if began {
			e := timeline.Event{Kind: timeline.AlertFiring, Time: span.first, Precision: interval, Sampled: true, Evidence: a.cite("firing")}
			if ended {
				e.End = span.last.Add(interval)
			}
			e.Title = fmt.Sprintf("Alert %s firing%s", a.name(), a.severity())
			events = append(events, a.event(e, key, r))
		}
		if ended {
			e := timeline.Event{Kind: timeline.AlertResolved, Time: span.last.Add(interval), Precision: interval, Sampled: true, Evidence: a.cite("firing")}
			e.Title = fmt.Sprintf("Alert %s resolved", a.name())
			events = append(events, a.event(e, key, r))
		}
	}
	return events
}

// pendings are when the alert became pending: by the alert's own account to the
// second, else by its first sample in that state.
func (a *alert) pendings(interval time.Duration) []timeline.Event {
	var events []timeline.Event
	if len(a.since) > 0 {
		// The members of a pair evaluate at different times: the first counts.
		for _, span := range spans(a.since, interval) {
			events = append(events, timeline.Event{Kind: timeline.AlertPending, Time: span.first, Precision: time.Second, Evidence: a.cite("since")})
		}
		return events
	}
	for _, span := range spans(a.pending, interval) {
		events = append(events, timeline.Event{
			Kind: timeline.AlertPending, Time: span.first, Precision: interval, Sampled: true, Evidence: a.cite("pending"),
		})
	}
	return events
}

// firesAt tells whether an alert fires at once when it becomes pending, as one
// without a "for" does: then that it was pending is no news.
func firesAt(firing []span, pending time.Time, interval time.Duration) bool {
	return slices.ContainsFunc(firing, func(s span) bool { return s.first.Sub(pending).Abs() < min(interval, 2*time.Second) })
}

func (a *alert) event(e timeline.Event, key string, r timeline.Rollout) timeline.Event {
	e.Source, e.Clock, e.Subject, e.Authority = promSource, promSource, r.Subject, timeline.FromStatus
	e.Detail = a.detail()
	e.Same = string(e.Kind) + key
	return e
}

func (a *alert) cite(state string) []evidence.Citation { return []evidence.Citation{a.evidence[state]} }

func (a *alert) name() string {
	return cmp.Or(string(a.labels[model.AlertNameLabel]), "without a name")
}

func (a *alert) severity() string {
	if severity := a.labels["severity"]; severity != "" {
		return fmt.Sprintf(" (severity %s)", severity)
	}
	return ""
}

// detail is the labels that say what the alert is about.
func (a *alert) detail() string {
	var labels []string
	for name, value := range a.labels {
		if !slices.Contains(alertLabels, name) && !slices.Contains(replicaLabels, name) {
			labels = append(labels, fmt.Sprintf("%s=%s", name, value))
		}
	}
	slices.Sort(labels)
	return strings.Join(labels, ", ")
}

// span is a time through which something was seen at every evaluation.
type span struct{ first, last time.Time }

// spans joins times that are at most two intervals apart: one missed
// evaluation, or scrape of a replica, ends nothing.
func spans(times []time.Time, interval time.Duration) []span {
	times = slices.SortedFunc(slices.Values(times), time.Time.Compare)
	var all []span
	for _, t := range times {
		if n := len(all); n > 0 && t.Sub(all[n-1].last) <= 2*interval {
			all[n-1].last = t
			continue
		}
		all = append(all, span{t, t})
	}
	return all
}
