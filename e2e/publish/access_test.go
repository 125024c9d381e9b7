package publish_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/gitserver"
)

// TestRefused: where debrief may not publish it says why in one line, and
// leaves the repository as it was.
func TestRefused(t *testing.T) {
	t.Parallel()
	token := func(t *testing.T, user string, scopes ...string) string {
		t.Helper()
		token, err := ground.server.Token(t.Context(), user, scopes...)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, repo *gitea.Repository, p *publisher)
		words   []string
	}{
		{"wrong token", func(_ *testing.T, _ *gitea.Repository, p *publisher) {
			p.token = strings.Repeat("0123456789", 4)
		}, []string{"token"}},
		{"no token", func(_ *testing.T, _ *gitea.Repository, p *publisher) {
			p.token = ""
		}, []string{"token"}},
		{"token that may only read", func(t *testing.T, _ *gitea.Repository, p *publisher) {
			p.token = token(t, bot, "read:repository", "read:issue")
		}, []string{"push"}},
		{"token without the repository scope", func(t *testing.T, _ *gitea.Repository, p *publisher) {
			p.token = token(t, bot, "write:issue")
		}, []string{"scope"}},
		{"user who may only read", func(t *testing.T, _ *gitea.Repository, p *publisher) {
			p.token = token(t, carol, "write:repository", "write:issue")
		}, []string{"push"}},
		{"archived", func(t *testing.T, repo *gitea.Repository, _ *publisher) {
			if err := repo.Archive(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, []string{"archived"}},
		{"protected branch", func(t *testing.T, repo *gitea.Repository, _ *publisher) {
			if err := repo.Protect(t.Context(), "postmortem/**"); err != nil {
				t.Fatal(err)
			}
		}, []string{head, "protected"}},
		{"missing base", func(t *testing.T, repo *gitea.Repository, p *publisher) {
			*p = *newPublisher(t, p.token, "repository: "+repo.URL(), "forge: gitea", "base: production")
		}, []string{"production"}},
		{"missing repository", func(t *testing.T, repo *gitea.Repository, p *publisher) {
			*p = *newPublisher(t, p.token, "repository: "+strings.TrimSuffix(repo.URL(), ".git")+"-elsewhere.git", "forge: gitea")
		}, []string{"not found"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			repo, p := newRepository(t, withReadme)
			before := branches(t, &repo.Repository)
			tt.prepare(t, repo, p)
			p.fails(t, recorded, tt.words...)
			if diff := cmp.Diff(before, branches(t, &repo.Repository)); diff != "" {
				t.Errorf("branches moved (-before +after):\n%s", diff)
			}
			if requests, err := repo.Requests(t.Context(), ""); err != nil || len(requests) != 0 {
				t.Errorf("requests %v (%v), want none", requests, err)
			}
		})
	}
}

// TestProtectedBase: nobody may push to main, which is usual, and debrief has
// no need to.
func TestProtectedBase(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme)
	if err := repo.Protect(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	url := p.done(t, recorded)
	if request := onlyRequest(t, repo); request.URL != url || request.State != "open" {
		t.Errorf("the request is %v", request)
	}
}

// TestLabelsRefused: a token that may push and open requests, but not label
// them, opens the request, and the rest is said.
func TestLabelsRefused(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme, "request: {labels: [postmortem], reviewers: [nobody-of-that-name]}")
	token, err := ground.server.Token(t.Context(), bot, "write:repository")
	if err != nil {
		t.Fatal(err)
	}
	p.token = token
	o := p.run(t, recorded)
	if request := onlyRequest(t, repo); o.exit != exitDone || strings.TrimSpace(o.stdout) != request.URL {
		t.Errorf("debrief publish ended with %d and printed %q; want 0 and %q\n%s", o.exit, o.stdout, request.URL, o.stderr)
	}
	for _, words := range []string{"postmortem", "nobody-of-that-name"} {
		if !strings.Contains(o.stderr, words) {
			t.Errorf("there is no warning about %q:\n%s", words, o.stderr)
		}
	}
}

// TestEmptyRepository: there is nothing yet that a request could go to, so
// debrief begins the default branch.
func TestEmptyRepository(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, gitserver.Options{DefaultBranch: "main"})
	url := p.done(t, recorded)
	if request := onlyRequest(t, repo); request.URL != url || request.State != "open" || request.Base.Branch != "main" {
		t.Errorf("debrief printed %s, the request is %v", url, request)
	}
	if diff := cmp.Diff([]string{"README.md"}, sorted(files(t, &repo.Repository, "main", ""))); diff != "" {
		t.Errorf("files on main (-want +got):\n%s", diff)
	}
	if files(t, &repo.Repository, head, "main")[document] == "" {
		t.Error("the document is not on its branch")
	}
	before := branches(t, &repo.Repository)
	if again := p.done(t, recorded); again != url {
		t.Errorf("a second run prints %q, want %q", again, url)
	}
	if diff := cmp.Diff(before, branches(t, &repo.Repository)); diff != "" {
		t.Errorf("a second run moved branches:\n%s", diff)
	}
}
