package publish_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/gitserver"
)

// Exit codes of debrief.
const (
	exitDone   = 0
	exitFailed = 1
)

// debriefTimeout is far more than publishing may take.
const debriefTimeout = 2 * time.Minute

// A publisher is debrief with a configuration and a token.
type publisher struct {
	config string // path
	home   string
	tmp    string // for its temporary files
	token  string
	killed bool // so that those may be left
}

// An outcome is what a run of debrief said, and how it ended.
type outcome struct {
	exit           int
	stdout, stderr string
}

// newPublisher writes a configuration whose section publish has these lines.
func newPublisher(t *testing.T, token string, lines ...string) *publisher {
	t.Helper()
	dir := t.TempDir()
	p := &publisher{config: filepath.Join(dir, "debrief.yaml"), home: dir, tmp: filepath.Join(dir, "tmp"), token: token}
	if err := os.Mkdir(p.tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, err := os.ReadDir(p.tmp); err != nil || len(left) > 0 && !p.killed {
			t.Errorf("debrief left temporary files: %v (%v)", left, err)
		}
	})
	text := "publish:\n  commit: {name: Debrief Bot, email: debrief@example.com}\n"
	for _, line := range lines {
		text += "  " + line + "\n"
	}
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// command is a run of `debrief publish` with nothing else of this environment.
func (p *publisher) command(ctx context.Context, bundle string, flags ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, ground.debrief, append([]string{"publish", bundle, "--config", p.config}, flags...)...)
	cmd.Env = []string{"TMPDIR=" + p.tmp, "HOME=" + p.home, "PATH=" + os.Getenv("PATH"), "DEBRIEF_GIT_TOKEN=" + p.token}
	return cmd
}

// run publishes a bundle, and checks what holds whatever comes of it: the token
// is in no output. It may be called from any goroutine.
func (p *publisher) run(t *testing.T, bundle string, flags ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), debriefTimeout)
	defer cancel()
	cmd := p.command(ctx, bundle, flags...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || ctx.Err() != nil {
			t.Errorf("running debrief publish: %v\n%s", err, stderr.String())
		}
	}
	o := outcome{exit: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
	if p.token != "" && strings.Contains(o.stdout+o.stderr, p.token) {
		t.Errorf("the token is in the output: %s%s", o.stdout, o.stderr)
	}
	return o
}

// done publishes a bundle, which must succeed, and returns what debrief printed:
// the address of the request.
func (p *publisher) done(t *testing.T, bundle string, flags ...string) string {
	t.Helper()
	o := p.run(t, bundle, flags...)
	if o.exit != exitDone {
		t.Fatalf("debrief publish ended with %d\nstdout: %s\nstderr: %s", o.exit, o.stdout, o.stderr)
	}
	return strings.TrimSpace(o.stdout)
}

// fails publishes a bundle, which must fail with these words.
func (p *publisher) fails(t *testing.T, bundle string, words ...string) {
	t.Helper()
	o := p.run(t, bundle)
	if o.exit != exitFailed || o.stdout != "" {
		t.Errorf("debrief publish ended with %d and printed %q; want %d and nothing", o.exit, o.stdout, exitFailed)
	}
	for _, word := range words {
		if !strings.Contains(strings.ToLower(o.stderr), word) {
			t.Errorf("the error has no %q:\n%s", word, o.stderr)
		}
	}
	if lines := strings.Count(strings.TrimSpace(o.stderr), "\n"); lines > 2 {
		t.Errorf("the error is not short:\n%s", o.stderr)
	}
}

// newRepository makes a repository of alice's that the bot may push to, and a
// publisher for it.
func newRepository(t *testing.T, o gitserver.Options, lines ...string) (*gitea.Repository, *publisher) {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-", "#", "-").Replace(strings.ToLower(t.Name()))
	if len(name) > 80 {
		name = name[len(name)-80:]
	}
	repo, err := ground.server.AddRepository(t.Context(), alice, name, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.AddCollaborator(t.Context(), bot); err != nil {
		t.Fatal(err)
	}
	return repo, newPublisher(t, ground.token, append([]string{"repository: " + repo.URL(), "forge: gitea"}, lines...)...)
}

// withReadme is what most repositories begin with.
var withReadme = gitserver.Options{Files: map[string]string{"README.md": "# Postmortems\n"}}

// onlyRequest is the request of a repository, which must have one.
func onlyRequest(t *testing.T, repo *gitea.Repository) gitea.Request {
	t.Helper()
	requests, err := repo.Requests(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != 1 {
		t.Fatalf("there are %d requests, want 1: %v", len(requests), requests)
	}
	return requests[0]
}

// branches are the branches of a repository, which must be sound.
func branches(t *testing.T, repo *gitserver.Repository) map[string]string {
	t.Helper()
	if err := repo.Check(t.Context()); err != nil {
		t.Error(err)
	}
	found, err := repo.Branches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// files are the files that a branch has and another has not, with what is in them.
func files(t *testing.T, repo *gitserver.Repository, branch, base string) map[string]string {
	t.Helper()
	read := func(branch string) map[string]string {
		paths, err := repo.Paths(t.Context(), branch)
		if err != nil {
			t.Fatal(err)
		}
		content := map[string]string{}
		for _, path := range paths {
			if content[path], err = repo.File(t.Context(), branch, path); err != nil {
				t.Fatal(err)
			}
		}
		return content
	}
	content := read(branch)
	if base == "" {
		return content
	}
	for path, text := range read(base) {
		if content[path] != text {
			t.Errorf("%s is another on %s than on %s", path, branch, base)
		}
		delete(content, path)
	}
	return content
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// person clones a repository as alice and switches to a branch.
func person(t *testing.T, repo *gitea.Repository, branch string) *gitserver.WorkingCopy {
	t.Helper()
	c, err := repo.Clone(t.Context(), alice, filepath.Join(t.TempDir(), "clone"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Branch(t.Context(), branch); err != nil {
		t.Fatal(err)
	}
	return c
}

// push commits files as a person and returns the commit.
func push(t *testing.T, c *gitserver.WorkingCopy, files map[string]string) string {
	t.Helper()
	commit, err := tryPush(t.Context(), c, files)
	if err != nil {
		t.Fatal(err)
	}
	return commit
}

// tryPush is push for any goroutine.
func tryPush(ctx context.Context, c *gitserver.WorkingCopy, files map[string]string) (string, error) {
	if err := c.Commit(ctx, "what people know", files); err != nil {
		return "", err
	}
	if err := c.Push(ctx); err != nil {
		return "", err
	}
	return c.Head(ctx)
}
