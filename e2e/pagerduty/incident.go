package pagerduty

import (
	"fmt"
	"time"
)

// OnCall is the person the double pages. debrief must never tell her name.
const OnCall = "Ada Quartermain"

// Statuses of an incident.
const (
	triggered    = "triggered"
	acknowledged = "acknowledged"
	resolved     = "resolved"
)

// An Incident is one page and what became of it. Its methods return the time
// the double noted, which is what debrief must find again.
type Incident struct {
	ID string

	server   *Server
	number   int
	title    string
	service  service
	odd      bool
	status   string
	created  time.Time
	changed  time.Time
	resolved *time.Time
	mergedIn *Incident
	entries  []entry
	notes    []note
	changes  []change
}

type entry struct {
	id, kind, text string
	at             time.Time
}

type note struct {
	id, content string
	at          time.Time
}

type change struct {
	id, summary string
	at          time.Time
}

// AddService makes a service that can be paged about.
func (s *Server) AddService(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services = append(s.services, service{id: id, name: name})
}

// Trigger pages the on-call engineer of a service. An odd incident's lists hold
// what PagerDuty is known to send against its own contract.
func (s *Server) Trigger(serviceID, title string, odd bool) (*Incident, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, svc := range s.services {
		if svc.id != serviceID {
			continue
		}
		i := &Incident{
			ID:      s.newID("PINC"),
			server:  s,
			number:  len(s.incidents) + 1,
			title:   title,
			service: svc,
			odd:     odd,
			status:  triggered,
		}
		i.created = i.log("trigger", "Triggered through the API.")
		i.log("notify", "Notified "+OnCall+" by push notification.")
		s.incidents = append(s.incidents, i)
		return i, nil
	}
	return nil, fmt.Errorf("paging service %s: there is no such service", serviceID)
}

// Triggered is the time of the page.
func (i *Incident) Triggered() time.Time { return i.created }

// Acknowledge has the on-call engineer take the incident.
func (i *Incident) Acknowledge() time.Time {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	i.status = acknowledged
	return i.log("acknowledge", "Acknowledged by "+OnCall+".")
}

// Note has the on-call engineer write a note. As in the real one it stands
// twice: among the notes, and as an annotation in the log.
func (i *Incident) Note(content string) time.Time {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	return i.note(content)
}

func (i *Incident) note(content string) time.Time {
	at := i.log("annotate", content)
	i.notes = append(i.notes, note{id: i.server.newID("PNOTE"), content: content, at: at})
	return at
}

// Notes are what the incident's notes say, the oldest first.
func (i *Incident) Notes() []string {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	var contents []string
	for _, n := range i.notes {
		contents = append(contents, n.content)
	}
	return contents
}

// Change relates a change, such as a build, to the incident.
func (i *Incident) Change(summary string, at time.Time) {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	i.changes = append(i.changes, change{id: i.server.newID("PCHG"), summary: summary, at: at})
}

// Resolve ends the incident.
func (i *Incident) Resolve() time.Time {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	i.status = resolved
	at := i.log("resolve", "Resolved by "+OnCall+".")
	i.resolved = &at
	return at
}

// Merge ends the incident as one and the same as another: PagerDuty resolves it,
// and its resolve reason leads to the other.
func (i *Incident) Merge(into *Incident) time.Time {
	at := i.Resolve()
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	i.mergedIn = into
	return at
}

// log adds a log entry. PagerDuty's times are whole seconds.
func (i *Incident) log(kind, text string) time.Time {
	at := time.Now().UTC().Truncate(time.Second)
	i.changed = at
	i.entries = append(i.entries, entry{id: i.server.newID("RLOG"), kind: kind, text: text, at: at})
	return at
}

// newID makes an id in PagerDuty's manner, unique within the double.
func (s *Server) newID(prefix string) string {
	s.ids++
	return fmt.Sprintf("%s%04d", prefix, s.ids)
}
