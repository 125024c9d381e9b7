package collectors

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// Who acts, as a role.
const (
	pdOnCall     = "on-call engineer"
	pdResponder  = "responder"
	pdAutomation = "integration"
)

// pdNoteWithin is how far apart a note and the log entry about it are stamped.
const pdNoteWithin = 2 * time.Second

// events are the moments of the incident: what its log tells, its notes and,
// where the log is missing, what the incident itself shows.
func (i *pdIncident) events(all []*pdIncident) []timeline.Event {
	var events []timeline.Event
	notes, annotations := i.noteEvents()
	events = append(events, notes...)
	seen := map[string]bool{}
	for n, entry := range i.entries {
		if annotations[n] || entry.time("created_at").IsZero() {
			continue
		}
		kind := pdKind(entry.pdObject)
		events = append(events, i.entryEvent(entry, kind, seen[kind], all))
		seen[kind] = true
	}
	return append(events, i.ownEvents(seen)...)
}

// pdKind is a log entry's type in one word or a few, such as "acknowledge".
func pdKind(entry pdObject) string {
	kind := strings.TrimSuffix(strings.TrimSuffix(entry.text("type"), "_reference"), "_log_entry")
	if kind == "acknowledgement" { // as one place of the documentation calls it
		return "acknowledge"
	}
	return kind
}

// pdTitles are the titles of what is no key moment.
var pdTitles = map[string]string{
	"trigger":                   "triggered again",
	"assign":                    "assigned to a responder",
	"delegate":                  "reassigned to another responder",
	"escalate":                  "escalated",
	"exhaust_escalation_path":   "nobody left to escalate to",
	"repeat_escalation_path":    "escalation policy begun again",
	"notify":                    "responder notified",
	"reach_ack_limit":           "limit of acknowledgements reached",
	"reach_trigger_limit":       "limit of triggers reached",
	"snooze":                    "snoozed",
	"unacknowledge":             "acknowledgement withdrawn",
	"urgency_change":            "urgency changed",
	"field_value_change":        "field changed",
	"custom_field_value_change": "custom field changed",
}

// entryEvent is what a log entry tells. Its summary is not repeated: it names
// people.
func (i *pdIncident) entryEvent(entry pdCited, kind string, again bool, all []*pdIncident) timeline.Event {
	e := i.event(entry)
	if id := entry.text("id"); id != "" {
		e.Same = "pagerduty/" + id
	}
	e.Role, e.Actor = pdRole(entry.object("agent"), pdResponder), pdActor(entry.object("agent"))
	e.Detail = oneLine(entry.text("note"))
	merged := pdMergedInto(i.pdObject) // the page is the incident that it went into
	switch {
	case kind == "trigger" && merged != "":
		e.Title = "PagerDuty: another incident triggered, later merged into " + pdNumber(merged, all)
	case kind == "trigger" && !again:
		i.trigger(&e)
	case kind == "acknowledge":
		e.Kind, e.Title, e.Role = timeline.PageAcknowledged, "Page acknowledged", pdRole(entry.object("agent"), pdOnCall)
	case kind == "resolve" && merged != "":
		e.Title = "PagerDuty: incident merged into " + pdNumber(merged, all)
	case kind == "resolve":
		e.Kind, e.Title = timeline.PageResolved, "Page resolved"
		if entry.text("channel", "type") == "timeout" {
			e.Title += " by a timeout"
		}
	case kind == "annotate":
		e.Title, e.Detail = pdNoteTitle(e.Role), pdAnnotation(entry.pdObject)
	case kind == "notify":
		e.Title, e.Role, e.Actor = "PagerDuty: "+pdTitles[kind]+pdBy(entry.pdObject), "", ""
	case pdTitles[kind] != "":
		e.Title = "PagerDuty: " + pdTitles[kind]
	default:
		e.Title = "PagerDuty: " + cmp.Or(oneLine(strings.ReplaceAll(kind, "_", " ")), "log entry")
	}
	return e
}

func (i *pdIncident) trigger(e *timeline.Event) {
	e.Kind, e.Title = timeline.PageTriggered, "Page triggered"
	if title := oneLine(cmp.Or(i.text("title"), i.text("summary"))); title != "" {
		e.Title += ": " + title
	}
}

