package timeline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// many are 10,000 events of an hour as a busy namespace gives them: most are
// Kubernetes', one in ten belongs to the chain.
func many() []timeline.Event {
	random := rand.New(rand.NewPCG(1, 2))
	events := make([]timeline.Event, 10_000)
	for i := range events {
		events[i] = timeline.Event{
			Time: at(time.Duration(random.IntN(3600)) * time.Second), Precision: time.Second, Kind: timeline.Kubernetes,
			Source: "kubernetes", Title: fmt.Sprintf("Pulled on Pod checkout-%d", i%500), Detail: "Container image already present on machine",
			Subject: evidence.Object{Kind: "Pod", Namespace: "shop", Name: fmt.Sprintf("checkout-%d", i%500)}, Evidence: []evidence.Citation{evidence.Line("kubernetes/events.jsonl", i+1)},
		}
		if i%10 == 0 {
			events[i].Kind, events[i].Same = kinds[random.IntN(len(kinds))], fmt.Sprint("same/", i/20)
		}
	}
	return events
}

func BenchmarkTell(b *testing.B) {
	f, scope := timeline.Facts{Events: many()}, evidence.Scope{Window: window, Chosen: true}
	for b.Loop() {
		timeline.Tell(f, scope)
	}
}

// BenchmarkFloor is the least that telling could cost: sorting by time.
func BenchmarkFloor(b *testing.B) {
	events := many()
	for b.Loop() {
		sorted := slices.Clone(events)
		sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Time.Before(sorted[j].Time) })
	}
}
