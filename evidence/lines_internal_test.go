package evidence

import (
	"strings"
	"testing"
)

// TestTooLongLine is internal for the sake of a limit that is quickly reached.
func TestTooLongLine(t *testing.T) {
	var errs []string
	decodeLines(strings.NewReader("1\n2\n"+strings.Repeat("3", 20)+"\n"), "e.jsonl", 10, func(_ Cited[int], err error) bool {
		if err != nil {
			errs = append(errs, err.Error())
		}
		return true
	})
	if want := "bundle entry e.jsonl, line 3: bufio.Scanner: token too long"; len(errs) != 1 || errs[0] != want {
		t.Errorf("got %q, want %q", errs, want)
	}
}
