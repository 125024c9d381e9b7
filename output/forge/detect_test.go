package forge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// strangers fails the test when a request that comes before the kind of forge
// is known holds credentials.
func strangers(t *testing.T, next http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), secret) {
				t.Errorf("%s: %s holds the token", r.URL, name)
			}
		}
		return next.RoundTrip(r)
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFor(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		s := d.settings("/acme/docs.git")
		s.Transport = strangers(t, d)
		for _, repository := range []string{s.Repository, "git@forge.test:acme/docs.git"} {
			s.Repository = repository
			f := mustForge(t, "", s)
			if got := kindOf(f); got != d.kind {
				t.Errorf("%s: took a %s for a %s", repository, d.kind, got)
			}
		}
	})
}

func kindOf(f Forge) string {
	switch f.(*client).api.(type) {
	case *githubAPI:
		return "github"
	case *gitlabAPI:
		return "gitlab"
	default:
		return "gitea"
	}
}

func TestForGitLabBelowAPath(t *testing.T) {
	d := newDouble("gitlab")
	s := d.settings("/git/acme/sre/docs.git")
	s.Transport = transport(func(r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Path, "/git/") {
			return page(http.StatusNotFound, "<html>"), nil
		}
		return d.RoundTrip(r)
	})
	if _, err := mustForge(t, "", s).Requests(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	if last := d.asked[len(d.asked)-1]; !strings.HasPrefix(last, "GET /git/api/v4/projects/acme%2Fsre%2Fdocs/merge_requests?") {
		t.Errorf("asked %s", last)
	}
}

func page(status int, body string) *http.Response {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, body)
	return w.Result()
}

func TestForKnownHosts(t *testing.T) {
	nobody := transport(func(r *http.Request) (*http.Response, error) {
		t.Errorf("asked %s", r.URL)
		return nil, io.ErrUnexpectedEOF
	})
	tests := []struct{ name, repository, want string }{
		{"", "https://github.com/acme/docs.git", "github"},
		{"", "ssh://git@ssh.github.com:443/acme/docs.git", "github"},
		{"", "https://acme.ghe.com/acme/docs", "github"},
		{"", "git@gitlab.com:acme/sre/docs.git", "gitlab"},
		{"", "https://codeberg.org/acme/docs", "gitea"},
		{"Forgejo", "git@forge.test:acme/docs", "gitea"},
		{"gitlab", "git@forge.test:acme/docs", "gitlab"},
	}
	for _, test := range tests {
		s := newDouble("").settings("")
		s.Repository, s.Transport = test.repository, nobody
		if got := kindOf(mustForge(t, test.name, s)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.repository, got, test.want)
		}
	}
}

func TestForErrors(t *testing.T) {
	silent := transport(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	web := transport(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			return page(http.StatusFound, ""), nil
		}
		return page(http.StatusOK, "<html>version"), nil
	})
	tests := map[string]struct {
		kind   string
		change func(*Settings)
		want   string
	}{
		"kind":      {"bitbucket", func(*Settings) {}, `unknown forge "bitbucket": want one of github, gitlab, gitea, forgejo`},
		"unknown":   {"", func(s *Settings) { s.Transport = web }, "forge.test does not say which kind of forge it is: set publish.forge to one of github, gitlab, gitea, forgejo"},
		"silent":    {"", func(s *Settings) { s.Transport = silent }, "asking forge.test which kind of forge it is: the forge does not answer: unexpected EOF"},
		"address":   {"", func(s *Settings) { s.Repository = "/srv/git/docs" }, errAddress.Error()},
		"no token":  {"gitea", func(s *Settings) { s.Token = "" }, "no token: opening requests takes one"},
		"an app":    {"gitlab", func(s *Settings) { s.App = &App{} }, "a GitHub App is not for GitLab: set a token"},
		"no key":    {"github", func(s *Settings) { s.App = &App{Key: "secret"} }, "reading the private key of the GitHub App: it is not an RSA key in PEM"},
		"API":       {"github", func(s *Settings) { s.API = "forge.test" }, "the address of the forge's API is not a plain http or https URL"},
		"no clock":  {"github", func(s *Settings) { s.Now = nil }, "forge: Settings.Now is not set"},
		"too deep":  {"github", func(s *Settings) { s.Repository = "git@forge.test:a/b/c" }, errAddress.Error() + ": this kind of forge has no groups within groups"},
		"bad parts": {"github", func(s *Settings) { s.Repository = "git@forge.test:a/.." }, errAddress.Error() + `: ".." cannot be part of its path`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newDouble("").settings("/acme/docs")
			test.change(&s)
			if _, err := For(t.Context(), test.kind, s); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
