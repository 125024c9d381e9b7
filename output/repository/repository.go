// Package repository puts files on a branch of a git repository, in one commit
// that is pushed or is not there at all.
//
// There is no work tree. The tip of the branch is fetched at depth 1 into a
// temporary store of objects, new blobs, trees and a commit are written there,
// and only these are sent. So nothing that a repository holds can be run or
// followed: no hook, no filter, no symbolic link, no submodule, and no path
// leads out of it. Files larger than [MaxFile] stay at the server if it can
// leave them out.
//
// Nothing is ever forced. A commit is put on the tip that was read; if somebody
// pushed meanwhile, the server's comparison fails, and the change is made again
// on what is there now. Updating twice with the same files does nothing the
// second time.
package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	promconfig "github.com/prometheus/common/config"
)

// Settings say which repository, and as whom.
type Settings struct {
	// URL is where the repository is: https://, http://, ssh://,
	// user@host:path, file:// or a local path. What is local is asked by the
	// git program, which has to be installed then; nothing else needs it.
	URL  string
	Auth Auth
	// Author is who commits.
	Author Person
	// SigningKey, if there is one, signs commits: an armored OpenPGP private
	// key or an OpenSSH private key.
	SigningKey        []byte
	SigningPassphrase promconfig.Secret

	Now func() time.Time
	Log *slog.Logger
	// Transport makes HTTP requests; nil is [http.DefaultTransport], which
	// respects the environment's proxies.
	Transport http.RoundTripper
}

// Person is who a commit is by.
type Person struct{ Name, Email string }

// Auth is what a server is shown. What it lacks is taken from the URL. Without
// anything an ssh server is shown the keys of the user's agent.
type Auth struct {
	User  string
	Token promconfig.Secret // an HTTP password
	// SSHKey is a private key in PEM or OpenSSH form.
	SSHKey        []byte
	SSHPassphrase promconfig.Secret
	// KnownHosts are the keys of ssh servers, in the form of ssh's file; empty
	// means the user's and the system's file. An unknown server is refused.
	KnownHosts []byte
}

// Repository is a remote repository. Its methods may be called from several
// goroutines; updates wait for each other.
type Repository struct {
	settings Settings
	signer   signer // nil: commits are not signed
	remote   *remote
	objects  *objects
	dir      string
	first    refs // what the remote had when it was opened
	updating sync.Mutex
	wait     func(context.Context, time.Duration) error
}

// Open asks the remote which branches it has. The errors that it and the
// methods of [Repository] give are told apart by [ErrCredentials] and the
// others of its kind.
func Open(ctx context.Context, s Settings) (*Repository, error) {
	author, err := s.Author.clean()
	if err != nil {
		return nil, err
	}
	s.Author = author
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Now == nil {
		return nil, errors.New("a clock is missing from the settings of the repository")
	}
	signer, err := newSigner(s.SigningKey, s.SigningPassphrase)
	if err != nil {
		return nil, fmt.Errorf("reading the key that signs commits: %w", err)
	}
	dir, err := os.MkdirTemp("", "debrief-repository-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for git objects: %w", err)
	}
	r := &Repository{settings: s, signer: signer, dir: dir, wait: sleep}
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Repository) open(ctx context.Context) (err error) {
	if r.objects, err = newObjects(filepath.Join(r.dir, "objects")); err != nil {
		return fmt.Errorf("making a store of git objects: %w", err)
	}
	if r.remote, err = newRemote(r.settings, r.dir); err != nil {
		return err
	}
	r.first, err = r.fetch(ctx, nil)
	return err
}

// Close removes what was fetched.
func (r *Repository) Close() error {
	var err error
	if r.objects != nil {
		err = r.objects.close()
	}
	if err := errors.Join(err, os.RemoveAll(r.dir)); err != nil {
		return fmt.Errorf("removing the fetched git objects: %w", err)
	}
	return nil
}

// DefaultBranch is the branch that HEAD stood for when the repository was
// opened. A remote does not tell it of an empty repository: "main" then.
func (r *Repository) DefaultBranch() string { return r.first.head }

// Empty says whether the repository had no branch when it was opened.
func (r *Repository) Empty() bool { return len(r.first.branches) == 0 }

// HasBranch asks the remote whether it has a branch now.
func (r *Repository) HasBranch(ctx context.Context, name string) (bool, error) {
	if err := CheckRef(name); err != nil {
		return false, err
	}
	refs, err := r.fetch(ctx, nil)
	return !refs.branches[name].IsZero(), err
}

// Tree gives the files at the tip of a branch, as it is now. Regular files are
// read when they are asked for, until the repository is closed; symbolic links
// and submodules are not there. The file system implements [fs.ReadDirFS],
// [fs.ReadFileFS] and [fs.StatFS].
func (r *Repository) Tree(ctx context.Context, branch string) (fs.FS, error) {
	if err := CheckRef(branch); err != nil {
		return nil, err
	}
	var tip plumbing.Hash
	_, err := r.fetch(ctx, func(now refs) plumbing.Hash {
		tip = now.branches[branch]
		return tip
	})
	if err != nil {
		return nil, err
	}
	if tip.IsZero() {
		return nil, fmt.Errorf("%w: %s has no branch %q", ErrNoBranch, r.remote, branch)
	}
	root, err := r.objects.rootOf(tip)
	if err != nil {
		return nil, err
	}
	return newTree(r.objects, root), nil
}

// fetch asks the remote for its branches, and for the commit that pick wants of
// them, if any. What broke on the way is tried again.
func (r *Repository) fetch(ctx context.Context, pick func(refs) plumbing.Hash) (refs, error) {
	var now refs
	err := r.retry(ctx, func() (err error) {
		now, err = r.remote.fetch(ctx, r.objects, pick)
		return err
	})
	return now, err
}

// retry does what may fail in passing, until it does not.
func (r *Repository) retry(ctx context.Context, do func() error) error {
	for wait := 500 * time.Millisecond; ; wait *= 2 {
		err := do()
		if err == nil {
			return nil
		}
		err = r.remote.explain(ctx, err)
		if !mayPass(err) {
			return err
		}
		if wait > 2*time.Second {
			return settled(err)
		}
		r.settings.Log.Debug("git remote is asked again", "remote", r.remote.String(), "because", err)
		if stop := r.wait(ctx, max(wait, retryAfter(err))); stop != nil {
			return r.remote.explain(ctx, stop)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// clean makes a person fit for the header of a commit, which has one line and
// fences addresses with angle brackets.
func (p Person) clean() (Person, error) {
	crud := strings.NewReplacer("<", "", ">", "")
	p = Person{Name: crud.Replace(oneLine(p.Name)), Email: crud.Replace(oneLine(p.Email))}
	if p.Name == "" || p.Email == "" {
		return p, errors.New("a commit needs an author with a name and an email address")
	}
	return p, nil
}
