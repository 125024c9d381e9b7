package collectors

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/replay"
	"github.com/debrief-sre/debrief/timeline"
)

var checkoutSearch = Search{Namespace: "shop", Name: "checkout"}

// before tells of events that began before a time, those that expire first.
func before(t testing.TB, at time.Time) func(object) bool {
	return func(o object) bool {
		return clock(t, cmp.Or(o.text("firstTimestamp"), o.text("eventTime"))).Before(at)
	}
}

func all(object) bool { return true }

// TestArchiveFillsIn: what the API server has lost and the archive has kept
// gives the same story as if nothing had been lost.
func TestArchiveFillsIn(t *testing.T) {
	settings, _ := readRecording(t).serve(t)
	want, _, _ := story(t, settings, checkoutSearch)
	tests := map[string]struct {
		lose   func(*recorded)
		search Search
		events int    // from the archive
		status string // where the Rollout's is from
	}{
		"nothing lost":  {func(*recorded) {}, checkoutSearch, 0, ""},
		"early events":  {func(r *recorded) { r.drop("events", before(t, recordedAbort)) }, checkoutSearch, 34, ""},
		"all events":    {func(r *recorded) { r.drop("events", all) }, checkoutSearch, 41, ""},
		"analysis runs": {func(r *recorded) { r.drop("analysisruns", all) }, checkoutSearch, 0, ""},
		"retried": {func(r *recorded) {
			r.drop("events", all)
			r.drop("analysisruns", all)
			retry(r.checkout())
		}, checkoutSearch, 41, "the live one no longer shows this abort"},
		"aborted again": {func(r *recorded) {
			again := r.checkout()
			again.set("2026-11-22T19:57:30Z", "status", "abortedAt")
		}, Search{Namespace: "shop", Name: "checkout", Revision: 2, Aborted: recordedAbort}, 0, "the live one no longer shows this abort"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := readRecording(t)
			kept := archived(t, r)
			test.lose(r)
			settings, _ := r.serve(t)
			settings.Archive = kept
			got, _, covered := story(t, settings, test.search)
			if diff := gocmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("another story (-full recording +with the archive):\n%s", diff)
			}
			for source, c := range covered {
				if c.Gap() && !strings.HasPrefix(source, "pagerduty") {
					t.Errorf("%s is %s: %s", source, c.Status, c.Reason)
				}
			}
			if n := fromArchive(covered["kubernetes/events"]); n != test.events {
				t.Errorf("%d events are said to be from the archive, want %d", n, test.events)
			}
			if warnings := strings.Join(covered["argo/rollout"].Warnings, " "); !strings.HasSuffix(warnings, test.status) || (test.status == "") != (warnings == "") {
				t.Errorf("the rollout's coverage says %q, want %q", warnings, test.status)
			}
		})
	}
}

// fromArchive is how many objects the coverage says are from the archive.
func fromArchive(c evidence.Coverage) (n int) {
	for _, remark := range c.Warnings {
		if strings.HasSuffix(remark, "from the archive") {
			_, _ = fmt.Sscanf(remark, "%d of", &n)
		}
	}
	return n
}

// retry makes the Rollout look as after "kubectl argo rollouts retry".
func retry(o object) {
	o.set(false, "status", "abort")
	o.set(nil, "status", "abortedAt")
	o.set("Progressing", "status", "phase")
	o.set([]any{}, "status", "conditions")
}

