package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

// Options are the choices that are not in a bundle.
type Options struct {
	Authors string          // who signs the document; a team rather than a person
	Names   timeline.Naming // what people are called; empty is their roles
	// AckTarget is within what time pages are to be acknowledged; 0 is [AckTarget].
	AckTarget time.Duration
	Earlier   []Earlier // earlier postmortems, of which only those like this incident are told of
	Bundle    *Bundle   // the evidence's file, if the document shall name it
}

// Build makes the report of the incident that a bundle's facts describe. The
// facts stay as they are: another report may be made of them.
func Build(m evidence.Manifest, f timeline.Facts, o Options) Report {
	f.Pages, f.Events = slices.Clone(f.Pages), slices.Clone(f.Events)
	for i := range f.Events {
		f.Events[i].Links = slices.Clone(f.Events[i].Links)
	}
	f.NamePeople(o.Names)
	canary := canaryMatcher(f.Rollout)
	f.Events = append(f.Events, breachEvents(f, m.Scope.Window)...)
	if objectivesSpoke(f) {
		f.Events = withoutMetricBreaches(f.Events)
	}
	story := timeline.Tell(f, m.Scope)

	r := Report{
		SchemaVersion: SchemaVersion, Tool: m.Tool, Collected: m.CollectedAt,
		Coverage: m.Coverage, Notes: m.Notes, Warnings: story.Warnings, Authors: o.Authors, Bundle: o.Bundle,
		Change: changeOf(f.Rollout, story.Events), Measures: measuresOf(story.Measures),
		Analyses: analysesOf(f.Rollout.Analyses), Pages: pagesOf(f.Pages),
		Phases: []Phase{}, Events: []Event{}, Impact: []Impact{}, Series: []Series{},
	}
	r.Incident = incidentOf(f.Rollout, story)
	r.Name = Name(r.Incident, day(f.Rollout, story))
	if a := f.Rollout.Abort; a != nil {
		r.Abort = &Abort{Time: a.Time, Cause: a.Cause, Confidence: a.Confidence, Why: a.Why, Message: a.Message, Evidence: a.Evidence}
	}
	for _, p := range story.Phases {
		r.Phases = append(r.Phases, Phase(p))
	}
	for _, e := range story.Events {
		r.Events = append(r.Events, eventOf(e))
	}
	r.Weights = weightsOf(story.Events, f.Rollout)
	window := impactWindow(f.Rollout, story)
	for _, data := range f.SLIs {
		impact := slo.Assess(data, window.Start, window.End, canary)
		r.Impact = append(r.Impact, impactOf(impact, data.Budget, data.Queries))
		if !data.FromAnalysis {
			parts := slo.Slices(data, story.Window.Start, story.Window.End, impact.SliceLength)
			r.Series = append(r.Series, objectiveSeries(data.Objective, parts))
		}
	}
	for _, m := range f.Metrics {
		r.Series = append(r.Series, metricSeries(m))
	}
	r.Past = pastOf(r, o.Earlier)
	r.Actions = actionsOf(scene{manifest: m, facts: f, story: story, report: r, ack: cmp.Or(o.AckTarget, AckTarget)})
	return r
}

// impactWindow is the time in which bad events are put down to the incident:
// from the second in which the update started, so that no earlier revision's
// requests count, to the end of the impact, with half a minute more for the
// counters' last scrape and rounded up to the minute.
func impactWindow(r timeline.Rollout, s timeline.Story) evidence.Window {
	w := s.Window
	if start := firstTime(r.Started, s.Measures.Started.Time); !start.IsZero() {
		w.Start = start.Truncate(time.Second)
	}
	if end := s.Measures.Mitigated.Time; !end.IsZero() {
		end = end.Add(30*time.Second + time.Minute - 1).Truncate(time.Minute)
		if end.Before(w.End) {
			w.End = end
		}
	}
	// The next update's canary is not this incident's.
	if !r.Superseded.IsZero() && r.Superseded.Before(w.End) {
		w.End = r.Superseded
	}
	return w
}

