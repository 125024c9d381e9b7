package timeline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

func TestClip(t *testing.T) {
	const hour = time.Hour
	w := evidence.Window{Start: at(0), End: at(hour)}
	tests := []struct {
		name       string
		start, end time.Duration // end < 0: a moment
		want       bool
		wantStart  time.Duration
		wantEnd    time.Duration
	}{
		{"within", hour / 2, -1, true, hour / 2, -1},
		{"at the start", 0, -1, true, 0, -1},
		{"before the start", -1, -1, false, 0, 0},
		{"just before the end", hour - 1, -1, true, hour - 1, -1},
		{"at the end", hour, -1, false, 0, 0},
		{"reaches in", -hour, hour / 2, true, 0, hour / 2},
		{"reaches to the start", -hour, 0, true, 0, 0},
		{"ended before", -hour, 1, true, 0, 1},
		{"reaches out", hour / 2, 2 * hour, true, hour / 2, hour},
		{"reaches over all of it", -hour, 2 * hour, true, 0, hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := timeline.Event{Time: at(tt.start), Title: "x"}
			if tt.end >= 0 {
				e.End = at(tt.end)
			}
			events := timeline.Tell(timeline.Facts{Events: []timeline.Event{e}}, evidence.Scope{Window: w, Chosen: true}).Events
			if len(events) == 1 != tt.want {
				t.Fatalf("%d events", len(events))
			}
			if !tt.want {
				return
			}
			got := events[0]
			if !got.Time.Equal(at(tt.wantStart)) || got.End.IsZero() != (tt.wantEnd < 0) || tt.wantEnd >= 0 && !got.End.Equal(at(tt.wantEnd)) {
				t.Errorf("got %s to %s", got.Time.Sub(start), got.End.Sub(start))
			}
		})
	}
}

func TestWindow(t *testing.T) {
	const tail = 5 * time.Minute
	moment := func(d time.Duration, k timeline.Kind) timeline.Event { return timeline.Event{Time: at(d), Kind: k} }
	tests := []struct {
		name   string
		abort  time.Duration
		events []timeline.Event
		chosen bool
		want   time.Duration
	}{
		{"the abort and a tail", time.Minute, nil, false, time.Minute + tail},
		{"the last return to normal", time.Minute, []timeline.Event{moment(20*time.Minute, timeline.SLIRecovered), moment(30*time.Minute, timeline.PageResolved), moment(time.Hour, timeline.Note)}, false, 30*time.Minute + tail},
		{"no later than what was collected", time.Minute, []timeline.Event{moment(6*time.Hour-1, timeline.AlertResolved)}, false, 6 * time.Hour},
		{"what returned before the start does not count", 0, []timeline.Event{moment(-time.Minute, timeline.SLIRecovered)}, false, 6 * time.Hour},
		{"a person's choice", time.Minute, nil, true, 6 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := timeline.Facts{Events: tt.events, Rollout: timeline.Rollout{Started: start}}
			if tt.abort > 0 {
				f.Rollout.Abort = &timeline.Abort{Time: at(tt.abort)}
			}
			got := timeline.Tell(f, evidence.Scope{Window: window, Chosen: tt.chosen}).Window
			if !got.Start.Equal(window.Start) || !got.End.Equal(at(tt.want)) {
				t.Errorf("got %s to %s, want to %s", got.Start.Sub(start), got.End.Sub(start), tt.want)
			}
		})
	}
}

// TestIDs: an event keeps its id whatever else is told and however it was found.
func TestIDs(t *testing.T) {
	base := timeline.Event{Time: at(0), Precision: time.Second, Kind: timeline.RolloutAborted, Same: "abort", Title: "aborted", Authority: timeline.FromStatus, Evidence: []evidence.Citation{"a"}}
	counted := timeline.Event{Time: at(-2 * time.Hour), End: at(time.Hour), Kind: timeline.Kubernetes, Title: "BackOff"}
	id := func(title string, s timeline.Story) string {
		i := slices.IndexFunc(s.Events, func(e timeline.Event) bool { return e.Title == title })
		return s.Events[i].ID
	}
	want := id("aborted", tell(base))

	exact := base
	exact.Time, exact.Precision, exact.Authority, exact.Evidence, exact.Source = at(300*time.Millisecond), 0, timeline.FromEvent, []evidence.Citation{"b"}, "kubernetes"
	note := timeline.Event{Time: at(0), Kind: timeline.Note, Title: "note"}
	for name, s := range map[string]timeline.Story{
		"with another account": tell(exact, base),
		"with other events":    tell(note, base, counted),
	} {
		if got := id("aborted", s); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}

	later := base
	later.Time = at(10 * time.Second)
	if s := tell(base, later); s.Events[0].ID == s.Events[1].ID {
		t.Error("two aborts have one id")
	}

	narrow := evidence.Scope{Window: evidence.Window{Start: at(0), End: at(time.Minute)}, Chosen: true}
	if id("BackOff", tell(counted)) != id("BackOff", timeline.Tell(timeline.Facts{Events: []timeline.Event{counted}}, narrow)) {
		t.Error("the window changes the id of an event that reaches into it")
	}
}

func TestIDsAreUnique(t *testing.T) {
	events := slices.Repeat([]timeline.Event{{Time: at(0), Title: "again"}}, 25)
	seen := map[string]bool{}
	for _, e := range tell(events...).Events {
		if seen[e.ID] {
			t.Errorf("%s twice", e.ID)
		}
		seen[e.ID] = true
	}
	if len(seen) != 25 {
		t.Errorf("%d events, want 25", len(seen))
	}
}

func TestTimesAreUTC(t *testing.T) {
	zone := time.FixedZone("far", 9*3600)
	e := tell(timeline.Event{Time: at(0).In(zone), End: at(time.Minute).In(zone)}).Events[0]
	if e.Time.Location() != time.UTC || e.End.Location() != time.UTC || !e.Time.Equal(at(0)) {
		t.Errorf("got %s to %s", e.Time, e.End)
	}
	if e := tell(timeline.Event{Time: at(0)}).Events[0]; !e.End.IsZero() {
		t.Errorf("a moment ends at %s", e.End)
	}
}
