package browser_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/browser"
	"github.com/debrief-sre/debrief/e2e/servers"
)

const demoBundle = "../../cmd/debrief/demo/checkout-canary-abort.zip"

// tools are debrief and those who read its documents.
type tools struct {
	ctx       context.Context
	debrief   browser.Debrief
	templates []string
	modules   string // the npm packages
	chromium  *browser.Chromium
}

func newTools(t *testing.T) *tools {
	t.Helper()
	k := &tools{ctx: t.Context()}
	var err error
	if k.debrief, err = browser.BuildDebrief(k.ctx, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if k.templates, err = k.debrief.Templates(k.ctx); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(k.templates, "default") {
		t.Fatalf("the templates are %q", k.templates)
	}
	progress := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	if k.modules, err = servers.Readers(k.ctx, progress); err != nil {
		t.Fatal(err)
	}
	chromium, stop, err := browser.StartChromium(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	k.chromium = chromium
	return k
}

func (k *tools) tab(t *testing.T, bypassPolicy bool) *browser.Tab {
	t.Helper()
	tab, end, err := k.chromium.Tab(bypassPolicy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return tab
}

func (k *tools) readers(t *testing.T) *browser.Readers {
	t.Helper()
	r, err := browser.StartReaders(context.Background(), k.modules, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("ending the readers: %v", err)
		}
	})
	return r
}

func (k *tools) mermaid(t *testing.T) *browser.Mermaid {
	t.Helper()
	m, err := browser.OpenMermaid(k.tab(t, true), k.modules)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// timed logs how long a part of a test took.
func timed(t *testing.T, what string) func() {
	t.Helper()
	began := time.Now()
	return func() { t.Logf("%s: %.1f s", what, time.Since(began).Seconds()) }
}
