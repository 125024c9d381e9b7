package collectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

const pdToken = "pd-secret-token"

var pdStart = time.Date(2026, time.March, 3, 19, 40, 0, 0, time.UTC)

// pdAt is a moment of the test's incident, in minutes since the window began.
func pdAt(minutes float64) string {
	return pdStart.Add(time.Duration(math.Round(minutes*60)) * time.Second).Format(time.RFC3339)
}

// pdServer is a double of the API: lists by path, given in pages.
type pdServer struct {
	*httptest.Server
	pageSize int
	lists    map[string][]any               // by path
	objects  map[string]any                 // by path
	refuse   map[string]int                 // status by path
	before   func(http.ResponseWriter) bool // true when it has answered

	mu       sync.Mutex
	requests []string
}

func newPDServer(t *testing.T) *pdServer {
	s := &pdServer{pageSize: 100, lists: map[string][]any{}, objects: map[string]any{}, refuse: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *pdServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.URL.RequestURI())
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if s.before != nil && s.before(w) {
		return
	}
	path, query := r.URL.Path, r.URL.Query()
	switch {
	case r.Header.Get("Authorization") != "Token token="+pdToken || r.Header.Get("Accept") != "application/vnd.pagerduty+json;version=2":
		pdRefuse(w, http.StatusUnauthorized, "Authentication failed for "+r.Header.Get("Authorization"))
	case s.refuse[path] != 0:
		pdRefuse(w, s.refuse[path], http.StatusText(s.refuse[path]))
	case s.objects[path] != nil:
		_ = json.NewEncoder(w).Encode(s.objects[path])
	case s.lists[path] == nil && strings.Count(path, "/") < 3 && path != "/incidents":
		pdRefuse(w, http.StatusNotFound, "Not Found")
	default:
		key := path[strings.LastIndexByte(path, '/')+1:]
		if key == "related_change_events" {
			key = "change_events"
		}
		s.page(w, key, s.selected(path, query.Get("since"), query.Get("until"), query["service_ids[]"]), query.Get("offset"), query.Get("limit"))
	}
}

func pdRefuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"error":{"code":2000,"message":%q,"errors":[]}}`, message)
}

// selected filters incidents as the API does: by creation and service.
func (s *pdServer) selected(path, since, until string, services []string) []any {
	if path != "/incidents" {
		return s.lists[path]
	}
	var selected []any
	for _, item := range s.lists[path] {
		incident := pdObject(item.(map[string]any))
		if created := incident.text("created_at"); created < since || created > until {
			continue
		}
		if len(services) == 0 || slices.Contains(services, incident.text("service", "id")) {
			selected = append(selected, item)
		}
	}
	return selected
}

func (s *pdServer) page(w http.ResponseWriter, key string, all []any, offset, limit string) {
	from, _ := strconv.Atoi(offset)
	most, _ := strconv.Atoi(limit)
	if from+most > pdDeepest {
		pdRefuse(w, http.StatusBadRequest, "Offset and limit are too large")
		return
	}
	to := len(all)
	if limit != "" {
		from, to = min(from, len(all)), min(from+s.pageSize, len(all))
	}
	if all == nil {
		all = []any{}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{key: all[from:to], "more": to < len(all), "limit": most, "offset": from})
}

// asked lists the requests for a path.
func (s *pdServer) asked(path string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.requests), func(uri string) bool { p, _, _ := strings.Cut(uri, "?"); return p != path })
}

// pdJSON is a JSON object in Go.
func pdJSON(t testing.TB, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return object
}

func pdSettings(s *pdServer, services ...string) *Settings {
	return &Settings{
		PagerDuty: PagerDutySettings{URL: s.URL + "/", Token: pdToken, Services: services},
		Now:       time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

func pdTarget() *Target {
	return &Target{
		Scope: evidence.Scope{
			Subject: evidence.Object{Kind: "Rollout", Namespace: "shop", Name: "checkout"},
			Window:  evidence.Window{Start: pdStart, End: pdStart.Add(time.Hour)},
		},
		App: "basket",
	}
}

// pdCollect fetches and reads back.
func pdCollect(t *testing.T, s *Settings) (*evidence.Bundle, timeline.Facts) {
	t.Helper()
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard() //nolint:errcheck // a temporary folder
	if err := PagerDuty.Fetch(t.Context(), s, pdTarget(), w); err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	if err := w.WriteTo(&sealed, evidence.Manifest{Scope: pdTarget().Scope}); err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Read(bytes.NewReader(sealed.Bytes()), int64(sealed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var facts timeline.Facts
	if err := PagerDuty.Read(bundle, &facts); err != nil {
		t.Fatal(err)
	}
	return bundle, facts
}

// pdCoverage gives the records as "source status objects: reason".
func pdCoverage(b *evidence.Bundle) []string {
	var rows []string
	for _, c := range b.Manifest.Coverage {
		row := fmt.Sprintf("%s %s %d", c.Source, c.Status, c.Objects)
		if c.Reason != "" {
			row += ": " + c.Reason
		}
		rows = append(rows, strings.Join(append([]string{row}, c.Warnings...), " | "))
	}
	return rows
}

func pdIncidentJSON(t testing.TB, id, service, title string, created float64) map[string]any {
	return pdJSON(t, fmt.Sprintf(`{
		"id": %[1]q, "type": "incident", "title": %[2]q, "summary": "[#7] x", "incident_number": 7, "status": "triggered", "urgency": "high",
		"html_url": "https://acme.pagerduty.com/incidents/%[1]s", "created_at": %[3]q, "resolved_at": null,
		"service": {"id": "S-%[4]s", "type": "service_reference", "summary": %[4]q}}`, id, title, pdAt(created), service))
}
