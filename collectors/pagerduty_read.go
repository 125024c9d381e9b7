package collectors

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

const pdClock = "pagerduty"

// readPagerDuty adds the pages and what happened to them. Who people are is for
// [timeline.Facts.NamePeople] to say or not.
func readPagerDuty(b *evidence.Bundle, f *timeline.Facts) error {
	incidents, err := readPDIncidents(b)
	if err != nil {
		return err
	}
	var events []timeline.Event
	for _, i := range incidents {
		f.Pages = append(f.Pages, i.page())
		events = append(events, i.events(incidents)...)
		events = append(events, i.changeEvents(b.Manifest.Scope.Window)...)
	}
	f.Events = append(f.Events, events...)
	return nil
}

// pdIncident is an incident with all that was stored about it.
type pdIncident struct {
	pdCited
	matchedBy string
	entries   []pdCited // log entries, the oldest first
	notes     []pdCited
	changes   []pdCited
}

// pdCited is an object and where the bundle has it.
type pdCited struct {
	pdObject
	citation evidence.Citation
}

// readPDIncidents gathers what belongs to each incident, in their order.
func readPDIncidents(b *evidence.Bundle) ([]*pdIncident, error) {
	var incidents []*pdIncident
	byID := map[string]*pdIncident{}
	for line, err := range evidence.Lines[pdRecord](b, pdIncidentsEntry) {
		if err != nil {
			return nil, err
		}
		i := &pdIncident{pdCited: pdCited{line.Value.pdObject, line.Citation}, matchedBy: line.Value.matchedBy}
		incidents = append(incidents, i)
		byID[i.text("id")] = i
	}
	for _, part := range []struct {
		entry string
		of    func(*pdIncident) *[]pdCited
	}{
		{pdLogEntriesEntry, func(i *pdIncident) *[]pdCited { return &i.entries }},
		{pdNotesEntry, func(i *pdIncident) *[]pdCited { return &i.notes }},
		{pdChangeEventsEntry, func(i *pdIncident) *[]pdCited { return &i.changes }},
	} {
		for line, err := range evidence.Lines[pdRecord](b, part.entry) {
			if err != nil {
				return nil, err
			}
			if i := byID[line.Value.incident]; i != nil {
				list := part.of(i)
				*list = append(*list, pdCited{line.Value.pdObject, line.Citation})
			}
		}
	}
	for _, i := range incidents {
		// The API gives the newest first.
		slices.Reverse(i.entries)
		slices.SortStableFunc(i.entries, func(a, b pdCited) int { return a.time("created_at").Compare(b.time("created_at")) })
	}
	return incidents, nil
}

// page is the incident as documents list it.
func (i *pdIncident) page() timeline.Page {
	page := timeline.Page{
		ID: i.text("id"), Number: i.number("incident_number"),
		Title:   oneLine(cmp.Or(i.text("title"), i.text("summary"))),
		Service: oneLine(cmp.Or(i.text("service", "summary"), i.text("service", "name"))),
		Urgency: i.text("urgency"), Priority: i.text("priority", "summary"), Status: i.text("status"),
		Created: i.time("created_at"), MatchedBy: i.matchedBy, Evidence: i.citation,
	}
	if links := i.links(); len(links) > 0 {
		page.URL = links[0].URL
	}
	for _, told := range slices.Concat([]pdCited{i.pdCited}, i.entries, i.notes) {
		page.People = append(page.People, pdPeople(told.pdObject)...)
	}
	return page
}

// subject names the incident as people do, by its number.
func (i *pdIncident) subject() evidence.Object {
	name := i.text("id")
	if n := i.number("incident_number"); n > 0 {
		name = "#" + strconv.Itoa(n)
	}
	return evidence.Object{Kind: "Incident", Name: name, UID: i.text("id")}
}

// event is what all events from one of the incident's objects have in common.
func (i *pdIncident) event(from pdCited) timeline.Event {
	links := from.links()
	if len(links) == 0 {
		links = i.links()
	}
	return timeline.Event{
		Time: from.time("created_at"), Precision: secondPrecision, Clock: pdClock, Source: "pagerduty",
		Kind: timeline.Note, Authority: timeline.FromEvent, Subject: i.subject(),
		Evidence: []evidence.Citation{from.citation}, Links: links,
	}
}
