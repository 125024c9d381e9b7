package watch

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/debrief-sre/debrief/watch/archive"
)

// lease is a Lease in memory, with the API server's conflicts.
type lease struct {
	mu      sync.Mutex
	record  *resourcelock.LeaderElectionRecord
	version int
}

// replica is one candidate's way to the lease.
type replica struct {
	*lease
	name string
	cut  bool // it does not reach the API server
	read int  // the version that it read last
}

var leases = schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}

func (r *replica) reach() error {
	if r.cut {
		return errors.New("connection refused")
	}
	return nil
}

func (r *replica) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.reach(); err != nil {
		return nil, nil, err
	}
	if r.record == nil {
		return nil, nil, apierrors.NewNotFound(leases, "debrief")
	}
	r.read = r.version
	record := *r.record
	raw, err := json.Marshal(record)
	return &record, raw, err
}

func (r *replica) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.record != nil {
		return apierrors.NewAlreadyExists(leases, "debrief")
	}
	return r.put(record)
}

func (r *replica) Update(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read != r.version {
		return apierrors.NewConflict(leases, "debrief", errors.New("changed"))
	}
	return r.put(record)
}

func (r *replica) put(record resourcelock.LeaderElectionRecord) error {
	if err := r.reach(); err != nil {
		return err
	}
	r.version++
	r.read, r.record = r.version, &record
	return nil
}

func (r *replica) RecordEvent(string) {}
func (r *replica) Identity() string   { return r.name }
func (r *replica) Describe() string   { return "debrief" }

func (r *replica) setCut(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
}

// TestOneOfTwoActs runs two replicas, loses the leader's connection in the middle
// of a step, and later ends the second one.
func TestOneOfTwoActs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		shared := &lease{}
		locks := [2]*replica{{lease: shared, name: "a"}, {lease: shared, name: "b"}}
		var mu sync.Mutex
		acted := map[string]int{} // who collected, and did not lose the lease over it
		var watchers [2]*Watcher
		var ends [2]func()
		for i, lock := range locks {
			o := p.options()
			o.Lock, o.RecordAlways = lock, true
			o.Steps.Collect = func(ctx context.Context, _ archive.Incident) (string, error) {
				sleep(ctx, time.Minute)
				if ctx.Err() == nil {
					mu.Lock()
					acted[lock.name]++
					mu.Unlock()
				}
				return "bundle.zip", ctx.Err()
			}
			watchers[i], ends[i] = p.start(o)
			time.Sleep(5 * time.Second)
		}
		if !watchers[0].Leading() || watchers[1].Leading() {
			t.Fatal("the first one does not lead alone")
		}

		p.rollout("checkout", 2, true)
		time.Sleep(5 * time.Second)
		locks[0].setCut(true)
		time.Sleep(renewDeadline + 2*time.Second)
		if watchers[0].Leading() {
			t.Error("the first one acts without the lease")
		}
		time.Sleep(leaseDuration + 2*time.Minute)
		in := p.only()
		mu.Lock()
		if !watchers[1].Leading() || acted["a"] != 0 || acted["b"] == 0 || in.State != archive.Published {
			t.Errorf("the second one did not take over: %v, %+v", acted, in)
		}
		mu.Unlock()

		locks[0].setCut(false)
		time.Sleep(time.Minute)
		if watchers[0].Leading() {
			t.Error("both lead")
		}
		left := time.Now()
		ends[1]()
		time.Sleep(2*retryPeriod + time.Second)
		if !watchers[0].Leading() || time.Since(left) > leaseDuration+time.Minute {
			t.Error("the lease was not given up at the end")
		}
		ends[0]()
		if got := len(p.store.recordedOf("rollouts")); got != 2 {
			t.Errorf("recorded %d times by two replicas", got)
		}
	})
}

// TestOnlyTheLeaderRecords is the other way, which goes on when the lease is lost.
func TestOnlyTheLeaderRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		shared := &lease{}
		first, second := &replica{lease: shared, name: "a"}, &replica{lease: shared, name: "b"}
		o := p.options()
		o.Lock = first
		_, end := p.start(o)
		time.Sleep(5 * time.Second)
		o.Lock = second
		waiting, endSecond := p.start(o)
		p.rollout("checkout", 2, false)
		synctest.Wait()
		if got := len(p.store.recordedOf("rollouts")); got != 1 {
			t.Errorf("recorded %d times", got)
		}
		if err := waiting.Ready(); err != nil {
			t.Errorf("a replica that waits is not ready: %v", err)
		}
		first.setCut(true)
		time.Sleep(leaseDuration + renewDeadline + 5*time.Second)
		if !waiting.Leading() {
			t.Fatal("the second one did not take over")
		}
		before := len(p.store.recordedOf("rollouts"))
		p.rollout("checkout", 2, true)
		synctest.Wait()
		if got := len(p.store.recordedOf("rollouts")) - before; got != 2 {
			t.Errorf("recorded %d times after the lease was lost", got)
		}
		end()
		endSecond()
		if in := p.only(); in.State != archive.Published {
			t.Errorf("wrong incident: %+v", in)
		}
	})
}
