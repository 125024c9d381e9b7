package watch

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
)

// TestWithTheArchive sees the recorded incident through with a real archive, in
// two lives: the first one is ended while it waits for the incident's end.
func TestWithTheArchive(t *testing.T) {
	start := time.Now()
	now := func() time.Time { return aborted.Add(time.Since(start) - time.Second) } // the controller's clock is ahead
	api := newAPIServer()
	rollout := recordedNamed(t, "rollouts", "checkout")
	api.put("rollouts", with(t, rollout, nil, "status", "abortedAt"))
	for _, e := range recorded(t, "events") {
		api.put("events", e)
	}
	dsn := filepath.Join(t.TempDir(), "archive.db")
	collected := make(chan archive.Incident, 10)
	live := func(change func(*Options), during func(*Watcher)) *archive.Archive {
		store, err := archive.Open(t.Context(), dsn, archive.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Cluster: "lab", Client: api, Store: store, Steps: okSteps(), Triggers: allOn, Now: now, FollowEvery: time.Hour}
		o.Steps.Publish = func(_ context.Context, in archive.Incident, _ string) (string, error) {
			collected <- in
			return "https://git.example/pulls/1", nil
		}
		change(&o)
		w, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		writing, endWriting := context.WithCancel(context.Background())
		running, end := context.WithCancel(context.Background())
		written, ran := make(chan error, 1), make(chan error, 1)
		go func() { written <- store.Run(writing) }()
		go func() { ran <- w.Run(running) }()
		during(w)
		end()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		endWriting()
		if err := <-written; err != nil {
			t.Error(err)
		}
		return store
	}

	first := live(func(o *Options) { o.Steps.Settled = nil }, func(w *Watcher) {
		eventually(t, func() bool { return w.Ready() == nil })
		api.put("rollouts", rollout)
		eventually(t, func() bool {
			due, err := w.options.Store.DueIncidents(t.Context(), "lab", endOfTime(now()), 10)
			return err == nil && len(due) == 1 && due[0].State == archive.Settling
		})
	})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second := live(func(o *Options) {
		o.Steps.Settled = func(context.Context, archive.Incident) (string, bool, error) { return "canary weight 0", true, nil }
	}, func(w *Watcher) {
		if err := w.Hint(t.Context(), "lab", "shop", "checkout"); err != nil {
			t.Error(err)
		}
		select {
		case in := <-collected:
			if in.Key != abortKey(aborted) || in.Namespace != "shop" || in.Name != "checkout" || in.Bundle != "bundle.zip" || in.Document != "document.md" {
				t.Errorf("wrong incident: %+v", in)
			}
		case <-time.After(30 * time.Second):
			t.Error("not published")
		}
	})
	in, err := second.Incident(t.Context(), 1)
	if err != nil || in.State != archive.Published || in.URL == "" || in.Settled != "canary weight 0" {
		t.Errorf("wrong incident: %+v, %v", in, err)
	}
	states := map[string]int{}
	for o, err := range second.Observations(t.Context(), archive.Query{Cluster: "lab", From: aborted.Add(-time.Hour), To: aborted.Add(time.Hour)}) {
		if err != nil {
			t.Fatal(err)
		}
		states[o.Resource]++
	}
	if states["rollouts"] != 2 || states["events"] != len(recorded(t, "events")) {
		t.Errorf("recorded: %v", states) // once each, though the second life listed all again
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came")
		}
	}
}
