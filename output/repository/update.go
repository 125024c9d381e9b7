package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const (
	// maxConflicts is how often others may push first. Each time one of them
	// gets on, so about as many may push to one branch at once.
	maxConflicts = 16
	// maxFailures is how often in a row a push may fail for reasons that pass.
	maxFailures = 4
)

// Update is a change of one branch.
type Update struct {
	Branch string
	// Base is where the branch starts if the remote does not have it: at the
	// tip of this one. Empty means the default branch. A branch that is there
	// is never moved to a newer base: that is for people to merge.
	Base string
	// Change says what to write, given the files that the branch has. It is
	// called again if somebody pushed meanwhile, so what it says has to follow
	// from the files that it is given.
	Change func(tree fs.FS) (Change, error)
}

// Change is what one commit does.
type Change struct {
	Files   []File
	Message string
}

// Result is what became of an update.
type Result struct {
	// Branch is where the files are. That is the update's branch, or its base
	// if the repository was empty: the first commit of a repository makes its
	// base, as there is nothing else that a branch could start from.
	Branch string
	// Commit is the tip that has the files, be it ours or an older one.
	Commit string
	// Created means that the remote did not have the branch before, and has it
	// from this update. Of several that make the same commit at once, one has made
	// it; where the remote's answer was lost, perhaps none.
	Created bool
	// Changed means that a commit was pushed. Without it the files were so
	// already: on the branch or, if it is not there, on its base.
	Changed bool
}

// Update makes a change and pushes it as one commit; if others push meanwhile,
// again on top of theirs.
func (r *Repository) Update(ctx context.Context, u Update) (Result, error) {
	if err := CheckRef(u.Branch); err != nil {
		return Result{}, err
	}
	if u.Base != "" {
		if err := CheckRef(u.Base); err != nil {
			return Result{}, err
		}
	}
	r.updating.Lock()
	defer r.updating.Unlock()
	conflicts, failures := 0, 0
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		result, err := r.attempt(ctx, u)
		switch {
		case err == nil:
			return result, nil
		case errors.Is(err, errMoved):
			conflicts, failures = conflicts+1, 0
		case mayPass(err):
			failures++
		default:
			return Result{}, err
		}
		if conflicts == maxConflicts {
			return Result{}, fmt.Errorf("%s: branch %q: %w (%d tries)", r.remote, u.Branch, ErrConflict, conflicts)
		}
		if failures == maxFailures {
			return Result{}, err
		}
		r.settings.Log.Debug("update is made again", "remote", r.remote.String(), "branch", u.Branch, "because", err)
		if stop := r.wait(ctx, max(wait, retryAfter(err))); stop != nil {
			return Result{}, r.remote.explain(ctx, stop)
		}
	}
}

// start is what a commit is put on.
type start struct {
	branch string        // where the commit goes
	tip    plumbing.Hash // of that branch; zero: it is to be created
	parent plumbing.Hash // zero: the repository is empty
	root   plumbing.Hash // the parent's files
}

// attempt makes the change once, on what the remote has now.
func (r *Repository) attempt(ctx context.Context, u Update) (Result, error) {
	at, err := r.start(ctx, u)
	if err != nil {
		return Result{}, err
	}
	change, err := u.Change(newTree(r.objects, at.root))
	if err != nil {
		return Result{}, fmt.Errorf("changing the files of branch %q: %w", u.Branch, err)
	}
	planned, err := plan(change.Files)
	if err != nil {
		return Result{}, err
	}
	made := edit{objects: r.objects}
	root, err := made.folder(at.root, planned, "")
	if err != nil {
		return Result{}, fmt.Errorf("changing the files of branch %q: %w", u.Branch, err)
	}
	if root == at.root {
		return Result{Branch: u.Branch, Commit: at.parent.String()}, nil
	}
	commit, err := r.commit(&made, root, at.parent, change.Message)
	if err != nil {
		return Result{}, err
	}
	ours, err := r.push(ctx, at, commit, made.written)
	if err != nil {
		return Result{}, err
	}
	r.objects.pushed(commit)
	r.settings.Log.Info("pushed", "remote", r.remote.String(), "branch", at.branch, "commit", commit.String())
	return Result{Branch: at.branch, Commit: commit.String(), Created: ours && at.tip.IsZero(), Changed: true}, nil
}

