package publish_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/forge"
	"github.com/debrief-sre/debrief/output/index"
	"github.com/debrief-sre/debrief/output/publish"
	"github.com/debrief-sre/debrief/report"
)

const base = "postmortems/2026/2026-11-22-shop-checkout-r2" // of the documents

func TestReviewOfTheTimeline(t *testing.T) {
	w := newWorld(t)
	got := w.publish(t, incident(t, demo), publish.Opened)
	event := got.Report.Events[0]
	w.edit(branch, base+".timeline.yaml", appending(fmt.Sprintf("- event: %s\n  title: The cause of it all\n  pin: true\n", event.ID)))
	w.publish(t, incident(t, demo), publish.Updated)
	if !strings.Contains(w.file(t, branch, document), "The cause of it all") {
		t.Error("the review is not in the document")
	}
	w.publish(t, incident(t, demo), publish.Unchanged)
	in := incident(t, demo)
	in.Redact = func(r report.Report) (report.Report, error) {
		r.Events = slices.Clone(r.Events)
		for i := range r.Events {
			r.Events[i].Title = strings.ReplaceAll(r.Events[i].Title, "cause of it", "secret of")
		}
		return r, nil
	}
	w.publish(t, in, publish.Updated)
	if text := w.file(t, branch, document); strings.Contains(text, "The cause of it all") || !strings.Contains(text, "The secret of all") {
		t.Error("what reviewers wrote is not redacted")
	}
	w.forge.merge(1, true)
	w.publish(t, in, publish.Merged)

	w.edit("main", base+".timeline.yaml", appending("- event: e-0000000000\n  pin: true\n"))
	if got, err := publish.Publish(t.Context(), w.settings, incident(t, demo)); err == nil || !strings.Contains(err.Error(), base+".timeline.yaml:4") {
		t.Errorf("a review of no event: got %+v, %v", got, err)
	}
}

