package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v92/github"
)

// residency is below where GitHub serves companies that choose their data's place.
const residency = ".ghe.com"

type githubAPI struct {
	api         *github.Client
	owner, repo string
	credential  func(ctx context.Context) (string, error)
}

func newGitHub(s Settings) (Forge, error) {
	at, err := s.begin(githubSite)
	if err != nil {
		return nil, err
	}
	base, err := githubBase(at.root, s.API)
	if err != nil {
		return nil, err
	}
	g := &githubAPI{owner: at.path[0], repo: at.path[1]}
	options := []github.ClientOptionsFunc{
		github.WithURLs(&base, nil), github.WithUserAgent(userAgent),
		github.WithDisableRateLimitCheck(), // the transport knows them
	}
	transport := s.transport()
	if s.App != nil {
		app, err := ghinstallation.New(transport, s.App.ID, s.App.Installation, []byte(s.App.Key))
		if err != nil {
			return nil, errors.New("reading the private key of the GitHub App: it is not an RSA key in PEM") // the cause may quote it
		}
		app.BaseURL = strings.TrimSuffix(base, "/")
		app.Client = &http.Client{Transport: transport, CheckRedirect: stayHere}
		transport, g.credential = app, app.Token
	} else {
		options = append(options, github.WithAuthToken(string(s.Token)))
		g.credential = func(context.Context) (string, error) { return string(s.Token), nil }
	}
	options = append(options, github.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: stayHere}))
	if g.api, err = github.NewClient(options...); err != nil {
		return nil, fmt.Errorf("creating GitHub client: %w", err)
	}
	return s.client(g, at), nil
}

// githubBase is the API's address, with a slash at the end. An API of a host of
// its own has no path, unlike that of a GitHub Enterprise.
func githubBase(root, api string) (string, error) {
	u, err := url.Parse(root)
	if err != nil {
		return "", errAddress
	}
	switch {
	case api == "" && (u.Host == "github.com" || strings.HasSuffix(u.Host, residency)):
		return "https://api." + u.Host + "/", nil
	case strings.HasPrefix(u.Host, "api."):
		return root + "/", nil
	default:
		return root + githubSite.suffix + "/", nil
	}
}

func (g *githubAPI) requests(ctx context.Context, head string, page int) ([]Request, int, error) {
	prs, resp, err := g.api.PullRequests.List(ctx, g.owner, g.repo, &github.PullRequestListOptions{
		State: "all", Head: g.owner + ":" + head, Sort: "created", Direction: "desc",
		ListOptions: github.ListOptions{Page: page, PerPage: perPage},
	})
	if err != nil {
		return nil, 0, err
	}
	var rs []Request
	for _, pr := range prs {
		// The owner may have a fork within the same organization.
		if pr.GetHead().GetRef() == head && pr.GetHead().GetRepo().GetID() == pr.GetBase().GetRepo().GetID() {
			rs = append(rs, fromGitHub(pr))
		}
	}
	return rs, resp.NextPage, nil
}

func fromGitHub(pr *github.PullRequest) Request {
	state := Open
	switch {
	case pr.MergedAt != nil: // lists have no "merged"
		state = Merged
	case pr.GetState() == "closed":
		state = Closed
	}
	return Request{
		Number: pr.GetNumber(), URL: pr.GetHTMLURL(), Title: pr.GetTitle(), Body: pr.GetBody(),
		Head: pr.GetHead().GetRef(), Base: pr.GetBase().GetRef(), State: state, Draft: pr.GetDraft(),
	}
}

func (g *githubAPI) create(ctx context.Context, d Desired) (r Request, warnings []string, err error) {
	wanted := github.CreatePullRequest{Title: &d.Title, Head: d.Head, Base: d.Base, Body: &d.Body, Draft: &d.Draft}
	pr, _, err := g.api.PullRequests.Create(ctx, g.owner, g.repo, wanted)
	if refused, ok := errors.AsType[*Error](err); ok && d.Draft && refused.Reason == ErrInvalid && strings.Contains(strings.ToLower(refused.Message), "draft") {
		warnings = []string{fmt.Sprintf("opened ready for review, not as a draft: %v", refused)}
		wanted.Draft = new(bool)
		pr, _, err = g.api.PullRequests.Create(ctx, g.owner, g.repo, wanted)
	}
	if err != nil {
		return Request{}, nil, err
	}
	return fromGitHub(pr), warnings, nil
}

func (g *githubAPI) setBody(ctx context.Context, number int, body string) error {
	_, _, err := g.api.PullRequests.Edit(ctx, g.owner, g.repo, number, &github.PullRequest{Body: &body})
	return err
}

// label needs no labels to exist: GitHub creates them. The client's own method
// sends a bare list, which GitHub's document describes no longer.
func (g *githubAPI) label(ctx context.Context, number int, labels []string) []string {
	path := fmt.Sprintf("repos/%s/%s/issues/%d/labels", g.owner, g.repo, number)
	return allOrEach(ctx, notLabelled, labels, func(names []string) error {
		req, err := g.api.NewRequest(ctx, http.MethodPost, path, map[string][]string{"labels": names})
		if err != nil {
			return err
		}
		_, err = g.api.Do(req, nil)
		return err
	})
}

func (g *githubAPI) review(ctx context.Context, number int, reviewers []string) []string {
	return allOrEach(ctx, notReviewing, reviewers, func(names []string) error {
		users, teams := usersAndTeams(names)
		_, _, err := g.api.PullRequests.RequestReviewers(ctx, g.owner, g.repo, number, github.ReviewersRequest{Reviewers: users, TeamReviewers: teams})
		return err
	})
}

func (g *githubAPI) token(ctx context.Context) (user, password string, err error) {
	password, err = g.credential(ctx)
	return "x-access-token", password, err
}
