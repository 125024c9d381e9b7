package templates

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

// publicKind is the kind of a public report's subject.
const publicKind = "Service"

// anonymous makes a report for people outside. It is built anew from times,
// figures and words of debrief's own vocabularies, rather than cleaned: what
// nobody thought of is left out. Names become pseudonyms, in their order in the
// report, so that the same thing has the same pseudonym throughout. Nothing in
// a report can say that it is anonymous already; one that is comes out the same.
func anonymous(r report.Report) report.Report {
	p := &pseudonyms{}
	out := report.Report{
		SchemaVersion: r.SchemaVersion, Tool: "debrief", Name: publicName(r), Collected: r.Collected,
		Incident: report.Incident{
			Subject: evidence.Object{Kind: publicKind, Name: p.of("Service", r.Incident.Subject.Namespace+"/"+r.Incident.Subject.Name)},
			Window:  r.Incident.Window,
			Started: r.Incident.Started, Detected: r.Incident.Detected, Mitigated: r.Incident.Mitigated, Resolved: r.Incident.Resolved,
		},
		Change: publicChange(r.Change), Abort: publicAbort(r.Abort),
		Analyses: []report.Analysis{}, Pages: []report.Page{}, Impact: []report.Impact{}, Phases: []report.Phase{},
		Events: publicEvents(r), Series: []report.Series{}, Weights: slices.Clone(r.Weights), Actions: []report.Action{},
		Coverage: publicCoverage(r.Coverage),
	}
	for _, a := range r.Analyses {
		out.Analyses = append(out.Analyses, report.Analysis{
			Name: p.of("Check", a.Name), Phase: word(a.Phase, "Pending", "Running", "Successful", "Failed", "Error", "Inconclusive"),
			Started: a.Started, Completed: a.Completed, Metrics: []report.Metric{},
		})
	}
	for _, page := range r.Pages {
		out.Pages = append(out.Pages, report.Page{Created: page.Created, Urgency: word(page.Urgency, "high", "low")})
	}
	for _, i := range r.Impact {
		out.Impact = append(out.Impact, publicImpact(i, p))
	}
	for i, phase := range r.Phases {
		name := word(phase.Name, "Undetected", "Until the abort", "Until the impact ended", "Page open")
		if name == "" {
			name = "Phase " + strconv.Itoa(i+1)
		}
		out.Phases = append(out.Phases, report.Phase{Name: name, Start: phase.Start, End: phase.End})
	}
	for _, s := range r.Series {
		out.Series = append(out.Series, publicSeries(s, p))
	}
	out.Measures = publicMeasures(r.Measures, r.Events, out.Events)
	return out
}

// publicName names a public document's files after its date and time alone.
func publicName(r report.Report) string {
	return dayOf(r).UTC().Format("2006-01-02-1504") + "-public"
}

// dayOf is the moment that a document goes by.
func dayOf(r report.Report) time.Time {
	if r.Abort != nil {
		return r.Abort.Time
	}
	return r.Incident.Window.End
}

func publicChange(c report.Change) report.Change {
	return report.Change{
		Images: []report.Image{}, Steps: []string{}, TrafficRouting: c.TrafficRouting, MaxWeight: c.MaxWeight,
		Strategy: word(c.Strategy, "canary", "blueGreen"), Phase: word(c.Phase, "Healthy", "Degraded", "Progressing", "Paused"),
	}
}

func publicAbort(a *report.Abort) *report.Abort {
	if a == nil {
		return nil
	}
	out := &report.Abort{Time: a.Time, Cause: timeline.CauseUnknown, Confidence: timeline.Uncertain, Evidence: []evidence.Citation{}}
	switch a.Cause {
	case timeline.CauseAnalysis, timeline.CauseExperiment, timeline.CausePlugin, timeline.CauseProgressDeadline, timeline.CauseUser:
		out.Cause = a.Cause
	}
	switch a.Confidence {
	case timeline.Certain, timeline.Likely:
		out.Confidence = a.Confidence
	}
	return out
}

// publicImpact keeps the figures.
func publicImpact(i report.Impact, p *pseudonyms) report.Impact {
	i.Objective = p.of("Objective", i.Objective)
	i.BaselineFrom = word(i.BaselineFrom, string(slo.ConcurrentStable), string(slo.BeforeIncident), string(slo.NoBaseline))
	i.Queries = []slo.Query{}
	return i
}

