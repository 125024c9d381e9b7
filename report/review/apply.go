package review

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

// Source is the source of added events.
const Source = "reviewer"

// reach is how far from the incident's window an added event may lie: a
// timeline shows times of day.
const reach = 12 * time.Hour

// ApplyBeside applies the review that stands beside a document to its report.
// The document is named by its path without extension. Read reads a file;
// without that of the review the report stays as it is. Redact keeps out of the
// report what reviewers must not write into it; nil does not.
func ApplyBeside(document string, read func(name string) ([]byte, error), r report.Report, redact func(report.Report) (report.Report, error)) (report.Report, error) {
	name := document + Suffix
	data, err := read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("reading the review of the timeline: %w", err)
	}
	decided, err := Parse(name, data)
	if err != nil {
		return r, err
	}
	if r, err = decided.Apply(r); err != nil || redact == nil {
		return r, err
	}
	return redact(r)
}

// Apply gives the report as the review wants it; the report itself stays as it
// is. An error is one [*Error] or several of them, joined.
func (v Review) Apply(r report.Report) (report.Report, error) {
	p := &problems{file: v.File}
	known := r.Events
	r.Events, r.Hidden = slices.Clone(r.Events), slices.Clone(r.Hidden)
	r.Measures.From = copied(r.Measures.From)
	for i, d := range v.Decisions {
		field := fmt.Sprintf("[%d]", i)
		if d.Add != nil {
			p.add(field, d, &r)
			continue
		}
		at := slices.IndexFunc(r.Events, func(e report.Event) bool { return e.ID == d.Event })
		switch {
		case at < 0:
			p.at(d.Line, field+".event", unknown(d.Event, known))
		case d.Hide:
			p.hide(field, d, &r, at)
		default:
			change(d, &r, at)
		}
	}
	if err := p.err(); err != nil {
		return report.Report{}, err
	}
	return r, nil
}

// change pins or retitles an event.
func change(d Decision, r *report.Report, at int) {
	e := &r.Events[at]
	e.Reviewed = &report.Reviewed{Pinned: d.Pin}
	e.Key = e.Key || d.Pin
	if d.Title == "" {
		return
	}
	e.Reviewed.Title, e.Title = e.Title, d.Title
	for _, m := range momentsOf(r.Measures.From) {
		if m.Event == e.ID {
			m.What = d.Title
		}
	}
}

// hide takes an event from the timeline, unless a figure rests on it: the
// document would state what it does not show.
func (p *problems) hide(field string, d Decision, r *report.Report, at int) {
	e := r.Events[at]
	if what := restsOn(*r, e); what != "" {
		p.at(d.Line, field+".hide", fmt.Sprintf("%s (%q) cannot be hidden: %s. Retitle it instead", e.ID, e.Title, what))
		return
	}
	r.Events = slices.Delete(r.Events, at, at+1)
	r.Hidden = append(r.Hidden, report.Hidden{ID: e.ID, Time: e.Time, Kind: e.Kind, Source: e.Source, Title: e.Title, Reason: d.Reason, Evidence: e.Evidence})
	slices.SortStableFunc(r.Hidden, func(a, b report.Hidden) int { return a.Time.Compare(b.Time) })
}

// restsOn says which figures rest on an event; nothing if none does.
func restsOn(r report.Report, e report.Event) string {
	for _, m := range momentsOf(r.Measures.From) {
		if m.Event == e.ID {
			return "a response measure is taken from it"
		}
	}
	switch e.Kind {
	case timeline.TrafficShifted, timeline.TrafficRestored:
		return "the new version's share of traffic follows from it"
	case timeline.CanaryReady:
		if !r.Change.TrafficRouting {
			return "the new version's time in service follows from it"
		}
	}
	return ""
}

func momentsOf(m report.Moments) []*report.Moment {
	known := []*report.Moment{m.Started, m.Detected, m.Aborted, m.Mitigated, m.Paged, m.Acked, m.Resolved}
	return slices.DeleteFunc(known, func(m *report.Moment) bool { return m == nil })
}

// copied gives moments that may be changed without those of the report changing.
func copied(m report.Moments) report.Moments {
	for _, moment := range []**report.Moment{&m.Started, &m.Detected, &m.Aborted, &m.Mitigated, &m.Paged, &m.Acked, &m.Resolved} {
		if *moment != nil {
			*moment = new(**moment)
		}
	}
	return m
}

// add puts a reviewer's event in its place by time.
func (p *problems) add(field string, d Decision, r *report.Report) {
	a, w := d.Add, r.Incident.Window
	if a.Time.Before(w.Start.Add(-reach)) || a.Time.After(w.End.Add(reach)) {
		p.at(d.Line, field+".add.time", fmt.Sprintf("is more than 12 hours from the incident (%s to %s)", w.Start.Format(time.RFC3339), w.End.Format(time.RFC3339)))
		return
	}
	e := report.Event{
		ID: addedID(a), Time: a.Time, Precision: time.Second.Seconds(), Source: Source, Clock: Source, Kind: timeline.Note,
		Role: a.Role, Title: a.Title, Detail: "stated by a reviewer: " + a.Source, Key: a.Pin, Evidence: []evidence.Citation{},
		Reviewed: &report.Reviewed{Added: true, Pinned: a.Pin},
	}
	if slices.ContainsFunc(r.Events, func(other report.Event) bool { return other.ID == e.ID }) {
		p.at(d.Line, field+".add", "is there already: its time and title are those of another added event")
		return
	}
	at := slices.IndexFunc(r.Events, func(other report.Event) bool { return other.Time.After(a.Time) })
	if at < 0 {
		at = len(r.Events)
	}
	r.Events = slices.Insert(r.Events, at, e)
}

func addedID(a *Addition) string {
	sum := sha256.Sum256([]byte(Source + "\x00" + a.Time.Format(time.RFC3339) + "\x00" + a.Title))
	return "e-" + hex.EncodeToString(sum[:5])
}

// unknown says that there is no such event, and which it may have been: those
// whose ids differ in few places.
func unknown(id string, events []report.Event) string {
	const places, most = 4, 3
	var near []string
	for _, e := range events {
		if differences(id, e.ID) <= places && len(near) < most {
			near = append(near, fmt.Sprintf("%s (%q)", e.ID, e.Title))
		}
	}
	message := fmt.Sprintf("there is no event %q", id)
	if len(near) > 0 {
		message += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return message + " (the JSON form, --format json, lists all events with their ids)"
}

// differences counts the places in which two ids differ.
func differences(a, b string) int {
	n := max(len(a), len(b)) - min(len(a), len(b))
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
