package watch_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/debrief-sre/debrief/watch/archive"
)

// file is where a watcher keeps its archive, if that is SQLite.
func (w *watcher) file() string { return filepath.Join(w.Dir, "archive.db") }

// checkArchive holds what an archive has of a rollout against what the API
// server has: every event, in the version that it now has, once; and one
// incident for each abort. No watcher may run that writes to it.
func checkArchive(t *testing.T, place string, r rollout, aborts ...time.Time) {
	t.Helper()
	a, err := archive.Open(t.Context(), place, archive.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // it was only read
	type version struct{ uid, number string }
	kept := map[version]int{}
	for o, err := range a.Observations(t.Context(), archive.Query{Cluster: "lab", Resources: []string{"events"}}) {
		if err != nil {
			t.Fatal(err)
		}
		kept[version{o.UID, o.ResourceVersion}]++
	}
	events, err := ground.lab.Kube.CoreV1().Events(r.ref().Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	about := 0
	for _, e := range events.Items {
		if n := kept[version{string(e.UID), e.ResourceVersion}]; n != 1 {
			t.Errorf("the archive has the event %q of %s %d times", e.Reason, e.InvolvedObject.Name, n)
		}
		if e.InvolvedObject.Kind == "Rollout" {
			about++
		}
	}
	if about == 0 {
		t.Error("the API server has no event about the rollout")
	}

	incidents, err := a.DueIncidents(t.Context(), "lab", time.Now().AddDate(1, 0, 0), 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(incidents) != len(aborts) {
		t.Errorf("the archive has %d open incidents, want %d: %+v", len(incidents), len(aborts), incidents)
	}
	for _, in := range incidents {
		if !slices.ContainsFunc(aborts, in.Key.At.Equal) || in.Key.Trigger != archive.TriggerAbort || in.Key.Revision != 2 {
			t.Errorf("the archive has an incident of %+v", in.Key)
		}
	}
	t.Logf("the archive has %d versions of events, and all %d that the API server now has", len(kept), len(events.Items))
}
