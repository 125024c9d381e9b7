// Package gittest is a git server for tests: it speaks git's protocol over HTTP
// and over any stream, and keeps its one repository in memory.
//
// Unlike go-git's own server it knows shallow fetches and filters, compares a
// branch's old tip before it moves it, and refuses commits whose objects it does
// not have. It serves clients that fetch at depth 1, and no others.
package gittest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/memory"
)

// The services that hooks and streams are told of.
const (
	Fetch = "git-upload-pack"
	Push  = "git-receive-pack"
)

const repository = "/team/postmortems.git"

// Server is a git server with one repository.
type Server struct {
	URL string // of the repository

	// What a test may set while no request is under way. Functions may call
	// the server's methods, and are called by several requests at once.
	Head     string                                           // branch that HEAD stands for; at first main
	Token    string                                           // HTTP password that a request needs; empty: none
	NoFilter bool                                             // the server leaves out no large files
	Answer   func(w http.ResponseWriter, service string) bool // answers an HTTP request instead of the server
	Refuse   func(branch string) (status, words string)       // a hook; an empty status agrees
	Pushing  func()                                           // before a pushed branch is compared with what it was
	Pushed   func(w http.ResponseWriter) bool                 // after that, and after the branch moved: answers instead of the server

	// What the server saw. A test may read it while no request is under way.
	Requests []*http.Request
	Sent     []plumbing.Hash // objects of the last fetch
	Received []plumbing.Hash // objects of the last push
	Filter   string          // of the last fetch

	mu    sync.Mutex // for all that requests change
	store *memory.Storage
}

// New starts a server with an empty repository. It stops with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{Head: "main", store: memory.NewStorage()}
	web := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(web.Close)
	s.URL = web.URL + repository
	return s
}

func (s *Server) serve(w http.ResponseWriter, q *http.Request) {
	s.mu.Lock()
	s.Requests = append(s.Requests, q)
	s.mu.Unlock()
	path, found := strings.CutPrefix(q.URL.Path, repository+"/")
	service := q.URL.Query().Get("service")
	if service == "" {
		service = path
	}
	_, password, _ := q.BasicAuth()
	switch {
	case s.Answer != nil && s.Answer(w, service):
	case s.Token != "" && password != s.Token:
		http.Error(w, "invalid credentials", http.StatusUnauthorized)
	case found && path == "info/refs":
		s.advertise(w, service, true)
	case found && path == Fetch:
		s.upload(w, q.Body)
	case found && path == Push:
		s.receive(w, q.Body)
	default:
		http.NotFound(w, q)
	}
}

// Stream serves one request over a connection of another kind, as git's
// programs do at the other end of ssh: it says which branches there are, and
// answers what the client asks for then.
func (s *Server) Stream(service string, connection io.ReadWriter) {
	s.advertise(connection, service, false)
	body := must(io.ReadAll(connection))
	switch {
	case string(body) == "0000" || len(body) == 0: // it was only the branches
	case service == Fetch:
		s.upload(connection, strings.NewReader(string(body)))
	case service == Push:
		s.receive(connection, io.NopCloser(strings.NewReader(string(body))))
	}
}

// must0 and must panic, as what fails then is the server itself.
func must0(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](v T, err error) T {
	must0(err)
	return v
}