// TestArchiveOfDeletedRollout: nothing is left in the cluster, and another
// rollout of its name may stand in its place.
func TestArchiveOfDeletedRollout(t *testing.T) {
	for name, replace := range map[string]bool{"deleted": false, "recreated": true} {
		t.Run(name, func(t *testing.T) {
			r := readRecording(t)
			kept := archived(t, r)
			successor := r.checkout().copied(t)
			for _, resource := range []string{"rollouts", "replicasets", "pods", "events", "analysisruns"} {
				r.drop(resource, all)
			}
			if replace {
				retry(successor)
				successor.set("0c3f7d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f", "metadata", "uid")
				r.lists["rollouts"] = []object{successor}
			}
			settings, _ := r.serve(t)
			settings.Archive = kept
			for _, search := range []Search{checkoutSearch, {}, {Namespace: "shop", Name: "checkout", Revision: 2}, {Aborted: recordedAbort}} {
				_, facts, covered := story(t, settings, search)
				got := facts.Rollout
				if got.Subject.UID != checkoutUID || got.Abort == nil || !got.Abort.Time.Equal(recordedAbort) || got.Abort.Cause != timeline.CauseAnalysis || len(got.Analyses) != 1 {
					t.Errorf("%+v found %+v with abort %+v", search, got, got.Abort)
				}
				if !got.Started.Truncate(time.Second).Equal(recordedAbort.Add(-time.Minute)) {
					t.Errorf("started at %s", got.Started)
				}
				if w := covered["argo/rollout"].Warnings; len(w) != 1 || !strings.HasSuffix(w[0], "the rollout does not exist any more") {
					t.Errorf("coverage says %q", w)
				}
			}
			settings.Archive = nil
			if _, err := Locate(t.Context(), settings, checkoutSearch); err == nil {
				t.Error("found without an archive")
			}
		})
	}
}

// TestArchiveCoverage: what the archive cannot know is a gap, and what it
// fails to tell loses nothing of what the API server said.
func TestArchiveCoverage(t *testing.T) {
	broken := errors.New("the disk is gone")
	gap := ArchiveGap{Resource: "events", From: recordedAbort.Add(-time.Minute), To: recordedAbort.Add(-30 * time.Second), Reason: "the buffer was full"}
	type row struct {
		status evidence.Status
		words  string
	}
	tests := map[string]struct {
		spoil           func(*testing.T, *shelf)
		keepLive        bool // the live events reach back to the start
		archive, events row
		fewer           bool // than the full recording's events
	}{
		"gap where events expired": {
			spoil:   func(_ *testing.T, s *shelf) { s.gaps = []ArchiveGap{gap} },
			archive: row{evidence.StatusPartial, "not observed: events from 2026-11-22T19:54:08Z to 2026-11-22T19:54:38Z (the buffer was full)"},
			events:  row{evidence.StatusPartial, "some have expired, and the archive did not observe events from"},
		},
		"gap where events are live": {
			spoil:    func(_ *testing.T, s *shelf) { s.gaps = []ArchiveGap{gap} },
			keepLive: true,
			archive:  row{evidence.StatusPartial, "not observed: events from"},
			events:   row{evidence.StatusOK, ""},
		},
		"gap outside the window": {
			spoil: func(_ *testing.T, s *shelf) {
				s.gaps = []ArchiveGap{{From: recordedAbort.Add(-9 * time.Hour), To: recordedAbort.Add(-8 * time.Hour)}}
			},
			archive: row{evidence.StatusOK, ""}, events: row{evidence.StatusOK, ""},
		},
		"began after the update": {
			spoil: func(_ *testing.T, s *shelf) {
				s.since = recordedAbort.Add(-20 * time.Second)
				for len(s.states) > 0 && s.states[0].Observed.Before(s.since) {
					s.states, s.in = s.states[1:], s.in[1:]
				}
			},
			archive: row{evidence.StatusOK, ""},
			events:  row{evidence.StatusPartial, "events before 2026-11-22T19:54:48Z have expired"}, fewer: true,
		},
		"empty": {
			spoil:   func(_ *testing.T, s *shelf) { *s = shelf{} },
			archive: row{evidence.StatusAbsent, "the archive has observed nothing of this cluster yet"},
			events:  row{evidence.StatusPartial, "events before 2026-11-22T19:55:08Z have expired"}, fewer: true,
		},
		"fails at once": {
			spoil:   func(_ *testing.T, s *shelf) { s.err = broken },
			archive: row{evidence.StatusUnreachable, "the disk is gone"},
			events:  row{evidence.StatusPartial, "events before 2026-11-22T19:55:08Z have expired"}, fewer: true,
		},
		"fails at once, and nothing expired": {
			spoil: func(_ *testing.T, s *shelf) { s.err = broken }, keepLive: true,
			archive: row{evidence.StatusUnreachable, "the disk is gone"}, events: row{evidence.StatusOK, ""},
		},
		"fails midway": {
			spoil:   func(_ *testing.T, s *shelf) { s.err, s.after = broken, 7 },
			archive: row{evidence.StatusOK, ""},
			events:  row{evidence.StatusPartial, "events before 2026-11-22T19:55:08Z have expired"}, fewer: true,
		},
		"fails after some events": {
			spoil:   func(_ *testing.T, s *shelf) { s.err, s.after = broken, 450 },
			archive: row{evidence.StatusOK, ""},
			events:  row{evidence.StatusPartial, "events before 2026-11-22T19:55:08Z have expired"}, fewer: true,
		},
		"duplicates": {
			spoil: func(_ *testing.T, s *shelf) {
				for i := len(s.states) - 1; i >= 0; i-- {
					s.states, s.in = slices.Insert(s.states, i, s.states[i]), slices.Insert(s.in, i, s.in[i])
				}
			},
			archive: row{evidence.StatusOK, ""}, events: row{evidence.StatusOK, ""},
		},
		"hostile objects": {
			spoil:   spoilt,
			archive: row{evidence.StatusOK, ""}, events: row{evidence.StatusOK, ""},
		},
	}
	settings, _ := readRecording(t).serve(t)
	full, _, _ := story(t, settings, checkoutSearch)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := readRecording(t)
			kept := archived(t, r)
			if !test.keepLive {
				r.drop("events", before(t, recordedAbort))
			}
			test.spoil(t, kept)
			settings, _ := r.serve(t)
			settings.Archive = kept
			got, facts, covered := story(t, settings, checkoutSearch)
			for source, want := range map[string]row{"archive": test.archive, "kubernetes/events": test.events} {
				if c := covered[source]; c.Status != want.status || !strings.HasPrefix(c.Reason, want.words) || want.words == "" && c.Reason != "" {
					t.Errorf("%s is %s: %q, want %s: %q", source, c.Status, c.Reason, want.status, want.words)
				}
			}
			if (got == full) == test.fewer {
				t.Errorf("tells the full story: %v\n%s", got == full, gocmp.Diff(strings.Split(full, "\n"), strings.Split(got, "\n")))
			}
			if facts.Rollout.Abort == nil || !facts.Rollout.Abort.Time.Equal(recordedAbort) {
				t.Errorf("abort is %+v", facts.Rollout.Abort)
			}
			if kept.err != nil && !strings.Contains(strings.Join(covered["kubernetes/events"].Warnings, " "), "the archive could not be read: the disk is gone") {
				t.Errorf("the events' coverage does not tell of the failure: %q", covered["kubernetes/events"].Warnings)
			}
		})
	}
}

