package replay_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/internal/replay"
)

// page asks the PagerDuty API and returns the answer's status and list.
func page(t *testing.T, address, path, list string) (int, []map[string]any, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+replay.PagerDutyPath+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Token token=x")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var items []map[string]any
	raw, _ := answer[list].([]any)
	for _, item := range raw {
		items = append(items, item.(map[string]any))
	}
	return response.StatusCode, items, answer
}

func TestPagerDutyIncidents(t *testing.T) {
	_, address := serve(t)
	tests := map[string]struct {
		query string
		want  string // ids
	}{
		"all":         {"", "Q2SREDEMOERR01 Q2CHKOUTBURN01"},
		"of service":  {"?service_ids[]=PCHECKO", "Q2CHKOUTBURN01"},
		"window":      {"?since=2026-11-22T19:50:00Z&until=2026-11-22T20:00:00Z", "Q2CHKOUTBURN01"},
		"before":      {"?since=2026-11-22T18:00:00Z&until=2026-11-22T19:00:00Z", ""},
		"open ones":   {"?statuses[]=triggered&statuses[]=acknowledged", ""},
		"second page": {"?limit=1&offset=1", "Q2CHKOUTBURN01"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, items, _ := page(t, address, "/incidents"+test.query, "incidents")
			var ids []string
			for _, i := range items {
				ids = append(ids, i["id"].(string))
			}
			if got := strings.Join(ids, " "); status != http.StatusOK || got != test.want {
				t.Errorf("%d: %q, want %q", status, got, test.want)
			}
		})
	}
	if _, _, answer := page(t, address, "/incidents?limit=1", "incidents"); answer["more"] != true {
		t.Errorf("first page: more = %v", answer["more"])
	}
	if status, _, _ := page(t, address, "/incidents?since=2026-01-01T00:00:00Z&until=2026-11-22T00:00:00Z", ""); status != http.StatusBadRequest {
		t.Errorf("more than six months: %d", status)
	}
}

func TestPagerDutyIncidentLists(t *testing.T) {
	_, address := serve(t)
	for list, want := range map[string]int{"log_entries": 6, "notes": 1, "alerts": 1, "related_change_events": 1} {
		name := strings.TrimPrefix(list, "related_")
		if status, items, _ := page(t, address, "/incidents/Q2CHKOUTBURN01/"+list, name); status != http.StatusOK || len(items) != want {
			t.Errorf("%s: %d, %d items", list, status, len(items))
		}
	}
	if status, _, _ := page(t, address, "/incidents/QNONE/notes", "notes"); status != http.StatusNotFound {
		t.Errorf("notes of no incident: %d", status)
	}
	if _, items, answer := page(t, address, "/incidents/Q2CHKOUTBURN01/log_entries?limit=4&offset=4", "log_entries"); len(items) != 2 || answer["more"] != false {
		t.Errorf("second page: %d items, more = %v", len(items), answer["more"])
	}
}

func TestPagerDutyFailures(t *testing.T) {
	s, address := serve(t)
	response, err := http.Get(address + replay.PagerDutyPath + "/incidents")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close() //nolint:errcheck // only its status counts
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %d", response.StatusCode)
	}
	s.Fail(replay.Failure{API: replay.PagerDuty, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}, Times: 1})
	if status, _, _ := page(t, address, "/services", "services"); status != http.StatusTooManyRequests {
		t.Errorf("too many requests: %d", status)
	}
	if status, items, _ := page(t, address, "/services", "services"); status != http.StatusOK || len(items) != 2 {
		t.Errorf("again: %d, %d services", status, len(items))
	}
}
