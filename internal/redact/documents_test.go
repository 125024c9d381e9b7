package redact

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/redact/redacttest"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

const demo = "../../cmd/debrief/demo/checkout-canary-abort.zip"

// TestDocumentsHoldNoSecret plants a secret of every rule in the recorded
// incident - in an event's message, an analysis's query, a responder's note and
// a pod's label - seals a bundle and renders every document from it.
func TestDocumentsHoldNoSecret(t *testing.T) {
	maker := redacttest.NewMaker(t)
	texts, secrets := map[string]string{}, map[string]string{}
	for _, id := range maker.Rules() {
		texts[id], secrets[id] = secretFor(t, maker, id, 7)
	}
	written := sealAndRender(t, texts)
	for id, secret := range secrets {
		for name, content := range written {
			if core := redacttest.Telling(secret); strings.Contains(content, core) {
				t.Errorf("%s: %q of the secret %q is in %s", id, core, secret, name)
			}
		}
	}
}

// sealAndRender returns all that debrief writes of the demonstration with the
// texts planted in it: the bundle's entries, and each document.
func sealAndRender(t *testing.T, texts map[string]string) map[string]string {
	t.Helper()
	r := newRedactor(t)
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard() //nolint:errcheck // a temporary folder
	w.Filter = func(value []byte) ([]byte, int, error) {
		clean, counts, err := r.JSON(value)
		return clean, counts.Total(), err
	}
	manifest := plantInDemo(t, w, texts)
	path := filepath.Join(t.TempDir(), "bundle.zip")
	if err := w.Seal(path, manifest); err != nil {
		t.Fatal(err)
	}
	written := entriesOf(t, path)
	bundle, err := evidence.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer bundle.Close() //nolint:errcheck // it was only read
	facts, err := collectors.Read(bundle)
	if err != nil {
		t.Fatal(err)
	}
	document, _, err := output.New(templates.Default(), report.Build(bundle.Manifest, facts, report.Options{}), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	for name, render := range map[string]func(io.Writer, output.Document) error{"markdown": output.Markdown, "html": output.HTML, "json": output.JSON} {
		var buf bytes.Buffer
		if err := render(&buf, document); err != nil {
			t.Fatal(err)
		}
		if written[name] = buf.String(); !strings.Contains(written[name], "[redacted") && !strings.Contains(written[name], `\[redacted`) {
			t.Errorf("%s shows no redaction: was anything planted?", name)
		}
	}
	return written
}

// plantInDemo copies the demonstration into the writer, its values one by one
// so that they are filtered, and adds a copy with each text.
func plantInDemo(t *testing.T, w *evidence.Writer, texts map[string]string) evidence.Manifest {
	t.Helper()
	bundle, err := evidence.Open(demo)
	if err != nil {
		t.Fatal(err)
	}
	defer bundle.Close() //nolint:errcheck // it was only read
	for _, entry := range bundle.Manifest.Entries {
		file, err := w.Create(entry.Name)
		if err != nil {
			t.Fatal(err)
		}
		for line, err := range evidence.Lines[any](bundle, entry.Name) {
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range planted(t, entry.Name, line.Value, texts) {
				if err := file.Append(value); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	w.Cover(bundle.Manifest.Coverage...)
	return bundle.Manifest
}

// planted is a value of an entry, and what is planted beside or in it.
func planted(t *testing.T, entry string, whole any, texts map[string]string) []any {
	t.Helper()
	values := []any{whole}
	value, ok := whole.(map[string]any)
	if !ok {
		return values
	}
	for id, text := range texts {
		switch entry {
		case "kubernetes/events.jsonl":
			if value["reason"] == "RolloutResumed" {
				event := clone(t, value)
				event["message"] = "failed with " + text + " after deploy"
				values = append(values, event)
			}
		case "pagerduty/notes.jsonl":
			note := clone(t, value)
			inner, ok := note["object"].(map[string]any)
			if !ok {
				inner = note
			}
			inner["id"], inner["content"] = "N-"+id, "we saw\n"+text+"\n(in the shell)"
			values = append(values, note)
		case "argo/analysisruns.jsonl":
			spec := value["spec"].(map[string]any)
			query := fmt.Sprintf(`sum(rate(http_requests_total{note="x %s y"}[5m]))`, text)
			provider := map[string]any{"name": "prometheus", "prometheus": map[string]any{"query": query}}
			spec["metrics"] = append(spec["metrics"].([]any), map[string]any{"name": id, "provider": provider})
		case "kubernetes/pods.jsonl":
			value["metadata"].(map[string]any)["labels"].(map[string]any)["note-"+id] = text
		}
	}
	return values
}

func clone(t *testing.T, value map[string]any) map[string]any {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var copied map[string]any
	if err := json.Unmarshal(data, &copied); err != nil {
		t.Fatal(err)
	}
	return copied
}

func entriesOf(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close() //nolint:errcheck // it was only read
	entries := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		entries[f.Name] = string(data)
	}
	return entries
}