// TestArchivedWeights: a shift of traffic that no event tells of is told by the
// Rollout's states.
func TestArchivedWeights(t *testing.T) {
	r := readRecording(t)
	kept := archived(t, r)
	lost := func(o object) bool {
		return o.text("involvedObject", "name") == "checkout" && (strings.HasSuffix(o.text("message"), " 20") || strings.HasSuffix(o.text("message"), "'20'"))
	}
	kept.states = slices.DeleteFunc(kept.states, func(s State) bool {
		var o object
		return json.Unmarshal(s.Object, &o) != nil || lost(o)
	})
	kept.in = slices.Repeat([]string{"shop"}, len(kept.states))
	r.drop("events", lost)
	settings, _ := r.serve(t)
	if _, facts, _ := story(t, settings, checkoutSearch); shifts(facts) != nil {
		t.Errorf("shifts without an archive are %+v", shifts(facts))
	}
	settings.Archive = kept
	_, facts, covered := story(t, settings, checkoutSearch)
	got := shifts(facts)
	if len(got) != 1 || got[0].Weight != 20 || !got[0].Time.Equal(recordedAbort.Add(-59*time.Second)) || got[0].Earliest().Before(facts.Rollout.Started.Truncate(time.Second)) {
		t.Errorf("shifts are %+v", got)
	}
	if c := covered["argo/weights"]; c.Status != evidence.StatusOK || c.Objects != 2 {
		t.Errorf("coverage is %+v", c)
	}
}

