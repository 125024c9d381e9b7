package forge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func desired() Desired {
	return Desired{Head: head, Base: "main", Title: "Postmortem: shop/checkout", Body: "**0.2 %** of the budget\n\n- [ ] why?"}
}

// everyKind runs a test for each kind of forge, in a bubble of time: what waits
// takes no time.
func everyKind(t *testing.T, test func(t *testing.T, d *double)) {
	t.Helper()
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, newDouble(k.Name)) })
		})
	}
}

func TestOpen(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		want := desired()
		want.Labels, want.Reviewers = []string{"postmortem", "service/checkout"}, []string{"ada"}
		r, warnings, err := d.forge(t).Open(t.Context(), want)
		if err != nil || len(warnings) != 0 {
			t.Fatal(err, warnings)
		}
		if diff := cmp.Diff(Request{Number: 1, URL: r.URL, Title: want.Title, Body: want.Body, Head: head, Base: "main", State: Open}, r); diff != "" {
			t.Error(diff)
		}
		if !strings.HasPrefix(r.URL, "https://forge.test/acme/docs/") {
			t.Errorf("URL = %q", r.URL)
		}
		c := d.changes[0]
		if !slices.Equal(c.labels, want.Labels) || !slices.Equal(c.users, []string{"ada"}) {
			t.Errorf("labels %q, reviewers %q", c.labels, c.users)
		}
	})
}

func TestOpenDraft(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		want := desired()
		want.Draft = true
		r, warnings, err := d.forge(t).Open(t.Context(), want)
		if err != nil || len(warnings) != 0 {
			t.Fatal(err, warnings)
		}
		if !r.Draft || r.Title != want.Title || !d.changes[0].draft {
			t.Errorf("got %+v", r)
		}
	})
}

func TestRequests(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		d.pageLimit = 2
		d.add(&change{title: "first", state: "closed", base: "trunk"}, &change{title: "other branch", head: "feature"},
			&change{title: "of a fork", fork: true}, &change{title: "second", state: "merged", branchDeletedSince: true},
			&change{title: "third", body: "text", draft: true})
		got, err := d.forge(t).Requests(t.Context(), head)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			got[i].URL = ""
		}
		want := []Request{
			{Number: 5, Title: "third", Body: "text", Head: head, Base: "main", State: Open, Draft: true},
			{Number: 4, Title: "second", Head: head, Base: "main", State: Merged},
			{Number: 1, Title: "first", Head: head, Base: "trunk", State: Closed},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRequestsThreePages(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		d.pageLimit = 40
		for i := range 100 {
			d.add(&change{title: fmt.Sprint(i), state: "closed"})
		}
		got, err := d.forge(t).Requests(t.Context(), head)
		if err != nil || len(got) != 100 || len(d.asked) != 3 {
			t.Fatalf("%v: %d requests in %q", err, len(got), d.asked)
		}
		if !slices.IsSortedFunc(got, func(a, b Request) int { return b.Number - a.Number }) {
			t.Error("not newest first")
		}
	})
}

func TestSetBody(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		d.add(&change{title: "kept", body: "old", draft: true, labels: []string{"kept"}})
		if err := d.forge(t).SetBody(t.Context(), 1, "new\n"); err != nil {
			t.Fatal(err)
		}
		if c := d.changes[0]; c.body != "new\n" || c.title != "kept" || !c.draft || len(c.labels) != 1 || c.state != "open" || c.base != "main" {
			t.Errorf("got %+v", c)
		}
		if err := d.forge(t).SetBody(t.Context(), 7, "new"); !errors.Is(err, ErrNotFound) {
			t.Errorf("of no request: %v", err)
		}
	})
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name  string
		state func(*double)
		token string
		want  error
		says  map[string]string // of each kind
	}{
		{
			name: "token", token: "wrong-0123456789", want: ErrUnauthorized,
			says: map[string]string{"github": "Bad credentials", "gitlab": "401 Unauthorized", "gitea": "invalid username, password or token"},
		},
		{
			name: "scope", state: func(d *double) { d.noScope = true }, want: ErrScope,
			says: map[string]string{"github": "give it public_repo or repo", "gitlab": "give it api", "gitea": "give it write:repository"},
		},
		{name: "permission", state: func(d *double) { d.readOnly = true }, want: ErrForbidden},
		{name: "no repository", state: func(d *double) { d.gone = true }, want: ErrNotFound},
		{name: "archived", state: func(d *double) { d.archived = true }, want: ErrArchived},
		{name: "exists", state: func(d *double) { d.add(&change{}) }, want: ErrExists},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			everyKind(t, func(t *testing.T, d *double) {
				if test.state != nil {
					test.state(d)
				}
				s := d.settings("/acme/docs.git")
				if test.token != "" {
					s.Token = "wrong-0123456789"
				}
				before := len(d.changes)
				_, _, err := mustForge(t, d.kind, s).Open(t.Context(), desired())
				if !errors.Is(err, test.want) {
					t.Fatalf("error %v, want %v", err, test.want)
				}
				if !strings.Contains(err.Error(), test.says[d.kind]) || !strings.Contains(err.Error(), "forge.test/acme/docs") {
					t.Errorf("error %q does not say %q", err, test.says[d.kind])
				}
				if strings.Contains(err.Error(), string(s.Token)) {
					t.Errorf("error %q holds the token", err)
				}
				if len(d.changes) != before {
					t.Error("opened one")
				}
			})
		})
	}
}

