package watch

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// recorder watches a cluster in memory and only records.
type recorder struct {
	api   *apiServer
	store *memStore
}

// record runs a watcher's feeds in a synctest bubble while the test does.
func record(t *testing.T, change func(*Options, *recorder), test func(*recorder, *Watcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{api: newAPIServer(), store: &memStore{now: time.Now}}
		o := Options{
			Cluster: "lab", Client: r.api, Store: r.store, Triggers: Triggers{Page: true}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Steps: okSteps(), watchFor: 5 * time.Minute,
		}
		if change != nil {
			change(&o, r)
		}
		w, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		synctest.Wait()
		test(r, w)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func event(n int) *unstructured.Unstructured {
	e := &unstructured.Unstructured{Object: map[string]any{"kind": "Event", "apiVersion": "v1", "message": "Scaled down", "count": int64(1)}}
	e.SetName("checkout." + strconv.Itoa(n))
	e.SetNamespace("shop")
	e.SetUID(types.UID("event-" + strconv.Itoa(n)))
	return e
}

// versions are the versions that are recorded of a resource, deletions marked.
func (r *recorder) versions(resource string) []string {
	var all []string
	for _, o := range r.store.recordedOf(resource) {
		version := o.Name + "@" + o.ResourceVersion
		if o.Deleted {
			version += " deleted"
		}
		all = append(all, version)
	}
	return all
}

func (r *recorder) check(t *testing.T, resource string, want ...string) {
	t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, r.versions(resource)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", resource, diff)
	}
}

func (r *recorder) checkGaps(t *testing.T, resource string, want int) {
	t.Helper()
	synctest.Wait()
	if gaps := r.store.gapsOf(resource); len(gaps) != want {
		t.Fatalf("%s: %d gaps, want %d: %v", resource, len(gaps), want, gaps)
	}
}

func TestEveryStateIsRecorded(t *testing.T) {
	record(t, nil, func(r *recorder, w *Watcher) {
		rollout, run := recordedNamed(t, "rollouts", "checkout"), recordedNamed(t, "analysisruns", checkoutRun)
		r.api.put("rollouts", rollout)
		r.api.put("rollouts", rollout)
		r.api.put("analysisruns", run)
		r.api.remove("analysisruns", run)
		e := event(1)
		r.api.put("events", e)
		r.api.put("events", e) // its count went up
		r.api.remove("events", e)
		r.check(t, "rollouts", "checkout@1", "checkout@2")
		r.check(t, "analysisruns", checkoutRun+"@3", checkoutRun+"@4 deleted")
		r.check(t, "events", "checkout.1@5", "checkout.1@6") // expiry is no state
		if err := w.Ready(); err != nil {
			t.Error(err)
		}
	})
}

func TestListIsPaged(t *testing.T) {
	const events = 3*pageSize + 7
	record(t, func(_ *Options, r *recorder) {
		for n := range events {
			r.api.put("events", event(n))
		}
	}, func(r *recorder, _ *Watcher) {
		if got := len(r.versions("events")); got != events {
			t.Errorf("%d of %d events are recorded", got, events)
		}
		if requests := r.api.lists["events"]; requests != 4 {
			t.Errorf("listed in %d pages", requests)
		}
	})
}

// TestResumedWatchMissesNothing ends the watch requests, and changes things
// while nobody is connected.
func TestResumedWatchMissesNothing(t *testing.T) {
	record(t, nil, func(r *recorder, _ *Watcher) {
		rollout := recordedNamed(t, "rollouts", "checkout")
		r.api.failWith(func(string, string, string) error { return errors.New("connection refused") })
		r.api.endWatches()
		for range 3 {
			r.api.put("rollouts", rollout)
			time.Sleep(20 * time.Second)
		}
		r.check(t, "rollouts")
		r.api.failWith(nil)
		time.Sleep(time.Minute)
		r.check(t, "rollouts", "checkout@1", "checkout@2", "checkout@3")
		r.checkGaps(t, "rollouts", 0)
		if r.api.lists["rollouts"] != 1 {
			t.Error("it listed again")
		}
	})
}

// TestRefusedForAMoment is an API server that has just started, and refuses
// everybody until it knows the roles.
func TestRefusedForAMoment(t *testing.T) {
	record(t, nil, func(r *recorder, _ *Watcher) {
		r.api.failWith(func(_, resource, _ string) error {
			return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", errors.New("no such role"))
		})
		r.api.endWatches()
		r.api.put("rollouts", recordedNamed(t, "rollouts", "checkout"))
		time.Sleep(3 * time.Second)
		r.api.failWith(nil)
		time.Sleep(10 * time.Second)
		r.check(t, "rollouts", "checkout@1")
		r.checkGaps(t, "rollouts", 0)
		if r.api.lists["rollouts"] != 1 {
			t.Error("it listed again")
		}
	})
}

// TestExpiredWatch loses the changes of an interruption, and what may have been
// missed is a gap: states of Rollouts, but not events, which a list still shows.
func TestExpiredWatch(t *testing.T) {
	record(t, nil, func(r *recorder, _ *Watcher) {
		rollout, run := recordedNamed(t, "rollouts", "checkout"), recordedNamed(t, "analysisruns", checkoutRun)
		r.api.put("rollouts", rollout)
		r.api.put("analysisruns", run)
		time.Sleep(2 * time.Minute)
		before := time.Now()

		r.api.failWith(func(string, string, string) error { return errors.New("connection refused") })
		r.api.endWatches()
		synctest.Wait()
		r.api.put("rollouts", rollout)
		r.api.put("rollouts", rollout)
		r.api.remove("analysisruns", run)
		r.api.put("events", event(1))
		r.api.compact()
		time.Sleep(20 * time.Second)
		r.api.failWith(nil)
		time.Sleep(time.Minute)

		r.check(t, "rollouts", "checkout@1", "checkout@4")
		r.check(t, "analysisruns", checkoutRun+"@2", checkoutRun+"@2 deleted")
		r.check(t, "events", "checkout.1@6")
		r.checkGaps(t, "rollouts", 1)
		r.checkGaps(t, "analysisruns", 1)
		r.checkGaps(t, "experiments", 0) // nothing changed there
		r.checkGaps(t, "events", 0)
		gap := r.store.gapsOf("rollouts")[0]
		if gap.Cluster != "lab" || gap.From.After(before) || gap.From.Before(before.Add(-deadConnection)) || gap.To.Before(before.Add(20*time.Second)) {
			t.Errorf("the gap %v does not hold the interruption at %v", gap, before)
		}
	})
}

// TestQuietEventsExpire is every quiet cluster: nothing happens for hours, and
// each resumed watch of events is too old, since they have no bookmarks.
func TestQuietEventsExpire(t *testing.T) {
	record(t, nil, func(r *recorder, _ *Watcher) {
		for range 12 {
			r.api.compact()
			time.Sleep(6 * time.Minute)
		}
		r.api.put("events", event(1))
		r.check(t, "events", "checkout.1@13")
		for _, resource := range resources {
			r.checkGaps(t, resource.Resource, 0)
		}
	})
}

// TestBookmark resumes from a bookmark when all changes before are forgotten.
func TestBookmark(t *testing.T) {
	record(t, nil, func(r *recorder, _ *Watcher) {
		r.api.compact()
		r.api.bookmark("rollouts")
		synctest.Wait()
		r.api.endWatches()
		time.Sleep(time.Minute)
		r.check(t, "rollouts") // a bookmark is no state
		if r.api.lists["rollouts"] != 1 || r.api.lists["analysisruns"] != 2 {
			t.Errorf("lists: %v", r.api.lists)
		}
	})
}

// TestLongInterruption is one that events do not survive, nor AnalysisRuns.
func TestLongInterruption(t *testing.T) {
	record(t, nil, func(r *recorder, _ *Watcher) {
		r.api.failWith(func(string, string, string) error { return errors.New("connection refused") })
		r.api.endWatches()
		r.api.compact()
		time.Sleep(2 * time.Hour)
		r.api.failWith(nil)
		time.Sleep(2 * time.Minute)
		r.checkGaps(t, "events", 1)
		r.checkGaps(t, "analysisruns", 1)
		r.api.put("rollouts", recordedNamed(t, "rollouts", "checkout"))
		r.check(t, "rollouts", "checkout@2")
	})
}

// TestStalledWatch has a connection that brings nothing, nor its end.
func TestStalledWatch(t *testing.T) {
	record(t, nil, func(r *recorder, _ *Watcher) {
		r.api.mu.Lock()
		r.api.watches = nil // nobody sends to them any more, nor ends them
		r.api.mu.Unlock()
		r.api.put("rollouts", recordedNamed(t, "rollouts", "checkout"))
		r.check(t, "rollouts")
		time.Sleep(5*time.Minute + deadConnection + 5*time.Second)
		r.check(t, "rollouts", "checkout@1")
		r.checkGaps(t, "rollouts", 0)
	})
}

// TestAbsentResource has no Argo Rollouts at first.
func TestAbsentResource(t *testing.T) {
	group := schema.GroupResource{Group: "argoproj.io", Resource: "rollouts"}
	record(t, func(_ *Options, r *recorder) {
		r.api.failWith(func(_, resource, _ string) error {
			if resource == "rollouts" {
				return apierrors.NewNotFound(group, "")
			}
			return nil
		})
	}, func(r *recorder, w *Watcher) {
		if err := w.Ready(); err != nil {
			t.Errorf("a refusal is an answer: %v", err)
		}
		time.Sleep(24 * time.Hour)
		gaps := r.store.gapsOf("rollouts")
		if len(gaps) < 10 || len(gaps) > 200 {
			t.Errorf("%d gaps in a day", len(gaps))
		}
		for i := 1; i < len(gaps); i++ {
			if !gaps[i].From.Equal(gaps[i-1].To) {
				t.Fatalf("the gaps %v and %v do not meet", gaps[i-1], gaps[i])
			}
		}
		r.api.failWith(nil)
		r.api.put("rollouts", recordedNamed(t, "rollouts", "checkout"))
		time.Sleep(2 * time.Minute)
		r.check(t, "rollouts", "checkout@1")
		if gaps := r.store.gapsOf("rollouts"); time.Since(gaps[len(gaps)-1].To) > 3*time.Minute {
			t.Error("the time before the recovery is no gap")
		}
	})
}

// TestOwnNamespace may list only there at first, and everywhere later.
func TestOwnNamespace(t *testing.T) {
	record(t, func(o *Options, r *recorder) {
		o.OwnNamespace = "shop"
		r.api.failWith(func(_, resource, namespace string) error {
			if namespace == "" {
				return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", errors.New("not in all namespaces"))
			}
			return nil
		})
	}, func(r *recorder, _ *Watcher) {
		ours, other := event(1), event(2)
		other.SetNamespace("bank")
		r.api.put("events", ours)
		r.api.put("events", other)
		r.check(t, "events", "checkout.1@1")
		r.checkGaps(t, "events", 1)
		r.api.failWith(nil)
		time.Sleep(2 * time.Minute)
		r.api.put("events", ours)
		synctest.Wait()
		got := map[string]int{}
		for _, version := range r.versions("events") {
			got[version]++
		}
		if got["checkout.2@2"] != 1 || got["checkout.1@3"] != 1 { // the substitute has ended
			t.Errorf("recorded: %v", got)
		}
	})
}

func TestNamespaces(t *testing.T) {
	record(t, func(o *Options, _ *recorder) { o.Namespaces = []string{"shop", "bank"} }, func(r *recorder, _ *Watcher) {
		for n, namespace := range []string{"shop", "bank", "other"} {
			e := event(n)
			e.SetNamespace(namespace)
			r.api.put("events", e)
		}
		synctest.Wait()
		got := r.versions("events")
		slices.Sort(got) // each namespace has a feed of its own
		if !slices.Equal(got, []string{"checkout.0@1", "checkout.1@2"}) {
			t.Errorf("recorded: %v", got)
		}
	})
}

// TestStartIsAGap starts a watcher where another one has recorded before.
func TestStartIsAGap(t *testing.T) {
	for _, test := range []struct {
		away             time.Duration
		rollouts, events int
	}{
		{5 * time.Second, 1, 0},
		{time.Minute, 1, 0},
		{time.Hour, 1, 1},
	} {
		t.Run(test.away.String(), func(t *testing.T) {
			record(t, func(_ *Options, r *recorder) {
				r.store.last = time.Now().Add(-test.away)
				r.api.put("rollouts", recordedNamed(t, "rollouts", "checkout"))
				r.api.put("events", event(1))
			}, func(r *recorder, _ *Watcher) {
				r.checkGaps(t, "rollouts", test.rollouts)
				r.checkGaps(t, "events", test.events)
				r.checkGaps(t, "experiments", test.events)
			})
		})
	}
}

// TestDroppedIsDeliveredAgain has no room for a state, and lists later.
func TestDroppedIsDeliveredAgain(t *testing.T) {
	record(t, nil, func(r *recorder, _ *Watcher) {
		r.store.mu.Lock()
		r.store.full = true
		r.store.mu.Unlock()
		r.api.put("events", event(1))
		r.check(t, "events")
		r.store.mu.Lock()
		r.store.full = false
		r.store.mu.Unlock()
		r.api.compact()
		r.api.endWatches()
		time.Sleep(time.Minute)
		r.check(t, "events", "checkout.1@1")
	})
}

func TestWords(t *testing.T) {
	group := schema.GroupResource{Group: "argoproj.io", Resource: "rollouts"}
	for _, test := range []struct {
		err  error
		want string
	}{
		{errExpired, "the watch was interrupted, and the API server no longer has the changes since the last one delivered"},
		{apierrors.NewNotFound(group, ""), "the API server does not know the resource; is Argo Rollouts installed?"},
		{errors.New("connection refused"), "the API server could not be asked: connection refused"},
		{apierrors.NewUnauthorized("token expired"), "the API server refuses: token expired"},
	} {
		if got := words(test.err); got != test.want {
			t.Errorf("words(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}
