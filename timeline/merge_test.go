package timeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// start is when the tests' incidents begin, in a window that leaves room around it.
var (
	start  = time.Date(2026, time.November, 22, 14, 54, 0, 0, time.UTC)
	window = evidence.Window{Start: start.Add(-time.Hour), End: start.Add(6 * time.Hour)}
)

func at(d time.Duration) time.Time { return start.Add(d) }

// tell is the story of nothing but these events, in the whole window.
func tell(events ...timeline.Event) timeline.Story {
	return timeline.Tell(timeline.Facts{Events: events}, evidence.Scope{Window: window, Chosen: true})
}

// account is one source's word on the happening "x".
func account(d time.Duration, precision time.Duration, a timeline.Authority, title string) timeline.Event {
	return timeline.Event{
		Time: at(d), Precision: precision, Kind: timeline.RolloutAborted, Same: "x", Authority: a, Title: title,
		Clock: title, Evidence: []evidence.Citation{evidence.Citation(title)},
	}
}

func TestMerge(t *testing.T) {
	const (
		second = time.Second
		ms     = time.Millisecond
	)
	type told struct {
		Title     string
		After     time.Duration
		Precision time.Duration
		Evidence  []evidence.Citation
	}
	tests := []struct {
		name   string
		events []timeline.Event
		want   []told
	}{
		{
			"the status speaks, everybody is cited",
			[]timeline.Event{
				account(1*second, second, timeline.FromNotification, "page"),
				account(0, second, timeline.FromEvent, "event"),
				account(2*second, second, timeline.FromStatus, "status"),
			},
			[]told{{"status", 2 * second, second, []evidence.Citation{"event", "page", "status"}}},
		},
		{
			"of equals the first speaks",
			[]timeline.Event{
				account(1*second, second, timeline.FromEvent, "second"),
				account(0, second, timeline.FromEvent, "first"),
			},
			[]told{{"first", 0, second, []evidence.Citation{"first", "second"}}},
		},
		{
			"a citation is not repeated",
			[]timeline.Event{
				account(0, second, timeline.FromEvent, "a"),
				account(0, second, timeline.FromEvent, "a"),
			},
			[]told{{"a", 0, second, []evidence.Citation{"a"}}},
		},
		{
			"exactly SameWithin apart",
			[]timeline.Event{
				account(0, second, timeline.FromEvent, "a"),
				account(timeline.SameWithin, second, timeline.FromEvent, "b"),
			},
			[]told{{"a", 0, second, []evidence.Citation{"a", "b"}}},
		},
		{
			"a nanosecond more",
			[]timeline.Event{
				account(0, second, timeline.FromEvent, "a"),
				account(timeline.SameWithin+1, second, timeline.FromEvent, "b"),
			},
			[]told{{"a", 0, second, []evidence.Citation{"a"}}, {"b", timeline.SameWithin + 1, second, []evidence.Citation{"b"}}},
		},
		{
			"what was recorded within the status's second had happened by then",
			[]timeline.Event{
				account(0, second, timeline.FromStatus, "status"),
				account(300*ms, 1, timeline.FromEvent, "event"),
			},
			[]told{{"status", 0, 300*ms + 1, []evidence.Citation{"event", "status"}}},
		},
		{
			"and by the earliest of several records",
			[]timeline.Event{
				account(0, second, timeline.FromStatus, "status"),
				account(700*ms, 1, timeline.FromEvent, "b"),
				account(300*ms, 1, timeline.FromEvent, "a"),
			},
			[]told{{"status", 0, 300*ms + 1, []evidence.Citation{"a", "b", "status"}}},
		},
		{
			"a record outside it says nothing",
			[]timeline.Event{
				account(0, second, timeline.FromStatus, "status"),
				account(1300*ms, 1, timeline.FromEvent, "event"),
			},
			[]told{{"status", 0, second, []evidence.Citation{"event", "status"}}},
		},
		{
			"nor does one that reaches out of it",
			[]timeline.Event{
				account(0, second, timeline.FromStatus, "status"),
				account(800*ms, 500*ms, timeline.FromEvent, "event"),
			},
			[]told{{"status", 0, second, []evidence.Citation{"event", "status"}}},
		},
		{
			"no name, no merging",
			[]timeline.Event{
				{Time: start, Title: "a"},
				{Time: start, Title: "a"},
			},
			[]told{{"a", 0, 0, nil}, {"a", 0, 0, nil}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []told
			for _, e := range tell(tt.events...).Events {
				got = append(got, told{e.Title, e.Time.Sub(start), e.Precision, e.Evidence})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMergeKeepsWhatOnlyOneTells: the detail, the links and the end are those
// of whoever has them.
func TestMergeKeepsWhatOnlyOneTells(t *testing.T) {
	status := account(0, time.Second, timeline.FromStatus, "status")
	counted := account(time.Second, time.Second, timeline.FromEvent, "event")
	counted.Detail, counted.End = "why", at(time.Minute)
	counted.Links = []timeline.Link{{Title: "more", URL: "https://example.org"}}
	late := account(6*time.Second, time.Second, timeline.FromEvent, "late") // has no end, and takes none away

	events := tell(status, counted, late).Events
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	if e.Title != "status" || e.Detail != "why" || !e.End.Equal(at(time.Minute)) || len(e.Links) != 1 {
		t.Errorf("got %+v", e)
	}
}

func TestTellLeavesItsInputAlone(t *testing.T) {
	input := []timeline.Event{
		account(3*time.Second, time.Second, timeline.FromEvent, "b"),
		account(0, time.Second, timeline.FromStatus, "a"),
		{Time: at(-2 * time.Hour), End: at(time.Hour), Title: "reaches in"},
	}
	before := append([]timeline.Event{}, input...)
	tell(input...)
	if diff := cmp.Diff(before, input); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
