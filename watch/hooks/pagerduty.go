package hooks

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// pagerDutyEvent is what is read of a V3 webhook. Its data is an incident, or
// something that belongs to one, such as a note.
type pagerDutyEvent struct {
	Event struct {
		ID         string    `json:"id"`
		Type       string    `json:"event_type"`
		OccurredAt time.Time `json:"occurred_at"`
		Data       struct {
			ID        string     `json:"id"`
			Type      string     `json:"type"`
			CreatedAt *time.Time `json:"created_at"`
			Service   reference  `json:"service"`
			Incident  reference  `json:"incident"`
		} `json:"data"`
	} `json:"event"`
}

type reference struct {
	ID string `json:"id"`
}

func newPagerDuty(Options) protocol {
	return protocol{signed: signedByPagerDuty, parse: parsePagerDuty}
}

// parsePagerDuty gives a hint for each event of an incident, also of a type that
// it does not know. Other events, such as pagey.ping, say nothing about one.
//
// A delivery is told from another by its event's id, not by the header
// X-Webhook-Id: that one is not signed, so whoever repeats a delivery could
// change it.
func parsePagerDuty(body []byte) (delivery, error) {
	var message pagerDutyEvent
	if err := json.Unmarshal(body, &message); err != nil {
		return delivery{}, errNoJSON
	}
	e := message.Event
	if !isID(e.ID) || e.Type == "" || e.OccurredAt.IsZero() {
		return delivery{}, errors.New("the event has no valid id, event_type or occurred_at")
	}
	d := delivery{id: e.ID, at: e.OccurredAt.UTC()}
	if !strings.HasPrefix(e.Type, "incident.") {
		return d, nil
	}
	incident := e.Data.Incident.ID
	if e.Data.Type == "incident" {
		incident = e.Data.ID
	}
	if !isID(incident) || e.Data.Service.ID != "" && !isID(e.Data.Service.ID) {
		return delivery{}, errors.New("the event has no valid id of an incident or service")
	}
	hint := Hint{Source: "pagerduty", PagerDutyService: e.Data.Service.ID, PagerDutyIncident: incident, Why: word(e.Type)}
	if e.Type == "incident.triggered" {
		hint.Paged, hint.At = true, d.at
		if created := e.Data.CreatedAt; created != nil {
			hint.At = created.UTC()
		}
	}
	d.hints = []Hint{hint}
	return d, nil
}

// isID tells whether a text can be an id, which is used in requests.
func isID(s string) bool {
	return s != "" && len(s) <= longestWord && word(s) == s
}
