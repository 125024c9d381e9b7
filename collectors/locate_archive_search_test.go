package collectors

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/replay"
)

// TestArchiveAloneSearches: the archive finds what the API server would have found.
func TestArchiveAloneSearches(t *testing.T) {
	checkout := func(s Search) Search { s.Namespace, s.Name = "shop", "checkout"; return s }
	tests := map[string]struct {
		search Search
		err    string // its end; empty: the abort of revision 2 is found
	}{
		"any":             {Search{}, ""},
		"in a namespace":  {Search{Namespace: "shop"}, ""},
		"by name":         {checkoutSearch, ""},
		"its revision":    {checkout(Search{Revision: 2}), ""},
		"at its time":     {checkout(Search{Aborted: recordedAbort}), ""},
		"in a window":     {Search{Since: recordedAbort.Add(-time.Hour), Until: recordedAbort.Add(time.Minute)}, ""},
		"after it":        {Search{Since: recordedAbort.Add(time.Minute)}, "has no abort in any namespace that fits either"},
		"elsewhere":       {Search{Namespace: "other"}, "has no abort in namespace other that fits either"},
		"another name":    {Search{Namespace: "shop", Name: "cart"}, "does not know it either"},
		"another time":    {checkout(Search{Aborted: recordedAbort.Add(-time.Hour)}), "has nothing of it that fits either, and its last state there is of 2026-11-22T19:57:08Z, Healthy at revision 3"},
		"later by name":   {checkout(Search{Since: recordedAbort.Add(time.Minute)}), "Healthy at revision 3; give --revision to write about a revision all the same"},
		"revision to be":  {checkout(Search{Revision: 7}), "has nothing of it that fits either, and its last state there is of 2026-11-22T19:57:08Z, Healthy at revision 3"},
		"another project": {Search{Namespace: "other", Name: "checkout"}, "does not know it either"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			settings, server, _ := archiveAlone(t)
			server.Fail(replay.Failure{API: replay.Kubernetes, Status: http.StatusUnauthorized})
			target, err := Locate(t.Context(), settings, test.search)
			if test.err == "" {
				if err != nil || target.Scope.Subject.UID != checkoutUID || target.Scope.Revision != 2 || !target.Aborted.Equal(recordedAbort) {
					t.Errorf("found %+v, %v", target, err)
				}
				return
			}
			live := settings.Archive
			settings.Archive = nil
			_, today := Locate(t.Context(), settings, test.search)
			settings.Archive = live
			if today == nil || err == nil || !strings.HasPrefix(err.Error(), today.Error()+"; the archive, with observations since 2026-11-22T18:55:08Z, ") || !strings.HasSuffix(err.Error(), test.err) {
				t.Errorf("found %+v, %v; without the archive: %v", target, err, today)
			}
		})
	}
}

// TestArchiveAloneWithoutAbort: a revision that was asked for by its number is told
// of as of when the archive saw it last.
func TestArchiveAloneWithoutAbort(t *testing.T) {
	settings, server, kept := archiveAlone(t)
	server.Fail(replay.Failure{API: replay.Kubernetes, Status: http.StatusUnauthorized})
	search := Search{Namespace: "shop", Name: "checkout", Revision: 3}
	_, facts, covered := story(t, settings, search)
	if facts.Rollout.Revision != 3 || facts.Rollout.Abort != nil || covered["argo/rollout"].Status != evidence.StatusPartial {
		t.Errorf("rollout is %+v, covered by %+v", facts.Rollout, covered["argo/rollout"])
	}
	if w := covered["argo/analysisruns"].Warnings; !slices.Equal(w, []string{"the archive has no AnalysisRuns of it"}) {
		t.Errorf("the AnalysisRuns' coverage says %q", w)
	}
	settings.Now = func() time.Time { return recordedNow.AddDate(0, 0, 7) }
	target, err := Locate(t.Context(), settings, search)
	if err != nil {
		t.Fatal(err)
	}
	if seen := recordedAbort.Add(2 * time.Minute); !target.Scope.Window.Contains(seen) || target.Scope.Window.End.Sub(seen) != Horizon {
		t.Errorf("window is %+v", target.Scope.Window)
	}

	kept.since = target.Scope.Window.Start.Add(time.Second)
	if _, _, covered = story(t, settings, search); covered["archive"].Status != evidence.StatusPartial || !strings.HasPrefix(covered["archive"].Reason, "nothing was observed before ") {
		t.Errorf("the archive is %+v", covered["archive"])
	}
}

