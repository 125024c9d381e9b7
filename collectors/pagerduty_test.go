package collectors

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
)

func TestPagerDutyWithoutToken(t *testing.T) {
	server := newPDServer(t)
	s := pdSettings(server)
	s.PagerDuty.Token = ""
	bundle, facts := pdCollect(t, s)
	want := []string{"pagerduty absent 0: no token: set PAGERDUTY_TOKEN or pagerduty.tokenFile"}
	if diff := cmp.Diff(want, pdCoverage(bundle)); diff != "" {
		t.Error(diff)
	}
	if len(facts.Pages)+len(facts.Events)+len(server.requests) > 0 {
		t.Error("something was asked for or found")
	}
}

func TestPagerDutyMatching(t *testing.T) {
	server := newPDServer(t)
	add := func(id, service, title string, created float64, resolved string) {
		i := pdIncidentJSON(t, id, service, title, created)
		if resolved != "" {
			i["status"], i["resolved_at"] = "resolved", resolved
		}
		server.lists["/incidents"] = append(server.lists["/incidents"], i)
	}
	add("PSERVICE", "Checkout", "High error rate", 10, "")
	add("PTITLE", "Shop", "ErrorBudgetBurn: checkout", 10, "")
	add("PAPP", "Shop", "basket is slow", 10, "")
	add("PPATH", "Shop", "shop/checkout: down", 10, "")
	add("PNOISE", "noise-checkout", "checkout-v2, checkouts, checkout_old", 10, "")
	add("POTHER", "Search", "Index is stale", 10, "")
	add("PEARLIER", "checkout", "still open", -600, "")
	add("PREACHES", "checkout", "resolved in the window", -60, pdAt(5))
	add("PBEFORE", "checkout", "resolved before the window", -60, pdAt(-5))
	add("PATEND", "checkout", "created at the window's end", 60, "")

	t.Run("by name", func(t *testing.T) {
		bundle, facts := pdCollect(t, pdSettings(server))
		var got []string
		for _, p := range facts.Pages {
			got = append(got, p.ID+" "+p.MatchedBy)
		}
		want := []string{"PSERVICE name", "PTITLE name", "PAPP name", "PPATH name", "PEARLIER name", "PREACHES name"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		row := "pagerduty/incidents ok 6 | 2 other incidents in the window do not name the rollout; map its services in the config"
		if !slices.Contains(pdCoverage(bundle), row) {
			t.Errorf("coverage: %q", pdCoverage(bundle))
		}
	})
	t.Run("by service", func(t *testing.T) {
		bundle, facts := pdCollect(t, pdSettings(server, "S-Search", "S-noise-checkout"))
		var got []string
		for _, p := range facts.Pages {
			got = append(got, p.ID+" "+p.MatchedBy)
		}
		if diff := cmp.Diff([]string{"PNOISE service", "POTHER service"}, got); diff != "" {
			t.Error(diff)
		}
		if !slices.Contains(pdCoverage(bundle), "pagerduty/incidents ok 2") {
			t.Errorf("coverage: %q", pdCoverage(bundle))
		}
	})
	for _, uri := range server.asked("/incidents") {
		if !strings.Contains(uri, "since=2026-03-02T19%3A40%3A00Z&") || !strings.Contains(uri, "until=2026-03-03T20%3A40%3A00Z") {
			t.Errorf("the times are not UTC or not widened: %s", uri)
		}
	}
}

func TestPagerDutyNamed(t *testing.T) {
	for _, test := range []struct {
		text string
		want bool
	}{
		{"checkout", true},
		{"CheckOut", true},
		{"High error rate on checkout.", true},
		{"(checkout)", true},
		{"a.checkout:8080", true},
		{"noise-checkout", false},
		{"checkout-v2", false},
		{"checkout_v2", false},
		{"checkouts", false},
		{"précheckouté", false},
		{"noise-checkout and checkout", true},
		{"rollout of web.v1", false},
		{"rollout of web+v1", true},
		{"", false},
	} {
		if got := pdNamed([]string{"checkout", "web+v1"})(test.text); got != test.want {
			t.Errorf("%q: %v", test.text, got)
		}
	}
}

func TestPagerDutyPages(t *testing.T) {
	server := newPDServer(t)
	server.pageSize = 7 // less than is asked for
	server.lists["/incidents"] = []any{pdIncidentJSON(t, "PINC", "checkout", "x", 1)}
	for n := range 230 {
		server.lists["/incidents/PINC/log_entries"] = append(server.lists["/incidents/PINC/log_entries"], pdJSON(t, fmt.Sprintf(
			`{"id":"R%d","type":"notify_log_entry","created_at":%q,"incident":{"id":"PINC"}}`, n, pdAt(2))))
	}
	bundle, facts := pdCollect(t, pdSettings(server))
	if len(facts.Events) != 231 { // and the page, which the log does not tell of
		t.Errorf("%d events", len(facts.Events))
	}
	if !slices.Contains(pdCoverage(bundle), "pagerduty/log_entries ok 230") {
		t.Errorf("coverage: %q", pdCoverage(bundle))
	}
	for _, uri := range server.asked("/incidents/PINC/log_entries") {
		if !strings.Contains(uri, "limit=100") || !strings.Contains(uri, "include%5B%5D=channels") || !strings.Contains(uri, "is_overview=false") {
			t.Error(uri)
		}
	}
}

// TestPagerDutyTooMany has more incidents than pages reach.
func TestPagerDutyTooMany(t *testing.T) {
	server := newPDServer(t)
	for n := range 10200 {
		created := -1440 + float64(n)*0.14
		i := map[string]any{"id": fmt.Sprintf("P%05d", n), "created_at": pdAt(created), "title": "noise"}
		if n%1000 == 0 {
			i["title"] = "checkout"
		}
		server.lists["/incidents"] = append(server.lists["/incidents"], i)
	}
	bundle, facts := pdCollect(t, pdSettings(server))
	if len(facts.Pages) != 11 {
		t.Errorf("%d pages", len(facts.Pages))
	}
	row := "pagerduty/incidents ok 11 | 10189 other incidents in the window do not name the rollout; map its services in the config"
	if !slices.Contains(pdCoverage(bundle), row) {
		t.Errorf("coverage: %q", pdCoverage(bundle))
	}
}

func TestPagerDutyLongWindow(t *testing.T) {
	server := newPDServer(t)
	f := &pdFetch{Settings: pdSettings(server), target: pdTarget()}
	f.client = newPDClient(f.Settings)
	if _, err := f.between(t.Context(), pdStart.AddDate(-1, 0, 0), pdStart, map[string][]string{}); err != nil {
		t.Fatal(err)
	}
	if asked := server.asked("/incidents"); len(asked) != 4 {
		t.Errorf("asked for spans of a year's incidents: %q", asked)
	}
}

func TestPagerDutyEndlessPages(t *testing.T) {
	server := newPDServer(t)
	server.objects["/incidents"] = map[string]any{"incidents": []any{pdIncidentJSON(t, "PINC", "checkout", "x", 1)}, "more": true}
	bundle, _ := pdCollect(t, pdSettings(server))
	if !slices.Contains(pdCoverage(bundle), "pagerduty/incidents partial 1: PagerDuty announces more, but repeats the same page") {
		t.Errorf("coverage: %q", pdCoverage(bundle))
	}
}

func TestPagerDutyRetries(t *testing.T) {
	for _, test := range []struct {
		name     string
		answer   func(http.ResponseWriter)
		failures int
		want     string
	}{
		{"rate limit, its own header", func(w http.ResponseWriter) {
			w.Header().Set("Ratelimit-Reset", "0")
			pdRefuse(w, http.StatusTooManyRequests, "Too Many Requests")
		}, 4, "pagerduty/incidents ok 1"},
		{"rate limit without end", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			pdRefuse(w, http.StatusTooManyRequests, "Rate Limit Exceeded")
		}, 100, "pagerduty/incidents unreachable 0: Too Many Requests: Rate Limit Exceeded"},
		{"server error", func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }, 2, "pagerduty/incidents ok 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newPDServer(t)
			server.lists["/incidents"] = []any{pdIncidentJSON(t, "PINC", "checkout", "x", 1)}
			var failures int
			var mu sync.Mutex
			server.before = func(w http.ResponseWriter) bool {
				mu.Lock()
				defer mu.Unlock()
				if failures++; failures > test.failures {
					return false
				}
				test.answer(w)
				return true
			}
			s := pdSettings(server)
			w, err := evidence.NewWriter()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Discard() //nolint:errcheck // a temporary folder
			f := pdFetch{Settings: s, target: pdTarget(), client: newPDClient(s), bundle: w}
			f.client.retry.RetryWaitMin = 0
			if err := f.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			var sealed bytes.Buffer
			if err := w.WriteTo(&sealed, evidence.Manifest{}); err != nil {
				t.Fatal(err)
			}
			bundle, err := evidence.Read(bytes.NewReader(sealed.Bytes()), int64(sealed.Len()))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(pdCoverage(bundle), test.want) {
				t.Errorf("coverage: %q, want %q", pdCoverage(bundle), test.want)
			}
			if f.client.clock.last() == nil {
				t.Error("no clock offset")
			}
		})
	}
}

