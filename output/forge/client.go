package forge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	userAgent = "debrief"
	perPage   = 100 // GitHub's and GitLab's most; Gitea gives 50
	mostPages = 200
)

// api is what differs between kinds of forges.
type api interface {
	// requests gives a page of the requests to merge a branch of this repository,
	// and the number of the next page or 0.
	requests(ctx context.Context, head string, page int) (rs []Request, next int, err error)
	// create opens a request without labels and reviewers.
	create(ctx context.Context, d Desired) (r Request, warnings []string, err error)
	setBody(ctx context.Context, number int, body string) error
	// label and review give a warning for each name that is refused.
	label(ctx context.Context, number int, labels []string) (warnings []string)
	review(ctx context.Context, number int, reviewers []string) (warnings []string)
	token(ctx context.Context) (user, password string, err error)
}

// client is a Forge: what is the same for all kinds.
type client struct {
	api      api
	name     string // of the repository, for errors
	patience time.Duration
	log      *slog.Logger
}

// transport is what all kinds ask their servers through.
func (s Settings) transport() http.RoundTripper {
	return retrying{next: answers{next: s.Transport, now: s.Now}, log: s.Log}
}

// begin checks the settings and tells where the repository is.
func (s *Settings) begin(rule siteRule) (site, error) {
	if err := s.setDefaults(); err != nil {
		return site{}, err
	}
	a, err := parseAddress(s.Repository)
	if err != nil {
		return site{}, err
	}
	return rule.of(a, s.API)
}

func (s Settings) client(api api, at site) Forge {
	_, host, _ := strings.Cut(at.root, "://")
	return &client{api: api, name: host + "/" + strings.Join(at.path, "/"), patience: s.Patience, log: s.Log}
}

func (c *client) Requests(ctx context.Context, head string) ([]Request, error) {
	rs, err := c.requests(withBudget(ctx, c.patience), head)
	if err != nil {
		return nil, fmt.Errorf("listing the requests of %s: %w", c.name, plain(ctx, err))
	}
	return slices.DeleteFunc(rs, wasWithdrawn), nil
}

func (c *client) requests(ctx context.Context, head string) ([]Request, error) {
	var all []Request
	for page := 1; ; {
		rs, next, err := c.api.requests(ctx, head, page)
		if err != nil {
			return nil, err
		}
		all = append(all, rs...)
		if next <= page { // 0 is the end; and no server leads us in circles
			break
		}
		if next > mostPages {
			c.log.WarnContext(ctx, "not looking at older requests", "repository", c.name, "pages", page)
			break
		}
		page = next
	}
	slices.SortFunc(all, func(a, b Request) int { return b.Number - a.Number })
	// One that was opened meanwhile moves others to the next page.
	return slices.CompactFunc(all, func(a, b Request) bool { return a.Number == b.Number }), nil
}

func (c *client) Open(ctx context.Context, d Desired) (Request, []string, error) {
	waiting := withBudget(ctx, c.patience)
	r, warnings, err := c.open(waiting, d)
	if err == nil {
		err = c.race(waiting, r, d)
	}
	if err != nil {
		return Request{}, nil, fmt.Errorf("opening a request for %q in %s: %w", d.Head, c.name, plain(ctx, err))
	}
	if len(d.Labels) > 0 {
		warnings = append(warnings, c.api.label(waiting, r.Number, d.Labels)...)
	}
	if len(d.Reviewers) > 0 {
		warnings = append(warnings, c.api.review(waiting, r.Number, d.Reviewers)...)
	}
	return r, warnings, nil
}

// open looks whether a request is there before it opens it a second time,
// because the answer to the first time may have been lost.
func (c *client) open(ctx context.Context, d Desired) (Request, []string, error) {
	for attempt := 1; ; attempt++ {
		r, warnings, err := c.api.create(once(ctx), d)
		refused, ok := errors.AsType[*Error](err)
		uncertain := ok && refused.Reason == ErrUnavailable
		late := ok && refused.Reason == ErrExists && attempt > 1
		if !uncertain && !late {
			return r, warnings, err
		}
		if uncertain {
			if err := pause(ctx, c.log, refused, attempt); err != nil {
				return Request{}, nil, err
			}
		}
		rs, err := c.requests(ctx, d.Head)
		if err != nil {
			return Request{}, nil, err
		}
		ours := func(r Request) bool { return r.State == Open && r.Base == d.Base }
		if i := slices.IndexFunc(rs, ours); i >= 0 {
			return rs[i], nil, nil
		}
		if late {
			return Request{}, nil, refused
		}
	}
}

func (c *client) SetBody(ctx context.Context, number int, body string) error {
	if err := c.api.setBody(withBudget(ctx, c.patience), number, body); err != nil {
		return fmt.Errorf("setting the description of request %d of %s: %w", number, c.name, plain(ctx, err))
	}
	return nil
}

func (c *client) Token(ctx context.Context) (user, password string, err error) {
	user, password, err = c.api.token(withBudget(ctx, c.patience))
	if err != nil {
		return "", "", fmt.Errorf("getting a token for %s: %w", c.name, plain(ctx, err))
	}
	return user, password, nil
}

// What a warning says of the names that follow.
const (
	notLabelled  = "not labelled"
	notReviewing = "not asked to review"
)

// allOrEach asks for all names at once, and if that is refused for each alone:
// forges refuse all for the sake of one.
func allOrEach(ctx context.Context, what string, names []string, ask func([]string) error) (warnings []string) {
	err := plain(ctx, ask(names))
	if err == nil {
		return nil
	}
	refused, ok := errors.AsType[*Error](err)
	each := ok && slices.Contains([]error{ErrInvalid, ErrNotFound, ErrForbidden}, refused.Reason)
	if len(names) == 1 || !each {
		return []string{warning(what, names, err)}
	}
	for _, name := range names {
		if err := plain(ctx, ask([]string{name})); err != nil {
			warnings = append(warnings, warning(what, []string{name}, err))
		}
	}
	return warnings
}

func warning(what string, names []string, err error) string {
	return fmt.Sprintf("%s %s: %v", what, oneLine(strings.Join(names, ", ")), err)
}

// usersAndTeams tells reviewers that are teams, "organization/team", from users.
func usersAndTeams(reviewers []string) (users, teams []string) {
	for _, name := range reviewers {
		if _, team, ok := strings.Cut(name, "/"); ok {
			teams = append(teams, team)
		} else {
			users = append(users, name)
		}
	}
	return users, teams
}
