package watch

import (
	"runtime"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/debrief-sre/debrief/watch/archive"
)

const manyEvents = 50_000

// bigEvent is a recorded event under an identity of its own.
func bigEvent(b *testing.B, recorded []*unstructured.Unstructured, n int) *unstructured.Unstructured {
	b.Helper()
	o := recorded[n%len(recorded)].DeepCopy()
	identity := event(n)
	o.SetUID(identity.GetUID())
	o.SetName(identity.GetName())
	o.SetResourceVersion(identity.GetName())
	return o
}

// heap is the memory in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkFeed50kEvents delivers 50,000 events and measures what is kept of
// them afterwards.
func BenchmarkFeed50kEvents(b *testing.B) {
	recorded := recorded(b, "events")
	for b.Loop() {
		w := &Watcher{options: Options{Cluster: "lab", Now: time.Now, Store: discard{}}}
		f := feed{events: true, known: map[types.UID]known{}, deliver: func(old, o *unstructured.Unstructured, deleted bool) bool {
			return w.observe("events", old, o, deleted)
		}}
		before := heap()
		for n := range manyEvents {
			f.take(bigEvent(b, recorded, n))
		}
		b.ReportMetric(float64(heap()-before)/manyEvents, "B-kept/event")
		runtime.KeepAlive(f)
	}
}

// BenchmarkInformer50kEvents is what an informer's store keeps of the same
// events, with a transformation that strips them as the feed does.
func BenchmarkInformer50kEvents(b *testing.B) {
	recorded := recorded(b, "events")
	for b.Loop() {
		store := cache.NewStore(cache.MetaNamespaceKeyFunc)
		before := heap()
		for n := range manyEvents {
			o := bigEvent(b, recorded, n)
			strip(o)
			if err := store.Add(o); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heap()-before)/manyEvents, "B-kept/event")
		runtime.KeepAlive(store)
	}
}

// discard is an archive that keeps nothing.
type discard struct{ Store }

func (discard) Record(archive.Observation) bool { return true }
