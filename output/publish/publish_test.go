package publish_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/internal/gittest"
	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/forge"
	"github.com/debrief-sre/debrief/output/publish"
)

var published = []string{
	"LICENSE",
	"postmortems/2026/2026-11-22-shop-checkout-r2-budget.svg",
	"postmortems/2026/2026-11-22-shop-checkout-r2-incident.svg",
	document,
}

func TestOpened(t *testing.T) {
	w := newWorld(t)
	w.settings.Labels, w.settings.Reviewers, w.settings.Draft = []string{"postmortem"}, []string{"ada", "example/sre"}, true
	base := w.git.Tip("main").Hash
	got := w.publish(t, incident(t, demo), publish.Opened)
	if got.URL != "https://forge.example/pulls/1" || got.Branch != branch || got.Path != document || got.Commit != w.git.Tip(branch).Hash.String() {
		t.Errorf("got %+v", got)
	}
	if len(got.Warnings) != 1 || len(got.Edited) != 0 || got.Report.Name != "2026-11-22-shop-checkout-r2" {
		t.Errorf("warnings %q, edited %v, report %q", got.Warnings, got.Edited, got.Report.Name)
	}
	if diff := cmp.Diff(published, w.paths(branch)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	const title = "Postmortem: Canary Rollout of checkout (Revision 2) Aborted after Failed Analysis"
	if message := w.git.Tip(branch).Message; message != title+"\n" {
		t.Errorf("message %q", message)
	}
	if w.git.Tip("main").Hash != base || w.git.Count(branch) != 2 {
		t.Error("the base moved, or there is more than one commit")
	}
	asked := w.forge.desired[0]
	golden.Check(t, "testdata/request.md", asked.Body)
	asked.Body = ""
	want := forge.Desired{Head: branch, Base: "main", Title: title, Labels: []string{"postmortem"}, Reviewers: []string{"ada", "example/sre"}, Draft: true}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	if blocks, err := output.Verify([]byte(w.file(t, branch, document))); err != nil || blocks < 5 {
		t.Errorf("%d blocks, %v", blocks, err)
	}
}

func TestAgainWithTheSameFacts(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	before := w.forge.get(t, 1)
	got := w.publish(t, incident(t, demo), publish.Unchanged)
	if got.URL != before.URL || w.git.Count(branch) != 2 || len(w.forge.requests) != 1 {
		t.Errorf("got %+v, %d commits, %d requests", got, w.git.Count(branch), len(w.forge.requests))
	}
	if diff := cmp.Diff(before, w.forge.get(t, 1)); diff != "" {
		t.Errorf("the request changed:\n%s", diff)
	}
}

func TestChangedFactsKeepWhatPeopleWrote(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	w.edit(branch, document, appending("\nThe payments team held its release.\n"))
	w.edit(branch, "notes.md", appending("by a person\n"))
	w.forge.set(1, func(r *forge.Request) { r.Body = "Please read by Friday.\r\n\r\n" + r.Body + "cc @ada" })
	w.publish(t, incident(t, demo, byHand), publish.Updated)
	text := w.file(t, branch, document)
	if !strings.HasSuffix(text, "\nThe payments team held its release.\n") || !strings.Contains(text, "aborted at 19:55:08 UTC by a person") {
		t.Errorf("the document is\n%s", text)
	}
	if got := w.file(t, branch, "notes.md"); got != "by a person\n" {
		t.Errorf("notes are %q", got)
	}
	body := w.forge.get(t, 1).Body
	if !strings.HasPrefix(body, "Please read by Friday.\r\n\r\n<!-- debrief:begin request -->\n") || !strings.HasSuffix(body, "-->\ncc @ada") {
		t.Errorf("the description is\n%s", body)
	}
	if !strings.Contains(body, "<!-- facts "+output.Facts([]byte(text))+" -->") {
		t.Error("the description has other facts than the document")
	}
	w.publish(t, incident(t, demo, byHand), publish.Unchanged)
}

func TestEditedBlock(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	w.edit(branch, document, replacing("<!-- debrief:end summary", "Not so!\n<!-- debrief:end summary"))
	w.publish(t, incident(t, demo), publish.Unchanged) // nothing is to be renewed, so nothing is in the way
	commits, body := w.git.Count(branch), w.forge.get(t, 1).Body
	_, err := publish.Publish(t.Context(), w.settings, incident(t, demo, byHand))
	if edited, ok := errors.AsType[*output.EditedError](err); !ok || !slices.Equal(edited.Blocks, []string{"summary"}) || !strings.Contains(err.Error(), document) {
		t.Errorf("got %v", err)
	}
	if w.git.Count(branch) != commits || w.forge.get(t, 1).Body != body {
		t.Error("something was done nevertheless")
	}
	w.settings.Force = true
	got := w.publish(t, incident(t, demo, byHand), publish.Updated)
	if len(got.Edited) != 1 || got.Edited[0].Name != "summary" {
		t.Errorf("edited %v", got.Edited)
	}
	if kept := w.file(t, branch, strings.TrimSuffix(document, ".md")+".edited-summary.md"); !strings.Contains(kept, "Not so!") {
		t.Errorf("kept is %q", kept)
	}
	if strings.Contains(w.file(t, branch, document), "Not so!") {
		t.Error("the document still has the edit")
	}
	if got := w.publish(t, incident(t, demo, byHand), publish.Unchanged); len(got.Edited) != 0 {
		t.Errorf("edited %v, with nothing done", got.Edited)
	}
}

// TestForceUndoesEdits: also where the facts are the same.
func TestForceUndoesEdits(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	before := w.file(t, branch, document)
	w.edit(branch, document, replacing("<!-- debrief:end summary", "Not so!\n<!-- debrief:end summary"))
	w.settings.Force = true
	w.publish(t, incident(t, demo), publish.Updated)
	if diff := cmp.Diff(before, w.file(t, branch, document)); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenMarkers(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	w.edit(branch, document, replacing("<!-- debrief:begin summary -->\n", ""))
	for _, w.settings.Force = range []bool{false, true} {
		if got, err := publish.Publish(t.Context(), w.settings, incident(t, demo)); err == nil || !strings.Contains(err.Error(), `block "summary" ends here but does not begin before`) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	if w.git.Count(branch) != 3 {
		t.Error("something was pushed")
	}
}

func TestEditedDescription(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	w.forge.set(1, func(r *forge.Request) { r.Body = strings.Replace(r.Body, "**Document:**", "**Text:**", 1) })
	before := w.forge.get(t, 1)
	got := w.publish(t, incident(t, demo, byHand), publish.Updated)
	if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "description stays as it is") || w.forge.get(t, 1) != before {
		t.Errorf("warnings %q", got.Warnings)
	}
	for _, body := range []string{"", "Thrown away.\n"} { // that is people's to decide
		w.forge.set(1, func(r *forge.Request) { r.Body = body })
		if got := w.publish(t, incident(t, demo), publish.Updated); len(got.Warnings) != 0 || w.forge.get(t, 1).Body != body {
			t.Errorf("warnings %q, description %q", got.Warnings, w.forge.get(t, 1).Body)
		}
		w.publish(t, incident(t, demo, byHand), publish.Updated)
	}
}

func TestClosedAndReopened(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	w.forge.setState(1, forge.Closed)
	before := w.forge.get(t, 1)
	got := w.publish(t, incident(t, demo, byHand), publish.Closed)
	if got.URL != before.URL || w.git.Count(branch) != 2 || w.forge.get(t, 1) != before || len(w.forge.requests) != 1 {
		t.Errorf("got %+v, %d commits", got, w.git.Count(branch))
	}
	w.forge.setState(1, forge.Open)
	w.publish(t, incident(t, demo, byHand), publish.Updated)
	w.forge.setState(1, forge.Closed)
	w.git.Delete(branch)
	w.publish(t, incident(t, demo), publish.Closed)
	if w.git.Tip(branch) != nil {
		t.Error("the branch is there again")
	}
}

func TestMerged(t *testing.T) {
	for name, andDelete := range map[string]bool{"branch deleted": true, "branch kept": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(t, incident(t, demo), publish.Opened)
			w.forge.merge(1, andDelete)
			w.edit("main", document, appending("\nDiscussed on Monday.\n"))
			commits := w.git.Count("main")
			if got := w.publish(t, incident(t, demo), publish.Merged); got.URL != "https://forge.example/pulls/1" || got.Branch != branch {
				t.Errorf("got %+v", got)
			}
			w.edit("main", document, replacing("Discussed", "Seen"))
			got := w.publish(t, incident(t, demo, byHand), publish.Opened)
			if got.Branch != branch+"-update2" || got.URL != "https://forge.example/pulls/2" || got.Path != document {
				t.Errorf("got %+v", got)
			}
			if !strings.HasSuffix(w.file(t, got.Branch, document), "\nSeen on Monday.\n") {
				t.Error("what people wrote on the base is gone")
			}
			w.publish(t, incident(t, demo, byHand), publish.Unchanged)
			w.publish(t, incident(t, demo, late), publish.Updated)
			// The first request's facts again: the second one, still open, has others.
			w.publish(t, incident(t, demo), publish.Updated)
			w.publish(t, incident(t, demo, late), publish.Updated)
			w.forge.merge(2, andDelete)
			if got := w.publish(t, incident(t, demo, late), publish.Merged); got.Branch != branch+"-update2" {
				t.Errorf("got %+v", got)
			}
			if got := w.publish(t, incident(t, demo), publish.Opened); got.Branch != branch+"-update3" {
				t.Errorf("got %+v", got)
			}
			if w.git.Count("main") != commits+2 {
				t.Error("the base was written to")
			}
		})
	}
}

