package archive

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPositionsAreTrue records, writes and fails to write at random: whenever a
// position is written, all that was recorded before it is written or in a gap;
// one is written again and again however steady the stream; and the last one is
// written in the end.
func TestPositionsAreTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit, batch = 2000, 3
		b := newBuffer(limit, batch)
		var written []Observation
		var gaps []Gap
		at := func(i int) time.Time { return time.Unix(int64(i), 0).UTC() }
		told := func(i int) bool {
			for _, o := range written {
				if o.Observed.Equal(at(i)) {
					return true
				}
			}
			return holding(gaps, "events", at(i)) > 0
		}
		last := map[string]int{} // the last position written, by namespace
		write := func(fails bool) {
			taken := slices.Clone(b.take(limit))
			positions := b.takePositions(len(taken))
			lost := b.takeGaps()
			if fails {
				b.returnGaps(lost)
				b.returnPositions(positions)
				return
			}
			b.done(len(taken))
			written, gaps = append(written, taken...), append(gaps, lost...)
			for _, p := range positions {
				var reached int
				if _, err := fmt.Sscan(p.ResourceVersion, &reached); err != nil {
					t.Fatal(err)
				}
				for i := range reached {
					if !told(i) {
						t.Fatalf("position %d is written, but %d is neither written nor a gap", reached, i)
					}
				}
				if reached < last[p.Namespace] {
					t.Fatalf("position %d is written after %d", reached, last[p.Namespace])
				}
				last[p.Namespace] = reached
			}
		}
		recorded, reached := 0, map[string]int{}
		steps := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 300).Draw(t, "steps")
		for _, step := range steps {
			switch {
			case step >= 8:
				write(step == 9)
			default:
				b.add(Observation{Resource: "events", UID: "u", ResourceVersion: fmt.Sprint(recorded), Observed: at(recorded), Object: make(json.RawMessage, step*40)})
				recorded++
				namespace := []string{"shop", "bank", ""}[step%3]
				reached[namespace] = recorded
				b.reach(Position{Resource: "events", Namespace: namespace, ResourceVersion: fmt.Sprint(recorded), At: at(recorded)})
			}
		}
		for !b.clean(b.mark()) {
			before := len(b.queue)
			write(false)
			if before > batch && len(written) == 0 {
				t.Fatal("nothing is written")
			}
		}
		for namespace, want := range reached {
			if last[namespace] != want {
				t.Fatalf("in the end %q is at %d, not %d", namespace, last[namespace], want)
			}
		}
	})
}

// TestSteadyStream: a position is written with every batch, although there is
// always something newer.
func TestSteadyStream(t *testing.T) {
	b := newBuffer(1<<20, 3)
	written := 0
	for i := range 300 {
		b.add(Observation{Resource: "events", UID: "u", ResourceVersion: fmt.Sprint(i)})
		b.reach(Position{Resource: "events", ResourceVersion: fmt.Sprint(i), At: time.Unix(int64(i), 0)})
		if i%3 == 2 && i > 3 {
			n := len(b.take(1 << 20))
			written += len(b.takePositions(n))
			b.done(n)
		}
	}
	if written < 90 || len(b.positions[watched{resource: "events"}]) > 2 {
		t.Errorf("%d positions are written of 98 batches; %v wait", written, b.positions)
	}
}