func shifts(f timeline.Facts) (found []timeline.Event) {
	for _, e := range f.Events {
		if e.Kind == timeline.TrafficShifted {
			found = append(found, e)
		}
	}
	return found
}

// spoilt adds states that are no objects, or not the ones they should be.
func spoilt(t *testing.T, s *shelf) {
	t.Helper()
	for _, resource := range []string{"events", "rollouts", "analysisruns"} {
		for i, text := range []string{
			`{"metadata":{"uid":"u0","abortedAt":"` + checkoutUID, `null`, `[]`, ``, `"abortedAt" "` + checkoutUID + `"`,
			`{"metadata":{"uid":"another","name":"x","namespace":"shop"},"status":{"abort":true,"abortedAt":"2026-11-22T19:57:00Z"},"involvedObject":{"kind":"Rollout","uid":"` + checkoutUID + `"},"firstTimestamp":"2026-11-22T19:55:00Z"}`,
			`{"metadata":{"uid":"u6","name":"x","namespace":"shop"},"status":{"abort":true,"abortedAt":{"a":1}},"involvedObject":[],"message":"` + checkoutUID + `"}`,
			`{"metadata":{"uid":"u7","name":"x","namespace":"elsewhere","ownerReferences":[{"uid":"` + checkoutUID + `"}],"annotations":{"rollout.argoproj.io/revision":"2"}},"involvedObject":{"kind":"Rollout","uid":"` + checkoutUID + `"},"firstTimestamp":"2026-11-22T19:55:00Z"}`,
		} {
			s.put(State{
				Resource: resource, UID: fmt.Sprintf("u%d", i), ResourceVersion: "1",
				Observed: recordedAbort.Add(time.Second), Object: json.RawMessage(text),
			}, "shop")
		}
	}
}

// TestArchiveIsNotAskedInVain: the live status answers for the rollout asked for.
func TestArchiveIsNotAskedInVain(t *testing.T) {
	r := readRecording(t)
	settings, _ := r.serve(t)
	kept := archived(t, r)
	settings.Archive = kept
	if _, err := Locate(t.Context(), settings, checkoutSearch); err != nil {
		t.Fatal(err)
	}
	for _, q := range kept.asked {
		if slices.Contains(q.Resources, "rollouts") {
			t.Errorf("asked %+v", q)
		}
	}
	kept.asked = nil
	if _, err := Locate(t.Context(), settings, Search{}); err != nil {
		t.Fatal(err)
	}
	if from := kept.asked[0].From; !from.Equal(recordedAbort.Add(-observationLag)) && from.Before(recordedAbort.Add(-observationLag)) {
		t.Errorf("asked for states since %s, where only newer aborts matter", from)
	}
}

// TestArchiveWithoutLiveAnswers: what the API server refuses, the archive may have.
func TestArchiveWithoutLiveAnswers(t *testing.T) {
	for resource, source := range map[string]string{"events": "kubernetes/events", "analysisruns": "argo/analysisruns", "experiments": "argo/experiments"} {
		t.Run(resource, func(t *testing.T) {
			r := readRecording(t)
			r.checkout().at("spec", "strategy", "canary").(map[string]any)["steps"] = []any{map[string]any{"experiment": map[string]any{}}}
			kept := archived(t, r)
			experiment := r.lists["analysisruns"][0].copied(t)
			experiment.set("experiment-1", "metadata", "uid")
			kept.keep(t, "experiments", experiment, recordedAbort, true)
			settings, server := r.serve(t)
			settings.Archive = kept
			server.Fail(replay.Failure{API: replay.Kubernetes, Resource: resource, Status: http.StatusForbidden})
			_, facts, covered := story(t, settings, checkoutSearch)
			if c := covered[source]; c.Status != evidence.StatusPartial || c.Objects == 0 || fromArchive(c) != c.Objects || !strings.Contains(c.Reason, "forbidden") {
				t.Errorf("%s is %+v", source, c)
			}
			if len(facts.Rollout.Analyses) != 1 || facts.Rollout.Started.IsZero() {
				t.Errorf("rollout is %+v", facts.Rollout)
			}
		})
	}
}
