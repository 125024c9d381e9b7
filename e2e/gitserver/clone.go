package gitserver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A WorkingCopy is somebody's clone of a repository.
type WorkingCopy struct {
	Dir string
	env []string
}

// Clone clones a repository into a folder, which must not exist, for a person
// of that name. More of git's environment may be given, such as a server's Env.
func Clone(ctx context.Context, url, dir, person string, env ...string) (*WorkingCopy, error) {
	email := person + "@example.com"
	env = append(
		[]string{
			"GIT_AUTHOR_NAME=" + person, "GIT_AUTHOR_EMAIL=" + email,
			"GIT_COMMITTER_NAME=" + person, "GIT_COMMITTER_EMAIL=" + email,
		}, env...,
	)
	if _, err := git(ctx, "", env, "clone", "--quiet", url, dir); err != nil {
		return nil, err
	}
	return &WorkingCopy{Dir: dir, env: env}, nil
}

// Git runs a git command in the working copy.
func (c *WorkingCopy) Git(ctx context.Context, args ...string) (string, error) {
	return git(ctx, c.Dir, c.env, args...)
}

// Branch switches to a branch: the server's of that name, else a new one.
func (c *WorkingCopy) Branch(ctx context.Context, name string) error {
	_, err := c.Git(ctx, "checkout", "--quiet", "-B", name, "origin/"+name)
	if err == nil {
		return nil
	}
	// Before the first commit there is nothing that a branch could point at.
	if _, unborn := c.Git(ctx, "rev-parse", "--verify", "--quiet", "HEAD"); unborn != nil {
		_, err = c.Git(ctx, "symbolic-ref", "HEAD", "refs/heads/"+name)
		return err
	}
	_, err = c.Git(ctx, "checkout", "--quiet", "-B", name)
	return err
}

// Commit writes files, by path, and commits them and whatever else has changed.
func (c *WorkingCopy) Commit(ctx context.Context, message string, files map[string]string) error {
	for path, content := range files {
		file := filepath.Join(c.Dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("writing a file to commit: %w", err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing a file to commit: %w", err)
		}
	}
	if _, err := c.Git(ctx, "add", "--all"); err != nil {
		return err
	}
	_, err := c.Git(ctx, "commit", "--quiet", "--message="+message)
	return err
}

// Head is the commit that the working copy is at.
func (c *WorkingCopy) Head(ctx context.Context) (string, error) {
	out, err := c.Git(ctx, "rev-parse", "HEAD")
	return strings.TrimSpace(out), err
}

// Push pushes the current branch under its own name. When somebody else was
// faster it does what people do: pull by rebase, and push again.
func (c *WorkingCopy) Push(ctx context.Context) error {
	const tries = 10
	var err error
	for range tries {
		if _, err = c.Git(ctx, "push", "--quiet", "origin", "HEAD"); err == nil {
			return nil
		}
		if !strings.Contains(err.Error(), "fetch first") && !strings.Contains(err.Error(), "non-fast-forward") &&
			!strings.Contains(err.Error(), "cannot lock ref") {
			return err
		}
		branch, branchErr := c.Git(ctx, "symbolic-ref", "--short", "HEAD")
		if branchErr != nil {
			return branchErr
		}
		if _, err = c.Git(ctx, "pull", "--quiet", "--rebase", "origin", strings.TrimSpace(branch)); err != nil {
			return err
		}
	}
	return fmt.Errorf("pushing %d times: %w", tries, err)
}
