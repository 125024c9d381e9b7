package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
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