func TestInvalidBase(t *testing.T) {
	says := map[string]string{"github": "base", "gitlab": "target_branch does not exist", "gitea": "not found"}
	everyKind(t, func(t *testing.T, d *double) {
		want := desired()
		want.Base = "nowhere"
		_, _, err := d.forge(t).Open(t.Context(), want)
		if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), says[d.kind]) {
			t.Errorf("error %v", err)
		}
	})
}

func TestWarnings(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		d.noLabels = true
		want := desired()
		want.Labels, want.Reviewers = []string{"new"}, []string{"ada", "nobody", "grace"}
		r, warnings, err := d.forge(t).Open(t.Context(), want)
		if err != nil || r.State != Open || len(warnings) != 2 {
			t.Fatal(r, warnings, err)
		}
		if !strings.HasPrefix(warnings[0], "not labelled new: ") || !strings.HasPrefix(warnings[1], "not asked to review nobody: ") {
			t.Errorf("warnings %q", warnings)
		}
		if c := d.changes[0]; !slices.Equal(c.users, []string{"ada", "grace"}) {
			t.Errorf("reviewers %q", c.users)
		}
	})
}

func TestTeams(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		want := desired()
		want.Reviewers = []string{"grace", "acme/sre"}
		_, warnings, err := d.forge(t).Open(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		if d.kind == "gitlab" {
			if len(warnings) != 1 || !strings.Contains(warnings[0], "acme/sre: on GitLab only users review") {
				t.Errorf("warnings %q", warnings)
			}
			return
		}
		if c := d.changes[0]; len(warnings) != 0 || !slices.Equal(c.teams, []string{"sre"}) || !slices.Equal(c.users, []string{"grace"}) {
			t.Errorf("warnings %q, teams %q, users %q", warnings, c.teams, c.users)
		}
	})
}

func TestToken(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		user, password, err := d.forge(t).Token(t.Context())
		if err != nil || user == "" || password != secret {
			t.Error(user, password, err)
		}
		if len(d.asked) != 0 {
			t.Errorf("asked %q", d.asked)
		}
	})
}

func TestCancelled(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(enough)
		if _, err := d.forge(t).Requests(ctx, head); !errors.Is(err, enough) {
			t.Errorf("error %v", err)
		}
		if _, _, err := d.forge(t).Open(ctx, desired()); !errors.Is(err, enough) || d.created != 0 {
			t.Errorf("error %v", err)
		}
	})
}

// A group within a group, and a forge below a path of its host.
func TestSubPath(t *testing.T) {
	tests := map[string]struct{ repository, api, asked string }{
		"github": {"http://forge.test:8080/git/acme/docs.git", "", "/git/api/v3/repos/acme/docs/pulls"},
		"gitea":  {"http://forge.test:8080/git/hub/acme/docs", "", "/git/hub/api/v1/repos/acme/docs/pulls"},
		"gitlab": {"http://forge.test:8080/git/acme/sre/docs.git", "http://forge.test:8080/git/api/v4/", "/git/api/v4/projects/acme%2Fsre%2Fdocs/merge_requests"},
	}
	everyKind(t, func(t *testing.T, d *double) {
		s := d.settings("")
		s.Repository, s.API = tests[d.kind].repository, tests[d.kind].api
		f := mustForge(t, d.kind, s)
		d.add(&change{})
		rs, err := f.Requests(t.Context(), head)
		if err != nil || len(rs) != 1 {
			t.Fatal(rs, err)
		}
		path, _, _ := strings.Cut(d.asked[0], "?")
		if path != "GET "+tests[d.kind].asked {
			t.Errorf("asked %q", path)
		}
	})
}
