package endurance_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/process"
)

var kills = flag.Int("kills", 100, "how often to kill debrief on each database")

// incidents is how many rollouts are aborted while debrief is killed.
const incidents = 50

func TestKilledOnSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "archive.db")
	testKilled(t, "killed-sqlite", file, "file: "+file)
}

func TestKilledOnPostgreSQL(t *testing.T) {
	url := newDatabase(t)
	testKilled(t, "killed-postgresql", url, "urlFile: "+secretFile(t, url))
}

// newDatabase gives the URL of a new database of the PostgreSQL.
func newDatabase(t *testing.T) string {
	t.Helper()
	name, err := ground.postgres.NewDatabase(t.Context(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	return ground.postgres.URL(name)
}

func secretFile(t *testing.T, secret string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// testKilled kills debrief at random moments while rollouts are aborted. In the
// end there must be one document of each, and everything that there ever was: what
// came while no process ran, too, and what one had in memory when it was killed.
func testKilled(t *testing.T, namespace, place, archive string) {
	t.Logf("seed %d", *seed)
	chance := rand.New(rand.NewPCG(*seed, 0))
	c := newController(t, namespace)
	c.pause = pace(rand.New(rand.NewPCG(*seed, 1)), *kills)
	w := newWatcher(t, namespace, archive, "")
	r := newReference(t, namespace)
	// From here on there is an archive. Nobody could tell of a watcher before
	// that it had been there.
	w.begin(t)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}

	var killed atomic.Int64
	wrote := make(chan error, 1)
	go func() { wrote <- c.abortMany(t.Context(), incidents, &killed, *kills) }()
	ready, err := w.killMany(t.Context(), chance, &killed, *kills)
	if err := errors.Join(err, <-wrote); err != nil {
		t.Fatal(err)
	}
	done := len(documents(t, w))

	began := time.Now()
	w.begin(t)
	awaitDocuments(t, w, names(incidents))
	if err := w.Stop(); err != nil {
		t.Errorf("the watch did not end well: %v", err)
	}
	t.Logf("killed %d times, %d of them when it was ready; %d of %d documents were there after the last kill, the others %v later",
		*kills, ready, done, incidents, time.Since(began).Round(time.Second))
	checkFolder(t, w, names(incidents))
	delivered := r.versions(t)
	k := readArchive(t, place, namespace)
	k.check(t, delivered)
	k.nothingMissing(t, delivered)
	k.noGaps(t)
}

// pace pauses between two writes so that an incident is written over the time of
// several kills, and no moment of it is always one in which nothing runs.
func pace(chance *rand.Rand, kills int) func() {
	const kill, writes = 400 * time.Millisecond, 120 // what one takes, and what an incident has
	longest := 2 * kill * time.Duration(kills) / incidents / writes
	return func() { time.Sleep(time.Duration(chance.Int64N(int64(longest) + 1))) }
}

// names are those of the aborted rollouts.
func names(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("app-%03d", i)
	}
	return names
}

// abortMany aborts rollouts one after the other, evenly over the kills.
func (c *controller) abortMany(ctx context.Context, n int, killed *atomic.Int64, kills int) error {
	for i, name := range names(n) {
		for killed.Load() < int64(i*kills/n) && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := c.abort(ctx, name); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// killMany runs the process again and again and kills it each time: most often
// before or shortly after it is ready, and now and then after seconds. It
// returns how many became ready.
func (w *watcher) killMany(ctx context.Context, chance *rand.Rand, killed *atomic.Int64, n int) (ready int, err error) {
	if err := w.Start(); err != nil {
		return 0, err
	}
	began := time.Now()
	if _, err := w.Ready(ctx); err != nil {
		return 0, err
	}
	takes := time.Since(began) // to be ready
	w.Kill()
	for i := range n {
		span := 3 * takes
		if i%10 == 0 {
			span += 3 * time.Second
		}
		wasReady, err := w.liveFor(ctx, time.Duration(chance.Int64N(int64(span))))
		if err != nil {
			return ready, fmt.Errorf("kill %d: %w", i, err)
		}
		if wasReady {
			ready++
		}
		killed.Add(1)
	}
	return ready, nil
}

// liveFor runs the process for a time and kills it.
func (w *watcher) liveFor(ctx context.Context, span time.Duration) (wasReady bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	if err := w.Start(); err != nil {
		return false, err
	}
	if _, err := w.Ready(ctx); err == nil {
		wasReady = true
	} else if ctx.Err() == nil {
		return false, fmt.Errorf("debrief ended before it was killed: %w", err)
	}
	<-ctx.Done()
	w.Kill()
	return wasReady, nil
}

// documents are the Markdown documents that there are, without the folder.
func documents(t *testing.T, w *watcher) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(w.documents(), "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// awaitDocuments waits until there is a document of each rollout, and nothing
// more to be done about it.
func awaitDocuments(t *testing.T, w *watcher, rollouts []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	err := process.Poll(ctx, "the documents", func(context.Context) error {
		found := documents(t, w)
		missing := slices.DeleteFunc(slices.Clone(rollouts), func(name string) bool {
			return slices.ContainsFunc(found, func(document string) bool { return strings.Contains(document, "-"+name+"-") })
		})
		if len(missing) > 0 {
			return fmt.Errorf("there is none of %q", missing)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkFolder checks that each rollout has exactly one document of each kind,
// and that nothing else is there but what was being written when it was killed:
// such files are hidden, and nobody takes them for documents.
func checkFolder(t *testing.T, w *watcher, rollouts []string) {
	t.Helper()
	entries, err := os.ReadDir(w.documents())
	if err != nil {
		t.Fatal(err)
	}
	count, torn := map[string]int{}, 0
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") {
			torn++
			continue
		}
		i := slices.IndexFunc(rollouts, func(rollout string) bool { return strings.Contains(name, "-"+rollout+"-") })
		if i < 0 {
			t.Errorf("%s is in the folder, and nobody's", name)
			continue
		}
		_, kind, _ := strings.Cut(name, ".")
		count[rollouts[i]+" "+kind]++
	}
	kinds := map[string]int{}
	for which, n := range count {
		_, kind, _ := strings.Cut(which, " ")
		kinds[kind]++
		if n != 1 {
			t.Errorf("%s: %d files", which, n)
		}
	}
	if kinds["md"] != len(rollouts) || kinds["bundle.zip"] != len(rollouts) {
		t.Errorf("the folder has %v, want one of each of %d rollouts", kinds, len(rollouts))
	}
	t.Logf("documents: %v; half written when debrief was killed: %d", kinds, torn)
}
