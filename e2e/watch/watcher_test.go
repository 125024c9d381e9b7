package watch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/pagerduty"
	"github.com/debrief-sre/debrief/e2e/process"
	"github.com/debrief-sre/debrief/e2e/product"
)

// sqlite keeps the archive beside the configuration.
const sqlite = "file: archive.db"

// A watcher is a place where debrief watch runs, and may be run again.
type watcher struct{ *product.Watch }

// The secrets of the webhooks.
const argoToken, pagerDutySecret = "an-argo-token-of-this-test", "a-signing-secret-of-this-test"

// newWatcher makes a place for a watch of a rollout's namespace that publishes
// to a repository. The settings are lines of the configuration's section watch.
// Only webhooks have it look at a published incident again.
func newWatcher(t *testing.T, r rollout, repo *gitea.Repository, settings ...string) *watcher {
	t.Helper()
	watch, err := product.NewWatch(t.TempDir(), ground.debrief, ground.lab.ReaderKubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{watch}
	text := fmt.Sprintf(`prometheus: {url: "%[1]s"}
pagerduty: {url: "%[2]s", tokenFile: pagerduty-token}
slos:
  - name: availability
    target: 99.9
    window: 30d
    bad: nginx_http_requests_total{app="%[3]s",status=~"5.."}
    total: nginx_http_requests_total{app="%[3]s"}
services:
  - {rollout: %[4]s, pagerduty: [%[5]s], slos: [availability]}
publish:
  repository: %[6]s
  forge: gitea
  tokenFile: git-token
watch:
  cluster: lab
  namespaces: [%[7]s]
  documents: postmortems
  followEvery: 1h
  listen: %[8]s
  hooks: {argoTokenFile: argo-token, pagerdutySecretFile: pagerduty-secret}
`, ground.lab.PrometheusURL, ground.pagerduty.URL(), r.app, r.ref(), r.service(), repo.URL(), r.ref().Namespace, process.Loopback(w.Port))
	for _, line := range settings {
		text += "  " + line + "\n"
	}
	w.write(t, "debrief.yaml", text)
	w.write(t, "pagerduty-token", pagerduty.Token)
	w.write(t, "git-token", ground.token)
	w.write(t, "argo-token", argoToken)
	w.write(t, "pagerduty-secret", pagerDutySecret)
	t.Cleanup(func() {
		w.Kill()
		for _, secret := range []string{ground.token, pagerduty.Token, argoToken, pagerDutySecret} {
			if bytes.Contains(w.log(t), []byte(secret)) {
				t.Error("a secret is in the log")
			}
		}
		if t.Failed() {
			t.Logf("the watcher's words:\n%s", w.log(t))
		}
	})
	return w
}

// write writes a file beside the configuration.
func (w *watcher) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// begin starts the process and waits until it has listed everything.
func (w *watcher) begin(t *testing.T) {
	t.Helper()
	if err := w.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// stop ends the process as Kubernetes does.
func (w *watcher) stop(t *testing.T) {
	t.Helper()
	if err := w.Stop(); err != nil {
		t.Errorf("debrief ended with: %v", err)
	}
}

// log is all that its processes have said.
func (w *watcher) log(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(w.Log)
	if err != nil {
		t.Error(err)
	}
	return text
}

// A line is one of the log's.
type line struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Message string    `json:"msg"`
	Reason  string    `json:"reason"`
	Stage   string    `json:"stage"`
	Error   string    `json:"error"`
}

// lines are those with a message. Every line must be JSON.
func (w *watcher) lines(t *testing.T, message string) []line {
	t.Helper()
	var found []line
	for text := range bytes.Lines(w.log(t)) {
		var l line
		if !bytes.HasSuffix(text, []byte("\n")) {
			break // it is being written, or was when the process was killed
		}
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatalf("the log has a line that is no JSON: %s", text)
		}
		if l.Message == message {
			found = append(found, l)
		}
	}
	return found
}

// says waits for a log line with a message, and returns the last one.
func (w *watcher) says(t *testing.T, message string) line {
	t.Helper()
	var last line
	await(t, time.Minute, fmt.Sprintf("debrief to say %q", message), func(context.Context) error {
		found := w.lines(t, message)
		if len(found) == 0 {
			return errors.New("it does not")
		}
		last = found[len(found)-1]
		return nil
	})
	return last
}

// await asks until it is answered.
func await(t *testing.T, patience time.Duration, what string, ask func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := process.Poll(ctx, what, ask); err != nil {
		t.Fatal(err)
	}
}
