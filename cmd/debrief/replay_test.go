package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/internal/replay"
	"github.com/debrief-sre/debrief/report"
)

const recording = "../../testdata/recordings/checkout-canary-abort"

// collected is when the recording is read: 20 seconds after its page was resolved.
var collected = time.Date(2026, time.November, 22, 19, 58, 20, 0, time.UTC)

// world is a recorded cluster with its Prometheus and PagerDuty, and a user
// with a kubeconfig and a configuration for them.
type world struct {
	replay     *replay.Server
	url        string
	dir        string
	kubeconfig string
	config     string
	token      string
	stop       func()
}

// newWorld serves the recording. Its configuration names the SLO and the
// PagerDuty service, as a user's would.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOf(t, os.DirFS(recording))
}

// newWorldOf serves another recording.
func newWorldOf(t testing.TB, fsys fs.FS) *world {
	t.Helper()
	server, err := replay.New(fsys)
	if err != nil {
		t.Fatal(err)
	}
	server.Now = func() time.Time { return collected }
	http := httptest.NewServer(server)
	t.Cleanup(http.Close)
	w := &world{replay: server, url: http.URL, dir: t.TempDir(), token: "token-of-the-test", stop: http.Close}
	w.kubeconfig = w.write(t, "kubeconfig", fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %s}}]
contexts: [{name: test, context: {cluster: test, user: test, namespace: shop}}]
current-context: test
users: [{name: test, user: {}}]
`, w.url))
	w.config = w.write(t, "debrief.yaml", fmt.Sprintf(`prometheus:
  url: %s%s
pagerduty:
  url: %s%s
slos:
  - name: checkout-availability
    target: 99.9
    window: 30d
    bad: nginx_http_requests_total{app="checkout",status=~"5.."}
    total: nginx_http_requests_total{app="checkout"}
services:
  - rollout: shop/checkout
    pagerduty: [PCHECKO]
    slos: [checkout-availability]
document:
  authors: SRE Team
`, w.url, replay.PrometheusPath, w.url, replay.PagerDutyPath))
	return w
}

func (w *world) write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// debrief runs one command line as the user would, and returns what it prints.
func (w *world) debrief(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), environment{
		Stdout: &out, Stderr: &errs,
		Now: func() time.Time { return collected },
		Getenv: func(name string) string {
			if name == "PAGERDUTY_TOKEN" {
				return w.token
			}
			return ""
		},
	}, args)
	return code, out.String(), errs.String()
}

// generate runs the main job and reads its JSON form back.
func (w *world) generate(t testing.TB, args ...string) (int, report.Report, string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "documents")
	code, stdout, stderr := w.debrief(t, append([]string{"generate", "--kubeconfig", w.kubeconfig, "--config", w.config, "-o", out}, args...)...)
	var r report.Report
	for path := range strings.Lines(stdout) {
		path = strings.TrimSpace(path)
		if filepath.Ext(path) != ".json" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &r); err != nil {
			t.Fatal(err)
		}
	}
	return code, r, stderr
}
