package forge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

const (
	secret = "t0ken-of-the-test"
	head   = "postmortem/2026-11-22-shop-checkout-r2"
)

// change is a request as the doubles keep it.
type change struct {
	number             int
	title, body        string
	head, base, state  string // "open", "merged" or "closed"
	draft, fork        bool
	labels, users      []string
	teams              []string
	branchDeletedSince bool
}

// double is a forge with one repository, acme/docs. How it speaks is its kind's.
type double struct {
	mu      sync.Mutex
	kind    string
	changes []*change
	labels  []string // that exist
	users   []string // who may review
	teams   []string

	archived, gone, readOnly, noScope, noDrafts, noLabels bool

	races     bool // opens a second request for a branch that has one
	pageLimit int  // requests on a page at most
	asked     []string
	created   int
	faults    []fault
}

// fault is what happens to a request instead of its being answered, or after.
type fault struct {
	method string
	path   string // the end of the path; "" for any
	status int    // 0: the connection breaks
	header http.Header
	body   string
	late   bool // carried out nevertheless
}

// newDouble gives the double of a kind, and how to reach it.
func newDouble(kind string) *double {
	return &double{kind: kind, pageLimit: 100, labels: []string{"postmortem"}, users: []string{"ada", "grace"}, teams: []string{"sre"}}
}

func (d *double) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, r.Method+" "+r.URL.RequestURI())
	i := slices.IndexFunc(d.faults, func(f fault) bool {
		return f.method == r.Method && (f.path == "" || bytes.HasSuffix([]byte(r.URL.Path), []byte(f.path)))
	})
	w := httptest.NewRecorder()
	if i < 0 {
		d.ServeHTTP(w, r)
		return w.Result(), nil
	}
	f := d.faults[i]
	d.faults = slices.Delete(d.faults, i, i+1)
	if f.late {
		d.ServeHTTP(w, r)
		w = httptest.NewRecorder()
	}
	if f.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	for name, values := range f.header {
		w.Header()[name] = values
	}
	w.WriteHeader(f.status)
	w.WriteString(f.body)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	map[string]func(http.ResponseWriter, *http.Request){"github": d.github, "gitlab": d.gitlab, "gitea": d.gitea}[d.kind](w, r)
}

func (d *double) settings(path string) Settings {
	return Settings{Repository: "https://forge.test" + path, Token: secret, Transport: d, Now: time.Now}
}

func (d *double) forge(t *testing.T) Forge {
	t.Helper()
	s := d.settings("/acme/docs.git")
	s.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	return mustForge(t, d.kind, s)
}

func mustForge(t *testing.T, kind string, s Settings) Forge {
	t.Helper()
	f, err := For(t.Context(), kind, s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// add adds requests that somebody opened before, oldest first.
func (d *double) add(changes ...*change) {
	for _, c := range changes {
		c.number = len(d.changes) + 1
		if c.head == "" {
			c.head = head
		}
		if c.base == "" {
			c.base = "main"
		}
		if c.state == "" {
			c.state = "open"
		}
		d.changes = append(d.changes, c)
	}
}

func (d *double) isOpen(head, base string) bool {
	return !d.races && slices.ContainsFunc(d.changes, func(c *change) bool {
		return c.state == "open" && !c.fork && c.head == head && c.base == base
	})
}

func (d *double) change(number string) *change {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(d.changes) {
		return nil
	}
	return d.changes[n-1]
}

// page gives a page of changes, newest first, and the number of the next or 0.
func (d *double) page(r *http.Request, size string, keep func(*change) bool) (cs []*change, next int) {
	for _, c := range slices.Backward(d.changes) {
		if keep(c) {
			cs = append(cs, c)
		}
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get(size))
	limit = max(1, min(limit, d.pageLimit))
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(1, page)
	if page*limit < len(cs) {
		next = page + 1
	}
	return cs[min(len(cs), (page-1)*limit):min(len(cs), page*limit)], next
}

func link(w http.ResponseWriter, r *http.Request, next int) {
	if next == 0 {
		return
	}
	u := *r.URL
	q := u.Query()
	q.Set("page", strconv.Itoa(next))
	u.RawQuery = q.Encode()
	w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next", <%s>; rel="last"`, &u, &u))
}

type object = map[string]any

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func read(r *http.Request) object {
	var body object
	json.NewDecoder(r.Body).Decode(&body)
	return body
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func texts(v any) []string {
	var all []string
	list, _ := v.([]any)
	for _, element := range list {
		all = append(all, text(element))
	}
	return all
}

func objects[T any](list []T, as func(T) object) []object {
	all := []object{}
	for _, element := range list {
		all = append(all, as(element))
	}
	return all
}

// subtract gives the names that are not among the known.
func subtract(names, known []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(known, name) })
}