func firstTime(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// canaryMatcher recognises the new version's series by a label whose value is
// its service, its pod template hash, its ReplicaSet or one of its pods.
func canaryMatcher(r timeline.Rollout) func(labels map[string]string) bool {
	return func(labels map[string]string) bool {
		for _, value := range labels {
			switch {
			case value == "":
			case value == r.CanaryService, value == r.CanaryHash, value == r.CanarySet:
				return true
			case r.CanarySet != "" && strings.HasPrefix(value, r.CanarySet+"-"):
				return true
			}
		}
		return false
	}
}

// Name is that of an incident's files: date, namespace, name and revision. Its
// parts come from Kubernetes, whose names are safe in paths, but a bundle may
// have been made by anybody, so anything else is replaced.
func Name(i Incident, day time.Time) string {
	parts := []string{day.UTC().Format(time.DateOnly), safe(i.Subject.Namespace), safe(i.Subject.Name), "r" + strconv.FormatInt(i.Revision, 10)}
	return strings.Join(parts, "-")
}

var unsafeInNames = regexp.MustCompile(`[^a-z0-9.-]+|\.{2,}|^[.-]+`)

// safe makes a name usable as part of a file name and of a git reference.
func safe(name string) string {
	const longest = 63 // of a DNS label
	name = unsafeInNames.ReplaceAllString(strings.ToLower(name), "_")
	if len(name) > longest {
		name = name[:longest]
	}
	if name == "" {
		return "_"
	}
	return name
}

// day is the date that the document goes by: that of the abort, else of the start.
func day(r timeline.Rollout, s timeline.Story) time.Time {
	switch {
	case r.Abort != nil:
		return r.Abort.Time
	case !r.Started.IsZero():
		return r.Started
	default:
		return s.Window.End
	}
}

func incidentOf(r timeline.Rollout, s timeline.Story) Incident {
	return Incident{
		Subject: r.Subject, App: r.App, Revision: r.Revision, Window: s.Window,
		Started: timeOf(s.Measures.Started), Detected: timeOf(s.Measures.Detected),
		Mitigated: timeOf(s.Measures.Mitigated), Resolved: timeOf(s.Measures.Resolved),
	}
}

func changeOf(r timeline.Rollout, events []timeline.Event) Change {
	c := Change{Images: []Image{}, Strategy: r.Strategy, Steps: []string{}, Replicas: r.Replicas, TrafficRouting: r.TrafficRouting, Phase: r.Phase}
	c.Steps = append(c.Steps, r.Steps...)
	for _, i := range r.Images {
		c.Images = append(c.Images, Image(i))
	}
	for _, e := range events {
		if e.Kind != timeline.TrafficShifted || !r.Superseded.IsZero() && !e.Time.Before(r.Superseded) {
			continue
		}
		if c.MaxWeight == nil || e.Weight > *c.MaxWeight {
			c.MaxWeight = &e.Weight
		}
	}
	return c
}

func analysesOf(runs []timeline.Analysis) []Analysis {
	list := []Analysis{}
	for _, run := range runs {
		a := Analysis{
			Name: run.Object.Name, Type: run.Type, Phase: run.Phase, Message: run.Message,
			Started: run.Started, Completed: run.Completed, Evidence: run.Evidence, Metrics: []Metric{},
		}
		for _, m := range run.Metrics {
			metric := Metric{
				Name: m.Name, Provider: m.Provider, Query: m.Query, Success: m.Success, Failure: m.Failure,
				FailureLimit: m.FailureLimit, Interval: m.Interval, InitialDelay: m.InitialDelay, Phase: m.Phase, DryRun: m.DryRun, Measurements: []Measurement{},
			}
			for _, v := range m.Measurements {
				metric.Measurements = append(metric.Measurements, Measurement{Time: v.Time, Value: v.Value, Phase: v.Phase, Message: v.Message})
			}
			a.Metrics = append(a.Metrics, metric)
		}
		list = append(list, a)
	}
	return list
}

func pagesOf(pages []timeline.Page) []Page {
	list := []Page{}
	for _, p := range pages {
		list = append(list, Page{
			ID: p.ID, Number: p.Number, Title: p.Title, URL: p.URL, Service: p.Service,
			Urgency: p.Urgency, Priority: p.Priority, Status: p.Status, Created: p.Created,
		})
	}
	return list
}

func eventOf(e timeline.Event) Event {
	out := Event{
		ID: e.ID, Time: e.Time, Precision: e.Precision.Seconds(), Sampled: e.Sampled, Source: e.Source, Clock: e.Clock, Kind: e.Kind,
		Subject: e.Subject, Role: e.Role, Title: e.Title, Detail: e.Detail, Key: e.Key, Evidence: e.Evidence, Links: e.Links,
	}
	if !e.End.IsZero() {
		out.End = &e.End
	}
	return out
}

func measuresOf(m timeline.Measures) Measures {
	return Measures{
		TTD: seconds(m.TTD), TTA: seconds(m.TTA), TTM: seconds(m.TTM), TTR: seconds(m.TTR), Exposure: seconds(m.Exposure),
		From: Moments{
			Started: momentOf(m.Started), Detected: momentOf(m.Detected), Aborted: momentOf(m.Aborted), Mitigated: momentOf(m.Mitigated),
			Paged: momentOf(m.Paged), Acked: momentOf(m.Acked), Resolved: momentOf(m.Resolved),
		},
	}
}

func momentOf(m timeline.Moment) *Moment {
	if !m.Known() {
		return nil
	}
	return &Moment{Time: m.Time, Event: m.Event, What: m.What}
}

func timeOf(m timeline.Moment) *time.Time {
	if !m.Known() {
		return nil
	}
	return &m.Time
}

// seconds rounds to milliseconds: no source's clock is better than that.
func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := d.Round(time.Millisecond).Seconds()
	return &s
}

