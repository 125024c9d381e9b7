package gitea_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/gitserver"
	"github.com/debrief-sre/debrief/e2e/servers"
)

// start runs a Gitea with two users, of whom alice has a repository.
func start(t *testing.T) (*gitea.Gitea, *gitea.Repository) {
	t.Helper()
	ctx := t.Context()
	command, err := servers.Gitea(ctx, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gitea.Start(ctx, command, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, user := range []string{"alice", "bob"} {
		if err := g.AddUser(ctx, user); err != nil {
			t.Fatal(err)
		}
	}
	repo, err := g.AddRepository(ctx, "alice", "Postmortems", gitserver.Options{
		DefaultBranch: "trunk",
		Files:         map[string]string{"README.md": "first\n"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, repo
}

// push has a user commit a file to a branch.
func push(t *testing.T, repo *gitea.Repository, user, branch, path string) error {
	t.Helper()
	ctx := t.Context()
	c, err := repo.Clone(ctx, user, filepath.Join(t.TempDir(), "clone"))
	if err != nil {
		return err
	}
	if err := c.Branch(ctx, branch); err != nil {
		return err
	}
	if err := c.Commit(ctx, "by "+user, map[string]string{path: "content\n"}); err != nil {
		return err
	}
	return c.Push(ctx)
}

func TestPushNeedsAccess(t *testing.T) {
	_, repo := start(t)
	ctx := t.Context()
	if err := push(t, repo, "bob", "topic", "bob.md"); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a push by a stranger: error %v, want a refusal", err)
	}
	if err := repo.AddCollaborator(ctx, "bob"); err != nil {
		t.Fatal(err)
	}
	if err := push(t, repo, "bob", "topic", "bob.md"); err != nil {
		t.Error(err)
	}
	if err := repo.Protect(ctx, "guarded/*"); err != nil {
		t.Fatal(err)
	}
	if err := push(t, repo, "bob", "guarded/topic", "bob.md"); err == nil || !strings.Contains(err.Error(), "protected branch") {
		t.Errorf("a push to a protected branch: error %v, want a refusal", err)
	}
	if err := repo.Archive(ctx); err != nil {
		t.Fatal(err)
	}
	if err := push(t, repo, "bob", "topic", "again.md"); err == nil || !strings.Contains(err.Error(), "archived") {
		t.Errorf("a push to an archive: error %v, want a refusal", err)
	}
	branches, err := repo.Branches(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := branches["topic"]; !ok || len(branches) != 2 {
		t.Errorf("branches %v, want trunk and topic", branches)
	}
}

func TestTokenHasItsScopes(t *testing.T) {
	g, repo := start(t)
	reader, err := g.Token(t.Context(), "alice", "read:repository")
	if err != nil {
		t.Fatal(err)
	}
	writer, err := g.Token(t.Context(), "alice", "write:repository")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		token string
		wrong string // in the error
	}{{reader, "403"}, {writer, ""}} {
		url := strings.Replace(repo.URL(), "http://", "http://alice:"+tt.token+"@", 1)
		c, err := gitserver.Clone(t.Context(), url, filepath.Join(t.TempDir(), "clone"), "alice")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(t.Context(), "by token", map[string]string{"a.md": "a\n"}); err != nil {
			t.Fatal(err)
		}
		err = c.Push(t.Context())
		if (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("pushing: error %v, want %q in it", err, tt.wrong)
		}
	}
}

func TestRequests(t *testing.T) {
	_, repo := start(t)
	ctx := t.Context()
	for _, branch := range []string{"merged", "rejected"} {
		if err := push(t, repo, "alice", branch, branch+".md"); err != nil {
			t.Fatal(err)
		}
		if err := repo.Open(ctx, "alice", branch, "trunk", "About "+branch); err != nil {
			t.Fatal(err)
		}
	}
	if err := repo.Merge(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if err := repo.Close(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if err := repo.EditBody(ctx, 2, "not like this"); err != nil {
		t.Fatal(err)
	}
	type brief struct {
		Title, Body, State, Author string
		Merged                     bool
	}
	look := func(head string) []brief {
		requests, err := repo.Requests(ctx, head)
		if err != nil {
			t.Fatal(err)
		}
		var briefs []brief
		for _, r := range requests {
			briefs = append(briefs, brief{r.Title, r.Body, r.State, r.User.Login, r.Merged})
		}
		return briefs
	}
	want := []brief{
		{"About rejected", "not like this", "closed", "alice", false},
		{"About merged", "", "closed", "alice", true},
	}
	if diff := cmp.Diff(want, look("")); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if err := repo.Reopen(ctx, 2); err != nil {
		t.Fatal(err)
	}
	want[0].State = "open"
	if diff := cmp.Diff(want[:1], look("rejected")); diff != "" {
		t.Errorf("requests of a branch (-want +got):\n%s", diff)
	}
	if got, err := repo.File(ctx, "trunk", "merged.md"); got != "content\n" || err != nil {
		t.Errorf("the merged file is %q, error %v", got, err)
	}
}

func TestRestart(t *testing.T) {
	g, repo := start(t)
	if err := g.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := push(t, repo, "alice", "topic", "a.md"); err != nil {
		t.Error(err)
	}
	want := []string{"README.md", "a.md"}
	if got, err := repo.Paths(t.Context(), "topic"); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("files %v, error %v; want %v", got, err, want)
	}
	if !strings.Contains(g.Log(), "git-receive-pack") {
		t.Error("the log does not show the push")
	}
}
