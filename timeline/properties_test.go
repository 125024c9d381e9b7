package timeline_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

var kinds = []timeline.Kind{
	timeline.ChangeBuilt, timeline.RolloutStarted, timeline.CanaryReady, timeline.TrafficShifted, timeline.RolloutPaused,
	timeline.SLIBreached, timeline.AlertPending, timeline.AnalysisStarted, timeline.AnalysisMeasured, timeline.AlertFiring,
	timeline.AnalysisSucceeded, timeline.AnalysisFailed, timeline.AnalysisError, timeline.AnalysisInconclusive,
	timeline.RolloutAborted, timeline.TrafficRestored, timeline.PageTriggered, timeline.PageAcknowledged,
	timeline.SLIRecovered, timeline.CanaryScaledDown, timeline.AlertResolved, timeline.RolloutRetried,
	timeline.RolloutCompleted, timeline.PageResolved, timeline.Note, timeline.Kubernetes,
}

// crowds draws events that are hard to order: many within seconds of each
// other, with few distinct values in every field.
func crowds() *rapid.Generator[[]timeline.Event] {
	return rapid.Custom(func(t *rapid.T) []timeline.Event {
		seconds := rapid.IntRange(1, 60).Draw(t, "seconds")
		events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) timeline.Event { return anyEvent(t, seconds) }), 0, 40).Draw(t, "events")
		for i := range events {
			events[i].Evidence = []evidence.Citation{evidence.Line("e.jsonl", i+1)}
		}
		return events
	})
}

func anyEvent(t *rapid.T, seconds int) timeline.Event {
	few := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
	e := timeline.Event{
		Time:      at(time.Duration(rapid.IntRange(0, 4*seconds).Draw(t, "quarters")) * 250 * time.Millisecond),
		Kind:      rapid.SampledFrom(kinds).Draw(t, "kind"),
		Precision: rapid.SampledFrom([]time.Duration{0, 1, time.Second, 15 * time.Second}).Draw(t, "precision"),
		Sampled:   rapid.Bool().Draw(t, "sampled"),
		Source:    few("source", "argo", "kubernetes", "prometheus"),
		Clock:     few("clock", "a", "b"),
		Title:     few("title", "x", "y"),
		Detail:    few("detail", "", "why"),
		Role:      few("role", "", "on-call engineer"),
		Same:      few("same", "", "", "abort", "failed"),
		Authority: rapid.SampledFrom([]timeline.Authority{timeline.FromNotification, timeline.FromEvent, timeline.FromStatus}).Draw(t, "authority"),
		Notable:   rapid.Bool().Draw(t, "notable"),
		Weight:    rapid.SampledFrom([]int{0, 20}).Draw(t, "weight"),
		Subject:   evidence.Object{Kind: "Rollout", Namespace: few("namespace", "m", "n"), Name: "x", UID: few("uid", "", "u")},
	}
	if e.Same != "" {
		e.Kind = timeline.Kind(few("kind of same", "rollout.aborted", "analysis.failed"))
	}
	if rapid.Bool().Draw(t, "lasts") {
		e.End = e.Time.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "lasts for")) * time.Second)
	}
	if rapid.Bool().Draw(t, "linked") {
		e.Links = []timeline.Link{{Title: few("link", "p", "q"), URL: "https://example.org"}}
	}
	return e
}

func properties(t *testing.T, hold func(t *rapid.T, events []timeline.Event)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) { hold(t, crowds().Draw(t, "crowd")) })
}

