package main

import (
	"testing"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

// provenance is what a reader of the demonstration must know.
var provenance = []string{
	"Kubernetes, Argo Rollouts and Prometheus answers were recorded on a real control plane on 2026-11-22 and collected from a replay of the recording.",
	"The PagerDuty part was written by hand to the API's shapes: there was no PagerDuty in the recorded incident.",
}

// writeDemo copies a bundle's entries and coverage into the embedded one, with
// its provenance and without the durations of this run.
func writeDemo(t *testing.T, path string) {
	t.Helper()
	fresh, err := evidence.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close() //nolint:errcheck // it was only read
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard() //nolint:errcheck // a temporary folder
	for _, e := range fresh.Manifest.Entries {
		if err := w.Copy(fresh, e.Name); err != nil {
			t.Fatal(err)
		}
	}
	m := fresh.Manifest
	for _, c := range m.Coverage {
		c.Duration = 0
		w.Cover(c)
	}
	m.Tool, m.Notes, m.CollectedAt = "debrief demo", provenance, collected.Truncate(time.Second)
	if err := w.Seal("demo/checkout-canary-abort.zip", m); err != nil {
		t.Fatal(err)
	}
}
