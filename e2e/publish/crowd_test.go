package publish_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/gitserver"
)

// TestManyAtOnce: whoever publishes an incident at the same time as others gets
// the same request, and nobody's commit is lost.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme)
	var alone map[string]string // the files, had there been nobody else
	t.Run("alone", func(t *testing.T) {
		repo, p := newRepository(t, withReadme)
		p.done(t, recorded)
		alone = files(t, &repo.Repository, head, "main")
	})
	first := together(t, p, recorded)
	if diff := cmp.Diff(alone, files(t, &repo.Repository, head, "main")); diff != "" {
		t.Errorf("the files are not those of a single publisher (-alone +together):\n%s", diff)
	}

	// Once more, with new facts, while a person pushes to the same branch.
	alices := person(t, repo, head)
	var pushing errgroup.Group
	var commit string
	pushing.Go(func() (err error) {
		commit, err = tryPush(t.Context(), alices, map[string]string{"postmortems/2026/sketch.txt": "on the whiteboard\n"})
		return err
	})
	second := together(t, p, collectedAgain(t))
	if err := pushing.Wait(); err != nil {
		t.Fatal(err)
	}
	if first != second {
		t.Errorf("the request is %s, then %s", first, second)
	}
	if !repo.Contains(t.Context(), head, commit) {
		t.Error("alice's commit is gone")
	}
	published := files(t, &repo.Repository, head, "main")
	if !strings.Contains(published[document], note) || published["postmortems/2026/sketch.txt"] == "" {
		t.Errorf("not everything is on the branch: %v", sorted(published))
	}
	onlyOpenRequest(t, repo)
}

// onlyOpenRequest checks that one request is open. Gitea opens several when it is
// asked at once, as it is when it takes longer to open the first than others wait
// for it; all but the first must have been withdrawn.
func onlyOpenRequest(t *testing.T, repo *gitea.Repository) {
	t.Helper()
	requests, err := repo.Requests(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	open, withdrawn := 0, 0
	for _, r := range requests {
		switch {
		case r.State == "open":
			open++
		case strings.HasPrefix(r.Body, "Opened at the same time as #"):
			withdrawn++
		default:
			t.Errorf("request %v was closed", r)
		}
	}
	if open != 1 {
		t.Errorf("%d requests are open: %v", open, requests)
	}
	t.Logf("%d requests were opened at once and withdrawn", withdrawn)
}

// together publishes a bundle eight times at once and returns the address that
// all must print.
func together(t *testing.T, p *publisher, bundle string) string {
	t.Helper()
	const publishers = 8
	outcomes := make([]outcome, publishers)
	var running sync.WaitGroup
	for i := range publishers {
		running.Go(func() { outcomes[i] = p.run(t, bundle) })
	}
	running.Wait()
	for i, o := range outcomes {
		if o.exit != exitDone || o.stdout != outcomes[0].stdout {
			t.Errorf("publisher %d ended with %d and printed %q, the first %q\n%s", i, o.exit, o.stdout, outcomes[0].stdout, o.stderr)
		}
	}
	return outcomes[0].stdout
}

// TestManyFiles: in a large repository nothing else is touched, and publishing
// takes no time that people would notice.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	const many = 5000
	content := map[string]string{"README.md": "# Everything\n"}
	for i := range many {
		content[fmt.Sprintf("services/%02d/%02d/file-%d.txt", i%50, i/50%20, i)] = strings.Repeat(fmt.Sprintf("line of %d\n", i), 20)
	}
	repo, p := newRepository(t, gitserver.Options{Files: content})
	start := time.Now()
	p.done(t, recorded)
	took := time.Since(start)
	t.Logf("published into %d files in %s", many, took.Round(time.Millisecond))
	paths, err := repo.Paths(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < many+2 {
		t.Errorf("the branch has %d files, want those %d and some more", len(paths), many+1)
	}
	changed, err := repo.Changed(t.Context(), "main", head)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range changed {
		if !strings.HasPrefix(path, "postmortems/") {
			t.Errorf("%s was changed", path)
		}
	}
	onlyRequest(t, repo)
}
