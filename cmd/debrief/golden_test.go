package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/templates"
)

// TestGoldenDocuments renders every recorded scenario with every built-in
// template. The bundles were recorded on a real control plane, see
// testdata/bundles.
func TestGoldenDocuments(t *testing.T) {
	bundles, err := filepath.Glob("../../testdata/bundles/*.zip")
	if err != nil || len(bundles) == 0 {
		t.Fatalf("no bundles: %v", err)
	}
	for _, bundle := range append(bundles, "demo/checkout-canary-abort.zip") {
		scenario := strings.TrimSuffix(filepath.Base(bundle), ".zip")
		for _, template := range templates.Names() {
			t.Run(scenario+"/"+template, func(t *testing.T) {
				t.Parallel()
				checkRendered(t, bundle, filepath.Join("testdata", "golden", scenario, template+".md"), "--format", "md", "--template", template)
			})
		}
		t.Run(scenario+"/json", func(t *testing.T) {
			t.Parallel()
			checkRendered(t, bundle, filepath.Join("testdata", "golden", scenario, "report.json"), "--format", "json")
		})
	}
	t.Run("html", func(t *testing.T) {
		t.Parallel()
		checkRendered(t, "demo/checkout-canary-abort.zip", filepath.Join("testdata", "golden", "checkout-canary-abort", "default.html"), "--format", "html")
	})
}

// checkRendered renders a bundle to standard output and compares that with a file.
func checkRendered(t *testing.T, bundle, path string, flags ...string) {
	t.Helper()
	w := &world{}
	code, got, stderr := w.debrief(t, append([]string{"render", "--bundle", bundle, "-o", "-"}, flags...)...)
	if code != exitDone && code != exitGaps {
		t.Fatalf("ended with %d: %s", code, stderr)
	}
	golden.Check(t, path, got)
}
