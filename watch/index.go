package watch

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/debrief-sre/debrief/watch/archive"
)

// rolloutIndex holds the last state of each Rollout. The zero value is empty.
type rolloutIndex struct {
	mu    sync.Mutex
	byUID map[string]*unstructured.Unstructured
}

func (x *rolloutIndex) put(r *unstructured.Unstructured, deleted bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if deleted {
		delete(x.byUID, string(r.GetUID()))
		return
	}
	if x.byUID == nil {
		x.byUID = map[string]*unstructured.Unstructured{}
	}
	x.byUID[string(r.GetUID())] = r
}

// get is the Rollout with the UID, or nil. It must not be changed.
func (x *rolloutIndex) get(uid string) *unstructured.Unstructured {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.byUID[uid]
}

// undecided holds the signals that nobody has decided about yet, and that a later
// state may leave no trace of, as a retry leaves none of the abort. The zero value
// is empty.
type undecided struct {
	mu   sync.Mutex
	keys map[archive.Key]bool
}

// add leaves out Rollouts that are degraded: later they still are, or it was nothing.
func (u *undecided) add(s signal) {
	if s.key.Trigger == triggerDegraded {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.keys == nil {
		u.keys = map[archive.Key]bool{}
	}
	u.keys[s.key] = true
}

func (u *undecided) remove(s signal) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.keys, s.key)
}

func (u *undecided) none() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.keys) == 0
}

// busy holds the UIDs of Rollouts that somebody acts on. The zero value is empty.
type busy struct {
	mu   sync.Mutex
	uids map[string]bool
}

// take is false if somebody else acts on the Rollout.
func (b *busy) take(uid string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.uids[uid] {
		return false
	}
	if b.uids == nil {
		b.uids = map[string]bool{}
	}
	b.uids[uid] = true
	return true
}

func (b *busy) release(uid string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.uids, uid)
}

// readers tell what is waited for until the API server has answered for
// everything. The zero value waits for nothing.
type readers struct {
	mu      sync.Mutex
	missing map[string]bool
}

// expect adds a reader, and returns the function that it calls when it was answered.
func (r *readers) expect(resource, namespace string) (answered func()) {
	name := resource
	if namespace != "" {
		name += " in " + namespace
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.missing == nil {
		r.missing = map[string]bool{}
	}
	r.missing[name] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.missing, name)
	}
}

func (r *readers) outstanding() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.missing) == 0 {
		return nil
	}
	names := make([]string, 0, len(r.missing))
	for name := range r.missing {
		names = append(names, name)
	}
	slices.Sort(names)
	return fmt.Errorf("waiting for %s", strings.Join(names, ", "))
}
