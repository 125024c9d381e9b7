package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/e2e/gitserver"
	"github.com/debrief-sre/debrief/e2e/process"
)

// AddUser adds a person, who may push to nothing yet.
func (g *Gitea) AddUser(ctx context.Context, name string) error {
	return g.call(ctx, admin, http.MethodPost, "/admin/users", map[string]any{
		"username": name, "email": name + "@example.com", "password": password, "must_change_password": false,
	}, nil)
}

// Token makes an access token of a user with scopes such as "write:repository".
func (g *Gitea) Token(ctx context.Context, user string, scopes ...string) (string, error) {
	var token struct {
		SHA1 string `json:"sha1"`
	}
	err := g.call(ctx, user, http.MethodPost, "/users/"+user+"/tokens", map[string]any{
		"name": fmt.Sprintf("token %d", g.tokens.Add(1)), "scopes": scopes,
	}, &token)
	return token.SHA1, err
}

// A Repository is one of the server's. What git holds of it is read from its
// bare repository.
type Repository struct {
	gitserver.Repository
	Owner, Name string

	server *Gitea
}

// AddRepository adds a repository, of which the owner must exist.
func (g *Gitea) AddRepository(ctx context.Context, owner, name string, o gitserver.Options) (*Repository, error) {
	err := g.call(ctx, admin, http.MethodPost, "/admin/users/"+owner+"/repos", map[string]any{
		"name": name, "default_branch": o.Branch(),
	}, nil)
	if err != nil {
		return nil, err
	}
	r := &Repository{
		Repository: gitserver.Repository{Dir: g.path("repositories", strings.ToLower(owner), strings.ToLower(name)+".git")},
		Owner:      owner,
		Name:       name,
		server:     g,
	}
	if len(o.Files) == 0 {
		return r, nil
	}
	as, err := r.URLAs(owner)
	if err != nil {
		return nil, err
	}
	if err := gitserver.Fill(ctx, as, o); err != nil {
		return nil, err
	}
	return r, r.waitFilled(ctx)
}

// waitFilled returns when Gitea knows of the first commit. It takes a while to
// hear of it, and allows no requests until then.
func (r *Repository) waitFilled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return process.Poll(ctx, "the first commit", func(ctx context.Context) error {
		var state struct {
			Empty bool `json:"empty"`
		}
		err := r.call(ctx, http.MethodGet, "", nil, &state)
		if err == nil && state.Empty {
			err = errors.New("the repository is empty")
		}
		return err
	})
}

// URL is where the repository is cloned from.
func (r *Repository) URL() string {
	return fmt.Sprintf("%s/%s/%s.git", r.server.URL, r.Owner, r.Name)
}

// URLAs is the same with a user's name and password in it, for git.
func (r *Repository) URLAs(user string) (string, error) {
	u, err := url.Parse(r.URL())
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(user, password)
	return u.String(), nil
}

// Clone clones the repository as a user.
func (r *Repository) Clone(ctx context.Context, user, dir string) (*gitserver.WorkingCopy, error) {
	as, err := r.URLAs(user)
	if err != nil {
		return nil, err
	}
	return gitserver.Clone(ctx, as, dir, user)
}

// call asks the API about the repository, as one who may do anything.
func (r *Repository) call(ctx context.Context, method, path string, in, out any) error {
	return r.callAs(ctx, admin, method, path, in, out)
}

func (r *Repository) callAs(ctx context.Context, user, method, path string, in, out any) error {
	return r.server.call(ctx, user, method, "/repos/"+r.Owner+"/"+r.Name+path, in, out)
}

// AddCollaborator lets a user push.
func (r *Repository) AddCollaborator(ctx context.Context, user string) error {
	return r.call(ctx, http.MethodPut, "/collaborators/"+user, map[string]string{"permission": "write"}, nil)
}

// AddLabel adds a label that requests may bear.
func (r *Repository) AddLabel(ctx context.Context, name string) error {
	return r.call(ctx, http.MethodPost, "/labels", map[string]string{"name": name, "color": "#aa0000"}, nil)
}

// Archive makes the repository read-only.
func (r *Repository) Archive(ctx context.Context) error {
	return r.call(ctx, http.MethodPatch, "", map[string]bool{"archived": true}, nil)
}

// Protect keeps everybody from pushing to the branches of a pattern.
func (r *Repository) Protect(ctx context.Context, pattern string) error {
	return r.call(ctx, http.MethodPost, "/branch_protections", map[string]any{
		"rule_name": pattern, "enable_push": false,
	}, nil)
}
