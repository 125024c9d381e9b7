package repository

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/internal/gittest"
)

var clock = time.Date(2026, 11, 22, 19, 55, 8, 0, time.UTC)

// waits counts, and does not wait.
type waits struct{ times []time.Duration }

func (w *waits) wait(ctx context.Context, d time.Duration) error {
	w.times = append(w.times, d)
	return context.Cause(ctx)
}

func settings(url string) Settings {
	return Settings{
		URL: url, Author: Person{Name: "debrief", Email: "debrief@example.com"},
		Now: func() time.Time { return clock },
	}
}

// open opens a server's repository. Nothing waits in it.
func open(t testing.TB, s *gittest.Server) (*Repository, *waits) {
	t.Helper()
	r, err := Open(t.Context(), settings(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &waits{}
	r.wait = w.wait
	return r, w
}

func write(files ...File) func(fs.FS) (Change, error) {
	return func(fs.FS) (Change, error) { return Change{Files: files, Message: "Postmortem"}, nil }
}

// files lists what a branch has: mode, path and content.
func files(s *gittest.Server, branch string) (list []string) {
	for _, f := range s.Files(branch) {
		list = append(list, f.String())
	}
	return list
}

func must0(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](v T, err error) T {
	must0(err)
	return v
}

func textFile(path, data string) File { return File{Path: path, Data: []byte(data)} }

func TestOpen(t *testing.T) {
	s := gittest.New(t)
	s.Head = "trunk"
	s.Commit("trunk", gittest.Text("README.md", "# Hi\n"))
	s.Commit("postmortem/a", gittest.Text("README.md", "# Hi\n"))
	r, _ := open(t, s)
	if got := r.DefaultBranch(); got != "trunk" {
		t.Errorf("default branch %q", got)
	}
	if r.Empty() {
		t.Error("is empty")
	}
	for name, want := range map[string]bool{"trunk": true, "postmortem/a": true, "main": false, "postmortem": false} {
		if got, err := r.HasBranch(t.Context(), name); got != want || err != nil {
			t.Errorf("has %s: %v, %v", name, got, err)
		}
	}
	if _, err := r.HasBranch(t.Context(), "../main"); err == nil {
		t.Error("a branch ../main may be")
	}
}

func TestDefaultBranchWithoutHead(t *testing.T) {
	for _, test := range []struct {
		branches []string
		want     string
	}{
		{nil, "main"},
		{[]string{"master", "feature"}, "master"},
		{[]string{"master", "main"}, "main"},
		{[]string{"feature"}, "main"},
	} {
		s := gittest.New(t)
		s.Head = "gone"
		for _, b := range test.branches {
			s.Commit(b, gittest.Text("a", "a"))
		}
		if r, _ := open(t, s); r.DefaultBranch() != test.want || r.Empty() != (test.branches == nil) {
			t.Errorf("%v: %q, empty %v", test.branches, r.DefaultBranch(), r.Empty())
		}
	}
}

func TestRequestsSayWhoAsks(t *testing.T) {
	s := gittest.New(t)
	r, _ := open(t, s)
	if _, err := r.Update(t.Context(), Update{Branch: "b", Change: write(textFile("a", "a"))}); err != nil {
		t.Fatal(err)
	}
	for _, q := range s.Requests {
		if got := q.Header.Get("User-Agent"); got != "debrief" {
			t.Errorf("%s %s by %q", q.Method, q.URL, got)
		}
	}
	if len(s.Requests) != 4 { // open, look, look to push, push
		t.Errorf("%d requests", len(s.Requests))
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"no URL":              func(s *Settings) { s.URL = "" },
		"git protocol":        func(s *Settings) { s.URL = "git://example.com/a" },
		"a helper's protocol": func(s *Settings) { s.URL = "ext::sh -c true" },
		"no author":           func(s *Settings) { s.Author = Person{} },
		"author of crud":      func(s *Settings) { s.Author.Name = "<>\n\x00" },
		"no clock":            func(s *Settings) { s.Now = nil },
		"no key":              func(s *Settings) { s.SigningKey = []byte("secret") },
	} {
		t.Run(name, func(t *testing.T) {
			s := settings("https://git.example.com/a")
			s.Transport = unreachable{t}
			change(&s)
			if r, err := Open(t.Context(), s); err == nil {
				t.Errorf("opened %v", r.remote)
			}
		})
	}
}

// unreachable fails a test that makes a request.
type unreachable struct{ t *testing.T }

func (u unreachable) RoundTrip(q *http.Request) (*http.Response, error) {
	u.t.Errorf("a request to %s", q.URL)
	return nil, http.ErrAbortHandler
}

// A push is over when the server's hooks are, which is when its answer ends.
func TestPushWaitsForTheEnd(t *testing.T) {
	answer, server := io.Pipe()
	go func() {
		_, _ = server.Write([]byte("report"))
		_, _ = server.Write([]byte(", and hooks"))
		_ = server.CloseWithError(http.ErrAbortHandler)
	}()
	next := fixed{&http.Response{StatusCode: http.StatusOK, Body: answer}}
	q := must(http.NewRequest(http.MethodPost, "https://git.example.com/a/git-receive-pack", nil))
	response := must(polite{next}.RoundTrip(q))
	if n, err := answer.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the answer is not read and closed: %d, %v", n, err)
	}
	data, err := io.ReadAll(response.Body)
	if string(data) != "report, and hooks" || !errors.Is(err, http.ErrAbortHandler) {
		t.Errorf("%q, %v", data, err)
	}
	must0(response.Body.Close())
}

type fixed struct{ response *http.Response }

func (f fixed) RoundTrip(*http.Request) (*http.Response, error) { return f.response, nil }