// TestArchiveAloneDeletes: what the archive saw deleted is not told of as being there.
func TestArchiveAloneDeletes(t *testing.T) {
	settings, server, kept := archiveAlone(t)
	server.Fail(replay.Failure{API: replay.Kubernetes, Status: http.StatusUnauthorized})
	last := slices.IndexFunc(kept.states, func(s State) bool { return s.ResourceVersion == "99" })
	kept.states[last].Deleted = true
	_, facts, covered := story(t, settings, checkoutSearch)
	if want := "gone (last known state: Healthy, of 2026-11-22T19:57:08Z)"; facts.Rollout.Phase != want {
		t.Errorf("the phase at collection is told as %q", facts.Rollout.Phase)
	}
	if !strings.HasSuffix(covered["argo/rollout"].Reason, "; it was deleted at 2026-11-22T19:57:08Z") {
		t.Errorf("the rollout's coverage says %q", covered["argo/rollout"].Reason)
	}
}

// TestArchiveAloneOfDeleted: a rollout that is gone is told of by its revision too.
func TestArchiveAloneOfDeleted(t *testing.T) {
	r := readRecording(t)
	kept := archived(t, r)
	retry(r.checkout())
	kept.states = slices.DeleteFunc(kept.states, func(s State) bool { return s.Resource == "rollouts" })
	kept.in = slices.Repeat([]string{"shop"}, len(kept.states))
	kept.keep(t, "rollouts", r.checkout(), recordedAbort, true)
	r.drop("rollouts", all)
	settings, _ := r.serve(t)
	settings.Archive, settings.ArchiveAlone = kept, false
	search := Search{Namespace: "shop", Name: "checkout", Revision: 2}
	if _, err := Locate(t.Context(), settings, search); err == nil || !strings.HasSuffix(err.Error(), "has nothing of it that fits either, and it was deleted at 2026-11-22T19:55:08Z") {
		t.Errorf("a watcher's archive gives %v", err)
	}
	settings.Archive, settings.ArchiveAlone = kept, true
	_, facts, covered := story(t, settings, search)
	if want := "gone (last known state: Progressing, of 2026-11-22T19:55:08Z)"; facts.Rollout.Phase != want {
		t.Errorf("the phase at collection is told as %q", facts.Rollout.Phase)
	}
	if c := covered["kubernetes/replicasets"]; c.Status != evidence.StatusOK || c.Objects == 0 {
		t.Errorf("the ReplicaSets' coverage is %+v", c)
	}
}

// TestArchiveAloneIgnorant: an archive that knows nothing adds that to the error.
func TestArchiveAloneIgnorant(t *testing.T) {
	live := "reading rollout shop/checkout: Unauthorized"
	for name, test := range map[string]struct {
		archive Archive
		alone   bool
		want    string
	}{
		"none":        {nil, true, live},
		"a watcher's": {&shelf{}, false, live},
		"empty":       {&shelf{}, true, live + "; the archive has observed nothing of this cluster yet"},
		"broken":      {&shelf{states: []State{{Resource: "rollouts"}}, in: []string{"shop"}, err: errors.New("the disk is gone")}, true, live + "; the archive could not be read: the disk is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			settings, server, _ := archiveAlone(t)
			server.Fail(replay.Failure{API: replay.Kubernetes, Status: http.StatusUnauthorized})
			settings.Archive, settings.ArchiveAlone = test.archive, test.alone
			if _, err := Locate(t.Context(), settings, checkoutSearch); err == nil || err.Error() != test.want {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
	t.Run("where there is none", func(t *testing.T) {
		settings, _, _ := archiveAlone(t)
		_, err := Locate(t.Context(), settings, Search{Namespace: "shop", Name: "cart"})
		if want := "rollout shop/cart does not exist, or Argo Rollouts is not installed; the archive, with observations since 2026-11-22T18:55:08Z, does not know it either"; err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
}
