package forge

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/common/config"
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

const gitlabDraft = "Draft: " // before the title of a merge request

type gitlabAPI struct {
	api     *gitlab.Client
	project string // with its groups
	secret  config.Secret
}

func newGitLab(s Settings) (Forge, error) {
	at, err := s.begin(gitlabSite)
	if err != nil {
		return nil, err
	}
	if s.App != nil {
		return nil, errors.New("a GitHub App is not for GitLab: set a token")
	}
	api, err := gitlab.NewClient(string(s.Token),
		gitlab.WithBaseURL(at.root), gitlab.WithUserAgent(userAgent), gitlab.WithURLWarningLogger(s.Log),
		gitlab.WithHTTPClient(&http.Client{Transport: s.transport(), CheckRedirect: stayHere}),
		// The transport waits and repeats.
		gitlab.WithoutRetries(), gitlab.WithCustomLimiter(noLimit{}))
	if err != nil {
		return nil, errors.New("creating GitLab client: the address of the API is not usable")
	}
	return s.client(&gitlabAPI{api: api, project: strings.Join(at.path, "/"), secret: s.Token}, at), nil
}

type noLimit struct{}

func (noLimit) Wait(context.Context) error { return nil }

func (g *gitlabAPI) requests(ctx context.Context, head string, page int) ([]Request, int, error) {
	mrs, resp, err := g.api.MergeRequests.ListProjectMergeRequests(g.project, &gitlab.ListProjectMergeRequestsOptions{
		SourceBranch: &head, State: new("all"), Scope: new("all"), OrderBy: new("created_at"), Sort: new("desc"),
		ListOptions: gitlab.ListOptions{Page: int64(page), PerPage: perPage},
	}, gitlab.WithContext(ctx))
	if err != nil {
		return nil, 0, err
	}
	var rs []Request
	for _, mr := range mrs {
		if mr.SourceBranch == head && mr.SourceProjectID == mr.TargetProjectID {
			rs = append(rs, fromGitLab(mr))
		}
	}
	return rs, int(resp.NextPage), nil
}

func fromGitLab(mr *gitlab.BasicMergeRequest) Request {
	state := Open // "locked" is one that is being merged
	switch mr.State {
	case "merged":
		state = Merged
	case "closed":
		state = Closed
	}
	return Request{
		Number: int(mr.IID), URL: mr.WebURL, Title: strings.TrimPrefix(mr.Title, gitlabDraft), Body: mr.Description,
		Head: mr.SourceBranch, Base: mr.TargetBranch, State: state, Draft: mr.Draft,
	}
}

func (g *gitlabAPI) create(ctx context.Context, d Desired) (Request, []string, error) {
	title := d.Title
	if d.Draft {
		title = gitlabDraft + title
	}
	mr, _, err := g.api.MergeRequests.CreateMergeRequest(g.project, &gitlab.CreateMergeRequestOptions{
		Title: &title, Description: &d.Body, SourceBranch: &d.Head, TargetBranch: &d.Base,
	}, gitlab.WithContext(ctx))
	if err != nil {
		return Request{}, nil, g.explain(ctx, err)
	}
	return fromGitLab(&mr.BasicMergeRequest), nil, nil
}

func (g *gitlabAPI) setBody(ctx context.Context, number int, body string) error {
	_, _, err := g.api.MergeRequests.UpdateMergeRequest(g.project, int64(number), &gitlab.UpdateMergeRequestOptions{Description: &body}, gitlab.WithContext(ctx))
	return g.explain(ctx, err)
}

// explain finds out whether something is forbidden because the project is
// archived: GitLab does not say.
func (g *gitlabAPI) explain(ctx context.Context, err error) error {
	refused, ok := errors.AsType[*Error](err)
	if !ok || refused.Reason != ErrForbidden {
		return err
	}
	project, _, asking := g.api.Projects.GetProject(g.project, nil, gitlab.WithContext(ctx))
	if asking != nil || !project.Archived {
		return err
	}
	return &Error{Reason: ErrArchived, Status: refused.Status, Message: refused.Message}
}

// label needs no labels to exist: GitLab creates them for those who may, and
// says nothing to others.
func (g *gitlabAPI) label(ctx context.Context, number int, labels []string) (warnings []string) {
	wanted := gitlab.LabelOptions(labels)
	mr, _, err := g.api.MergeRequests.UpdateMergeRequest(g.project, int64(number), &gitlab.UpdateMergeRequestOptions{AddLabels: &wanted}, gitlab.WithContext(ctx))
	if err != nil {
		return []string{warning(notLabelled, labels, plain(ctx, err))}
	}
	for _, name := range labels {
		if !slices.Contains(mr.Labels, name) {
			warnings = append(warnings, warning(notLabelled, []string{name}, ErrForbidden))
		}
	}
	return warnings
}

// review also compares what GitLab did with what it was asked for: it says
// nothing of reviewers that it leaves out, such as all but one on its free tier.
func (g *gitlabAPI) review(ctx context.Context, number int, reviewers []string) (warnings []string) {
	refuse := func(name string, err error) {
		warnings = append(warnings, warning(notReviewing, []string{name}, err))
	}
	var ids []int64
	var names []string
	for _, name := range reviewers {
		id, err := g.user(ctx, name)
		if err != nil {
			refuse(name, plain(ctx, err))
			continue
		}
		ids, names = append(ids, id), append(names, name)
	}
	if len(ids) == 0 {
		return warnings
	}
	mr, _, err := g.api.MergeRequests.UpdateMergeRequest(g.project, int64(number), &gitlab.UpdateMergeRequestOptions{ReviewerIDs: &ids}, gitlab.WithContext(ctx))
	if err != nil {
		return append(warnings, warning(notReviewing, names, plain(ctx, err)))
	}
	for i, id := range ids {
		if !slices.ContainsFunc(mr.Reviewers, func(u *gitlab.BasicUser) bool { return u.ID == id }) {
			refuse(names[i], errors.New("GitLab leaves out this reviewer"))
		}
	}
	return warnings
}

func (g *gitlabAPI) user(ctx context.Context, name string) (int64, error) {
	if strings.Contains(name, "/") {
		return 0, errors.New("on GitLab only users review, no groups")
	}
	users, _, err := g.api.Users.ListUsers(&gitlab.ListUsersOptions{Username: &name}, gitlab.WithContext(ctx))
	if err != nil {
		return 0, err
	}
	if len(users) == 0 {
		return 0, errors.New("there is no such user")
	}
	return users[0].ID, nil
}

func (g *gitlabAPI) token(context.Context) (user, password string, err error) {
	return "oauth2", string(g.secret), nil
}
