package archive

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestBufferTellsAll records and writes at random: each observation is either
// written or in a gap, no gap holds one that was kept, and memory is bounded.
func TestBufferTellsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 2000
		b := newBuffer(limit, 3)
		resources := []string{"events", "rollouts"}
		kept, dropped := map[string][]time.Time{}, map[string][]time.Time{}
		var gaps []Gap
		steps := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 300).Draw(t, "steps")
		for i, step := range steps {
			switch {
			case step == 8:
				b.done(len(b.take(limit)))
			case step == 9:
				gaps = append(gaps, b.takeGaps()...)
			default:
				resource, at := resources[step%2], time.Unix(int64(i), 0).UTC()
				o := Observation{Resource: resource, UID: "u", ResourceVersion: fmt.Sprint(i), Observed: at, Object: make(json.RawMessage, step*20)}
				if b.add(o) {
					kept[resource] = append(kept[resource], at)
				} else {
					dropped[resource] = append(dropped[resource], at)
				}
			}
			if b.bytes > limit {
				t.Fatalf("%d bytes wait", b.bytes)
			}
		}
		gaps = append(gaps, b.takeGaps()...)
		for _, resource := range resources {
			for _, at := range dropped[resource] {
				if n := holding(gaps, resource, at); n != 1 {
					t.Fatalf("what was dropped at %v is in %d of %v", at, n, gaps)
				}
			}
			for _, at := range kept[resource] {
				if n := holding(gaps, resource, at); n != 0 {
					t.Fatalf("what was kept at %v is in %d of %v", at, n, gaps)
				}
			}
		}
		for len(b.take(limit)) > 0 {
			b.done(len(b.take(limit)))
		}
		if b.bytes != 0 || !b.clean(b.mark()) {
			t.Fatalf("%d bytes are left in an empty buffer", b.bytes)
		}
	})
}

func holding(gaps []Gap, resource string, at time.Time) (n int) {
	for _, g := range gaps {
		if g.Resource == resource && !at.Before(g.From) && !at.After(g.To) {
			n++
		}
	}
	return n
}

// TestGapsAreBounded: beyond a number, gaps become wider, and none is lost.
func TestGapsAreBounded(t *testing.T) {
	b := newBuffer(1, 1)
	for i := range 5 * maxGaps {
		at := time.Unix(int64(i), 0).UTC()
		b.gap(Gap{Cluster: "prod", Resource: "events", From: at, To: at, Reason: "watch interrupted"})
	}
	b.gap(Gap{Cluster: "prod", Resource: "rollouts", Reason: "the first of its kind"})
	gaps := b.takeGaps()
	if len(gaps) != maxGaps+1 {
		t.Fatalf("%d gaps", len(gaps))
	}
	if last := gaps[maxGaps-1]; last.From.Unix() != maxGaps-1 || last.To.Unix() != 5*maxGaps-1 {
		t.Errorf("the last gap is %+v", last)
	}
	b.gap(Gap{Cluster: "prod", Resource: "events", Reason: "since"})
	b.returnGaps(gaps)
	if again := b.takeGaps(); len(again) != maxGaps+1 {
		t.Errorf("%d gaps after one more", len(again))
	}
}

// TestBatches: a batch is bounded in number and size, but never empty.
func TestBatches(t *testing.T) {
	b := newBuffer(1<<20, 3)
	for i := range 5 {
		b.add(Observation{UID: "u", ResourceVersion: fmt.Sprint(i), Object: make(json.RawMessage, 1000)})
	}
	for _, test := range []struct{ bytes, want int }{{1 << 20, 3}, {2800, 2}, {10, 1}} {
		if got := len(b.take(test.bytes)); got != test.want {
			t.Errorf("%d bytes: %d observations, want %d", test.bytes, got, test.want)
		}
	}
	b.close()
	if b.add(Observation{UID: "u", ResourceVersion: "6"}) {
		t.Error("a closed buffer takes something in")
	}
}

func TestPartitioned(t *testing.T) {
	for version, want := range map[string]bool{
		"PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu": true,
		"PostgreSQL 15.12-YB-2025.1.0.1-b0 on x86_64-pc-linux-gnu":         false,
		"CockroachDB CCL v24.3.1 (x86_64-pc-linux-gnu)":                    false,
		"": false,
	} {
		if got := partitioned(version); got != want {
			t.Errorf("%s: %v", version, got)
		}
	}
}

// FuzzRecord: what Record takes in is given back as it is, and holds nothing up.
func FuzzRecord(f *testing.F) {
	f.Add("prod", "events", "shop", "checkout.17a", "uid", "12", `{"kind":"Event"}`, false, int64(0))
	f.Add("", "", "\x00", "\xff", "'", "\"", "", true, int64(-1))
	a, err := Open(f.Context(), filepath.Join(f.TempDir(), "archive.db"), Options{Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { a.Close() }) //nolint:errcheck // it is thrown away
	n := 0
	f.Fuzz(func(t *testing.T, cluster, resource, namespace, name, uid, version, object string, deleted bool, micros int64) {
		n++
		o := Observation{
			Cluster: cluster, Resource: resource, Namespace: namespace, Name: name, UID: uid, ResourceVersion: fmt.Sprintf("%s %d", version, n),
			Deleted: deleted, Of: uid, Observed: time.UnixMicro(micros % (1 << 55)).UTC(), Object: json.RawMessage(object),
		}
		kept := a.Record(o)
		if err := a.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !kept {
			return
		}
		for got, err := range a.Observations(t.Context(), Query{Cluster: cluster, Of: []string{uid}, From: o.Observed, To: o.Observed}) {
			if err == nil && fmt.Sprintf("%#v", got) == fmt.Sprintf("%#v", o) {
				return
			}
		}
		t.Fatalf("not given back: %#v", o)
	})
}
