package gitserver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Repository is a bare repository on this machine.
type Repository struct {
	Dir string
}

// Options say what a new repository holds.
type Options struct {
	DefaultBranch string            // "main" if empty
	Files         map[string]string // by path; none: no commit at all
}

// Branch is the default branch.
func (o Options) Branch() string {
	if o.DefaultBranch == "" {
		return "main"
	}
	return o.DefaultBranch
}

// Create makes a bare repository in a folder, which must not exist.
func Create(ctx context.Context, dir string, o Options) (*Repository, error) {
	if _, err := git(ctx, "", nil, "init", "--quiet", "--bare", "--initial-branch="+o.Branch(), dir); err != nil {
		return nil, err
	}
	// git http-backend takes pushes only where this says so.
	if _, err := git(ctx, dir, nil, "config", "http.receivepack", "true"); err != nil {
		return nil, err
	}
	if len(o.Files) == 0 {
		return &Repository{Dir: dir}, nil
	}
	return &Repository{Dir: dir}, Fill(ctx, dir, o)
}

// Fill pushes the first commit to an empty repository.
func Fill(ctx context.Context, url string, o Options) error {
	tmp, err := os.MkdirTemp("", "debrief-fill-")
	if err != nil {
		return fmt.Errorf("filling a repository: %w", err)
	}
	defer os.RemoveAll(tmp)
	c, err := Clone(ctx, url, filepath.Join(tmp, "clone"), "founder")
	if err != nil {
		return err
	}
	if err := c.Branch(ctx, o.Branch()); err != nil {
		return err
	}
	if err := c.Commit(ctx, "first commit", o.Files); err != nil {
		return err
	}
	return c.Push(ctx)
}

// Branches are the branches and the commits they point at.
func (r *Repository) Branches(ctx context.Context) (map[string]string, error) {
	out, err := git(ctx, r.Dir, nil, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
	if err != nil {
		return nil, err
	}
	branches := map[string]string{}
	for line := range strings.Lines(out) {
		name, commit, _ := strings.Cut(strings.TrimSpace(line), " ")
		branches[name] = commit
	}
	return branches, nil
}

// Paths lists the files of a branch or commit, in git's order.
func (r *Repository) Paths(ctx context.Context, revision string) ([]string, error) {
	return r.list(ctx, "ls-tree", "-r", "-z", "--name-only", revision)
}

// Changed lists the files in which two branches or commits differ.
func (r *Repository) Changed(ctx context.Context, from, to string) ([]string, error) {
	return r.list(ctx, "diff", "-z", "--name-only", "--no-renames", from, to)
}

// list runs a git command that prints names with a zero byte after each.
func (r *Repository) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := git(ctx, r.Dir, nil, args...)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
}

// File is the content of a file of a branch or commit.
func (r *Repository) File(ctx context.Context, revision, path string) (string, error) {
	return git(ctx, r.Dir, nil, "cat-file", "blob", revision+":"+path)
}

// A Commit is one commit of a branch's history.
type Commit struct {
	Hash, Author, Committer, Subject string
}

// Log lists the commits of a revision or a range, the newest first.
func (r *Repository) Log(ctx context.Context, revisions string) ([]Commit, error) {
	out, err := git(ctx, r.Dir, nil, "log", "--format=%H%x00%an%x00%cn%x00%s", revisions)
	if err != nil {
		return nil, err
	}
	var commits []Commit
	for line := range strings.Lines(out) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\x00", 4)
		commits = append(commits, Commit{Hash: f[0], Author: f[1], Committer: f[2], Subject: f[3]})
	}
	return commits, nil
}

// Contains tells whether a commit is part of a branch's history.
func (r *Repository) Contains(ctx context.Context, branch, commit string) bool {
	_, err := git(ctx, r.Dir, nil, "merge-base", "--is-ancestor", commit, branch)
	return err == nil
}

// Check has git verify that every object is there and whole.
func (r *Repository) Check(ctx context.Context) error {
	_, err := git(ctx, r.Dir, nil, "fsck", "--strict", "--no-dangling")
	return err
}
