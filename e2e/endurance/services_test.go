package endurance_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/gitserver"
	"github.com/debrief-sre/debrief/e2e/pagerduty"
	"github.com/debrief-sre/debrief/e2e/process"
)

// TestSourcesDown: Prometheus and PagerDuty do not answer. The document names
// that, and tells what the page was when PagerDuty is back.
func TestSourcesDown(t *testing.T) {
	server := pagerduty.Start(nil) // scenarios check it against PagerDuty's contract
	t.Cleanup(server.Close)
	server.AddService("PCHECKO", before)
	p := newProxy(t, hostOf(t, server.URL()))
	p.cut()
	hookToken := "e2e-hook-bearer-0001"
	c := newSQLiteCourse(t, "sources-down", fmt.Sprintf(`  hooks: {argoTokenFile: %s}
prometheus: {url: "http://127.0.0.1:1"}
pagerduty: {url: "http://%s", tokenFile: %s}
services: [{rollout: "*/*", pagerduty: [PCHECKO]}]
`, secretFile(t, hookToken), p.address, secretFile(t, pagerduty.Token)))
	c.w.begin(t)
	const title = "checkout burns its error budget"
	if _, err := server.Trigger("PCHECKO", title, false); err != nil {
		t.Fatal(err)
	}
	c.abortAndSee(before)
	for _, source := range []string{"pagerduty", "prometheus/metrics"} {
		c.tells(before, source)
	}
	c.tells(before, "connection refused")
	if strings.Contains(c.document(before), title) {
		t.Fatal("the document tells of a page that could not be read")
	}
	c.awaitLog(`"msg":"published"`, 0)
	p.restore(t)
	c.hint(before, hookToken)
	looking, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := process.Poll(looking, "the page in the document", func(context.Context) error {
		if !strings.Contains(c.document(before), title) {
			return errors.New("it is not there")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, c.document(before))
	}
	c.end()
}

// hint has the watcher look at a rollout's incidents now, as Argo Rollouts'
// notification does: by itself it looks after minutes.
func (c *course) hint(rollout, token string) {
	c.Helper()
	body := fmt.Sprintf(`{"namespace": %q, "name": %q}`, c.namespace, rollout)
	req, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.w.URL("/hooks/argo"), strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		c.Fatalf("the hook answered %s", resp.Status)
	}
}

// TestGitHostDown: documents wait until they can be pushed.
func TestGitHostDown(t *testing.T) {
	root := t.TempDir()
	repo, err := gitserver.Create(t.Context(), filepath.Join(root, "postmortems.git"), gitserver.Options{Files: map[string]string{"README.md": "# Postmortems\n"}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := gitserver.StartHTTP(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	address, err := server.URL(repo)
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, hostOf(t, address))
	c := newSQLiteCourse(t, "git-host-down", fmt.Sprintf(`publish:
  repository: %q
  forge: none
  tokenFile: %s
  commit: {name: Debrief Bot, email: debrief@example.com}
`, strings.Replace(address, hostOf(t, address), p.address, 1), secretFile(t, server.Password)))
	c.w.begin(t)
	c.abort(before)
	c.awaitBranches(repo, before)
	p.cut()
	c.abort(during)
	c.awaitLog(`"stage":"publish"`, 1)
	p.restore(t)
	c.abort(after)
	c.awaitBranches(repo, before, during, after)
	c.end()
	if err := repo.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// awaitBranches waits until the repository has exactly one branch of each
// rollout, beside its default branch.
func (c *course) awaitBranches(repo *gitserver.Repository, rollouts ...string) {
	c.Helper()
	err := process.Poll(c.Context(), "the branches", func(ctx context.Context) error {
		branches, err := repo.Branches(ctx)
		if err != nil {
			return err
		}
		for _, rollout := range rollouts {
			n := 0
			for branch := range branches {
				if strings.Contains(branch, rollout) {
					n++
				}
			}
			if n != 1 {
				return fmt.Errorf("%d branches of %s in %v", n, rollout, branches)
			}
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
