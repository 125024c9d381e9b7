package watch_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/gitserver"
)

// newRepository makes a repository for a rollout's postmortems.
func newRepository(t *testing.T, r rollout) *gitea.Repository {
	t.Helper()
	repo, err := ground.gitea.AddRepository(t.Context(), alice, r.app+"-postmortems", gitserver.Options{Files: map[string]string{"README.md": "# Postmortems\n"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.AddCollaborator(t.Context(), bot); err != nil {
		t.Fatal(err)
	}
	return repo
}

// A published postmortem is a request and the document that it is about.
type published struct {
	repo    *gitea.Repository
	request gitea.Request
	path    string
}

// awaitRequests waits until a repository has that many requests and returns
// them, the oldest first.
func awaitRequests(t *testing.T, repo *gitea.Repository, n int) []published {
	t.Helper()
	var requests []gitea.Request
	await(t, 3*time.Minute, fmt.Sprintf("%d requests", n), func(ctx context.Context) (err error) {
		requests, err = repo.Requests(ctx, "")
		if err == nil && len(requests) < n {
			err = fmt.Errorf("there are %d", len(requests))
		}
		return err
	})
	slices.SortFunc(requests, func(a, b gitea.Request) int { return int(a.Number - b.Number) })
	found := make([]published, len(requests))
	for i, request := range requests {
		found[i] = published{repo: repo, request: request, path: documentIn(t, repo, request.Head.Branch)}
	}
	return found
}

// documentIn is the path of the one Markdown document that a branch adds.
func documentIn(t *testing.T, repo *gitea.Repository, branch string) string {
	t.Helper()
	changed, err := repo.Changed(t.Context(), "main", branch)
	if err != nil {
		t.Fatal(err)
	}
	var documents []string
	for _, path := range changed {
		if strings.HasSuffix(path, ".md") {
			documents = append(documents, path)
		}
	}
	if len(documents) != 1 {
		t.Fatalf("%s adds the documents %q, want one", branch, documents)
	}
	return documents[0]
}

// states waits until the document has these words.
func (p published) states(t *testing.T, words ...string) {
	t.Helper()
	await(t, time.Minute, fmt.Sprintf("%s to state %q", p.path, words), func(ctx context.Context) error {
		text, err := p.repo.File(ctx, p.request.Head.Branch, p.path)
		for _, word := range words {
			if err == nil && !strings.Contains(text, word) {
				err = fmt.Errorf("it does not say %q", word)
			}
		}
		return err
	})
}

// about checks that a request is open and its document that of an abort.
func (p published) about(t *testing.T, r rollout, aborted time.Time) {
	t.Helper()
	if p.request.State != "open" || p.request.User.Login != bot || !strings.Contains(p.request.Title, r.app) {
		t.Errorf("the request is %v", p.request)
	}
	p.states(t, "\naborted: "+aborted.Format(time.RFC3339)+"\n", "failed (3) &gt; failureLimit (2)", r.ref().String())
}

// only checks that there is nothing in the repository but the requests: no other,
// open or closed, and no other branch.
func only(t *testing.T, repo *gitea.Repository, want ...published) {
	t.Helper()
	requests, err := repo.Requests(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != len(want) {
		t.Errorf("there are %d requests, want %d: %v", len(requests), len(want), requests)
	}
	branches, err := repo.Branches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expected := map[string]bool{"main": true}
	for _, p := range want {
		expected[p.request.Head.Branch] = true
	}
	if got := slices.Sorted(maps.Keys(branches)); !slices.Equal(got, slices.Sorted(maps.Keys(expected))) {
		t.Errorf("the branches are %q", got)
	}
}
