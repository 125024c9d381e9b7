// Package forge opens and updates requests to merge a branch: pull requests on
// GitHub, Gitea and Forgejo, merge requests on GitLab.
//
// The branch is pushed by others; this package speaks to the forge's API only.
// Whatever the forge is, a call
//   - waits as long as the server asks for when it limits requests, and repeats
//     what a broken connection or an overloaded server made uncertain, but no
//     longer altogether than Settings.Patience;
//   - never opens a second request because the answer to the first was lost;
//   - sends credentials to the forge's own host only;
//   - fails with an error that errors.Is tells apart (ErrArchived and others),
//     holding the server's words without control characters and without the token.
//
// Titles and descriptions are sent as they are given: what is in them is the
// caller's affair.
package forge

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/common/config"
)

// State tells whether a request waits for a decision.
type State string

// The states of a request. A merged one is not also closed.
const (
	Open   State = "open"
	Merged State = "merged"
	Closed State = "closed" // without being merged
)

// Request is a pull or merge request.
type Request struct {
	Number int    // within the repository
	URL    string // the page for people
	Title  string // without the prefix that marks a draft on GitLab and Gitea
	Body   string // Markdown
	Head   string // the branch to be merged
	Base   string // the branch it is merged into
	State  State
	Draft  bool
}

// Desired is a request to be opened.
type Desired struct {
	Head, Base string // branches of this repository
	Title      string // one line
	Body       string // Markdown; GitHub takes 65,536 characters
	Labels     []string
	// Reviewers are user names, and teams as "organization/team" where the forge
	// has them (GitHub, Gitea, Forgejo).
	Reviewers []string
	Draft     bool
}

// Forge is one repository on a forge. Its methods may be called at the same time.
type Forge interface {
	// Requests lists the requests to merge a branch of this repository, and not a
	// fork's branch of that name, newest first, in every state.
	Requests(ctx context.Context, head string) ([]Request, error)
	// Open opens a request. It fails with ErrExists when there is an open one for
	// the same head and base. The warnings tell what the forge would not do
	// although the request is open: a label, a reviewer, the draft state.
	Open(ctx context.Context, d Desired) (r Request, warnings []string, err error)
	// SetBody replaces the description of a request, and nothing else of it.
	SetBody(ctx context.Context, number int, body string) error
	// Token gives the user name and password by which git may push to this
	// repository over HTTPS. A GitHub App's expires within the hour: ask for it
	// when it is needed.
	Token(ctx context.Context) (user, password string, err error)
}

// Settings say which repository, and how to ask.
type Settings struct {
	// Repository is what git clones: https://host/owner/repository.git,
	// ssh://git@host/owner/repository.git or git@host:owner/repository.git.
	Repository string
	// API is the base address of the forge's API. It is needed only where the
	// repository's address does not tell: a GitLab below a path of its host, or
	// an API elsewhere. By default it is https://api.github.com for github.com,
	// and otherwise /api/v3 (GitHub Enterprise), /api/v4 (GitLab) or /api/v1
	// (Gitea, Forgejo) at the repository's host, and below the same path and at
	// the same port if the repository's address is http or https.
	API   string
	Token config.Secret
	App   *App // in place of Token, on GitHub
	// Patience bounds how long one call may wait for the server, all its
	// repetitions together. The default is five minutes.
	Patience  time.Duration
	Transport http.RoundTripper // default: http.DefaultTransport
	Log       *slog.Logger      // told at level info of every wait; default: none
	Now       func() time.Time  // for servers that name a time, not a delay, and no time of theirs
}

// App is a GitHub App's installation.
type App struct {
	ID, Installation int64
	Key              config.Secret // the private key, as PEM
}

func (s *Settings) setDefaults() error {
	if s.Now == nil {
		return errors.New("forge: Settings.Now is not set")
	}
	if s.Token == "" && s.App == nil {
		return errors.New("no token: opening requests takes one")
	}
	s.Patience = cmp.Or(s.Patience, 5*time.Minute)
	if s.Transport == nil {
		s.Transport = http.DefaultTransport
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}
