package publish_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/gittest"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/publish"
	"github.com/debrief-sre/debrief/output/repository"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
	"github.com/debrief-sre/debrief/timeline"
)

const (
	demo     = "../../cmd/debrief/demo/checkout-canary-abort.zip"
	payments = "../../testdata/bundles/two-at-once-payments.zip"

	branch   = "postmortem/2026-11-22-shop-checkout-r2"
	document = "postmortems/2026/2026-11-22-shop-checkout-r2.md"
)

// world is a repository with a base branch, a forge, and how debrief publishes to them.
type world struct {
	git      *gittest.Server
	forge    *double
	settings publish.Settings
}

func newWorld(t testing.TB) *world {
	t.Helper()
	git := gittest.New(t)
	git.Commit("main", gittest.Text("LICENSE", "none\n"))
	return newWorldOf(git)
}

func newWorldOf(git *gittest.Server) *world {
	forge := &double{git: git}
	return &world{git: git, forge: forge, settings: publish.Settings{
		Patience: time.Millisecond, // nobody else is there, unless a test says so
		Repository: repository.Settings{
			URL: git.URL, Author: repository.Person{Name: "debrief", Email: "debrief@example.com"},
			Now: func() time.Time { return time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC) },
		},
		Forge: forge,
	}}
}

// publish does, and fails the test if the status is another one.
func (w *world) publish(t testing.TB, in publish.Incident, want publish.Status) publish.Result {
	t.Helper()
	got, err := publish.Publish(t.Context(), w.settings, in)
	if err != nil || got.Status != want {
		t.Fatalf("got %q, %v, want %q", got.Status, err, want)
	}
	return got
}

// file is what a file of a branch has in it.
func (w *world) file(t testing.TB, branch, path string) string {
	t.Helper()
	files := w.git.Files(branch)
	i := slices.IndexFunc(files, func(f gittest.File) bool { return f.Path == path })
	if i < 0 {
		t.Fatalf("branch %s has no %s, but %s", branch, path, strings.Join(w.paths(branch), " "))
	}
	return files[i].Data
}

func (w *world) paths(branch string) (paths []string) {
	for _, f := range w.git.Files(branch) {
		paths = append(paths, f.Path)
	}
	return paths
}

// edit is a commit by a person that changes one file, or makes it.
func (w *world) edit(branch, path string, change func(string) string) {
	files := w.git.Files(branch)
	i := slices.IndexFunc(files, func(f gittest.File) bool { return f.Path == path })
	if i < 0 {
		i, files = len(files), append(files, gittest.Text(path, ""))
	}
	files[i].Data = change(files[i].Data)
	w.git.Commit(branch, files...)
}

func appending(text string) func(string) string { return func(s string) string { return s + text } }

func replacing(old, with string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic("there is no " + old)
		}
		return strings.ReplaceAll(s, old, with)
	}
}

// incident is that of a bundle, with its facts changed.
func incident(t testing.TB, path string, changes ...func(*report.Report)) publish.Incident {
	t.Helper()
	bundle, err := evidence.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer bundle.Close() //nolint:errcheck // it was only read
	facts, err := collectors.Read(bundle)
	if err != nil {
		t.Fatal(err)
	}
	return publish.Incident{
		Set: templates.Default(), Bundle: path, Stored: &report.Bundle{SHA256: bundle.SHA256},
		Report: func(earlier []report.Earlier, stored *report.Bundle) (report.Report, error) {
			r := report.Build(bundle.Manifest, facts, report.Options{Earlier: earlier, Bundle: stored})
			for _, change := range changes {
				change(&r)
			}
			return r, nil
		},
	}
}

// small is an incident of few facts, for tests that publish it very often.
func small(t testing.TB, changes ...func(*report.Report)) publish.Incident {
	t.Helper()
	in := incident(t, demo, changes...)
	r, err := in.Report(nil, in.Stored)
	if err != nil {
		t.Fatal(err)
	}
	r.Events, r.Series, r.Weights, r.Coverage = r.Events[:3], nil, nil, nil
	in.Report = func([]report.Earlier, *report.Bundle) (report.Report, error) { return r, nil }
	return in
}

// Other facts of the same incident.
func byHand(r *report.Report) { r.Abort.Cause = timeline.CauseUser }
func late(r *report.Report)   { r.Abort.Cause = timeline.CauseProgressDeadline }

// again is the next abort of the same revision on the same day.
func again(r *report.Report) { r.Abort.Time = r.Abort.Time.Add(time.Hour) }

// using has an incident's documents made by another template.
func using(t testing.TB, name string, in publish.Incident) publish.Incident {
	t.Helper()
	set, err := templates.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	in.Set = set
	return in
}

// formats finds formats by name.
func formats(t testing.TB, names ...string) []output.Format {
	t.Helper()
	found, err := output.Lookup(names)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
