package golden_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/debrief-sre/debrief/internal/golden"
)

// verdict takes the place of a test, to see what it is told.
type verdict struct {
	testing.TB
	failed bool
}

func (v *verdict) Helper()               {}
func (v *verdict) Errorf(string, ...any) { v.failed = true }
func (v *verdict) Fatalf(string, ...any) { v.failed = true }

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "file")
	setUpdate(t, "true")
	golden.Check(t, path, "what it should be")
	if data, err := os.ReadFile(path); err != nil || string(data) != "what it should be" {
		t.Errorf("wrote %q, %v", data, err)
	}
	setUpdate(t, "false")
	golden.Check(t, path, []byte("what it should be"))
	for _, wrong := range []struct{ path, got string }{{path, "something else"}, {path + "-missing", ""}} {
		v := &verdict{TB: t}
		if golden.Check(v, wrong.path, wrong.got); !v.failed {
			t.Errorf("%q passed for %s", wrong.got, wrong.path)
		}
	}
}

func setUpdate(t *testing.T, value string) {
	t.Helper()
	before := flag.Lookup("update").Value.String()
	if err := flag.Set("update", value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("update", before) })
}
