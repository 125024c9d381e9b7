package collectors

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// TestPagerDutyMerged follows an incident into one of another service, which
// was created long before.
func TestPagerDutyMerged(t *testing.T) {
	server := newPDServer(t)
	merged := pdIncidentJSON(t, "PDOUBLE", "checkout", "x", 3)
	merged["status"], merged["resolved_at"] = "resolved", pdAt(4)
	merged["resolve_reason"] = map[string]any{"type": "merge_resolve_reason", "incident": map[string]any{"id": "PMAIN"}}
	server.lists["/incidents"] = []any{merged}
	main := pdIncidentJSON(t, "PMAIN", "Platform", "y", -3000)
	main["incident_number"] = 6
	server.objects["/incidents/PMAIN"] = map[string]any{"incident": main}
	server.lists["/incidents/PDOUBLE/log_entries"] = []any{
		pdJSON(t, `{"id":"R1","type":"resolve_log_entry","created_at":"`+pdAt(4)+`","agent":{"type":"user_reference","summary":"Ada Quartermain"}}`),
	}
	server.lists["/incidents/PMAIN/log_entries"] = []any{
		pdJSON(t, `{"id":"R2","type":"resolve_log_entry","created_at":"`+pdAt(9)+`","incident":{"id":"PMAIN"},"agent":{"type":"user_reference","summary":"Ada Quartermain"}}`),
	}
	bundle, facts := pdCollect(t, pdSettings(server))
	if !slices.Contains(pdCoverage(bundle), "pagerduty/incidents ok 2") {
		t.Errorf("coverage: %q", pdCoverage(bundle))
	}
	want := []string{
		"19:44:00 note #7 PagerDuty: incident merged into #6 (responder)",
		"19:43:00 page.triggered #7 Page triggered: x",
		"19:49:00 page.resolved #6 Page resolved (responder)",
		"17:40:00 page.triggered #6 Page triggered: y",
	}
	if diff := cmp.Diff(want, pdStory(facts.Events)); diff != "" {
		t.Error(diff)
	}
}

