package gitserver_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/e2e/gitserver"
)

// create makes a repository with one file in it.
func create(t *testing.T, dir string) *gitserver.Repository {
	t.Helper()
	repo, err := gitserver.Create(t.Context(), dir, gitserver.Options{
		DefaultBranch: "trunk",
		Files:         map[string]string{"docs/a file.md": "first\n"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// twoPeople has two clones commit to one branch, so that the second push is
// refused at first, and checks that the repository has both commits.
func twoPeople(t *testing.T, repo *gitserver.Repository, url string, env ...string) {
	t.Helper()
	ctx := t.Context()
	copies := map[string]*gitserver.WorkingCopy{}
	for _, person := range []string{"alice", "bob"} {
		c, err := gitserver.Clone(ctx, url, filepath.Join(t.TempDir(), person), person, env...)
		if err != nil {
			t.Fatal(err)
		}
		copies[person] = c
	}
	for _, person := range []string{"alice", "bob"} {
		if err := copies[person].Commit(ctx, "by "+person, map[string]string{person + ".md": "mine\n"}); err != nil {
			t.Fatal(err)
		}
		if err := copies[person].Push(ctx); err != nil {
			t.Fatal(err)
		}
	}

	commits, err := repo.Log(ctx, "trunk")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range commits {
		got = append(got, c.Author+": "+c.Subject)
	}
	if diff := cmp.Diff([]string{"bob: by bob", "alice: by alice", "founder: first commit"}, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	paths, err := repo.Paths(ctx, "trunk")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"alice.md", "bob.md", "docs/a file.md"}, paths); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := repo.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestSSH(t *testing.T) {
	server, err := gitserver.StartSSH(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	repo := create(t, filepath.Join(t.TempDir(), "over ssh.git"))
	url := server.URL(repo)
	twoPeople(t, repo, url, server.Env()...)

	stranger, err := gitserver.StartSSH(t.Context(), t.TempDir()) // for its key alone
	if err != nil {
		t.Fatal(err)
	}
	wrong := *server
	wrong.KeyFile = stranger.KeyFile
	if _, err := gitserver.Clone(t.Context(), url, filepath.Join(t.TempDir(), "clone"), "mallory", wrong.Env()...); err == nil ||
		!strings.Contains(err.Error(), "Permission denied") {
		t.Errorf("a clone with a stranger's key: error %v, want a refusal", err)
	}
	if err := errors.Join(server.Close(), stranger.Close()); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", strings.Split(strings.SplitN(url, "@", 2)[1], "/")[0]); err == nil {
		t.Error("sshd still listens after Close")
	}
}

func TestHTTP(t *testing.T) {
	root := t.TempDir()
	server, err := gitserver.StartHTTP(root)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	repo := create(t, filepath.Join(root, "team", "over http.git"))
	url, err := server.URLWithPassword(repo)
	if err != nil {
		t.Fatal(err)
	}
	twoPeople(t, repo, url)

	server.Password = "another"
	if _, err := gitserver.Clone(t.Context(), url, filepath.Join(t.TempDir(), "clone"), "mallory"); err == nil ||
		!strings.Contains(err.Error(), "Authentication failed") {
		t.Errorf("a clone with the wrong password: error %v, want a refusal", err)
	}
}

func TestEmptyRepository(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	repo, err := gitserver.Create(t.Context(), filepath.Join(t.TempDir(), "e.git"), gitserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	branches, err := repo.Branches(t.Context())
	if err != nil || len(branches) != 0 {
		t.Errorf("branches %v, error %v; want none", branches, err)
	}
	if err := gitserver.Fill(t.Context(), repo.Dir, gitserver.Options{Files: map[string]string{"README.md": "x"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := repo.File(t.Context(), "main", "README.md"); got != "x" || err != nil {
		t.Errorf("README.md is %q, error %v", got, err)
	}
	if entries, err := os.ReadDir(tmp); len(entries) != 0 || err != nil {
		t.Errorf("left behind: %v, error %v", entries, err)
	}
}
