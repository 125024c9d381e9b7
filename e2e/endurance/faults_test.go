package endurance_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/debrief-sre/debrief/e2e/process"
)

// The rollouts that are aborted before, during and after a fault.
const before, during, after = "before", "during", "after"

// A course is a watch that meets a fault.
type course struct {
	*testing.T
	namespace, place string
	c                *controller
	w                *watcher
	r                *reference
	aborted          []string
}

// newCourse begins a watch that keeps its archive in a place.
func newCourse(t *testing.T, namespace, place, archive, more string) *course {
	return &course{
		T: t, namespace: namespace, place: place,
		c: newController(t, namespace), w: newWatcher(t, namespace, archive, more), r: newReference(t, namespace),
	}
}

func newSQLiteCourse(t *testing.T, namespace, more string) *course {
	file := filepath.Join(t.TempDir(), "archive.db")
	return newCourse(t, namespace, file, "file: "+file, more)
}

// behind puts a proxy between the watcher and the API server.
func (c *course) behind() *proxy {
	c.Helper()
	config, err := clientcmd.LoadFromFile(c.w.Kubeconfig)
	if err != nil {
		c.Fatal(err)
	}
	cluster := config.Clusters["lab"]
	server, err := url.Parse(cluster.Server)
	if err != nil {
		c.Fatal(err)
	}
	p := newProxy(c.T, server.Host)
	cluster.Server = "https://" + p.address
	c.w.Kubeconfig = filepath.Join(c.w.Dir, "kubeconfig")
	if err := clientcmd.WriteToFile(*config, c.w.Kubeconfig); err != nil {
		c.Fatal(err)
	}
	return p
}

// abort aborts a rollout.
func (c *course) abort(name string) {
	c.Helper()
	if _, err := c.c.abort(c.Context(), name); err != nil {
		c.Fatal(err)
	}
	c.aborted = append(c.aborted, name)
}

// abortAndSee aborts a rollout and waits for its document.
func (c *course) abortAndSee(name string) {
	c.Helper()
	c.abort(name)
	awaitDocuments(c.T, c.w, c.aborted)
}

// awaitLog waits until the watcher has logged a text more than n times.
func (c *course) awaitLog(text string, n int) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 3*time.Minute)
	defer cancel()
	err := process.Poll(ctx, fmt.Sprintf("%q in the log", text), func(context.Context) error {
		if c.w.logged(text) <= n {
			return errors.New("it is not there")
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
}

// end waits until the archive has caught up, and stops the watcher, which must
// have survived all by itself. Then there is one document of each rollout, and
// everything in the archive.
func (c *course) end() *kept {
	c.Helper()
	awaitDocuments(c.T, c.w, c.aborted)
	delivered := c.r.versions(c.T)
	c.catchUp(delivered)
	if n := c.w.logged(`"msg":"watching"`); n != 1 {
		c.Errorf("debrief began %d times, want once", n)
	}
	if err := c.w.Stop(); err != nil {
		c.Errorf("the watch did not end well: %v", err)
	}
	checkFolder(c.T, c.w, c.aborted)
	k := readArchive(c.T, c.place, c.namespace)
	k.check(c.T, delivered)
	if len(k.gaps) == 0 {
		k.nothingMissing(c.T, delivered)
	}
	k.logGaps(c.T)
	return k
}

// catchUp waits until the archive has the newest version of everything: after an
// interruption each resource is taken up again at a moment of its own.
func (c *course) catchUp(delivered map[version]time.Time) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 2*time.Minute)
	defer cancel()
	err := process.Poll(ctx, "the archive", func(context.Context) error {
		k := readArchive(c.T, c.place, c.namespace)
		for v := range delivered {
			if k.newest[v.uid] < v.number {
				return fmt.Errorf("it lacks %v", v)
			}
		}
		return nil
	})
	if err != nil {
		c.Error(err)
	}
}

// TestAPIServerRestarts: watches end and are taken up again.
func TestAPIServerRestarts(t *testing.T) {
	c := newSQLiteCourse(t, "restarted", "")
	c.w.begin(t)
	c.abortAndSee(before)
	c.abort(during) // its document is made while the API server is away, or after
	delivered := c.r.versions(t)
	if err := ground.lab.RestartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.r = newReference(t, c.namespace)
	c.abortAndSee(after)
	k := c.end()
	k.nothingMissing(t, delivered)
	for _, g := range k.gaps {
		// It begins to remember changes at its start, and some came before the
		// watches could be resumed. That it refused everybody at first is no gap.
		if !strings.Contains(g.Reason, noLonger) {
			t.Errorf("a gap in %s: %s", g.Resource, g.Reason)
		}
	}
}