// TestMergedByHand: a branch that is on the base needs no request.
func TestMergedByHand(t *testing.T) {
	w := newWorld(t)
	plain := w.settings
	plain.Forge = nil
	if _, err := publish.Publish(t.Context(), plain, incident(t, demo)); err != nil {
		t.Fatal(err)
	}
	merge(w.git, branch, "main")
	w.publish(t, incident(t, demo), publish.Unchanged)
	w.git.Delete(branch)
	w.publish(t, incident(t, demo), publish.Unchanged)
	if len(w.forge.requests) != 0 || w.git.Tip(branch) != nil {
		t.Errorf("requests %v", w.forge.requests)
	}
}

func TestEmptyRepository(t *testing.T) {
	w := newWorldOf(gittest.New(t))
	w.publish(t, incident(t, demo), publish.Opened)
	if diff := cmp.Diff([]string{"README.md"}, w.paths("main")); diff != "" {
		t.Error(diff)
	}
	w.publish(t, incident(t, demo), publish.Unchanged)

	w = newWorldOf(gittest.New(t))
	w.settings.Base = "trunk"
	w.publish(t, incident(t, demo), publish.Opened)
	if w.forge.desired[0].Base != "trunk" || w.git.Tip("trunk") == nil || w.git.Tip("main") != nil {
		t.Errorf("asked for %+v", w.forge.desired[0])
	}
}

func TestPlainGit(t *testing.T) {
	w := newWorld(t)
	w.settings.Forge = nil
	if got := w.publish(t, incident(t, demo), publish.Pushed); got.URL != "" || got.Branch != branch || got.Commit == "" {
		t.Errorf("got %+v", got)
	}
	w.publish(t, incident(t, demo), publish.Unchanged)
	w.publish(t, incident(t, demo, byHand), publish.Pushed)
	if len(w.forge.requests) != 0 {
		t.Error("a request was opened")
	}
}