// start fetches what the branch has, or what it will start from.
func (r *Repository) start(ctx context.Context, u Update) (start, error) {
	var at start
	var refusal error
	_, err := r.fetch(ctx, func(now refs) plumbing.Hash {
		at, refusal = startOf(u, now)
		return at.parent
	})
	if err != nil {
		return at, err
	}
	if refusal != nil {
		return at, fmt.Errorf("%s: %w", r.remote, refusal)
	}
	if !at.parent.IsZero() {
		at.root, err = r.objects.rootOf(at.parent)
	}
	return at, err
}

func startOf(u Update, now refs) (start, error) {
	base := u.Base
	if base == "" {
		base = now.head
	}
	if len(now.branches) == 0 {
		return start{branch: base}, nil
	}
	if tip := now.branches[u.Branch]; !tip.IsZero() {
		return start{branch: u.Branch, tip: tip, parent: tip}, nil
	}
	for _, name := range slices.Sorted(maps.Keys(now.branches)) { // git keeps branches as files: a/b and a cannot both be
		if strings.HasPrefix(name, u.Branch+"/") || strings.HasPrefix(u.Branch, name+"/") {
			return start{}, fmt.Errorf("%w: branch %q cannot be made beside branch %q", ErrInTheWay, u.Branch, name)
		}
	}
	if now.branches[base].IsZero() {
		return start{}, fmt.Errorf("%w: %q, which %q is to start from", ErrNoBranch, base, u.Branch)
	}
	return start{branch: u.Branch, parent: now.branches[base]}, nil
}

// commit writes the commit of an edit, and the empty folder if that is all.
func (r *Repository) commit(made *edit, root, parent plumbing.Hash, message string) (plumbing.Hash, error) {
	message = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(message, "\uFFFD"), "\x00", ""))
	if message == "" {
		return plumbing.ZeroHash, errors.New("a commit needs a message")
	}
	if root.IsZero() {
		var err error
		if root, err = made.write((&object.Tree{}).Encode); err != nil {
			return plumbing.ZeroHash, fmt.Errorf("writing the commit: %w", err)
		}
	}
	by := object.Signature{Name: r.settings.Author.Name, Email: r.settings.Author.Email, When: r.settings.Now().UTC()}
	c := &object.Commit{Author: by, Committer: by, Message: message + "\n", TreeHash: root}
	if !parent.IsZero() {
		c.ParentHashes = []plumbing.Hash{parent}
	}
	if r.signer != nil {
		signature, err := r.signer.sign(c, by.When)
		if err != nil {
			return plumbing.ZeroHash, fmt.Errorf("signing the commit: %w", err)
		}
		c.PGPSignature = signature
	}
	hash, err := made.write(c.Encode)
	if err != nil {
		return hash, fmt.Errorf("writing the commit: %w", err)
	}
	return hash, nil
}

// push sends a commit. When it is not clear what became of it, the branch
// tells: a lost answer is no lost commit, and a branch that moved is no refusal.
// Whether it is ours is not known then: in the same second others make the same
// commit, down to its hash.
func (r *Repository) push(ctx context.Context, at start, commit plumbing.Hash, written []plumbing.Hash) (ours bool, err error) {
	pack, err := r.objects.pack(written)
	if err != nil {
		return false, err
	}
	err = r.remote.push(ctx, at.branch, at.tip, commit, pack)
	if err == nil || errors.Is(err, errMoved) {
		return err == nil, err
	}
	err = r.remote.explain(ctx, err)
	if errors.Is(err, ErrCredentials) || errors.Is(err, ErrPermission) || ctx.Err() != nil {
		return false, err
	}
	now, silence := r.fetch(ctx, nil)
	switch {
	case silence != nil:
		return false, errors.Join(err, silence)
	case now.branches[at.branch] == commit:
		return false, nil
	case now.branches[at.branch] != at.tip:
		return false, errMoved
	default:
		return false, err
	}
}
