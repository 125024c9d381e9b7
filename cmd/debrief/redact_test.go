package main

import (
	"archive/zip"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/debrief-sre/debrief/internal/redact/redacttest"
	"github.com/debrief-sre/debrief/internal/replay"
)

// secrets are of the kinds that are pasted into messages, queries and notes.
// They are made up, and cut in two so that no scanner takes them for real.
var secrets = []string{
	"AKIA" + "Z7QW3R5TJY2U4P6L",
	"ghp_" + "f3Kd9sL2mQ8xV5bN7cR1tY6wZ0aH4jE3gU2i",
	"xoxb" + "-2938475610293-1029384756102-aB3dE5fG7hI9jK1lM3nO5pQ7",
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkEifQ.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXkQ",
	"https://deploy:" + "Tr0ub4dor-9xKq@registry.example.com/v2/",
}

// TestSecretsStayOut plants secrets wherever a source could bring them in, and
// looks for them in everything that debrief writes.
func TestSecretsStayOut(t *testing.T) {
	w := newWorldOf(t, planted(t, strings.Join(secrets, " ")))
	w.token = "u+Zk3xQvR9sLmN2pT7wY"
	out := filepath.Join(w.dir, "documents")
	code, stdout, stderr := w.debrief(t, "generate", "shop/checkout", "--kubeconfig", w.kubeconfig, "--config", w.config, "-o", out)
	if code != exitDone {
		t.Fatalf("ended with %d: %s", code, stderr)
	}
	written := contents(t, out)
	written["standard output"], written["standard error"] = stdout, stderr
	for name, content := range unpacked(t, out) {
		written[name] = content
	}
	for name, content := range written {
		for _, secret := range append(secrets, w.token) {
			core := strings.TrimPrefix(secret, "https://deploy:")
			core, _, _ = strings.Cut(core, "@")
			if strings.Contains(content, core) {
				t.Errorf("%s holds %s", name, secret)
			}
		}
		if strings.HasSuffix(name, ".md") && !strings.Contains(content, "secrets redacted.") {
			t.Errorf("%s does not say that secrets were redacted", name)
		}
	}
}

// TestErrorsHoldNoSecret lets every source refuse with a secret of every rule in
// its words, and looks for it in what the run prints and seals.
func TestErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	w, maker := newWorld(t), redacttest.NewMaker(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, rule := range maker.Rules() {
		secret := maker.Make(t, rule, random.IntN)
		refusal := "asking failed with " + secret.Text + " after deploy"
		for _, resource := range []string{"events", "rollouts"} { // a gap, and the end of the run
			w.replay.Recover()
			w.replay.Fail(refusals(t, resource, refusal)...)
			out := filepath.Join(t.TempDir(), "bundle.zip")
			code, stdout, stderr := w.debrief(t, "collect", "shop/checkout", "--kubeconfig", w.kubeconfig, "--config", w.config, "-o", out)
			written := map[string]string{"standard output": stdout, "standard error": stderr}
			if code == exitGaps {
				maps.Copy(written, unpacked(t, filepath.Dir(out)))
			}
			if want := map[string]int{"events": exitGaps, "rollouts": exitFailed}[resource]; code != want || !strings.Contains(stderr, "asking failed with") {
				t.Errorf("%s: ended with %d: %s", rule, code, stderr)
			}
			for name, content := range written {
				if core := redacttest.Telling(secret.Value); strings.Contains(content, core) {
					t.Errorf("%s: %q of the secret %q is in %s:\n%s", rule, core, secret.Value, name, stderr)
				}
			}
		}
	}
}

// refusals are each source's own way to say no.
func refusals(t *testing.T, resource, words string) []replay.Failure {
	t.Helper()
	body := func(answer any) string {
		data, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	return []replay.Failure{
		{API: replay.Kubernetes, Resource: resource, Status: http.StatusForbidden, Header: header, Body: body(metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status:   metav1.StatusFailure, Reason: metav1.StatusReasonForbidden, Message: words, Code: http.StatusForbidden,
		})},
		{API: replay.Prometheus, Status: http.StatusBadRequest, Header: header, Body: body(map[string]string{
			"status": "error", "errorType": "bad_data", "error": words,
		})},
		{API: replay.PagerDuty, Status: http.StatusForbidden, Header: header, Body: body(map[string]any{
			"error": map[string]any{"code": 2010, "message": words, "errors": []string{words}},
		})},
	}
}

// planted is the recording with a text put into event messages, the analysis's
// query and message, labels, alerts and the responder's note.
func planted(t *testing.T, text string) fstest.MapFS {
	t.Helper()
	places := map[string][]string{
		"events.json":              {"Created pod: checkout-666689f855-czdfn", "Rollout is resumed"},
		"analysisruns.json":        {"assessed Failed due to failed (3) > failureLimit (2)", "nginx_http_requests_total{status="},
		"rollouts.json":            {"assessed Failed due to failed (3) > failureLimit (2)"},
		"pods.json":                {"registry.local/checkout:1.0.0"},
		"pagerduty-notes.json":     {"Rollout aborted itself;"},
		"pagerduty-incidents.json": {"ErrorBudgetBurn checkout"},
	}
	fsys := fstest.MapFS{}
	for name, content := range contents(t, recording) {
		for _, place := range places[name] {
			if !strings.Contains(content, place) {
				t.Fatalf("%s does not hold %q any more", name, place)
			}
			if place == "nginx_http_requests_total{status=" {
				content = strings.ReplaceAll(content, place, `nginx_http_requests_total{token!=\"`+text+`\",status=`)
				continue
			}
			content = strings.ReplaceAll(content, place, place+" "+text)
		}
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

// unpacked reads the entries of every bundle in a folder.
func unpacked(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.zip"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bundle in %s: %v", dir, err)
	}
	for _, path := range paths {
		archive, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			entries[filepath.Base(path)+"/"+f.Name] = string(data)
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil { // read in full; its bytes are compressed
			t.Fatal(err)
		}
	}
	return entries
}