// publicSeries keeps the values. What they are held against is an expression of
// the company's own.
func publicSeries(s report.Series, p *pseudonyms) report.Series {
	const rate = ": error rate" // of an objective
	name, isRate := strings.CutSuffix(s.Name, rate)
	if isRate && p.known("Objective", name) {
		name = p.of("Objective", name) + rate
	} else {
		name = p.of("Metric", s.Name)
	}
	return report.Series{Name: name, Threshold: s.Threshold, Points: slices.Clone(s.Points)}
}

// publicCoverage tells which kinds of sources left something out.
func publicCoverage(list []evidence.Coverage) []evidence.Coverage {
	out := []evidence.Coverage{}
	for _, c := range list {
		public := evidence.Coverage{Source: publicSource(c.Source), Status: evidence.StatusOK}
		if c.Gap() {
			public.Status = evidence.StatusPartial
		}
		i := slices.IndexFunc(out, func(o evidence.Coverage) bool { return o.Source == public.Source })
		switch {
		case i < 0:
			out = append(out, public)
		case public.Gap():
			out[i] = public
		}
	}
	return out
}

// publicSource says what sort of system a source is.
func publicSource(source string) string {
	name, _, _ := strings.Cut(source, "/")
	switch name {
	case "prometheus":
		return "monitoring"
	case "argo":
		return "release system"
	case "kubernetes":
		return "platform"
	case "pagerduty":
		return "on-call"
	default:
		return cmp.Or(word(name, "monitoring", "release system", "platform", "on-call"), "other")
	}
}

// publicEvents keeps the events whose kind says enough.
func publicEvents(r report.Report) []report.Event {
	out := []report.Event{}
	for _, e := range r.Events {
		title := publicTitle(e, r.Weights)
		if title == "" {
			continue
		}
		out = append(out, report.Event{
			ID: "event-" + strconv.Itoa(len(out)+1), Time: e.Time, End: e.End, Precision: e.Precision, Sampled: e.Sampled,
			Source: publicSource(e.Source), Kind: e.Kind, Subject: evidence.Object{Kind: publicKind},
			Title: title, Key: e.Key, Evidence: []evidence.Citation{},
		})
	}
	return out
}

func publicTitle(e report.Event, weights []report.Weight) string {
	for _, w := range weights {
		if e.Kind == timeline.TrafficShifted && w.Time.Equal(e.Time) {
			return fmt.Sprintf("The new version received %d %% of the traffic", w.Percent)
		}
	}
	for _, k := range kinds {
		if k.kind == e.Kind {
			return k.public
		}
	}
	return ""
}

// publicMeasures keeps the figures, and takes the moments' words from the
// public events.
func publicMeasures(m report.Measures, events, public []report.Event) report.Measures {
	moment := func(of *report.Moment, what string) *report.Moment {
		if of == nil {
			return nil
		}
		out := &report.Moment{Time: of.Time, What: what}
		for _, e := range events {
			if e.ID != of.Event {
				continue
			}
			for _, p := range public {
				if p.Kind == e.Kind && p.Time.Equal(e.Time) {
					out.Event, out.What = p.ID, p.Title
					return out
				}
			}
		}
		return out
	}
	f := m.From
	m.From = report.Moments{
		Started: moment(f.Started, "start of the impact"), Detected: moment(f.Detected, "first detection"), Aborted: moment(f.Aborted, "abort"),
		Mitigated: moment(f.Mitigated, "end of the impact"), Paged: moment(f.Paged, "notification"), Acked: moment(f.Acked, "acknowledgement"),
		Resolved: moment(f.Resolved, "end of the incident"),
	}
	return m
}

// word is s if it is one of the words, else nothing.
func word(s string, words ...string) string {
	if slices.Contains(words, s) {
		return s
	}
	return ""
}

// pseudonyms gives names letters, by their kind and in the order of asking.
type pseudonyms struct{ given []pseudonym }

type pseudonym struct{ kind, name, shown string }

func (p *pseudonyms) of(kind, name string) string {
	count := 0
	for _, g := range p.given {
		if g.kind != kind {
			continue
		}
		if g.name == name {
			return g.shown
		}
		count++
	}
	shown := kind + " " + letters(count)
	p.given = append(p.given, pseudonym{kind, name, shown})
	return shown
}

func (p *pseudonyms) known(kind, name string) bool {
	return slices.ContainsFunc(p.given, func(g pseudonym) bool { return g.kind == kind && g.name == name })
}

// letters counts A to Z, AA, AB and so on.
func letters(n int) string {
	s := ""
	for n++; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}
