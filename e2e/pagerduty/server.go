// Package pagerduty is a double of PagerDuty's REST API v2 for scenarios: it
// pages, is acknowledged, noted and resolved, and tells about it over HTTP in
// pages, with rate limits and with the oddities that the real one is known for.
//
// Every request it gets and every answer it gives is checked against
// PagerDuty's own OpenAPI document where that is at hand; Violations tells what
// did not conform. Only answers that are odd on purpose are exempt.
package pagerduty

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Token is the API key that the double accepts.
const Token = "e2e-pagerduty-token"

// pageSize is the most that one answer holds. The real one allows 100; this
// small, every client has to follow the pages.
const pageSize = 2

// object is a JSON object.
type object = map[string]any

// A Server is a running double.
type Server struct {
	http     *httptest.Server
	contract *Contract // nil without the document

	mu         sync.Mutex
	services   []service
	incidents  []*Incident
	throttled  int
	requests   int
	violations []string
	ids        int
}

type service struct{ id, name string }

// Start serves the double on loopback. A nil contract checks nothing.
func Start(contract *Contract) *Server {
	s := &Server{contract: contract}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /incidents", s.listIncidents)
	mux.HandleFunc("GET /incidents/{id}/log_entries", s.ofIncident("log_entries", (*Incident).logEntries))
	mux.HandleFunc("GET /incidents/{id}/notes", s.ofIncident("notes", (*Incident).notesJSON))
	mux.HandleFunc("POST /incidents/{id}/notes", s.addNote)
	mux.HandleFunc("GET /incidents/{id}/alerts", s.ofIncident("alerts", (*Incident).alerts))
	mux.HandleFunc("GET /incidents/{id}/related_change_events", s.ofIncident("change_events", (*Incident).changeEvents))
	mux.HandleFunc("GET /services", s.listServices)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.violate(r, errors.New("the double does not serve this"))
		refuse(w, http.StatusNotFound, 2100, "Not Found")
	})
	s.http = httptest.NewServer(s.guard(mux))
	return s
}

// URL is the address to use instead of PagerDuty's.
func (s *Server) URL() string { return s.http.URL }

// Close stops serving.
func (s *Server) Close() { s.http.Close() }

// Throttle has the next n requests answered with 429. Every other of these tells
// after which time, one second, to come back; the real one forgets to at times.
func (s *Server) Throttle(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttled += n
}

// Requests is how many requests have been answered.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Violations lists what did not conform to the contract.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

func (s *Server) violate(r *http.Request, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, fmt.Sprintf("%s %s: %v", r.Method, r.URL.RequestURI(), err))
}

// guard does what comes before any answer: the token, the rate limit, and the
// check of the request.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests++
		throttled := s.throttled
		s.throttled = max(0, throttled-1)
		s.mu.Unlock()

		switch {
		case r.Header.Get("Authorization") != "Token token="+Token:
			refuse(w, http.StatusUnauthorized, 2006, "Authentication failed")
		case throttled > 0:
			if throttled%2 == 1 {
				rateLimit(w, "0", "1")
			}
			refuse(w, http.StatusTooManyRequests, 2020, "Too Many Requests")
		default:
			rateLimit(w, "959", "60")
			next.ServeHTTP(w, r)
		}
	})
}

// rateLimit tells how many requests are left, and for how many seconds.
func rateLimit(w http.ResponseWriter, remaining, reset string) {
	w.Header().Set("Ratelimit-Limit", "960")
	w.Header().Set("Ratelimit-Remaining", remaining)
	w.Header().Set("Ratelimit-Reset", reset)
}

// refuse answers with an error in PagerDuty's form.
func refuse(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(object{"error": object{"code": code, "message": message, "errors": []string{message}}})
}

// listIncidents answers with the incidents of the asked services and statuses
// that were created in the asked time, the oldest first.
func (s *Server) listIncidents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	since, err1 := timeParameter(query.Get("since"), time.Now().AddDate(0, -1, 0))
	until, err2 := timeParameter(query.Get("until"), time.Now())
	if err := errors.Join(err1, err2); err != nil {
		s.violate(r, err)
		refuse(w, http.StatusBadRequest, 2001, err.Error())
		return
	}
	s.mu.Lock()
	var found []object
	for _, i := range s.incidents {
		if i.created.Before(since) || i.created.After(until) || !asked(query["service_ids[]"], i.service.id) ||
			!asked(query["statuses[]"], i.status) {
			continue
		}
		found = append(found, i.json())
	}
	s.mu.Unlock()
	s.answerPage(w, r, "incidents", found, false)
}

