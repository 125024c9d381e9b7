package publish_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/debrief-sre/debrief/evidence"
)

// Recorded incidents.
const (
	recorded = "../../testdata/bundles/step-analysis.zip"
	another  = "../../testdata/bundles/two-at-once-payments.zip"
)

// What the first of them is published as.
const (
	head     = "postmortem/2026-11-22-shop-checkout-r2"
	document = "postmortems/2026/2026-11-22-shop-checkout-r2.md"
)

// note is what somebody wrote in PagerDuty after the evidence was collected.
const note = "The connection pool was half as large as before."

// collectedAgain is the recorded incident as a later collection would find it:
// with one note more.
func collectedAgain(t *testing.T) string {
	t.Helper()
	return rewrite(t, recorded, func(name string, line []byte) []byte {
		if name != "pagerduty/notes.jsonl" {
			return line
		}
		var first struct {
			Incident string         `json:"incident"`
			Object   map[string]any `json:"object"`
		}
		if err := json.Unmarshal(line, &first); err != nil {
			t.Fatal(err)
		}
		first.Object["id"] = "PNOTE9999"
		first.Object["content"] = note
		second, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		return append(append(line, '\n'), second...)
	}, nil)
}

// renamed is the recorded incident of a rollout with another name.
func renamed(t *testing.T, name string) string {
	t.Helper()
	quoted, err := json.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	rename := func(_ string, line []byte) []byte {
		return bytes.ReplaceAll(line, []byte(`"checkout"`), quoted)
	}
	return rewrite(t, recorded, rename, func(m *evidence.Manifest) { m.Scope.Subject.Name = name })
}

// rewrite makes a bundle of another one, of which each value becomes what edit
// makes of it; more than one if there are line breaks.
func rewrite(t *testing.T, from string, edit func(entry string, value []byte) []byte, manifest func(*evidence.Manifest)) string {
	t.Helper()
	b, err := evidence.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	for _, entry := range b.Manifest.Entries {
		if filepath.Ext(entry.Name) == ".json" {
			var value json.RawMessage
			if err := b.ReadJSON(entry.Name, &value); err != nil {
				t.Fatal(err)
			}
			if err := w.WriteJSON(entry.Name, json.RawMessage(edit(entry.Name, value))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		file, err := w.Create(entry.Name)
		if err != nil {
			t.Fatal(err)
		}
		for line, err := range evidence.Lines[json.RawMessage](b, entry.Name) {
			if err != nil {
				t.Fatal(err)
			}
			for value := range bytes.SplitSeq(edit(entry.Name, line.Value), []byte("\n")) {
				if err := file.Append(json.RawMessage(value)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	w.Cover(b.Manifest.Coverage...)
	m := b.Manifest
	if manifest != nil {
		manifest(&m)
	}
	path := filepath.Join(t.TempDir(), "bundle.zip")
	if err := w.Seal(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}