// breachEvents are the moments that the objectives' counters show.
func breachEvents(f timeline.Facts, w evidence.Window) []timeline.Event {
	from := exposureStart(f, w)
	var events []timeline.Event
	for _, data := range f.SLIs {
		if data.FromAnalysis {
			continue
		}
		intervals := slo.Breaches(data, from, w.End)
		for i, b := range intervals {
			events = append(events, breachEvent(data, b, f.Rollout))
			if i == len(intervals)-1 && b.End.Before(w.End) {
				events = append(events, recoveryEvent(data, b, f.Rollout))
			}
		}
	}
	return events
}

// exposureStart is from when on a breach can be the update's doing: its first
// traffic, else its start.
func exposureStart(f timeline.Facts, w evidence.Window) time.Time {
	var shifted time.Time
	for _, e := range f.Events {
		if e.Kind == timeline.TrafficShifted && !e.Time.Before(f.Rollout.Started) {
			shifted = firstTime(shifted, e.Time)
		}
	}
	switch {
	case !shifted.IsZero():
		return shifted
	case !f.Rollout.Started.IsZero():
		return f.Rollout.Started
	default:
		return w.Start
	}
}

func breachEvent(d slo.Data, b slo.Interval, r timeline.Rollout) timeline.Event {
	e := sliEvent(d, r)
	e.Kind, e.Time, e.End, e.Precision = timeline.SLIBreached, b.Start, b.End, b.Precision
	e.Same = "objective below/" + d.Objective.Name
	e.Title = fmt.Sprintf("%s below its objective of %s", d.Objective.Name, Percent(d.Objective.Target))
	e.Detail = fmt.Sprintf("%.0f of %.0f events bad until %s; worst burn rate %s", b.Bad, b.Total, b.End.UTC().Format(time.TimeOnly), Number(b.PeakBurnRate))
	return e
}

func recoveryEvent(d slo.Data, b slo.Interval, r timeline.Rollout) timeline.Event {
	e := sliEvent(d, r)
	e.Kind, e.Time, e.Precision, e.Sampled = timeline.SLIRecovered, b.End, b.Precision, true
	e.Same = "objective back/" + d.Objective.Name
	e.Title = fmt.Sprintf("%s back within its objective of %s", d.Objective.Name, Percent(d.Objective.Target))
	return e
}

func sliEvent(d slo.Data, r timeline.Rollout) timeline.Event {
	e := timeline.Event{Source: "prometheus", Clock: "prometheus", Subject: r.Subject, Authority: timeline.FromStatus}
	for _, q := range d.Queries {
		if q.Evidence != "" {
			e.Evidence = append(e.Evidence, evidence.Citation(q.Evidence))
		}
	}
	return e
}

// objectivesSpoke tells whether an objective showed a breach. The analysis
// metric is then evidence of the analysis alone: a rate over a minute lags
// behind the counters.
func objectivesSpoke(f timeline.Facts) bool {
	for _, e := range f.Events {
		if e.Kind == timeline.SLIBreached && e.Authority == timeline.FromStatus {
			return true
		}
	}
	return false
}

func withoutMetricBreaches(events []timeline.Event) []timeline.Event {
	var kept []timeline.Event
	for _, e := range events {
		if (e.Kind == timeline.SLIBreached || e.Kind == timeline.SLIRecovered) && e.Authority != timeline.FromStatus {
			continue
		}
		kept = append(kept, e)
	}
	return kept
}
