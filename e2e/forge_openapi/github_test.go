package openapi

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/config"

	"github.com/debrief-sre/debrief/e2e/servers"
	"github.com/debrief-sre/debrief/output/forge"
)

// operations are all that debrief asks of GitHub.
var operations = []string{
	"GET /repos/{owner}/{repo}/pulls",
	"POST /repos/{owner}/{repo}/pulls",
	"PATCH /repos/{owner}/{repo}/pulls/{pull_number}",
	"POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
	"POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
	"POST /app/installations/{installation_id}/access_tokens",
}

func play(t *testing.T) *github {
	t.Helper()
	document, err := servers.GitHubAPI(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	command, err := servers.Prism(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(t.TempDir(), "github.json")
	if err := excerpt(document, part, operations); err != nil {
		t.Fatal(err)
	}
	g, err := start(t.Context(), command, part, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *github) forge(t *testing.T, change func(*forge.Settings)) forge.Forge {
	t.Helper()
	s := forge.Settings{Repository: g.URL + "/octocat/Hello-World.git", Token: "token", Now: time.Now}
	change(&s)
	f, err := forge.For(t.Context(), "github", s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The calls conform to the document, and its examples are understood.
func TestGitHubCallsConform(t *testing.T) {
	g := play(t)
	f := g.forge(t, func(*forge.Settings) {})
	ctx := t.Context()

	rs, err := f.Requests(ctx, "new-topic") // the branch of the example
	if err != nil {
		t.Error(err)
	}
	want := []forge.Request{{
		Number: 1347, URL: "https://github.com/octocat/Hello-World/pull/1347", Title: "Amazing new feature",
		Body: "Please pull these awesome changes in!", Head: "new-topic", Base: "master", State: forge.Merged, // it has a merged_at
	}}
	if diff := cmp.Diff(want, rs); diff != "" {
		t.Error(diff)
	}
	r, warnings, err := f.Open(ctx, forge.Desired{
		Head: "postmortem/shop-checkout", Base: "main", Title: "Postmortem", Body: "text",
		Labels: []string{"postmortem", "service/checkout"}, Reviewers: []string{"octocat", "github/justice-league"}, Draft: true,
	})
	if err != nil || len(warnings) != 0 || r.Number != 1347 {
		t.Error(r, warnings, err)
	}
	if err := f.SetBody(ctx, 1347, "new text"); err != nil {
		t.Error(err)
	}
	served, refused := g.heard()
	for _, refusal := range refused {
		t.Error(refusal)
	}
	wantServed := []string{
		"GET /repos/octocat/Hello-World/pulls?direction=desc&head=octocat%3Anew-topic&page=1&per_page=100&sort=created&state=all",
		// The example of a Link header names page 2, on page 2 as well.
		"GET /repos/octocat/Hello-World/pulls?direction=desc&head=octocat%3Anew-topic&page=2&per_page=100&sort=created&state=all",
		"POST /repos/octocat/Hello-World/pulls",
		"POST /repos/octocat/Hello-World/issues/1347/labels",
		"POST /repos/octocat/Hello-World/pulls/1347/requested_reviewers",
		"PATCH /repos/octocat/Hello-World/pulls/1347",
	}
	if diff := cmp.Diff(wantServed, served); diff != "" {
		t.Error(diff)
	}
}

func TestGitHubAppConforms(t *testing.T) {
	g := play(t)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	f := g.forge(t, func(s *forge.Settings) {
		s.Token, s.App = "", &forge.App{ID: 1, Installation: 42, Key: config.Secret(key)}
	})
	user, password, err := f.Token(t.Context())
	if err != nil || user == "" || password == "" {
		t.Error(user, len(password), err)
	}
	served, refused := g.heard()
	if len(refused) != 0 || len(served) != 1 || served[0] != "POST /app/installations/42/access_tokens" {
		t.Errorf("served %q, refused %q", served, refused)
	}
}

// What does not conform is noticed.
func TestGitHubRefuses(t *testing.T) {
	g := play(t)
	for path, body := range map[string]string{
		"/repos/o/r/pulls":                       `{"title":"no head","base":"main"}`,
		"/repos/o/r/pulls/1/requested_reviewers": `{"reviewers":"octocat"}`,
		"/repos/o/r/issues/one/labels":           `["a"]`,
		"/repos/o/r/merges":                      `{}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL+apiPath+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if _, refused := g.heard(); len(refused) != 1 || !regexp.MustCompile(`: 4\d\d `).MatchString(refused[0]) {
			t.Errorf("%s: refused %q", path, refused)
		}
	}
}
