package deploy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/process"
)

// notifications has the Argo Rollouts controller tell debrief of an abort, as
// the templates in deploy have it do.
func notifications(t *testing.T, l *lab.Lab) {
	const token = "0123456789abcdef"
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := newRestricted(t, l).startWatch("  hooks: {argoTokenFile: " + tokenFile + "}\n")
	if err != nil {
		t.Fatal(err)
	}
	defer w.stop()

	manifest, err := os.ReadFile(filepath.Join(deployDir, "argo-notifications.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(manifest)
	for from, to := range map[string]string{
		"http://debrief.debrief.svc:8080": fmt.Sprintf("http://127.0.0.1:%d", w.port),
		`debrief-token: ""`:               "debrief-token: " + token,
	} {
		if strings.Count(text, from) != 1 {
			t.Fatalf("the manifest does not hold %q once", from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	if err := l.Apply(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	abortCheckout(t, l)

	const passed = `debrief_webhook_hints_total{receiver="argo",result="passed"} `
	err = process.Poll(t.Context(), "the controller's hint", func(context.Context) error {
		metrics, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", w.port))
		if err != nil {
			return err
		}
		if !strings.Contains(metrics, passed) || strings.Contains(metrics, passed+"0\n") {
			return fmt.Errorf("no hint was passed on:\n%s", grep(metrics, "debrief_webhook"))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, w.log.String())
	}
}

func get(url string) (body string, err error) {
	answer, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, data)
	}
	return string(data), err
}

// grep are the lines of a text that hold a word.
func grep(text, word string) (found string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			found += line
		}
	}
	return found
}