func encode(t *rapid.T, s timeline.Story) string {
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestOrderOfInputNeverShows(t *testing.T) {
	properties(t, func(t *rapid.T, events []timeline.Event) {
		want := encode(t, tell(events...))
		got := encode(t, tell(rapid.Permutation(events).Draw(t, "permutation")...))
		if got != want {
			t.Fatalf("(-in order +permuted):\n%s", cmp.Diff(want, got))
		}
	})
}

// TestTwins tells of two events that differ in one field alone: that field
// then decides, and not which of them came first.
func TestTwins(t *testing.T) {
	changes := map[string]any{
		"Time": at(1), "End": at(time.Minute), "Kind": timeline.RolloutStarted, "Source": "b", "Title": "b", "Detail": "b", "Notable": true,
		"Weight": 1, "Precision": time.Second, "Sampled": true, "Clock": "b", "Subject": evidence.Object{UID: "b"}, "Role": "b", "Actor": "b",
		"Evidence": []evidence.Citation{"b"}, "Links": []timeline.Link{{URL: "b"}}, "Same": "b", "Authority": timeline.FromStatus,
		"ID": nil, "Key": nil, // written by Tell
	}
	for field := range reflect.TypeFor[timeline.Event]().Fields() {
		t.Run(field.Name, func(t *testing.T) {
			change, known := changes[field.Name]
			if !known {
				t.Fatal("a new field: compareEvents must know it")
			}
			if change == nil {
				return
			}
			for _, same := range []string{"", "a"} {
				a := timeline.Event{Time: at(0), Same: same}
				b := a
				reflect.ValueOf(&b).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(change))
				if diff := cmp.Diff(tell(a, b), tell(b, a)); diff != "" {
					t.Errorf("same as %q (-in order +reversed):\n%s", same, diff)
				}
			}
		})
	}
}

func TestCertainOrderIsKept(t *testing.T) {
	properties(t, func(t *rapid.T, events []timeline.Event) {
		told := tell(events...).Events
		for i, a := range told {
			for _, b := range told[i+1:] {
				if b.Latest().Before(a.Earliest()) {
					t.Fatalf("%s [%s, %s] stands before %s [%s, %s]", a.Kind, a.Earliest().Sub(start), a.Latest().Sub(start), b.Kind, b.Earliest().Sub(start), b.Latest().Sub(start))
				}
			}
		}
	})
}

func TestNoCitationIsLostOrRepeated(t *testing.T) {
	properties(t, func(t *rapid.T, events []timeline.Event) {
		cited := map[evidence.Citation]int{}
		for _, e := range tell(events...).Events {
			for _, c := range e.Evidence {
				cited[c]++
			}
		}
		for _, e := range events {
			if n := cited[e.Evidence[0]]; n != 1 {
				t.Fatalf("%s is cited %d times", e.Evidence[0], n)
			}
		}
	})
}

func TestTellingAgainChangesNothing(t *testing.T) {
	properties(t, func(t *rapid.T, events []timeline.Event) {
		want := tell(events...)
		again := tell(blank(want.Events)...)
		if diff := cmp.Diff(encode(t, want), encode(t, again)); diff != "" {
			t.Fatalf("(-once +twice):\n%s", diff)
		}
	})
}

// blank takes off what the telling put on.
func blank(events []timeline.Event) []timeline.Event {
	blank := append([]timeline.Event{}, events...)
	for i := range blank {
		blank[i].ID, blank[i].Key = "", false
	}
	return blank
}

// TestCausesComeFirst holds where nothing contradicts: all events at whole
// seconds, seen within their second.
func TestCausesComeFirst(t *testing.T) {
	pairs := [][2]timeline.Kind{
		{timeline.RolloutStarted, timeline.TrafficShifted},
		{timeline.AnalysisStarted, timeline.AnalysisMeasured},
		{timeline.AnalysisMeasured, timeline.AnalysisFailed},
		{timeline.AnalysisFailed, timeline.RolloutAborted},
		{timeline.RolloutAborted, timeline.TrafficRestored},
		{timeline.AlertPending, timeline.AlertFiring},
	}
	rapid.Check(t, func(t *rapid.T) {
		var events []timeline.Event
		for i := range rapid.IntRange(0, 40).Draw(t, "n") {
			events = append(events, timeline.Event{
				Time: at(time.Duration(rapid.IntRange(0, 3).Draw(t, "second")) * time.Second), Precision: time.Second,
				Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Title: fmt.Sprint(i),
			})
		}
		told := tell(events...).Events
		for i, later := range told {
			for _, sooner := range told[:i] {
				for _, pair := range pairs {
					if later.Kind == pair[0] && sooner.Kind == pair[1] && later.Time.Equal(sooner.Time) {
						t.Fatalf("%s stands after its effect %s of the same second", later.Kind, sooner.Kind)
					}
				}
			}
		}
	})
}

func TestKeyMomentsAreFew(t *testing.T) {
	properties(t, func(t *rapid.T, events []timeline.Event) {
		n := 0
		for _, e := range tell(events...).Events {
			if e.Key {
				n++
			}
		}
		if n > timeline.MaxKeyMoments {
			t.Fatalf("%d key moments", n)
		}
	})
}