// asked tells whether a value passes a filter; no filter passes all.
func asked(filter []string, value string) bool {
	return len(filter) == 0 || slices.Contains(filter, value)
}

// timeParameter reads a time. The real API reads one without a zone in the
// account's zone, which no client can mean.
func timeParameter(value string, otherwise time.Time) (time.Time, error) {
	if value == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return time.Time{}, fmt.Errorf("a time without zone, or no time: %w", err)
	}
	return t, nil
}

// ofIncident serves a list that belongs to one incident.
func (s *Server) ofIncident(key string, list func(*Incident) []object) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		i := s.find(r.PathValue("id"))
		var items []object
		if i != nil {
			items = list(i)
		}
		s.mu.Unlock()
		if i == nil {
			refuse(w, http.StatusNotFound, 2100, "Not Found")
			return
		}
		s.answerPage(w, r, key, items, i.odd)
	}
}

// addNote writes a note. The contract wants the header From.
func (s *Server) addNote(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		s.violate(r, err)
		refuse(w, http.StatusBadRequest, 2001, "Invalid Input Provided")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(sent)) // for the check of the request
	var asked struct{ Note struct{ Content string } }
	if err := json.Unmarshal(sent, &asked); err != nil || asked.Note.Content == "" {
		s.violate(r, fmt.Errorf("no note: %w", err))
		refuse(w, http.StatusBadRequest, 2001, "Invalid Input Provided")
		return
	}
	s.mu.Lock()
	i := s.find(r.PathValue("id"))
	var written object
	if i != nil {
		i.note(asked.Note.Content)
		written = i.notesJSON()[len(i.notes)-1]
	}
	s.mu.Unlock()
	if i == nil {
		refuse(w, http.StatusNotFound, 2100, "Not Found")
		return
	}
	s.answer(w, r, object{"note": written}, false)
}

func (s *Server) find(id string) *Incident {
	for _, i := range s.incidents {
		if i.ID == id {
			return i
		}
	}
	return nil
}

func (s *Server) listServices(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var found []object
	for _, svc := range s.services {
		if strings.Contains(strings.ToLower(svc.name), strings.ToLower(r.URL.Query().Get("query"))) {
			found = append(found, svc.json())
		}
	}
	s.mu.Unlock()
	s.answerPage(w, r, "services", found, false)
}

// answerPage answers with the asked page of a list. Notes and change events
// come whole: PagerDuty has no pages for them.
func (s *Server) answerPage(w http.ResponseWriter, r *http.Request, key string, all []object, odd bool) {
	answer := object{}
	page := all
	if key != "notes" && key != "change_events" {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		limit, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("limit"), "25"))
		if err != nil || limit < 1 || limit > 100 || offset < 0 || offset+limit > 10000 {
			s.violate(r, errors.New("limit or offset out of range"))
			refuse(w, http.StatusBadRequest, 2001, "Invalid Input Provided")
			return
		}
		offset, limit = min(offset, len(all)), min(limit, pageSize)
		end := min(offset+limit, len(all))
		page = all[offset:end]
		answer = object{"limit": limit, "offset": offset, "more": end < len(all), "total": nil}
	}
	if page == nil {
		page = []object{}
	}
	answer[key] = page
	s.answer(w, r, answer, odd)
}

// answer checks the request and the answer against the contract, and sends it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, answer object, odd bool) {
	body, err := json.Marshal(answer)
	if err != nil {
		s.violate(r, err)
		refuse(w, http.StatusInternalServerError, 2000, "Internal Server Error")
		return
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if s.contract != nil {
		input, err := s.contract.checkRequest(r.Context(), r)
		if err != nil {
			s.violate(r, fmt.Errorf("the request: %w", err))
		}
		if input != nil && !odd {
			if err := s.contract.checkAnswer(r.Context(), input, http.StatusOK, header, body); err != nil {
				s.violate(r, fmt.Errorf("the answer: %w", err))
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}
