package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"code.gitea.io/sdk/gitea"
)

const (
	giteaDraft = "WIP: "   // before the title of a pull request
	giteaPage  = 50        // the most that a Gitea gives by default
	giteaColor = "#d4c5f9" // of a label that is created
)

type giteaAPI struct {
	root        string
	http        *http.Client
	owner, repo string
	secret      string
}

func newGitea(s Settings) (Forge, error) {
	at, err := s.begin(giteaSite)
	if err != nil {
		return nil, err
	}
	if s.App != nil {
		return nil, errors.New("a GitHub App is not for Gitea: set a token")
	}
	g := &giteaAPI{
		root: at.root, http: &http.Client{Transport: s.transport(), CheckRedirect: stayHere},
		owner: at.path[0], repo: at.path[1], secret: string(s.Token),
	}
	return s.client(g, at), nil
}

// client is a client for one call: its context is the client's, not a method's.
func (g *giteaAPI) client(ctx context.Context) (*gitea.Client, error) {
	api, err := gitea.NewClient(g.root, gitea.SetContext(ctx), gitea.SetHTTPClient(g.http), gitea.SetToken(g.secret),
		gitea.SetUserAgent(userAgent), gitea.SetGiteaVersion("")) // do not ask for the version
	if err != nil {
		return nil, fmt.Errorf("creating Gitea client: %w", err)
	}
	return api, nil
}

// requests looks at all pull requests: Gitea cannot be asked for a branch's.
func (g *giteaAPI) requests(ctx context.Context, head string, page int) ([]Request, int, error) {
	api, err := g.client(ctx)
	if err != nil {
		return nil, 0, err
	}
	prs, resp, err := api.ListRepoPullRequests(g.owner, g.repo, gitea.ListPullRequestsOptions{
		State: gitea.StateAll, ListOptions: gitea.ListOptions{Page: page, PageSize: giteaPage},
	})
	if err != nil {
		return nil, 0, err
	}
	var rs []Request
	for _, pr := range prs {
		if r, ok := fromGitea(pr); ok && r.Head == head {
			rs = append(rs, r)
		}
	}
	return rs, resp.NextPage, nil
}

// fromGitea reads a pull request. It is not ok if it comes from a fork.
func fromGitea(pr *gitea.PullRequest) (r Request, ok bool) {
	if pr.Head == nil || pr.Base == nil || pr.Head.RepoID != pr.Base.RepoID {
		return Request{}, false
	}
	state := Open
	switch {
	case pr.HasMerged:
		state = Merged
	case pr.State == gitea.StateClosed:
		state = Closed
	}
	title, marked := strings.CutPrefix(pr.Title, giteaDraft)
	return Request{
		Number: int(pr.Index), URL: pr.HTMLURL, Title: title, Body: pr.Body,
		// The ref of a branch that was deleted since is another.
		Head: pr.Head.Name, Base: pr.Base.Name, State: state, Draft: pr.Draft || marked,
	}, true
}

func (g *giteaAPI) create(ctx context.Context, d Desired) (Request, []string, error) {
	api, err := g.client(ctx)
	if err != nil {
		return Request{}, nil, err
	}
	title := d.Title
	if d.Draft {
		title = giteaDraft + title
	}
	pr, _, err := api.CreatePullRequest(g.owner, g.repo, gitea.CreatePullRequestOption{Head: d.Head, Base: d.Base, Title: title, Body: d.Body})
	if err != nil {
		return Request{}, nil, err
	}
	r, ok := fromGitea(pr)
	if !ok {
		return Request{}, nil, errors.New("the answer is not a pull request of this repository")
	}
	return r, nil, nil
}

func (g *giteaAPI) setBody(ctx context.Context, number int, body string) error {
	api, err := g.client(ctx)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		_, _, err = api.EditPullRequest(g.owner, g.repo, int64(number), gitea.EditPullRequestOption{Body: &body})
		if attempt == attempts || !changedMeanwhile(err) {
			return err
		}
	}
}

