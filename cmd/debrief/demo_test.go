package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/golden"
)

// TestDemoBundle makes the embedded bundle by running the collectors against
// the recording, and checks that it still is what they would make.
func TestDemoBundle(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.dir, "bundle.zip")
	code, _, stderr := w.debrief(t, "collect", "shop/checkout", "--kubeconfig", w.kubeconfig, "--config", w.config, "-o", path)
	if code != exitDone {
		t.Fatalf("collect ended with %d: %s", code, stderr)
	}
	if golden.Updating() {
		writeDemo(t, path)
	}
	fresh, err := evidence.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close() //nolint:errcheck // it was only read
	demo, err := evidence.Read(bytes.NewReader(demoBundle), int64(len(demoBundle)))
	if golden.Updating() {
		demo, err = evidence.Open("demo/checkout-canary-abort.zip")
	}
	if err != nil {
		t.Fatal(err)
	}
	// The server's address and the time it took differ from run to run.
	got, err := collectors.Read(fresh)
	if err != nil {
		t.Fatal(err)
	}
	want, err := collectors.Read(demo)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("the embedded bundle is out of date, run with -update (-embedded +fresh):\n%s", diff)
	}
}
