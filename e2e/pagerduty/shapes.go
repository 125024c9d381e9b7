package pagerduty

import (
	"fmt"
	"slices"
	"time"
)

// account is the address at which people see the account.
const account = "https://lab.pagerduty.com"

// newYork is a zone in which the API may tell times: notes come in the
// account's zone, whatever zone the client asked in.
var newYork = time.FixedZone("account", -5*60*60)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func reference(kind, id, summary, plural string) object {
	return object{
		"id":       id,
		"type":     kind + "_reference",
		"summary":  summary,
		"self":     "https://api.pagerduty.com/" + plural + "/" + id,
		"html_url": account + "/" + plural + "/" + id,
	}
}

func onCall() object { return reference("user", "PUSER01", OnCall, "users") }

func escalationPolicy() object {
	return reference("escalation_policy", "PPOLICY", "Default", "escalation_policies")
}

func (s service) reference() object { return reference("service", s.id, s.name, "services") }

func (s service) json() object {
	o := s.reference()
	o["type"] = "service"
	o["name"] = s.name
	o["status"] = "active"
	o["created_at"] = "2025-01-01T00:00:00Z"
	o["escalation_policy"] = escalationPolicy()
	o["teams"] = []object{}
	return o
}

func (i *Incident) reference() object {
	return reference("incident", i.ID, fmt.Sprintf("[#%d] %s", i.number, i.title), "incidents")
}

func (i *Incident) json() object {
	o := i.reference()
	o["type"] = "incident"
	o["incident_number"] = i.number
	o["title"] = i.title
	o["created_at"] = stamp(i.created)
	o["updated_at"] = stamp(i.changed)
	o["status"] = i.status
	o["incident_key"] = "key-" + i.ID
	o["service"] = i.service.reference()
	o["assignments"] = []object{{"at": stamp(i.created), "assignee": onCall()}}
	o["assigned_via"] = "escalation_policy"
	o["last_status_change_at"] = stamp(i.changed)
	o["last_status_change_by"] = onCall()
	o["resolved_at"] = nil
	if i.resolved != nil {
		o["resolved_at"] = stamp(*i.resolved)
		o["assignments"] = []object{}
	}
	if i.mergedIn != nil {
		o["resolve_reason"] = object{"type": "merge_resolve_reason", "incident": i.mergedIn.reference()}
	}
	o["first_trigger_log_entry"] = reference("trigger_log_entry", i.entries[0].id, i.entries[0].text, "log_entries")
	o["alert_counts"] = object{"all": 1, "triggered": 1, "resolved": 0}
	o["is_mergeable"] = true
	o["escalation_policy"] = escalationPolicy()
	o["teams"] = []object{}
	o["pending_actions"] = []object{}
	o["acknowledgements"] = []object{}
	o["urgency"] = "high"
	return o
}

// logEntries are the newest first, as the API gives them.
func (i *Incident) logEntries() []object {
	var list []object
	for _, e := range i.entries {
		list = append(list, i.logEntry(e))
	}
	if i.odd {
		list = append(list, i.oddEntries()...)
	}
	slices.Reverse(list)
	return list
}

func (i *Incident) logEntry(e entry) object {
	o := reference(e.kind+"_log_entry", e.id, e.text, "log_entries")
	o["type"] = e.kind + "_log_entry"
	o["created_at"] = stamp(e.at)
	o["agent"] = onCall()
	o["channel"] = object{"type": "website"}
	o["service"] = i.service.reference()
	o["incident"] = i.reference()
	o["teams"] = []object{}
	o["contexts"] = []object{}
	switch e.kind {
	case "trigger":
		o["agent"] = i.service.reference()
		o["channel"] = object{"type": "api"}
		o["event_details"] = object{"description": i.title}
	case "notify":
		o["agent"] = i.service.reference()
		o["channel"] = object{"type": "auto"}
		o["user"] = onCall()
	case "annotate":
		o["channel"] = object{"type": "note", "summary": e.text}
	case "acknowledge":
		o["acknowledgement_timeout"] = 1800
	}
	return o
}

// oddEntries are what the real API has sent to people's surprise: a kind of
// entry nobody has documented, a channel without a type, details that are not
// strings.
func (i *Incident) oddEntries() []object {
	entry := func(n int, kind string) object {
		o := reference(kind+"_log_entry", fmt.Sprintf("RODD%s%d", i.ID, n), "Something else happened.", "log_entries")
		o["type"] = kind + "_log_entry"
		o["created_at"] = stamp(i.created)
		o["incident"] = i.reference()
		return o
	}
	unknown := entry(1, "moon_phase_change")
	unknown["channel"] = object{"type": "website"}

	typeless := entry(2, "notify")
	typeless["channel"] = object{"type": nil}

	nested := entry(3, "urgency_change")
	nested["channel"] = object{"type": "api", "body": object{"details": object{"nested": []int{1, 2}}}}
	nested["event_details"] = object{"description": 42, "more": []string{"a"}}
	nested["agent"] = nil
	return []object{unknown, typeless, nested}
}

func (i *Incident) notesJSON() []object {
	var list []object
	for _, n := range i.notes {
		list = append(list, object{
			"id":         n.id,
			"user":       onCall(),
			"channel":    object{"summary": "The PagerDuty website or APIs"},
			"content":    n.content,
			"created_at": n.at.In(newYork).Format(time.RFC3339),
			"updated_at": n.at.In(newYork).Format(time.RFC3339),
		})
	}
	return list
}

// alerts is the one alert that caused the page. In an odd incident its details
// are an object and its conference number is a number.
func (i *Incident) alerts() []object {
	o := reference("alert", "A"+i.ID, i.title, "alerts")
	o["type"] = "alert"
	o["created_at"] = stamp(i.created)
	o["status"] = "triggered"
	if i.resolved != nil {
		o["status"] = "resolved"
	}
	o["alert_key"] = "key-" + i.ID
	o["service"] = i.service.reference()
	o["incident"] = i.reference()
	o["suppressed"] = false
	o["severity"] = "critical"
	o["body"] = object{"type": "alert_body", "details": object{"alertname": "ErrorBudgetBurn"}}
	if i.odd {
		o["body"] = object{"type": "alert_body", "conference_number": 15551234, "details": object{"labels": object{"n": 1}}}
	}
	return []object{o}
}

func (i *Incident) changeEvents() []object {
	var list []object
	for _, c := range i.changes {
		list = append(list, object{
			"id":                 c.id,
			"type":               "change_event",
			"summary":            c.summary,
			"timestamp":          stamp(c.at),
			"source":             "build-pipeline",
			"services":           []object{i.service.reference()},
			"links":              []object{},
			"custom_details":     object{"build_state": "passed"},
			"correlation_reason": object{"reason": "related_service"},
		})
	}
	return list
}
