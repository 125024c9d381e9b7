package collectors

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestLocateAbortedAt chooses one exact abort, by whatever still tells of it.
func TestLocateAbortedAt(t *testing.T) {
	later := recordedAbort.Add(2 * time.Minute)
	again := func(r *recorded) { r.checkout().set(later.Format(time.RFC3339), "status", "abortedAt") }
	tests := map[string]struct {
		change  func(*recorded)
		aborted time.Time
		found   bool
		exact   bool // the status tells
	}{
		"status":                   {func(*recorded) {}, recordedAbort, true, true},
		"a second off":             {func(*recorded) {}, recordedAbort.Add(time.Second), true, true},
		"none then":                {func(*recorded) {}, recordedAbort.Add(-time.Minute), false, false},
		"the later one":            {again, later, true, true},
		"event of the earlier one": {again, recordedAbort, true, false},
		"AnalysisRun of the earlier one": {func(r *recorded) {
			again(r)
			r.drop("events", all)
		}, recordedAbort, true, false},
		"nothing of the earlier one": {func(r *recorded) {
			again(r)
			r.drop("events", all)
			r.drop("analysisruns", all)
		}, recordedAbort, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := readRecording(t)
			test.change(r)
			settings, _ := r.serve(t)
			target, err := Locate(t.Context(), settings, Search{Namespace: "shop", Name: "checkout", Revision: 2, Aborted: test.aborted})
			var none *NoIncidentError
			if !test.found {
				if !errors.As(err, &none) || !strings.Contains(err.Error(), test.aborted.Format(time.RFC3339)) {
					t.Errorf("found %+v, %v", target, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if target.Aborted.Sub(test.aborted).Abs() > abortTolerance || target.Scope.Chosen {
				t.Errorf("aborted at %s, scope %+v", target.Aborted, target.Scope)
			}
			if end := target.Scope.Window.End; !end.Equal(recordedNow.Add(time.Second)) {
				t.Errorf("the window ends at %s", end)
			}
			if status := target.rollout.Status; status.Abort != test.exact {
				t.Errorf("the status shows abort %v at %s", status.Abort, status.AbortedAt)
			}
		})
	}
}

// TestClockBehindTheClusters: an abort that our clock has not come to is in the
// window all the same.
func TestClockBehindTheClusters(t *testing.T) {
	settings, _ := readRecording(t).serve(t)
	settings.Now = func() time.Time { return recordedAbort.AddDate(0, 0, -1) }
	target, err := Locate(t.Context(), settings, Search{Namespace: "shop", Name: "checkout"})
	if err != nil {
		t.Fatal(err)
	}
	if w := target.Scope.Window; !w.Contains(recordedAbort) || !w.End.Equal(recordedAbort.Add(time.Second)) {
		t.Errorf("the window is %+v", w)
	}
}

// TestAbortedAgain: without an archive, the abort that the status no longer
// shows is told by its events, and the coverage says what is lacking.
func TestAbortedAgain(t *testing.T) {
	r := readRecording(t)
	r.checkout().set("2026-11-22T19:57:30Z", "status", "abortedAt")
	settings, _ := r.serve(t)
	_, facts, covered := story(t, settings, Search{Namespace: "shop", Name: "checkout", Revision: 2, Aborted: recordedAbort})
	if a := facts.Rollout.Abort; a == nil || !a.Time.Truncate(time.Second).Equal(recordedAbort) {
		t.Errorf("abort is %+v", a)
	}
	if c := covered["argo/rollout"]; c.Status != "partial" || !strings.Contains(c.Reason, "aborted again at 2026-11-22T19:57:30Z") {
		t.Errorf("coverage is %s: %s", c.Status, c.Reason)
	}
}

// TestTwoAbortsOfOneRevision: the archive has the first with all that the
// status said, of the second only the event is left.
func TestTwoAbortsOfOneRevision(t *testing.T) {
	r := readRecording(t)
	kept := archived(t, r)
	for _, e := range r.lists["events"] {
		if e.text("reason") == "RolloutAborted" && e.text("involvedObject", "name") == "checkout" {
			second := e.copied(t)
			second.set("second", "metadata", "uid")
			second.set("checkout.second", "metadata", "name")
			second.set("2026-11-22T19:57:30Z", "firstTimestamp")
			second.set("2026-11-22T19:57:30Z", "lastTimestamp")
			r.lists["events"] = append(r.lists["events"], second)
			break
		}
	}
	kept.keep(t, "rollouts", r.checkout(), clock(t, "2026-11-22T19:57:00Z"), false) // still as the first abort left it
	retry(r.checkout())
	settings, _ := r.serve(t)
	settings.Archive = kept
	newest, err := Locate(t.Context(), settings, checkoutSearch)
	if err != nil || !newest.Aborted.Equal(clock(t, "2026-11-22T19:57:30Z")) {
		t.Errorf("the newest abort is at %s, %v", newest.Aborted, err)
	}
	_, facts, _ := story(t, settings, Search{Namespace: "shop", Name: "checkout", Aborted: recordedAbort})
	if a := facts.Rollout.Abort; a == nil || !a.Time.Equal(recordedAbort) || len(a.Evidence) != 2 {
		t.Errorf("the first abort is %+v", a)
	}
}
