package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/PagerDuty/go-pagerduty"
	promconfig "github.com/prometheus/common/config"

	"github.com/debrief-sre/debrief/internal/printable"
)

const (
	pagerDutyAddress = "https://api.pagerduty.com" // EU accounts have https://api.eu.pagerduty.com
	longestNote      = 2000                        // in UTF-16 code units
)

// incidentID matches the id of a PagerDuty incident. It becomes part of a path.
var incidentID = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// PagerDuty writes notes on incidents.
type PagerDuty struct {
	URL   string            // of the API; empty: PagerDuty's in the US
	Token promconfig.Secret // of the REST API; it must be allowed to write
	From  string            // e-mail address of the user who writes the note
	// Transport is nil for http.DefaultTransport.
	Transport *http.Transport
}

// Note writes a note with the postmortem's address on an incident, and tells
// whether it did: not if a note there has the address already. A note whose
// fate is unknown can be asked for again.
func (p PagerDuty) Note(ctx context.Context, incident string, m Message) (written bool, err error) {
	written, err = p.note(ctx, incident, m)
	if err != nil {
		return false, fmt.Errorf("writing a note on the PagerDuty incident: %w", err)
	}
	return written, nil
}

func (p PagerDuty) note(ctx context.Context, incident string, m Message) (bool, error) {
	switch {
	case !incidentID.MatchString(incident):
		return false, errors.New("its id is not one of PagerDuty's")
	case !strings.Contains(p.From, "@"):
		return false, errors.New("PagerDuty wants the e-mail address of the user who writes it")
	}
	m, err := m.clean()
	if err != nil {
		return false, err
	}
	api := pagerduty.NewClient(string(p.Token), pagerduty.WithAPIEndpoint(strings.TrimRight(cmp.Or(p.URL, pagerDutyAddress), "/")))
	api.HTTPClient = client(p.Transport)
	notes, err := api.ListIncidentNotesWithContext(ctx, incident)
	if err != nil {
		return false, p.harmless(err)
	}
	tells := func(n pagerduty.IncidentNote) bool { return slices.Contains(strings.Fields(n.Content), m.URL) }
	if slices.ContainsFunc(notes, tells) {
		return false, nil
	}
	_, err = api.CreateIncidentNoteWithContext(ctx, incident, pagerduty.IncidentNote{
		User:    pagerduty.APIObject{Summary: p.From}, // becomes the header From
		Content: noteText(m),
	})
	if err != nil {
		return false, p.harmless(err)
	}
	return true, nil
}

// noteText has the address on a line of its own, before anything that may have
// to be cut. PagerDuty makes links of addresses in the text, but of no others.
func noteText(m Message) string {
	head := "Postmortem: " + soften(m.Title) + "\n" + m.URL
	if m.Summary == "" {
		return head
	}
	return head + "\n" + fit(m.Summary, max(0, longestNote-units(head)-1), soften)
}

// harmless is an error in few words, without the token or an address that may
// hold a password.
func (p PagerDuty) harmless(err error) error {
	const longest = 200
	var (
		refusal pagerduty.APIError
		request *url.Error
	)
	switch {
	case errors.As(err, &refusal):
		err = fmt.Errorf("PagerDuty answers %d: %s", refusal.StatusCode, p.words(refusal))
		if refusal.StatusCode == http.StatusUnauthorized || refusal.StatusCode == http.StatusForbidden {
			err = fmt.Errorf("%w (the token must be allowed to write)", err)
		}
		return err
	case errors.As(err, &request):
		return request.Err
	default:
		return errors.New(cut(printable.Line(err.Error()), longest))
	}
}

// words are what the API says of a refusal.
func (p PagerDuty) words(refusal pagerduty.APIError) string {
	const longest = 200
	text := http.StatusText(refusal.StatusCode)
	if refusal.APIError.Valid {
		object := refusal.APIError.ErrorObject
		text = strings.Join(append([]string{object.Message}, object.Errors...), "; ")
	}
	if p.Token != "" {
		text = strings.ReplaceAll(text, string(p.Token), "<secret>")
	}
	return cut(printable.Line(text), longest)
}
