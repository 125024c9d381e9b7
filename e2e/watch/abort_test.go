package watch_test

import (
	"testing"
	"time"
)

// soonest is how soon after settling the document must be published.
const soonest = 10 * time.Second

// TestAbort: a canary fails its analysis, somebody is paged, and nobody touches
// the keyboard.
func TestAbort(t *testing.T) {
	t.Parallel()
	r, repo := checkout, newRepository(t, checkout)
	w := newWatcher(t, r, repo, "archive: {"+sqlite+"}", "settle: {max: 3m}")
	w.begin(t)
	aborted := r.abort(t)
	page, err := ground.pagerduty.Trigger(r.service(), "ErrorBudgetBurn: "+r.app, false)
	if err != nil {
		t.Fatal(err)
	}
	w.page(t, r, page, "triggered") // news of the incident, not another one

	over := r.isOver(t)
	request := awaitRequests(t, repo, 1)[0]
	open := time.Now()
	settled := w.says(t, "settled")
	took := open.Sub(settled.Time)
	t.Logf("aborted at %s, over after %.1f s as Prometheus counts; settled after %.1f s: %s; the request was open %.1f s after that",
		aborted.Format(time.TimeOnly), over.Sub(aborted).Seconds(), settled.Time.Sub(aborted).Seconds(), settled.Reason, took.Seconds())
	if took > soonest {
		t.Errorf("the request was opened %v after settling, want at most %v", took, soonest)
	}
	request.about(t, r, aborted)
	only(t, repo, request)

	page.Acknowledge()
	page.Note("Looking at the canary's errors.")
	w.page(t, r, page, "acknowledged")
	request.states(t, "Looking at the canary's errors.", "Page acknowledged (on-call engineer)")
	page.Resolve()
	w.page(t, r, page, "resolved")
	request.states(t, "Page resolved (responder)")
	only(t, repo, request)

	w.stop(t)
	checkArchive(t, w.file(), r, aborted)
}

// TestRetry: the aborted revision is tried again, and aborted again. That is an
// incident of its own.
func TestRetry(t *testing.T) {
	t.Parallel()
	r, repo := cart, newRepository(t, cart)
	w := newWatcher(t, r, repo, "archive: {"+sqlite+"}", "settle: {max: 5s}")
	w.begin(t)
	first := r.abort(t)
	awaitRequests(t, repo, 1)
	r.retry(t)
	second := r.aborted(t, first)

	requests := awaitRequests(t, repo, 2)
	requests[0].about(t, r, first)
	requests[1].about(t, r, second)
	if got, want := requests[1].request.Head.Branch, requests[0].request.Head.Branch+"-2"; got != want {
		t.Errorf("the second request is from the branch %s, want %s", got, want)
	}
	only(t, repo, requests...)
	w.stop(t)
	checkArchive(t, w.file(), r, first, second)
}

// TestMissed: nobody watched while the rollout was aborted.
func TestMissed(t *testing.T) {
	t.Parallel()
	r, repo := search, newRepository(t, search)
	aborted := r.abort(t)
	w := newWatcher(t, r, repo, "archive: {"+sqlite+"}", "settle: {max: 5s}")
	w.begin(t)
	request := awaitRequests(t, repo, 1)[0]
	request.about(t, r, aborted)
	only(t, repo, request)
	w.stop(t)
	checkArchive(t, w.file(), r, aborted)
}
