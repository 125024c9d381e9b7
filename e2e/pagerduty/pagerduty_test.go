package pagerduty

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// start starts a double with a service to page, checked against the contract.
func start(t *testing.T) *Server {
	t.Helper()
	contract, err := LoadContract()
	if errors.Is(err, ErrNoContract) {
		t.Logf("not checked against the contract: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	s := Start(contract)
	t.Cleanup(s.Close)
	s.AddService("PSVC001", "checkout")
	return s
}

// get asks the double, and returns the status and the decoded answer.
func get(t *testing.T, s *Server, path string) (*http.Response, object) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
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
	defer resp.Body.Close()
	var answer object
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatalf("decoding the answer to %s: %v", path, err)
	}
	return resp, answer
}

// everyPage follows a list to its end.
func everyPage(t *testing.T, s *Server, path, key string) []object {
	t.Helper()
	var all []object
	for offset := 0; ; {
		_, answer := get(t, s, fmt.Sprintf("%s?limit=100&offset=%d", path, offset))
		for _, item := range answer[key].([]any) {
			all = append(all, item.(object))
		}
		if answer["more"] != true {
			return all
		}
		offset = len(all)
	}
}

func conforms(t *testing.T, s *Server) {
	t.Helper()
	for _, v := range s.Violations() {
		t.Error(v)
	}
}

func TestAnIncidentConformsToTheContract(t *testing.T) {
	s := start(t)
	i, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout", false)
	if err != nil {
		t.Fatal(err)
	}
	i.Acknowledge()
	i.Note("The canary is gone, the stable version serves all traffic.")
	i.Change("Build 12 pushed registry.local/checkout:1.1.0-bad", time.Now())
	i.Resolve()
	double, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout", false)
	if err != nil {
		t.Fatal(err)
	}
	double.Merge(i)
	if _, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout, again", false); err != nil { // nobody resolves it
		t.Fatal(err)
	}

	for _, path := range []string{
		"/services?query=check",
		"/incidents?service_ids%5B%5D=PSVC001&since=2026-01-01T00:00:00Z&statuses%5B%5D=resolved&include%5B%5D=services",
		"/incidents?service_ids%5B%5D=PSVC001&statuses%5B%5D=triggered",
		"/incidents/" + i.ID + "/log_entries?include%5B%5D=channels&is_overview=false",
		"/incidents/" + i.ID + "/notes",
		"/incidents/" + i.ID + "/alerts",
		"/incidents/" + i.ID + "/related_change_events",
	} {
		resp, _ := get(t, s, path)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	conforms(t, s)
}

func TestListsComeInPages(t *testing.T) {
	s := start(t)
	i, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout", false)
	if err != nil {
		t.Fatal(err)
	}
	i.Acknowledge()
	i.Resolve()
	var kinds []string
	for _, e := range everyPage(t, s, "/incidents/"+i.ID+"/log_entries", "log_entries") {
		kinds = append(kinds, strings.TrimSuffix(e["type"].(string), "_log_entry"))
	}
	if want := []string{"resolve", "acknowledge", "notify", "trigger"}; !slices.Equal(kinds, want) {
		t.Errorf("log entries are %v, want %v", kinds, want)
	}
	conforms(t, s)
}

func TestOddIncidentsAreOddOnlyWherePagerDutyIs(t *testing.T) {
	s := start(t)
	i, err := s.Trigger("PSVC001", "ErrorBudgetBurn: checkout", true)
	if err != nil {
		t.Fatal(err)
	}
	entries := everyPage(t, s, "/incidents/"+i.ID+"/log_entries", "log_entries")
	if len(entries) != 5 {
		t.Errorf("%d log entries, want the page, the notification and three odd ones", len(entries))
	}
	conforms(t, s)
}

// A check that cannot fail proves nothing.
func TestARequestAgainstTheContractIsSeen(t *testing.T) {
	s := start(t)
	if s.contract == nil {
		t.Log("no contract to break")
		return
	}
	get(t, s, "/incidents?include%5B%5D=nonsense")
	if v := s.Violations(); len(v) != 1 || !strings.Contains(v[0], "the request") {
		t.Errorf("violations are %q, want one about the request", v)
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		before func(*Server)
		path   string
		status int
		reset  string
	}{
		{"rate limit", func(s *Server) { s.Throttle(1) }, "/incidents", http.StatusTooManyRequests, "1"},
		{"rate limit without a word", func(s *Server) { s.Throttle(2) }, "/incidents", http.StatusTooManyRequests, ""},
		{"unknown incident", func(*Server) {}, "/incidents/PNONE/notes", http.StatusNotFound, "60"},
		{"limit over 100", func(*Server) {}, "/incidents?limit=101", http.StatusBadRequest, "60"},
		{"time without zone", func(*Server) {}, "/incidents?since=2026-01-01T00:00:00", http.StatusBadRequest, "60"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t)
			test.before(s)
			resp, answer := get(t, s, test.path)
			if resp.StatusCode != test.status || answer["error"] == nil {
				t.Errorf("answered %s %v, want %d with an error", resp.Status, answer, test.status)
			}
			if got := resp.Header.Get("Ratelimit-Reset"); got != test.reset {
				t.Errorf("ratelimit-reset is %q, want %q", got, test.reset)
			}
		})
	}
}

func TestAWrongTokenIsRefused(t *testing.T) {
	s := start(t)
	resp, err := http.Get(s.URL() + "/incidents")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("answered %s, want 401", resp.Status)
	}
}
