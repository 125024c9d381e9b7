package watch_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// quiet is how long nothing more must come.
const quiet = 10 * time.Second

// TestDuplicates: the same abort is delivered over and over, the watcher is
// killed while it waits for the incident's end, and once more when it has
// published.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	r, repo := ledger, newRepository(t, ledger)
	w := newWatcher(t, r, repo, "archive: {"+sqlite+"}", "settle: {min: 12s, max: 12s}")
	w.begin(t)
	aborted := r.abort(t)
	r.touch(t, 5)
	w.says(t, "incident")
	w.notify(t, r)
	w.Kill()
	if settled := w.lines(t, "settled"); len(settled) > 0 {
		t.Fatal("the watcher was killed too late to prove anything")
	}
	r.touch(t, 5)
	w.begin(t)
	r.touch(t, 5)
	w.notify(t, r)
	request := awaitRequests(t, repo, 1)[0]
	w.Kill()
	r.touch(t, 5)
	w.begin(t)
	r.touch(t, 5)
	w.notify(t, r)
	time.Sleep(quiet)

	request.about(t, r, aborted)
	only(t, repo, request)
	if n := len(w.lines(t, "incident")); n != 1 {
		t.Errorf("the abort was taken for %d incidents", n)
	}
	w.stop(t)
	checkArchive(t, w.file(), r, aborted)
}

// TestReplicas: of two watchers that share a PostgreSQL the one that leads has
// collected the evidence when it is killed, and its folder is gone with it. The
// other one takes over, the first comes back, and news that it is told of reach
// the one that acts.
func TestReplicas(t *testing.T) {
	t.Parallel()
	r, repo := mailer, newRepository(t, mailer)
	database, err := ground.postgres.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	place := ground.postgres.URL(database)
	newReplica := func() *watcher {
		w := newWatcher(t, r, repo, "archive: {urlFile: archive-url}", "settle: {max: 5s}",
			"leaderElection: {namespace: "+r.ref().Namespace+", name: debrief, record: all}")
		w.write(t, "archive-url", place)
		return w
	}
	one, other := newReplica(), newReplica()
	one.write(t, "git-token", "a-token-that-nobody-knows")
	one.begin(t)
	one.says(t, "leading: acting on incidents")
	other.begin(t)

	aborted := r.abort(t)
	if failed := one.says(t, "step failed; it will be tried again"); failed.Stage != "publish" {
		t.Fatalf("the step %s failed: %s", failed.Stage, failed.Error)
	}
	if acting := other.lines(t, "settled"); len(acting) > 0 {
		t.Error("both replicas act")
	}
	one.Kill()
	if err := os.RemoveAll(filepath.Join(one.Dir, "postmortems")); err != nil { // as with a pod's own volume
		t.Fatal(err)
	}
	request := awaitRequests(t, repo, 1)[0]
	request.about(t, r, aborted)

	one.write(t, "git-token", ground.token)
	one.begin(t)
	r.touch(t, 5)
	page, err := ground.pagerduty.Trigger(r.service(), "ErrorBudgetBurn: "+r.app, false)
	if err != nil {
		t.Fatal(err)
	}
	page.Note("Told to the replica that does not act.")
	one.page(t, r, page, "triggered")
	request.states(t, "Told to the replica that does not act.")
	time.Sleep(quiet)
	only(t, repo, request)
	one.stop(t)
	other.stop(t)
	checkArchive(t, place, r, aborted)
}
