package endurance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/debrief-sre/debrief/e2e/product"
)

// soon is how long after a clock was set the last document may be missing. By
// itself it takes the two seconds for which incidents settle, and some more.
const soon = 30 * time.Second

// A clock is the one of the debrief processes that are started by a test. All of
// debrief has the time from where main reads it. Libraries have the machine's:
// that of TLS, of requests' deadlines, of the log.
type clock struct {
	file  string
	ahead time.Duration
}

func newClock(t *testing.T) *clock {
	t.Helper()
	k := &clock{file: filepath.Join(t.TempDir(), "ahead")}
	t.Setenv("DEBRIEF_CLOCK", k.file)
	k.step(t, 0)
	return k
}

// step sets the clock, also that of a process that runs.
func (k *clock) step(t *testing.T, by time.Duration) {
	t.Helper()
	k.ahead += by
	next := k.file + ".next"
	err := os.WriteFile(next, strconv.AppendInt(nil, int64(k.ahead/time.Second), 10), 0o600)
	if err == nil {
		err = os.Rename(next, k.file) // it is being read
	}
	if err != nil {
		t.Fatal(err)
	}
}

// buildStepped builds a debrief whose clock can be set, whatever DEBRIEF_BIN says.
func buildStepped(t *testing.T) string {
	t.Helper()
	root, err := product.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text, err := json.Marshal(map[string]any{"Replace": overlay(t, filepath.Join(root, "cmd", "debrief"), dir)})
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "debrief")
	if err := product.Compile(t.Context(), program, "-overlay", write(t, dir, "overlay.json", text)); err != nil {
		t.Fatal(err)
	}
	return program
}

// overlay tells which files of main are to be read from where: the one that reads
// the clock has another one, in a new file.
func overlay(t *testing.T, folder, dir string) map[string]string {
	t.Helper()
	main, err := os.ReadFile(filepath.Join(folder, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	clock := []byte("time.Now,")
	if n := bytes.Count(main, clock); n != 1 {
		t.Fatalf("debrief's main has %q %d times, want once: where does it read the clock?", clock, n)
	}
	stepped, err := filepath.Abs("testdata/stepped.go")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		filepath.Join(folder, "main.go"):    write(t, dir, "main.go", bytes.Replace(main, clock, []byte("stepped(time.Now),"), 1)),
		filepath.Join(folder, "stepped.go"): stepped,
	}
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestClock sets debrief's clock, or has it start with a wrong one.
func TestClock(t *testing.T) {
	program := buildStepped(t)
	for name, test := range map[string]func(*course, *clock){"set": testClockSet, "wrong-at-start": testClockWrongAtStart} {
		begin := func(t *testing.T, c *course) {
			c.w.Program = program
			c.w.settle(t, "{min: 2s, max: 3s}")
			k := newClock(t)
			c.w.begin(t)
			c.abortAndSee(before)
			test(c, k)
		}
		t.Run(name+"/SQLite", func(t *testing.T) { begin(t, newSQLiteCourse(t, "clock-"+name+"-sqlite", "")) })
		t.Run(name+"/PostgreSQL", func(t *testing.T) {
			place := newDatabase(t)
			begin(t, newCourse(t, "clock-"+name+"-postgresql", place, "urlFile: "+secretFile(t, place), ""))
		})
	}
}

const month = 30 * 24 * time.Hour

// testClockSet: the clock is set while rollouts abort, as by hand, or by a time
// server that could not be reached before. No incident is forgotten, least of
// all one that waits for its end just then.
func testClockSet(c *course, k *clock) {
	const minutes, day = 10 * time.Minute, 24 * time.Hour
	for i, by := range []time.Duration{time.Hour, -time.Hour, -minutes, minutes, -day, day, 2 * month, -2 * month} {
		names := []string{fmt.Sprintf("app-%d-a", i), fmt.Sprintf("app-%d-b", i), fmt.Sprintf("app-%d-c", i)}
		var writing errgroup.Group
		writing.Go(func() error {
			for _, name := range names {
				if _, err := c.c.abort(c.Context(), name); err != nil {
					return err
				}
			}
			return nil
		})
		c.awaitLog(`"msg":"incident"`, len(c.aborted))
		k.step(c.T, by)
		began := time.Now()
		if err := writing.Wait(); err != nil {
			c.Fatal(err)
		}
		c.aborted = append(c.aborted, names...)
		awaitDocuments(c.T, c.w, c.aborted)
		took := time.Since(began)
		c.Logf("set by %v, ahead by %v: the last document after %v", by, k.ahead, took.Round(100*time.Millisecond))
		if took > soon {
			c.Errorf("a document took %v after the clock was set by %v", took, by)
		}
		for _, name := range names {
			c.tells(name, "Metric 'error-rate' Completed") // which only an event does
		}
	}
	checkMemory(c.T, c.w, "while its clock was set")
	if kept := c.end(); len(kept.gaps) != 0 {
		c.Errorf("%d gaps, though nothing was interrupted", len(kept.gaps))
	}
}

// testClockWrongAtStart: a machine starts months ahead, until it has asked a time
// server. What debrief kept is not old because of that.
func testClockWrongAtStart(c *course, k *clock) {
	stop := func() {
		if err := c.w.Stop(); err != nil {
			c.Errorf("the watch did not end well: %v", err)
		}
	}
	stop()
	k.step(c.T, 2*month)
	c.w.begin(c.T)
	c.abortAndSee(after)
	k.step(c.T, -2*month)
	delivered := c.r.versions(c.T)
	c.catchUp(delivered)
	stop()
	checkFolder(c.T, c.w, c.aborted)
	kept := readArchive(c.T, c.place, c.namespace)
	kept.check(c.T, delivered)
	kept.nothingMissing(c.T, delivered)
	kept.logGaps(c.T)
}
