package timeline

import (
	"slices"
	"testing"
)

// TestChain holds the table of causes against the chain: order relies on every
// cause standing before its effect.
func TestChain(t *testing.T) {
	for _, c := range causes {
		before, after := slices.Index(chain, c.before), slices.Index(chain, c.after)
		if before < 0 || after < 0 || before >= after {
			t.Errorf("%s (%d in the chain) is a cause of %s (%d)", c.before, before, c.after, after)
		}
	}
	for name, kinds := range map[string][]Kind{"chain": chain, "priority": priority} {
		if unique := slices.Compact(slices.Sorted(slices.Values(kinds))); len(unique) != len(kinds) {
			t.Errorf("%s names a kind twice", name)
		}
	}
}