// ownEvents are what the incident itself shows, for when its log could not be
// read.
func (i *pdIncident) ownEvents(logged map[string]bool) []timeline.Event {
	var events []timeline.Event
	if !logged["trigger"] && !i.time("created_at").IsZero() {
		e := i.event(i.pdCited)
		i.trigger(&e)
		events = append(events, e)
	}
	if at := pdResolvedAt(i.pdObject); !logged["resolve"] && !at.IsZero() && pdMergedInto(i.pdObject) == "" {
		e := i.event(i.pdCited)
		e.Kind, e.Title, e.Time = timeline.PageResolved, "Page resolved", at
		events = append(events, e)
	}
	return events
}

// pdRole is the role of who acted: a person has the one given.
func pdRole(agent pdObject, person string) string {
	switch kind := agent.text("type"); {
	case kind == "":
		return ""
	case pdIsPerson(kind):
		return person
	default:
		return pdAutomation
	}
}

// pdBy tells by what means somebody was notified, if the channel says so.
func pdBy(entry pdObject) string {
	switch kind := entry.text("channel", "notification", "type"); kind {
	case "sms_notification", "email_notification", "phone_notification", "push_notification":
		return " by " + strings.TrimSuffix(kind, "_notification")
	default:
		return ""
	}
}

// pdNumber names an incident by its number, if it is known, and else by its id.
func pdNumber(id string, all []*pdIncident) string {
	for _, i := range all {
		if i.text("id") == id {
			return i.subject().Name
		}
	}
	return id
}

// noteEvents are the notes, and which of the log entries tell of the same: the
// log keeps a note's first words, the note has those it was edited to.
func (i *pdIncident) noteEvents() (events []timeline.Event, told map[int]bool) {
	told = map[int]bool{}
	for _, note := range i.notes {
		e := i.event(note)
		if e.Time.IsZero() {
			continue
		}
		if id := note.text("id"); id != "" {
			e.Same = "pagerduty/note/" + id
		}
		e.Role, e.Actor = pdRole(note.object("user"), pdResponder), pdActor(note.object("user"))
		e.Title, e.Detail = pdNoteTitle(e.Role), oneLine(note.text("content"))
		edited := note.time("updated_at").After(e.Time.Add(pdNoteWithin))
		if edited {
			e.Title += ", edited later"
		}
		n := slices.IndexFunc(i.entries, func(entry pdCited) bool {
			apart := entry.time("created_at").Sub(e.Time).Abs()
			return pdKind(entry.pdObject) == "annotate" && apart <= pdNoteWithin && (edited || pdAnnotation(entry.pdObject) == e.Detail)
		})
		if n >= 0 && !told[n] {
			told[n] = true
			e.Evidence = append(e.Evidence, i.entries[n].citation)
		}
		events = append(events, e)
	}
	return events, told
}

// pdAnnotation is the text of an annotate entry, which stands in one of several
// places.
func pdAnnotation(entry pdObject) string {
	return oneLine(cmp.Or(entry.text("note"), entry.text("channel", "summary"), entry.text("summary")))
}

func pdNoteTitle(role string) string {
	switch role {
	case pdResponder:
		return "Note by the responder"
	case pdAutomation:
		return "Note by an integration"
	default:
		return "Note in PagerDuty"
	}
}

// changeEvents are the changes that PagerDuty relates to the incident, as far
// as they lie in the window: it also relates much older ones.
func (i *pdIncident) changeEvents(w evidence.Window) []timeline.Event {
	var events []timeline.Event
	for _, change := range i.changes {
		at := change.time("timestamp")
		if at.IsZero() || !w.Contains(at) {
			continue
		}
		e := i.event(change)
		source := oneLine(change.text("source"))
		e.Kind, e.Time, e.Clock = timeline.ChangeBuilt, at, cmp.Or(source, pdClock)
		e.Title = cmp.Or(oneLine(change.text("summary")), "Change without a summary")
		e.Subject = evidence.Object{Kind: "ChangeEvent", Name: cmp.Or(source, change.text("id")), UID: change.text("id")}
		if id := change.text("id"); id != "" {
			e.Same = "pagerduty/change/" + id // it may be related to several incidents
		}
		for _, link := range change.list("links") {
			e.Links = append(e.Links, pdLink(cmp.Or(oneLine(link.text("text")), "Change"), link.text("href"))...)
		}
		events = append(events, e)
	}
	return events
}
