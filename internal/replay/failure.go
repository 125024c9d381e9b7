package replay

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// API is one of the served APIs.
type API string

// The APIs.
const (
	Kubernetes API = "kubernetes"
	Prometheus API = "prometheus"
	PagerDuty  API = "pagerduty"
)

// Failure makes an API fail.
type Failure struct {
	API API

	// Resource limits a Kubernetes failure to the requests for one resource,
	// such as "events"; ClusterWide to those in no namespace, as it is for
	// somebody who may only read his own. Path limits any failure to paths that
	// end in it, such as "/query_range".
	Resource    string
	ClusterWide bool
	Path        string

	// Unreachable breaks the connection instead of answering. Else Status is
	// answered in the API's own shape of an error, with Header and, if not
	// empty, Body in its place.
	Unreachable bool
	Status      int
	Header      http.Header
	Body        string

	Times int // how many requests fail before the API works again; 0 is all
}

// Fail makes APIs fail from now on, beside the failures there are.
func (s *Server) Fail(failures ...Failure) {
	s.failures.mu.Lock()
	defer s.failures.mu.Unlock()
	for _, f := range failures {
		s.failures.list = append(s.failures.list, &f)
	}
}

// Recover ends all failures.
func (s *Server) Recover() {
	s.failures.mu.Lock()
	defer s.failures.mu.Unlock()
	s.failures.list = nil
}

type failures struct {
	mu   sync.Mutex
	list []*Failure
}

// next is the failure that a request meets, if any.
func (l *failures) next(api API, path string) *Failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, f := range l.list {
		if !f.meets(api, path) {
			continue
		}
		met := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				l.list = slices.Delete(l.list, i, i+1)
			}
		}
		return &met
	}
	return nil
}

func (f *Failure) meets(api API, path string) bool {
	if f.API != api || !strings.HasSuffix(path, f.Path) {
		return false
	}
	if api != Kubernetes || f.Resource == "" && !f.ClusterWide {
		return true
	}
	q, ok := parseObjectPath(path)
	return ok && (f.Resource == "" || f.Resource == q.kind.resource) && (!f.ClusterWide || q.namespace == "")
}

func (f *Failure) answer(w http.ResponseWriter, api API, path string) {
	if f.Unreachable {
		// The documented way to drop the connection without a word, over any
		// version of HTTP.
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), f.Header)
	status := cmp.Or(f.Status, http.StatusInternalServerError)
	if f.Body != "" {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(f.Body)) // the client is gone
		return
	}
	switch api {
	case Prometheus:
		// Neither Prometheus's own nor a proxy's error of these kinds is JSON.
		http.Error(w, http.StatusText(status), status)
	case PagerDuty:
		pagerDutyError(w, status)
	default:
		kubernetesError(w, failedStatus(status, path))
	}
}

// requestLog keeps what was asked.
type requestLog struct {
	mu   sync.Mutex
	urls []Request
}

// Request is a request that the server got.
type Request struct {
	Method string
	URL    url.URL
	Header http.Header
}

func (l *requestLog) add(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urls = append(l.urls, Request{Method: r.Method, URL: *r.URL, Header: r.Header.Clone()})
}

// Requests is what was asked so far, in order.
func (s *Server) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	return slices.Clone(s.requests.urls)
}
