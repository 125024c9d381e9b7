package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

// Paths under which the APIs other than Kubernetes are served.
const (
	PrometheusPath = "/prometheus"
	PagerDutyPath  = "/pagerduty"
)

// Server is an http.Handler that serves a recording. Its methods may be called
// while it serves.
type Server struct {
	// Now is the servers' clock, for the Date header and for queries without a
	// time. Set it before serving; nil is the real clock.
	Now func() time.Time

	cluster   *cluster
	metrics   *metrics
	pagerduty *pagerduty
	failures  failures
	requests  requestLog
}

// New reads a recording: lists of Kubernetes objects named after their
// resource ("pods.json"), raw samples ("prom-*.json") and PagerDuty's answers
// ("pagerduty-*.json"). What has no file is empty.
func New(fsys fs.FS) (*Server, error) {
	s := &Server{}
	var errs [3]error
	s.cluster, errs[0] = readCluster(fsys)
	s.metrics, errs[1] = readMetrics(fsys)
	s.pagerduty, errs[2] = readPagerDuty(fsys)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("reading recording: %w", err)
	}
	return s, nil
}

// ServeHTTP answers a request to any of the APIs.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.add(r)
	if s.Now != nil {
		w.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat))
	}
	api, path := route(r.URL.Path)
	if f := s.failures.next(api, path); f != nil {
		f.answer(w, api, path)
		return
	}
	switch api {
	case Prometheus:
		s.metrics.serve(w, r, path, s.now())
	case PagerDuty:
		s.pagerduty.serve(w, r, path)
	default:
		s.cluster.serve(w, r, path)
	}
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// route splits a path into the API that it belongs to and the rest.
func route(path string) (API, string) {
	for prefix, api := range map[string]API{PrometheusPath: Prometheus, PagerDutyPath: PagerDuty} {
		if rest, ok := strings.CutPrefix(path, prefix); ok && (rest == "" || rest[0] == '/') {
			return api, rest
		}
	}
	return Kubernetes, path
}

// readJSON decodes a file of the recording. A missing one leaves v alone.
func readJSON(fsys fs.FS, name string, v any) error {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client is gone
}
