package notify

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// Message is what people are told. Templates have its fields.
type Message struct {
	Title    string     `json:"title"`
	URL      string     `json:"url"` // of the pull request or the document; http or https
	Summary  string     `json:"summary"`
	Service  string     `json:"service"` // such as shop/checkout
	Revision int64      `json:"revision,omitempty"`
	Status   string     `json:"status"`            // of the incident: ongoing, mitigated or resolved
	Aborted  *time.Time `json:"aborted,omitempty"` // when the rollout was
	Facts    []Fact     `json:"facts"`             // what is known, the most important first
}

// Fact is a named fact, such as Error budget: 0.247 % consumed.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Limits of a message's parts, in UTF-16 code units. With them it stays within
// the 28 kB that Teams takes, whatever has to be escaped.
const (
	longestTitle   = 150
	longestSummary = 1500
	longestFact    = 300
	mostFacts      = 10
)

// New makes the message about a report that is published at an address. A
// report for people outside must have been prepared by its template's set.
func New(r report.Report, address string) Message {
	m := Message{
		Title:    templates.Headline(r),
		URL:      address,
		Service:  service(r),
		Revision: r.Incident.Revision,
		Status:   status(r.Incident),
		Facts:    facts(r),
	}
	if r.Abort != nil {
		m.Aborted = &r.Abort.Time
	}
	m.Summary = summary(m, r)
	return m
}

func service(r report.Report) string {
	s := r.Incident.Subject
	return strings.TrimPrefix(s.Namespace+"/"+s.Name, "/")
}

func status(i report.Incident) string {
	switch {
	case i.Resolved != nil:
		return "resolved"
	case i.Mitigated != nil:
		return "mitigated"
	default:
		return "ongoing"
	}
}

func summary(m Message, r report.Report) string {
	what := m.Service
	if m.Revision > 0 {
		what = fmt.Sprintf("revision %d of %s", m.Revision, m.Service)
	}
	sentences := []string{"The postmortem of " + what + " is ready for review."}
	if r.Abort != nil {
		sentences = append(sentences, "The rollout was aborted at "+instant(r.Abort.Time)+".")
	}
	if r.Measures.TTM != nil {
		sentences = append(sentences, "The impact lasted "+length(*r.Measures.TTM)+".")
	}
	return strings.Join(sentences, " ")
}

// facts are the figures by which people decide whether to look at once.
func facts(r report.Report) []Fact {
	list := []Fact{{"Service", service(r)}, {"Status", status(r.Incident)}}
	for _, i := range r.Impact {
		if i.Measured && i.Total > 0 {
			list = append(list, Fact{"Failed", fmt.Sprintf("%.0f of %.0f by %s", i.Bad, i.Total, i.Objective)})
		}
		if i.Consumed != nil {
			list = append(list, Fact{"Error budget", consumed(i)})
		}
	}
	if r.Measures.TTD != nil {
		list = append(list, Fact{"Time to detect", length(*r.Measures.TTD)})
	}
	if r.Measures.TTM != nil {
		list = append(list, Fact{"Time to mitigate", length(*r.Measures.TTM)})
	}
	if n := len(r.Actions); n > 0 {
		list = append(list, Fact{"Proposed actions", fmt.Sprint(n)})
	}
	if n := len(r.Gaps()); n > 0 {
		list = append(list, Fact{"Sources with gaps", fmt.Sprint(n)})
	}
	return list
}

func consumed(i report.Impact) string {
	text := report.Percent(*i.Consumed) + " of " + i.Objective + " consumed"
	if i.Projected {
		text += ", with the window's traffic projected"
	}
	return text
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// length writes seconds, as in 1m10s.
func length(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

// clean gives the message without control characters, within the limits, and
// only with an address that a person may be sent to.
func (m Message) clean() (Message, error) {
	u, err := url.Parse(m.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return m, errors.New("the postmortem's address is not one of the web without credentials")
	}
	m.URL = u.String()
	m.Title = cut(cmp.Or(printable.Line(m.Title), "Postmortem"), longestTitle) // Slack refuses an empty one
	m.Summary = cut(strings.TrimSpace(printable.Text(m.Summary)), longestSummary)
	m.Service, m.Status = cut(printable.Line(m.Service), longestFact), cut(printable.Line(m.Status), longestFact)
	facts := make([]Fact, 0, mostFacts)
	for _, f := range m.Facts {
		f = Fact{cut(printable.Line(f.Name), longestFact), cut(printable.Line(f.Value), longestFact)}
		if f.Value != "" && len(facts) < mostFacts {
			facts = append(facts, f)
		}
	}
	m.Facts = facts
	return m, nil
}
