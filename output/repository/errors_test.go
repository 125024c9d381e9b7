package repository

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/internal/gittest"
)

func TestRefusalsOfServers(t *testing.T) {
	status := func(at string, code int, words string) func(*gittest.Server) {
		return func(s *gittest.Server) {
			s.Answer = func(w http.ResponseWriter, service string) bool {
				if at != "" && service != at {
					return false
				}
				http.Error(w, words, code)
				return true
			}
		}
	}
	hook := func(reason, words string) func(*gittest.Server) {
		return func(s *gittest.Server) { s.Refuse = func(string) (string, string) { return reason, words } }
	}
	const push = "git-receive-pack"
	for _, test := range []struct {
		name  string
		set   func(*gittest.Server)
		want  error
		says  string
		waits int
	}{
		{"wrong token", func(s *gittest.Server) { s.Token = "right" }, ErrCredentials, "invalid credentials", 0},
		{"not found", status("", 404, "Repository not found"), ErrNotFound, "Repository not found", 0},
		{"may not see", status("", 403, "Resource not accessible"), ErrPermission, "Resource not accessible", 0},
		{"may not push", status(push, 403, "Permission to team/a.git denied to debrief."), ErrPermission, "denied to debrief.", 0},
		{"archived", status(push, 403, "This repository was archived so it is read-only."), ErrReadOnly, "This repository was archived", 0},
		{"read-only instance", status(push, 403, "You cannot push to this read-only instance: it is in read-only mode"), ErrReadOnly, "instance", 0},
		{"server down", status("", 503, "try later"), ErrUnreachable, "HTTP 503 Service Unavailable: try later", 3},
		{"too much", status(push, 413, "entity too large"), nil, "HTTP 413", 0},
		{
			"protected branch", hook("protected branch hook declined", "\x1b[31merror: GH006: Protected branch update failed\x1b[0m\nfor refs/heads/main.\n"), ErrRefused,
			`branch "main" (protected branch hook declined; error: GH006: Protected branch update failed for refs/heads/main.)`, 0,
		},
		{"hook", hook("pre-receive hook declined", "GitLab: You are not allowed to push code\x00\x07 to protected branches\u202e"), ErrRefused, "GitLab: You are not allowed to push code to protected branches)", 0},
		{"archived, said late", hook("hook declined", "This repository is archived"), ErrReadOnly, "archived", 0},
		{"locked for ever", hook("cannot lock ref 'refs/heads/main'", ""), ErrRefused, "cannot lock ref", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := gittest.New(t)
			tip := s.Commit("main", gittest.Text("a", "a"))
			r, w := open(t, s)
			test.set(s)
			got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", "b"))})
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "/team/postmortems.git") || strings.ContainsAny(err.Error(), "\x1b\x00\x07\n\u202e") {
				t.Errorf("says %q, and not %q", err, test.says)
			}
			if len(w.times) != test.waits {
				t.Errorf("waited %v", w.times)
			}
			if s.Tip("main").Hash != tip {
				t.Error("the branch moved")
			}
		})
	}
}

func TestErrorsAtOpen(t *testing.T) {
	s := gittest.New(t)
	s.Token = "right"
	wrong := settings(s.URL)
	wrong.Auth.Token = "wr0ng-secret"
	if r, err := Open(t.Context(), wrong); !errors.Is(err, ErrCredentials) {
		t.Errorf("got %v, %v", r, err)
	}
	right := settings(s.URL)
	right.Auth.Token = "right"
	r, err := Open(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	elsewhere := settings(strings.Replace(s.URL, "postmortems", "elsewhere", 1))
	elsewhere.Auth.Token = "right"
	if r, err := Open(t.Context(), elsewhere); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestCredentialsInTheURL(t *testing.T) {
	s := gittest.New(t)
	s.Token = "sup3r/secret"
	with := strings.Replace(s.URL, "http://", "http://ada:sup3r%2Fsecret@", 1)
	r, err := Open(t.Context(), settings(with))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	user, _, _ := s.Requests[0].BasicAuth()
	s.Answer = func(w http.ResponseWriter, _ string) bool {
		http.Error(w, "no: sup3r/secret and sup3r%2Fsecret", http.StatusForbidden)
		return true
	}
	if user != "ada" {
		t.Errorf("asked as %q", user)
	}
	_, err = r.HasBranch(t.Context(), "main")
	if err == nil || strings.Contains(err.Error(), "sup3r") || strings.Contains(err.Error(), "ada") {
		t.Errorf("got %v", err)
	}
}

func TestTokenAsUserInTheURL(t *testing.T) {
	s := gittest.New(t)
	r, err := Open(t.Context(), settings(strings.Replace(s.URL, "http://", "http://t0ken@", 1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if user, password, ok := s.Requests[0].BasicAuth(); user != "t0ken" || password != "" || !ok {
		t.Errorf("asked as %q with %q", user, password)
	}
	if got := r.remote.clean("no t0ken"); strings.Contains(got, "t0ken") {
		t.Errorf("says %q", got)
	}
}

func TestServersOwnDelay(t *testing.T) {
	s := gittest.New(t)
	r, w := open(t, s)
	n := 0
	s.Answer = func(w http.ResponseWriter, _ string) bool {
		if n++; n > 2 {
			return false
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	if _, err := r.HasBranch(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{7 * time.Second, 7 * time.Second}; !slices.Equal(w.times, want) {
		t.Errorf("waited %v", w.times)
	}
}

func TestNobodyThere(t *testing.T) {
	s := settings("http://127.0.0.1:1/a.git")
	r := &Repository{settings: s}
	var err error
	if r.remote, err = newRemote(s, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	_, err = r.remote.fetch(t.Context(), nil, nil)
	if err = r.remote.explain(t.Context(), err); !errors.Is(err, ErrUnreachable) || !mayPass(err) {
		t.Errorf("got %v", err)
	}
}

func TestMeaningOfSSH(t *testing.T) {
	r := &remote{shown: "ssh://git.example.com/a"}
	for text, want := range map[string]error{
		"ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain": ErrCredentials,
		"error creating SSH agent: \"SSH agent requested but SSH_AUTH_SOCK not-specified\"":                                   ErrCredentials,
		"ssh: handshake failed: knownhosts: key is unknown":                                                                   ErrHostKey,
		"unknown error: ERROR: Permission to team/a.git denied to debrief.":                                                   ErrPermission,
		"unknown error: ERROR: The key you are authenticating with has been marked as read only.":                             ErrPermission,
		"unknown error: ERROR: This repository was archived so it is read-only.":                                              ErrReadOnly,
		"unknown error: remote: The project you were looking for could not be found":                                          ErrNotFound,
		"error decoding upload-pack response: unexpected EOF":                                                                 ErrUnreachable,
	} {
		if err := r.explain(t.Context(), errors.New(text)); !errors.Is(err, want) || strings.Contains(err.Error(), "unknown error") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}
