package publish_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/internal/gittest"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/forge"
	"github.com/debrief-sre/debrief/output/publish"
)

func TestTwoPublishersAtOnce(t *testing.T) {
	for name, facts := range map[string]int{"of the same facts": 1, "of other facts": 2} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(gittest.New(t)) // empty: there is one more thing to do twice
			var all sync.WaitGroup
			for i := range 8 {
				in := incident(t, demo)
				if i%facts == 1 {
					in = incident(t, demo, byHand)
				}
				all.Go(func() {
					if _, err := publish.Publish(t.Context(), w.settings, in); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if len(w.forge.requests) != 1 || w.git.Count("main") != 1 {
				t.Errorf("%d requests, %d commits on the base", len(w.forge.requests), w.git.Count("main"))
			}
			if commits := w.git.Count(branch); facts == 1 && commits != 2 {
				t.Errorf("%d commits for the same facts", commits)
			}
			text := w.file(t, branch, document)
			if _, err := output.Verify([]byte(text)); err != nil {
				t.Error(err)
			}
			if want := append([]string{"README.md"}, published[1:]...); !slices.Equal(w.paths(branch), want) {
				t.Errorf("files %q", w.paths(branch))
			}
			if got, err := publish.Publish(t.Context(), w.settings, incident(t, demo)); err != nil || facts == 1 && got.Status != publish.Unchanged {
				t.Errorf("got %q, %v", got.Status, err)
			}
		})
	}
}

// TestForcedTwiceAtOnce: who comes second undoes no edit, and says so.
func TestForcedTwiceAtOnce(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	w.edit(branch, document, replacing("<!-- debrief:end summary", "Not so!\n<!-- debrief:end summary"))
	w.settings.Force = true
	w.git.Pushing = func() {
		w.git.Pushing = nil
		w.settings.Repository.Now = func() time.Time { return time.Date(2026, 11, 22, 20, 0, 1, 0, time.UTC) } // or theirs were the same commit
		w.publish(t, incident(t, demo, byHand), publish.Updated)
	}
	if got := w.publish(t, incident(t, demo, byHand), publish.Unchanged); len(got.Edited) != 0 {
		t.Errorf("edited %v", got.Edited)
	}
}

// TestAnotherRunIsAboutToAsk: who finds a branch without a request gives the run
// that made it the time to open one.
func TestAnotherRunIsAboutToAsk(t *testing.T) {
	w := newWorld(t)
	alone := w.settings
	alone.Forge = nil
	if _, err := publish.Publish(t.Context(), alone, incident(t, demo)); err != nil {
		t.Fatal(err)
	}
	calls := 0
	w.forge.around = func(ctx context.Context, call string) error {
		if calls++; call == "Requests" && calls == 4 { // after it was asked for the second time
			w.forge.around = nil
			_, _, err := w.forge.Open(ctx, forge.Desired{Head: branch, Base: "main", Body: "Ours."})
			w.forge.around = func(_ context.Context, call string) error {
				if call == "Open" {
					t.Error("it asks, too")
				}
				return nil
			}
			return err
		}
		return nil
	}
	got := w.publish(t, incident(t, demo, byHand), publish.Updated)
	if got.URL != "https://forge.example/pulls/1" || len(w.forge.requests) != 1 || w.forge.get(t, 1).Body != "Ours." {
		t.Errorf("got %+v, %+v", got, w.forge.requests)
	}
}

// TestSomebodyIsFasterToAsk: a request that is opened meanwhile is as good, and
// the next run makes it say what the document says.
func TestSomebodyIsFasterToAsk(t *testing.T) {
	w := newWorld(t)
	w.forge.around = func(_ context.Context, call string) error {
		if call == "Open" {
			w.forge.around = nil
			w.publish(t, incident(t, demo), publish.Opened)
		}
		return nil
	}
	got := w.publish(t, incident(t, demo, byHand), publish.Updated)
	if got.URL != "https://forge.example/pulls/1" || len(w.forge.requests) != 1 {
		t.Errorf("got %+v", got)
	}
	w.publish(t, incident(t, demo), publish.Unchanged)
	if facts := output.Facts([]byte(w.file(t, branch, document))); !strings.Contains(w.forge.get(t, 1).Body, facts) {
		t.Error("the description is of other facts than the document")
	}
}

// TestBranchDeletedMeanwhile: a forge closes the request with the branch, so
// the documents need another.
func TestBranchDeletedMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.publish(t, incident(t, demo), publish.Opened)
	calls := 0
	w.forge.around = func(context.Context, string) error {
		if calls++; calls == 2 { // it has said that there is an open request
			w.git.Delete(branch)
			w.forge.setState(1, forge.Closed)
		}
		return nil
	}
	w.publish(t, incident(t, demo, byHand), publish.Opened)
	if got := w.forge.get(t, 2); got.State != forge.Open || got.Head != branch {
		t.Errorf("got %+v", got)
	}
}

// TestForgeIsSlow: a forge may take a moment to see the first push.
func TestForgeIsSlow(t *testing.T) {
	for _, slow := range []bool{true, false} {
		w := newWorldOf(gittest.New(t))
		if !slow {
			w.git.Commit("main", gittest.Text("LICENSE", "none\n"))
		}
		calls := 0
		w.forge.around = func(context.Context, string) error {
			if calls++; calls == 1 {
				return &forge.Error{Reason: forge.ErrNotFound, Status: 404}
			}
			return nil
		}
		got, err := publish.Publish(t.Context(), w.settings, incident(t, demo))
		if slow && (err != nil || got.Status != publish.Opened) || !slow && !errors.Is(err, forge.ErrNotFound) {
			t.Errorf("slow %v: got %+v, %v", slow, got, err)
		}
	}
}