func TestSecondAbortOfOneDay(t *testing.T) {
	second := strings.TrimSuffix(document, ".md") + "-2.md"
	for name, then := range map[string]func(*world){
		"while the first is open":                 func(*world) {},
		"after the first was merged":              func(w *world) { w.forge.merge(1, true) },
		"after the first was merged and kept":     func(w *world) { w.forge.merge(1, false) },
		"after the first was closed":              func(w *world) { w.forge.setState(1, forge.Closed) },
		"after the first was closed, branch gone": func(w *world) { w.forge.setState(1, forge.Closed); w.git.Delete(branch) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(t, incident(t, demo), publish.Opened)
			then(w)
			first := w.forge.get(t, 1)
			got := w.publish(t, incident(t, demo, again), publish.Opened)
			if got.Branch != branch+"-2" || got.Path != second || got.URL != "https://forge.example/pulls/2" || w.forge.get(t, 1) != first {
				t.Errorf("got %+v", got)
			}
			w.publish(t, incident(t, demo, again), publish.Unchanged)
			w.publish(t, incident(t, demo, again, byHand), publish.Updated)
			w.forge.merge(2, true)
			if got := w.publish(t, incident(t, demo, again, byHand), publish.Merged); got.Branch != branch+"-2" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTwoIncidentsOnOnePath(t *testing.T) {
	w := newWorld(t)
	w.settings.Path = "postmortems/{{ .Date }}.md"
	w.publish(t, incident(t, demo), publish.Opened)
	got, err := publish.Publish(t.Context(), w.settings, incident(t, demo, again))
	if err == nil || !strings.Contains(err.Error(), "put .Slug or .Name into publish.path") || w.git.Count(branch) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestIndexInTheSameCommit(t *testing.T) {
	w := newWorld(t)
	w.settings.Index = &index.Options{Title: "What went wrong"}
	w.publish(t, incident(t, demo), publish.Opened)
	if w.git.Count(branch) != 2 {
		t.Error("the index is a commit of its own")
	}
	for _, name := range []string{"README.md", "index.html", "index.json"} {
		if text := w.file(t, branch, "postmortems/"+name); !strings.Contains(text, "2026-11-22-shop-checkout-r2") {
			t.Errorf("%s does not know the incident:\n%s", name, text)
		}
	}
	w.publish(t, incident(t, demo), publish.Unchanged)
	w.forge.merge(1, true)

	got := w.publish(t, incident(t, payments), publish.Opened)
	readme := w.file(t, got.Branch, "postmortems/README.md")
	if strings.Count(readme, "| 2026-11-22 | [Canary Rollout of ") != 2 || !strings.Contains(readme, "What went wrong") {
		t.Errorf("the index is\n%s", readme)
	}
	w.settings.Refresh = true // with its own document there
	w.publish(t, incident(t, payments), publish.Unchanged)
	w.settings.Refresh = false

	// An index that people edited is theirs, and keeps no postmortem away.
	w.edit(got.Branch, "postmortems/README.md", replacing("<!-- debrief:end", "See also the wiki.\n<!-- debrief:end"))
	before := w.file(t, got.Branch, "postmortems/README.md")
	got = w.publish(t, incident(t, payments, byHand), publish.Updated)
	if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "index stays as it is") || w.file(t, got.Branch, "postmortems/README.md") != before {
		t.Errorf("warnings %q", got.Warnings)
	}
	w.settings.Force = true
	got = w.publish(t, incident(t, payments, late), publish.Updated)
	if len(got.Warnings) != 0 || strings.Contains(w.file(t, got.Branch, "postmortems/README.md"), "wiki") {
		t.Errorf("warnings %q", got.Warnings)
	}
}

func TestBundle(t *testing.T) {
	w := newWorld(t)
	w.settings.Bundle = true
	w.publish(t, incident(t, demo), publish.Opened)
	want, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	if w.file(t, branch, base+".bundle.zip") != string(want) {
		t.Error("the bundle is another one")
	}
	if !strings.Contains(w.file(t, branch, document), "](<2026-11-22-shop-checkout-r2.bundle.zip>)") {
		t.Error("no link leads to the bundle")
	}

	w = newWorld(t)
	in := incident(t, demo)
	in.Stored.URL = "https://evidence.example/ab.zip"
	w.publish(t, in, publish.Opened)
	if _, line, _ := strings.Cut(w.file(t, branch, document), "Evidence bundle: "); !strings.Contains(strings.SplitN(line, "\n", 2)[0], "evidence.example/ab.zip") {
		t.Errorf("the document does not say where the bundle is kept: %.200s", line)
	}

	in = incident(t, demo)
	in.Bundle, w.settings.Bundle = "missing.zip", true
	in.Stored.URL = ""
	w.settings.Refresh = true
	if got, err := publish.Publish(t.Context(), w.settings, in); err == nil || w.git.Count(branch) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFormats(t *testing.T) {
	w := newWorld(t)
	w.settings.Formats = formats(t, "html", "md", "json")
	w.settings.Path = "incidents/{{ .Date.Month }}/{{ .Date.Day }}/{{ .Slug }}/{{ .Cause | lower }}.md"
	got := w.publish(t, incident(t, demo), publish.Opened)
	want := []string{
		"LICENSE",
		"incidents/11/22/shop-checkout-r2/2026-11-22-shop-checkout-r2-budget.svg",
		"incidents/11/22/shop-checkout-r2/2026-11-22-shop-checkout-r2-incident.svg",
		"incidents/11/22/shop-checkout-r2/analysis.html",
		"incidents/11/22/shop-checkout-r2/analysis.json",
		"incidents/11/22/shop-checkout-r2/analysis.md",
	}
	if !slices.Equal(w.paths(branch), want) || got.Path != want[5] {
		t.Errorf("files %q", w.paths(branch))
	}
	w.edit(branch, got.Path, appending("\nHeld on Monday.\n"))
	w.publish(t, incident(t, demo, func(r *report.Report) { r.Pages = nil }), publish.Updated)
	if !strings.Contains(w.file(t, branch, want[3]), "Held on Monday.") {
		t.Error("the page does not have what people wrote")
	}
}

// TestPublicDocument: nothing that a repository shows of it tells more than the
// document may.
func TestPublicDocument(t *testing.T) {
	w := newWorld(t)
	w.settings.Formats, w.settings.Index = output.Formats[:3], &index.Options{}
	got := w.publish(t, using(t, "public", incident(t, demo)), publish.Opened)
	asked := w.forge.desired[0]
	shown := []string{got.Branch, got.Path, asked.Head, asked.Title, asked.Body, w.git.Tip(got.Branch).Message}
	for _, f := range w.git.Files(got.Branch) {
		shown = append(shown, f.Path, f.Data)
	}
	for _, text := range shown {
		for _, internal := range []string{"checkout", "shop", "registry", "error-rate", "ErrorBudgetBurn", "666689f855"} {
			if strings.Contains(text, internal) {
				t.Errorf("%q is in\n%.400s", internal, text)
			}
		}
	}
	golden.Check(t, "testdata/public.md", asked.Body)
	if got.Branch != "postmortem/2026-11-22-1955-public" || got.Path != "postmortems/2026/2026-11-22-1955-public.md" {
		t.Errorf("got %+v", got)
	}
	w.publish(t, using(t, "public", incident(t, demo)), publish.Unchanged)
}

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	newer := incident(t, demo, func(r *report.Report) { r.Tool = "debrief 9" })
	for _, w.settings.Force = range []bool{true, false} {
		w.publish(t, newer, publish.Unchanged)
	}
	w.settings.Refresh = true
	w.publish(t, incident(t, demo), publish.Unchanged) // the same bytes
	w.settings.Formats = formats(t, "json")
	w.publish(t, newer, publish.Updated)
	if !strings.Contains(w.file(t, branch, base+".json"), "debrief 9") {
		t.Error("the report is the old one")
	}
}

// TestDocumentOfPeople: one that people have worked on goes as it is, and on
// what the branch has by the rules of an update.
func TestDocumentOfPeople(t *testing.T) {
	w := newWorld(t)
	in := incident(t, demo)
	r, err := in.Report(nil, in.Stored)
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := output.New(in.Set, r, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	in.Document = append(made.Markdown, "\nWritten before.\n"...)
	w.publish(t, in, publish.Opened)
	if w.file(t, branch, document) != string(in.Document) {
		t.Error("it is another document")
	}
	w.publish(t, in, publish.Unchanged)
	w.edit(branch, document, appending("Written after.\n"))
	w.publish(t, incident(t, demo, byHand), publish.Updated)
	w.settings.Refresh = true
	w.publish(t, in, publish.Updated)
	if text := w.file(t, branch, document); text != string(in.Document)+"Written after.\n" {
		t.Errorf("the document ends with %q", text[len(text)-60:])
	}
}
