package evidence_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/evidence"
)

// TestFilterSeesEverything checks that no value reaches a bundle unfiltered,
// the manifest included, and that what was taken out is counted.
func TestFilterSeesEverything(t *testing.T) {
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard() //nolint:errcheck // a temporary folder
	w.Filter = func(value []byte) ([]byte, int, error) {
		return bytes.ReplaceAll(value, []byte("hunter2"), []byte("[gone]")), bytes.Count(value, []byte("hunter2")), nil
	}
	f, err := w.Create("kubernetes/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"hunter2", "fine", "hunter2 and hunter2"} {
		if err := f.Append(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteJSON("prometheus/0-bad.json", map[string]string{"q": "hunter2"}); err != nil {
		t.Fatal(err)
	}
	w.Cover(evidence.Coverage{Source: "kubernetes/events"}, evidence.Coverage{Source: "kubernetes/pods"}, evidence.Coverage{Source: "prometheus/slo", Reason: "hunter2"})
	path := filepath.Join(t.TempDir(), "bundle.zip")
	if err := w.Seal(path, evidence.Manifest{Notes: []string{"hunter2"}}); err != nil {
		t.Fatal(err)
	}
	b, err := evidence.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // it was only read
	for line, err := range evidence.Lines[string](b, "kubernetes/events.jsonl") {
		if err != nil || strings.Contains(line.Value, "hunter2") {
			t.Errorf("%q, %v", line.Value, err)
		}
	}
	if got := b.Manifest.Notes[0]; got != "[gone]" {
		t.Errorf("note %q", got)
	}
	got := map[string]int{}
	for _, c := range b.Manifest.Coverage {
		got[c.Source] = c.Redactions
	}
	if got["kubernetes/events"] != 3 || got["kubernetes/pods"] != 0 || got["prometheus/slo"] != 1 {
		t.Errorf("redactions %v", got)
	}
}