// changedMeanwhile tells whether two edited a request at once. Gitea refuses one
// of them, who may try again: what it compares is its own reading, not ours.
func changedMeanwhile(err error) bool {
	refused, ok := errors.AsType[*Error](err)
	return ok && refused.Reason == ErrInvalid && strings.Contains(refused.Message, "already changed")
}

// withdraw implements racing: Gitea looks for an open request and opens one in
// two steps.
func (g *giteaAPI) withdraw(ctx context.Context, number int, body string) error {
	api, err := g.client(ctx)
	if err != nil {
		return err
	}
	closed := gitea.StateClosed
	_, _, err = api.EditPullRequest(g.owner, g.repo, int64(number), gitea.EditPullRequestOption{Body: &body, State: &closed})
	return err
}

func (g *giteaAPI) label(ctx context.Context, number int, labels []string) (warnings []string) {
	api, err := g.client(ctx)
	if err != nil {
		return []string{warning(notLabelled, labels, err)}
	}
	known, err := g.labels(api)
	if err != nil {
		return []string{warning(notLabelled, labels, plain(ctx, err))}
	}
	var ids []int64
	for _, name := range labels {
		if id, ok := known[name]; ok {
			ids = append(ids, id)
		} else if id, err := g.createLabel(ctx, name); err == nil {
			ids = append(ids, id)
		} else {
			warnings = append(warnings, warning(notLabelled, []string{name}, plain(ctx, err)))
		}
	}
	if len(ids) == 0 {
		return warnings
	}
	if _, _, err := api.AddIssueLabels(g.owner, g.repo, int64(number), gitea.IssueLabelsOption{Labels: ids}); err != nil {
		warnings = append(warnings, warning(notLabelled, labels, plain(ctx, err)))
	}
	return warnings
}

// labels gives the numbers of the repository's labels and its organization's.
func (g *giteaAPI) labels(api *gitea.Client) (map[string]int64, error) {
	known := map[string]int64{}
	collect := func(list func(gitea.ListOptions) ([]*gitea.Label, *gitea.Response, error)) error {
		for page := 1; page <= mostPages; {
			labels, resp, err := list(gitea.ListOptions{Page: page, PageSize: giteaPage})
			if err != nil {
				return err
			}
			for _, label := range labels {
				known[label.Name] = label.ID
			}
			if resp.NextPage <= page {
				break
			}
			page = resp.NextPage
		}
		return nil
	}
	err := collect(func(o gitea.ListOptions) ([]*gitea.Label, *gitea.Response, error) {
		return api.ListOrgLabels(g.owner, gitea.ListOrgLabelsOptions{ListOptions: o})
	})
	if err != nil && (errors.Is(err, ErrUnavailable) || errors.Is(err, ErrLimited)) {
		return nil, err // otherwise the owner is a user, or the token knows nothing of organizations
	}
	err = collect(func(o gitea.ListOptions) ([]*gitea.Label, *gitea.Response, error) {
		return api.ListRepoLabels(g.owner, g.repo, gitea.ListLabelsOptions{ListOptions: o})
	})
	return known, err
}

func (g *giteaAPI) createLabel(ctx context.Context, name string) (int64, error) {
	api, err := g.client(once(ctx))
	if err != nil {
		return 0, err
	}
	label, _, err := api.CreateLabel(g.owner, g.repo, gitea.CreateLabelOption{Name: name, Color: giteaColor})
	if err != nil {
		return 0, err
	}
	return label.ID, nil
}

func (g *giteaAPI) review(ctx context.Context, number int, reviewers []string) []string {
	api, err := g.client(ctx)
	if err != nil {
		return []string{warning(notReviewing, reviewers, err)}
	}
	return allOrEach(ctx, notReviewing, reviewers, func(names []string) error {
		users, teams := usersAndTeams(names)
		_, err := api.CreateReviewRequests(g.owner, g.repo, int64(number), gitea.PullReviewRequestOptions{Reviewers: users, TeamReviewers: teams})
		return err
	})
}

func (g *giteaAPI) token(context.Context) (user, password string, err error) {
	return "x-access-token", g.secret, nil
}