func TestPagerDutyBackoff(t *testing.T) {
	answer := func(status int, header ...string) *http.Response {
		r := &http.Response{StatusCode: status, Header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	for _, test := range []struct {
		name    string
		attempt int
		resp    *http.Response
		want    time.Duration
	}{
		{"no answer", 2, nil, time.Second},
		{"server error", 1, answer(500), 500 * time.Millisecond},
		{"unavailable, with a time", 0, answer(503, "Retry-After", "3"), 3 * time.Second},
		{"rate limit", 0, answer(429, "ratelimit-reset", "17"), 17 * time.Second},
		{"rate limit, both headers", 0, answer(429, "ratelimit-reset", "17", "Retry-After", "4"), 4 * time.Second},
		{"rate limit, no header", 1, answer(429), 4 * time.Second},
		{"rate limit, a date for a span", 0, answer(429, "ratelimit-reset", "60000"), 90 * time.Second},
		{"rate limit, nonsense", 0, answer(429, "ratelimit-reset", "soon"), 2 * time.Second},
		{"a long time", 0, answer(429, "Retry-After", "3600"), 90 * time.Second},
	} {
		if got := pdBackoff(250*time.Millisecond, pdPatience, test.attempt, test.resp); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestPagerDutyRefused(t *testing.T) {
	t.Run("wrong token", func(t *testing.T) {
		server := newPDServer(t)
		s := pdSettings(server)
		s.PagerDuty.Token = "wrong-" + pdToken
		bundle, _ := pdCollect(t, s)
		want := []string{"pagerduty/incidents denied 0: Unauthorized: Authentication failed for Token token=<secret>"}
		if diff := cmp.Diff(want, pdCoverage(bundle)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("some lists", func(t *testing.T) {
		server := newPDServer(t)
		server.lists["/incidents"] = []any{pdIncidentJSON(t, "PONE", "checkout", "x", 1), pdIncidentJSON(t, "PTWO", "checkout", "x", 2)}
		server.refuse["/incidents/PONE/log_entries"] = http.StatusForbidden
		server.refuse["/incidents/PONE/notes"] = http.StatusForbidden
		server.lists["/incidents/PTWO/notes"] = []any{pdJSON(t, `{"id":"N1","content":"x","created_at":"`+pdAt(3)+`"}`)}
		server.refuse["/incidents/PONE/related_change_events"] = http.StatusNotFound
		server.refuse["/incidents/PTWO/related_change_events"] = http.StatusNotFound
		server.objects["/incidents/PONE/alerts"] = map[string]any{"alarms": []any{}}
		bundle, _ := pdCollect(t, pdSettings(server))
		want := []string{
			"pagerduty/alerts unreachable 0: the answer to /incidents/PONE/alerts has no alerts",
			"pagerduty/change_events absent 0: the account does not have it: Not Found: Not Found",
			"pagerduty/incidents ok 2",
			"pagerduty/log_entries denied 0: Forbidden: Forbidden",
			"pagerduty/notes partial 1: Forbidden: Forbidden",
		}
		if diff := cmp.Diff(want, pdCoverage(bundle)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		server := newPDServer(t)
		server.Close()
		s := pdSettings(server)
		client := newPDClient(s)
		client.retry.RetryMax = 0
		_, err := client.get(t.Context(), "/incidents", nil)
		if err == nil || classify(err) != evidence.StatusUnreachable || strings.Contains(reason(err), pdToken) {
			t.Errorf("%v", err)
		}
	})
	t.Run("stopped while waiting", func(t *testing.T) {
		server := newPDServer(t)
		ctx, cancel := context.WithCancel(t.Context())
		server.before = func(w http.ResponseWriter) bool {
			w.Header().Set("Retry-After", "60")
			pdRefuse(w, http.StatusTooManyRequests, "Too Many Requests")
			cancel()
			return true
		}
		_, err := newPDClient(pdSettings(server)).get(ctx, "/incidents", nil)
		if ctx.Err() == nil || err == nil {
			t.Errorf("%v", err)
		}
	})
}

func TestPagerDutyOAuth(t *testing.T) {
	server := newPDServer(t)
	var got string
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		_, _ = fmt.Fprint(w, `{"incidents":[]}`)
	})
	s := pdSettings(server)
	s.PagerDuty.OAuth = true
	bundle, _ := pdCollect(t, s)
	if got != "Bearer "+pdToken {
		t.Errorf("authorised with %q", got)
	}
	if diff := cmp.Diff([]string{"pagerduty/incidents ok 0"}, pdCoverage(bundle)); diff != "" {
		t.Error(diff)
	}
}
