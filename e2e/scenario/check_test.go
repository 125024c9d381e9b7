package scenario

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// at is a moment of the made-up incident below.
func at(seconds int) time.Time {
	return time.Date(2026, time.November, 22, 19, 55, seconds, 0, time.UTC)
}

// madeUp is a report about an abort at second 8.
const madeUp = `{
  "abort": {"time": "2026-11-22T19:55:08Z", "cause": "analysis", "confidence": "certain", "message": "it failed"},
  "events": [
    {"time": "2026-11-22T19:55:06Z", "kind": "analysis.failed", "key": true, "title": "Failed", "evidence": ["b"]},
    {"time": "2026-11-22T19:55:06Z", "kind": "analysis.failed", "key": true, "title": "Failed again", "evidence": ["b"]},
    {"time": "2026-11-22T19:55:08Z", "kind": "rollout.aborted", "key": true, "title": "Aborted", "evidence": ["a"]}
  ],
  "coverage": [{"source": "kubernetes", "status": "ok"}]
}`

// A check that cannot fail proves nothing: each of these expectations is wrong,
// and must be found out by name.
func TestWrongExpectationsAreFoundOut(t *testing.T) {
	right := Expectation{Cause: "analysis", Confidence: certain, Message: "failed", Moments: []string{rolloutAborted}}
	tests := []struct {
		name   string
		change func(*Expectation)
		exit   int
		want   string // nothing if empty
	}{
		{name: "none", change: func(*Expectation) {}},
		{name: "cause", change: func(e *Expectation) { e.Cause = "user" }, want: `the cause is "analysis", want "user"`},
		{name: "confidence", change: func(e *Expectation) { e.Confidence = []string{"likely"} }, want: `the confidence is "certain"`},
		{name: "message", change: func(e *Expectation) { e.Message = "deadline" }, want: `does not contain "deadline"`},
		{name: "time", change: func(e *Expectation) { e.Moments = []string{trafficRestored} }, want: "0 key traffic.restored"},
		{name: "duplicate", change: func(e *Expectation) { e.Moments = []string{analysisFailed} }, want: "2 key analysis.failed"},
		{name: "absent", change: func(e *Expectation) { e.Absent = []string{rolloutAborted} }, want: "did not happen"},
		{name: "exit code", change: func(*Expectation) {}, exit: exitGaps, want: "ended with 3, but its coverage means 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r report
			if err := json.Unmarshal([]byte(madeUp), &r); err != nil {
				t.Fatal(err)
			}
			truth := &Truth{moments: map[string][]time.Time{
				rolloutAborted: {at(9)}, analysisFailed: {at(6)}, trafficRestored: {at(8)},
			}}
			a := &Actors{Story: Story{App: "checkout", Expect: right}}
			test.change(&a.Story.Expect)
			var f findings
			a.checkAbort(&f, &r, truth)
			a.checkMoments(&f, &r, truth)
			checkOrder(&f, &r)
			a.checkExit(&f, &r, &outcome{exit: test.exit})
			found(t, f, test.want)
		})
	}
}

// found checks that there is one finding that says so, or none at all.
func found(t *testing.T, f findings, want string) {
	t.Helper()
	if want == "" {
		for _, err := range f.errs {
			t.Errorf("found: %v", err)
		}
		return
	}
	for _, err := range f.errs {
		if strings.Contains(err.Error(), want) {
			return
		}
	}
	t.Errorf("found %v, want %q among it", f.errs, want)
}

func TestAnEffectBeforeItsCauseIsFoundOut(t *testing.T) {
	var r report
	if err := json.Unmarshal([]byte(madeUp), &r); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(r.Events)
	var f findings
	checkOrder(&f, &r)
	found(t, f, "rollout.aborted at Nov 22 19:55:08.000000 stands before analysis.failed")
}

func TestTimesMustBeToldInUTC(t *testing.T) {
	var r report
	for text, ok := range map[string]bool{
		`{"abort": {"time": "2026-11-22T19:55:08Z"}}`:      true,
		`{"abort": {"time": "2026-11-22T19:55:08.5Z"}}`:    true,
		`{"abort": {"time": "2026-11-22T20:55:08+01:00"}}`: false,
		`{"abort": {"time": "2026-11-22 19:55:08"}}`:       false,
	} {
		if err := json.Unmarshal([]byte(text), &r); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAFactMustStandInOneBlock(t *testing.T) {
	document := "# Title\n\n- 19:55:08 the rollout\n  was aborted\n- 19:56:00 automatic\n\n| 19:57:00 | automatic abort |\n"
	aborted := func(second, minute int) []fact {
		return []fact{{"the abort", func(*report, *Truth) []string {
			return []string{clock(time.Date(2026, 11, 22, 19, minute, second, 0, time.UTC)), "abort"}
		}}}
	}
	for _, test := range []struct {
		name  string
		facts []fact
		want  string
	}{
		{"in a list item of two lines", aborted(8, 55), ""},
		{"one second off", aborted(9, 55), ""},
		{"two seconds off", aborted(10, 55), "does not tell the abort"},
		{"in a table row", aborted(0, 57), ""},
		{"split over two items", aborted(0, 56), "does not tell the abort"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var f findings
			checkFacts(&f, document, test.facts, &report{}, &Truth{})
			found(t, f, test.want)
		})
	}
}

func TestLeaksAreFoundOut(t *testing.T) {
	raw := []byte(`{"subject": {"name": "payments"}, "events": [{"title": "Pod payments-6f7c8d-x"}]}`)
	for foreigner, want := range map[string]string{
		"payments-api": "",
		"6f7c8d":       "leaked",
	} {
		var f findings
		checkForeigners(&f, raw, []string{foreigner})
		found(t, f, want)
	}
}