// noLonger is how a gap tells of changes that the API server has forgotten.
const noLonger = "no longer has the changes"

// TestGone: the changes of an interruption are no longer there when debrief asks
// for them. What there is now is listed, and the gap is named.
func TestGone(t *testing.T) {
	c := newSQLiteCourse(t, "gone", "")
	p := c.behind()
	c.w.begin(t)
	c.abortAndSee(before)
	p.cut()
	c.abort(during)
	delivered := c.r.versions(t)
	if err := ground.lab.RestartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ground.lab.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.r = newReference(t, c.namespace)
	p.restore(t)
	awaitDocuments(t, c.w, c.aborted)
	c.abortAndSee(after)
	k := c.end()
	k.check(t, delivered)
	named := 0
	for _, g := range k.gaps {
		if strings.Contains(g.Reason, noLonger) {
			named++
		}
	}
	if named == 0 {
		t.Error("no gap tells that changes are gone")
	}
	c.tells(during, noLonger)
}

// tells checks that the document of a rollout has a text.
func (c *course) tells(rollout, text string) {
	c.Helper()
	if !strings.Contains(c.document(rollout), text) {
		c.Errorf("the document of %s does not tell: %s\n%s", rollout, text, c.document(rollout))
	}
}

func (c *course) document(rollout string) string {
	c.Helper()
	found, err := filepath.Glob(filepath.Join(c.w.documents(), "*-"+rollout+"-*.md"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d documents of %s", len(found), rollout)
	}
	if err != nil {
		c.Fatal(err)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		c.Fatal(err)
	}
	return string(data)
}

// TestStalledWatch: the network takes everything and brings nothing, as behind a
// load balancer that forgot a connection. debrief finds out by itself.
func TestStalledWatch(t *testing.T) {
	c := newSQLiteCourse(t, "stalled", "")
	p := c.behind()
	c.w.begin(t)
	c.abortAndSee(before)
	resume := p.stall()
	c.abort(during)
	began := time.Now()
	c.awaitLog("watch interrupted", 0)
	t.Logf("noticed after %v", time.Since(began).Round(time.Second))
	resume()
	awaitDocuments(t, c.w, c.aborted)
	c.abortAndSee(after)
	if k := c.end(); len(k.gaps) != 0 {
		t.Errorf("%d gaps, though every watch could be resumed", len(k.gaps))
	}
}

// TestDatabaseDown: what is observed waits in memory, incidents wait in the
// cluster.
func TestDatabaseDown(t *testing.T) {
	place := newDatabase(t)
	c := newCourse(t, "database-down", place, "urlFile: "+secretFile(t, place), "")
	c.w.begin(t)
	c.abortAndSee(before)
	if err := ground.postgres.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.abort(during)
	c.awaitLog("archive not written", 2)
	if err := ground.postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.abortAndSee(after)
	if k := c.end(); len(k.gaps) != 0 {
		t.Errorf("%d gaps, though all fits into memory", len(k.gaps))
	}
}

// TestDiskFull: the same for the file of SQLite.
func TestDiskFull(t *testing.T) {
	disk := smallDisk(t)
	place := filepath.Join(disk, "archive.db")
	c := newCourse(t, "disk-full", place, "file: "+place, "")
	c.w.begin(t)
	c.abortAndSee(before)
	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	c.abort(during)
	c.awaitLog("archive not written", 2)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	c.abortAndSee(after)
	if k := c.end(); len(k.gaps) != 0 {
		t.Errorf("%d gaps, though all fits into memory", len(k.gaps))
	}
}

// smallDisk is a file system of 8 MiB. To mount it takes root.
func smallDisk(t *testing.T) string {
	t.Helper()
	disk := t.TempDir()
	asRoot(t, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=8m,mode=0700,uid=%d", os.Getuid()), "debrief-endurance", disk)
	t.Cleanup(func() { asRoot(t, "umount", disk) })
	return disk
}

func asRoot(t *testing.T, command ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		command = append([]string{"sudo", "-n"}, command...)
	}
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil { //nolint:noctx // at once
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
}

// fill writes a file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for size := 64 << 10; size > 0; {
		n, err := file.Write(make([]byte, size))
		if err != nil || n < size {
			size /= 2 // to the last byte
		}
	}
}
