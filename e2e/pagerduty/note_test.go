package pagerduty

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"

	"github.com/debrief-sre/debrief/output/notify"
)

// message tells of a postmortem, with text that nobody should trust.
func message(number string) notify.Message {
	return notify.Message{
		Title:   "Canary Rollout of checkout (Revision 2) Aborted \u202e<!channel>\"}",
		URL:     "https://git.example.com/sre/postmortems/pulls/" + number,
		Summary: strings.Repeat("The postmortem is ready for review. ", 200),
	}
}

func TestANoteConformsToTheContractAndIsWrittenOnce(t *testing.T) {
	s := start(t)
	i, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout", false)
	if err != nil {
		t.Fatal(err)
	}
	i.Note("The canary is gone.")
	p := notify.PagerDuty{URL: s.URL(), Token: Token, From: "sre@example.com"}
	var written []bool
	for _, number := range []string{"17", "1", "17", "1"} {
		w, err := p.Note(t.Context(), i.ID, message(number))
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, w)
	}
	if want := []bool{true, true, false, false}; !slices.Equal(written, want) || len(i.Notes()) != 3 {
		t.Errorf("written %v, want %v; the notes are %q", written, want, i.Notes())
	}
	conforms(t, s)
}

func TestANoteWaitsForTheRateLimit(t *testing.T) {
	s := start(t)
	i, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout", false)
	if err != nil {
		t.Fatal(err)
	}
	s.Throttle(1)
	p := notify.PagerDuty{URL: s.URL(), Token: Token, From: "sre@example.com"}
	if written, err := p.Note(t.Context(), i.ID, message("1")); err != nil || !written || len(i.Notes()) != 1 {
		t.Errorf("written %t, %v; the notes are %q", written, err, i.Notes())
	}
	conforms(t, s)
}

func TestANoteThatIsRefused(t *testing.T) {
	s := start(t)
	i, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout", false)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, incident string
		token          promconfig.Secret
		want           string
	}{
		{"wrong token", i.ID, "another-token", "PagerDuty answers 401: Authentication failed"},
		{"no incident", "PNONE", Token, "PagerDuty answers 404: Not Found"},
	}
	for _, test := range tests {
		p := notify.PagerDuty{URL: s.URL(), Token: test.token, From: "sre@example.com"}
		written, err := p.Note(t.Context(), test.incident, message("1"))
		if written || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: written %t, %v", test.name, written, err)
		}
	}
}

// The contract must be able to say no.
func TestANoteWithoutAuthorIsSeen(t *testing.T) {
	s := start(t)
	if s.contract == nil {
		t.Log("no contract to break")
		return
	}
	i, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout", false)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/incidents/"+i.ID+"/notes", strings.NewReader(`{"note": {"content": "by nobody"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Token token="+Token)
	req.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if v := s.Violations(); len(v) != 1 || !strings.Contains(v[0], "From") {
		t.Errorf("violations are %q, want one about the header From", v)
	}
}
