package forge

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/config"
)

// Over real connections: what a transport that answers by itself cannot show.

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestOverHTTP(t *testing.T) {
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			d := newDouble(k.Name)
			s := d.settings("")
			s.Repository, s.Transport = serve(t, d.ServeHTTP)+"/acme/docs.git", nil
			f := mustForge(t, "", s)
			r, _, err := f.Open(t.Context(), desired())
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetBody(t.Context(), r.Number, "new"); err != nil {
				t.Fatal(err)
			}
			rs, err := f.Requests(t.Context(), head)
			if err != nil || len(rs) != 1 || rs[0].Body != "new" {
				t.Error(rs, err)
			}
		})
	}
}

// A redirect would take the token to another host, or lose what is to be written.
func TestRedirects(t *testing.T) {
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s followed, with %v", r.URL, r.Header) })
			d := newDouble(k.Name)
			to := ""
			s := d.settings("")
			s.Transport = nil
			s.Repository = serve(t, func(w http.ResponseWriter, r *http.Request) {
				if old, rest, found := strings.Cut(r.URL.EscapedPath(), "former"); found {
					http.Redirect(w, r, to+old+"acme"+rest+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
					return
				}
				d.ServeHTTP(w, r)
			}) + "/former/docs"
			f := mustForge(t, k.Name, s)
			d.add(&change{})
			if rs, err := f.Requests(t.Context(), head); err != nil || len(rs) != 1 {
				t.Errorf("of a renamed owner: %v, %v", rs, err)
			}
			if _, _, err := f.Open(t.Context(), desired()); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "renamed") || d.created != 0 {
				t.Errorf("opened: %v", err)
			}
			to = elsewhere
			if _, err := f.Requests(t.Context(), head); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "redirects to "+elsewhere) {
				t.Errorf("elsewhere: %v", err)
			}
		})
	}
}

func TestWebPage(t *testing.T) {
	for _, k := range Kinds {
		s := newDouble(k.Name).settings("")
		s.Transport = nil
		s.Repository = serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<!DOCTYPE html><title>Sign in</title>")) }) + "/acme/docs"
		if _, err := mustForge(t, k.Name, s).Requests(t.Context(), head); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "web page") {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

func TestCancelledWhileAsking(t *testing.T) {
	for _, k := range Kinds {
		asked, done := make(chan struct{}), make(chan struct{})
		s := newDouble(k.Name).settings("")
		s.Transport = nil
		s.Repository = serve(t, func(http.ResponseWriter, *http.Request) {
			close(asked)
			<-done
		}) + "/acme/docs"
		t.Cleanup(func() { close(done) }) // before the server closes
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			cancel()
		}()
		if _, err := mustForge(t, k.Name, s).Requests(ctx, head); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

func TestGitHubApp(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	d := newDouble("github")
	tokens := 0
	s := d.settings("/acme/docs")
	s.Token, s.App = "", &App{ID: 12, Installation: 345, Key: config.Secret(key)}
	expires := time.Now().Add(time.Hour)
	s.Transport = transport(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		switch {
		case r.URL.Path == "/api/v3/app/installations/345/access_tokens":
			if strings.Count(r.Header.Get("Authorization"), ".") != 2 {
				t.Errorf("no signed token: %q", r.Header.Get("Authorization"))
			}
			tokens++
			answer(w, http.StatusCreated, object{"token": "ghs_installation", "expires_at": expires.Format(time.RFC3339)})
		case r.Header.Get("Authorization") == "token ghs_installation":
			r.Header.Set("Authorization", "Bearer "+secret)
			return d.RoundTrip(r)
		default:
			answer(w, http.StatusUnauthorized, object{"message": "Bad credentials"})
		}
		return w.Result(), nil
	})
	f := mustForge(t, "github", s)
	if _, _, err := f.Open(t.Context(), desired()); err != nil {
		t.Fatal(err)
	}
	user, password, err := f.Token(t.Context())
	if user != "x-access-token" || password != "ghs_installation" || err != nil || tokens != 1 {
		t.Error(user, password, err, tokens)
	}
}

func TestGitHubAppRefused(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	s := newDouble("github").settings("/acme/docs")
	s.App = &App{ID: 12, Installation: 345, Key: config.Secret(key)}
	s.Transport = transport(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		answer(w, http.StatusUnauthorized, object{"message": "A JSON web token could not be decoded: " + r.Header.Get("Authorization")})
		return &http.Response{StatusCode: w.Code, Header: w.Header(), Body: w.Result().Body, Request: r}, nil
	})
	f := mustForge(t, "github", s)
	if _, _, err := f.Token(t.Context()); !errors.Is(err, ErrUnauthorized) || !strings.Contains(err.Error(), "could not be decoded: Bearer <secret>") {
		t.Errorf("error %v", err)
	}
}

// A plan without drafts gets a request that is ready for review.
func TestGitHubWithoutDrafts(t *testing.T) {
	d := newDouble("github")
	d.noDrafts = true
	want := desired()
	want.Draft = true
	r, warnings, err := d.forge(t).Open(t.Context(), want)
	if err != nil || r.Draft || len(warnings) != 1 || !strings.Contains(warnings[0], "Draft pull requests are not supported") {
		t.Error(r, warnings, err)
	}
}