// pdStory gives events as lines.
func pdStory(events []timeline.Event) []string {
	var lines []string
	for _, e := range events {
		line := fmt.Sprintf("%s %s %s %s", e.Time.Format(time.TimeOnly), e.Kind, e.Subject.Name, e.Title)
		if e.Detail != "" {
			line += ": " + e.Detail
		}
		if e.Role != "" {
			line += " (" + e.Role + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestPagerDutyStory(t *testing.T) {
	server := newPDServer(t)
	incident := pdIncidentJSON(t, "PINC", "checkout", "ErrorBudgetBurn: call ada@example.com", 15)
	for key, value := range pdJSON(t, `{
		"priority": {"type": "priority_reference", "summary": "P1"}, "status": "resolved",
		"acknowledgements": [{"at": "x", "acknowledger": {"type": "user", "id": "U2", "name": "Grace O'Hara", "email": "grace@example.com"}}],
		"first_trigger_log_entry": {"id": "R01", "type": "trigger_log_entry_reference"}}`) {
		incident[key] = value
	}
	server.lists["/incidents"] = []any{incident}
	ada := `{"id": "U1", "type": "user_reference", "summary": "Ada Quartermain", "html_url": "https://acme.pagerduty.com/users/U1"}`
	service := `{"id": "S1", "type": "service_reference", "summary": "checkout"}`
	entry := func(id, kind string, minutes float64, more string) any {
		return pdJSON(t, fmt.Sprintf(`{"id": %q, "type": "%s_log_entry", "created_at": %q, "incident": {"id": "PINC"}, "summary": "by Ada Quartermain"%s}`, id, kind, pdAt(minutes), more))
	}
	server.lists["/incidents/PINC/log_entries"] = []any{ // the newest first
		entry("R20", "resolve", 40, `, "agent": `+ada+`, "channel": {"type": "website"}, "note": "Rolled back by ADA  QUARTERMAIN."`),
		entry("R19", "reach_ack_limit", 39, `, "agent": null`),
		entry("R18", "custom_field_value_change", 38, `, "agent": `+ada+`, "changeset": ["x"]`),
		entry("R17", "moon_phase_change", 37, `, "agent": "nobody", "channel": "none"`),
		entry("R16", "urgency_change", 36, `, "channel": {"type": "api", "body": {"details": {"user": {"type": "user", "id": "X", "name": "checkout"}}}}, "event_details": {"description": 42}`),
		entry("R15", "snooze", 35, `, "agent": `+ada),
		entry("R14", "unacknowledge", 34, `, "agent": `+service+`, "channel": {"type": "timeout"}`),
		entry("R13", "annotate", 30, `, "agent": `+ada+`, "channel": {"type": "note", "summary": "Before the edit"}`),
		entry("R12", "annotate", 25, `, "agent": `+service+`, "channel": {"type": "note", "summary": "Only in the log"}`),
		entry("R11", "annotate", 20, `, "agent": `+ada+`, "channel": {"type": "note", "summary": "Grace O'Hara looks at the canary."}`),
		entry("R10", "trigger", 19, `, "agent": `+service+`, "channel": {"type": "api", "service_key": "pd-integration-key"}`),
		entry("R09", "acknowledge", 18, `, "agent": `+ada+`, "acknowledgement_timeout": null`),
		entry("R08", "acknowledgement", 17.5, `, "agent": `+service),
		entry("R07", "delegate", 17, `, "agent": `+ada+`, "assignees": [`+ada+`]`),
		entry("R06", "repeat_escalation_path", 16.6, `, "agent": `+service),
		entry("R05", "exhaust_escalation_path", 16.5, `, "agent": `+service),
		entry("R04", "escalate", 16.4, `, "agent": `+service+`, "assignees": [`+ada+`]`),
		entry("R03", "notify", 15.1, `, "agent": `+service+`, "user": `+ada+`, "channel": {"type": "auto", "notification": {"type": "sms_notification", "address": "+1 555 0100", "user": `+ada+`}}`),
		entry("R02", "assign", 15, `, "agent": `+service+`, "channel": {"type": null}, "assignees": [`+ada+`]`),
		entry("R01", "trigger", 15, `, "agent": `+service+`, "channel": {"type": "api"}, "html_url": "javascript:alert(1)", "event_details": {"description": "x"}`),
		pdJSON(t, `{"id": "R00", "type": 5, "incident": {"id": "PINC"}, "created_at": "yesterday"}`),
		nil,
	}
	server.lists["/incidents/PINC/notes"] = []any{
		pdJSON(t, `{"id": "N1", "user": `+ada+`, "content": "Grace O'Hara looks at\nthe canary.", "created_at": "2026-03-03T15:00:01-05:00", "updated_at": "2026-03-03T15:00:01-05:00"}`),
		pdJSON(t, `{"id": "N2", "user": `+ada+`, "content": "After the edit", "created_at": "2026-03-03T15:10:00-05:00", "updated_at": "2026-03-03T15:30:00-05:00"}`),
		pdJSON(t, `{"id": "N3", "user": {"id": "B1", "type": "bot_user_reference", "summary": "Event rule"}, "content": "Runbook: call +1 555 0100", "created_at": "`+pdAt(31)+`"}`),
		pdJSON(t, `{"id": "N4", "content": "Nobody knows who", "created_at": "`+pdAt(32)+`"}`),
	}
	server.lists["/incidents/PINC/alerts"] = []any{
		pdJSON(t, `{"id": "A1", "incident": {"id": "PINC", "type": "incident_reference"}, "body": {"details": {"a": {"b": 1}}, "conference_number": 15551234}}`),
	}
	server.lists["/incidents/PINC/related_change_events"] = []any{
		pdJSON(t, `{"id": "C1", "type": "change_event", "timestamp": "`+pdAt(2)+`", "summary": "Build of checkout:1.1.0-bad by Ada Quartermain", "source": "ci",
			"routing_key": "pd-integration-key", "links": [{"href": "https://ci.example.com/1", "text": "Build"}, {"href": "javascript:alert(1)"}]}`),
		pdJSON(t, `{"id": "C2", "type": "change_event", "timestamp": "`+pdAt(-200)+`", "summary": "Old build"}`),
	}
	bundle, facts := pdCollect(t, pdSettings(server, "S-checkout"))
	facts.NamePeople(timeline.AsRoles)

	want := []string{
		"20:00:01 note #7 Note by the responder: [person] looks at the canary. (responder)",
		"20:10:00 note #7 Note by the responder, edited later: After the edit (responder)",
		"20:11:00 note #7 Note by an integration: Runbook: call [person] (integration)",
		"20:12:00 note #7 Note in PagerDuty: Nobody knows who",
		"19:55:00 page.triggered #7 Page triggered: ErrorBudgetBurn: call ada@example.com (integration)",
		"19:55:00 note #7 PagerDuty: assigned to a responder (integration)",
		"19:55:06 note #7 PagerDuty: responder notified by sms",
		"19:56:24 note #7 PagerDuty: escalated (integration)",
		"19:56:30 note #7 PagerDuty: nobody left to escalate to (integration)",
		"19:56:36 note #7 PagerDuty: escalation policy begun again (integration)",
		"19:57:00 note #7 PagerDuty: reassigned to another responder (responder)",
		"19:57:30 page.acknowledged #7 Page acknowledged (integration)",
		"19:58:00 page.acknowledged #7 Page acknowledged (on-call engineer)",
		"19:59:00 note #7 PagerDuty: triggered again (integration)",
		"20:05:00 note #7 Note by an integration: Only in the log (integration)",
		"20:14:00 note #7 PagerDuty: acknowledgement withdrawn (integration)",
		"20:15:00 note #7 PagerDuty: snoozed (responder)",
		"20:16:00 note #7 PagerDuty: urgency changed",
		"20:17:00 note #7 PagerDuty: moon phase change",
		"20:18:00 note #7 PagerDuty: custom field changed (responder)",
		"20:19:00 note #7 PagerDuty: limit of acknowledgements reached",
		"20:20:00 page.resolved #7 Page resolved: Rolled back by [person]. (responder)",
		"19:42:00 change.built ci Build of checkout:1.1.0-bad by [person]",
	}
	if diff := cmp.Diff(want, pdStory(facts.Events)); diff != "" {
		t.Error(diff)
	}
	wantPage := timeline.Page{
		ID: "PINC", Number: 7, Title: "ErrorBudgetBurn: call ada@example.com", URL: "https://acme.pagerduty.com/incidents/PINC",
		Service: "checkout", Urgency: "high", Priority: "P1", Status: "resolved", Created: pdStart.Add(15 * time.Minute), MatchedBy: "service",
		Evidence: "pagerduty/incidents.jsonl:1",
	}
	if diff := cmp.Diff([]timeline.Page{wantPage}, facts.Pages, cmpopts.IgnoreFields(timeline.Page{}, "People")); diff != "" {
		t.Error(diff)
	}
	var people []string
	for _, p := range facts.Pages[0].People {
		people = append(people, p.Names...)
	}
	slices.Sort(people)
	if diff := cmp.Diff([]string{"+1 555 0100", "Ada Quartermain", "Grace O'Hara", "grace@example.com"}, slices.Compact(people)); diff != "" {
		t.Error(diff)
	}

	t.Run("particulars", func(t *testing.T) {
		page := []timeline.Link{{Title: "PagerDuty", URL: "https://acme.pagerduty.com/incidents/PINC"}}
		wantTrigger := timeline.Event{
			Clock: "pagerduty", Precision: time.Second, Same: "pagerduty/R01", Authority: timeline.FromEvent, Source: "pagerduty",
			Evidence: []evidence.Citation{"pagerduty/log_entries.jsonl:20"}, Links: page,
		}
		wantNote := timeline.Event{
			Clock: "pagerduty", Precision: time.Second, Same: "pagerduty/note/N1", Authority: timeline.FromEvent, Source: "pagerduty",
			Evidence: []evidence.Citation{"pagerduty/notes.jsonl:1", "pagerduty/log_entries.jsonl:10"}, Links: page,
		}
		wantChange := timeline.Event{
			Clock: "ci", Precision: time.Second, Same: "pagerduty/change/C1", Authority: timeline.FromEvent, Source: "pagerduty",
			Evidence: []evidence.Citation{"pagerduty/related_change_events.jsonl:1"},
			Links:    append(slices.Clone(page), timeline.Link{Title: "Build", URL: "https://ci.example.com/1"}),
		}
		got := []timeline.Event{facts.Events[4], facts.Events[0], facts.Events[len(facts.Events)-1]}
		told := cmpopts.IgnoreFields(timeline.Event{}, "Time", "Kind", "Title", "Detail", "Role", "Actor", "Subject")
		if diff := cmp.Diff([]timeline.Event{wantTrigger, wantNote, wantChange}, got, told); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("coverage", func(t *testing.T) {
		want := []string{
			"pagerduty/alerts ok 1", "pagerduty/change_events ok 2", "pagerduty/incidents ok 1",
			"pagerduty/log_entries ok 21", "pagerduty/notes ok 4",
		}
		if diff := cmp.Diff(want, pdCoverage(bundle)); diff != "" {
			t.Error(diff)
		}
		for _, c := range bundle.Manifest.Coverage {
			if c.ClockOffset == nil {
				t.Errorf("%s: no clock offset", c.Source)
			}
		}
	})
	t.Run("no credentials", func(t *testing.T) {
		for _, entry := range bundle.Manifest.Entries {
			for line, err := range evidence.Lines[json.RawMessage](bundle, entry.Name) {
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(line.Value), "pd-integration-key") || strings.Contains(string(line.Value), pdToken) {
					t.Errorf("%s: %s", line.Citation, line.Value)
				}
			}
		}
	})
}

// FuzzPagerDutyLogEntry reads whatever a log entry, note or change may be.
func FuzzPagerDutyLogEntry(f *testing.F) {
	for _, seed := range []string{
		`{"id":"R1","type":"trigger_log_entry","created_at":"2026-03-03T19:55:00Z","agent":{"type":"user","summary":"Ada Quartermain"}}`,
		`{"incident":"P1","object":{"type":"annotate_log_entry","created_at":"2026-03-03T19:55:00-05:00","channel":{"type":null,"summary":"Ada Quartermain"}}}`,
		`{"type":5,"created_at":null,"channel":[],"agent":"x","html_url":"javascript:x","incident":{"id":7}}`,
		`{"matchedBy":"name","object":null}`,
		`null`,
		`{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var record pdRecord
		if err := json.Unmarshal(data, &record); err != nil {
			return
		}
		cited := pdCited{record.pdObject, "pagerduty/log_entries.jsonl:1"}
		i := &pdIncident{pdCited: cited, entries: []pdCited{cited}, notes: []pdCited{cited}, changes: []pdCited{cited}}
		pages := []timeline.Page{i.page()}
		events := append(i.events([]*pdIncident{i}), i.changeEvents(evidence.Window{End: time.Now()})...)
		(&timeline.Facts{Pages: pages, Events: events}).NamePeople(timeline.AsRoles)
		for _, e := range events {
			if e.Time.IsZero() || e.Title == "" || e.Kind == "" || len(e.Evidence) == 0 || strings.ContainsAny(e.Title+e.Detail, "\n\r") {
				t.Errorf("%+v", e)
			}
			for _, link := range e.Links {
				if !strings.HasPrefix(strings.ToLower(link.URL), "http") {
					t.Errorf("link %q", link.URL)
				}
			}
		}
		if _, err := json.Marshal(record.raw()); err != nil {
			t.Error(err)
		}
	})
}
