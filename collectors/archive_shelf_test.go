package collectors

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"
)

// shelf is an archive in memory.
type shelf struct {
	states []State
	in     []string // the states' namespaces
	gaps   []ArchiveGap
	since  time.Time
	err    error // of States, once as many as after were given
	after  int

	mu    sync.Mutex // sources ask at the same time
	given int
	asked []ArchiveQuery
}

// fails tells whether the next state is the one that cannot be given.
func (s *shelf) fails() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil && s.given == s.after {
		return true
	}
	s.given++
	return false
}

func (s *shelf) States(_ context.Context, q ArchiveQuery) iter.Seq2[State, error] {
	s.mu.Lock()
	s.asked = append(s.asked, q)
	s.mu.Unlock()
	return func(yield func(State, error) bool) {
		for i, state := range s.states {
			if q.Namespace != "" && s.in[i] != q.Namespace || !slices.Contains(q.Resources, state.Resource) ||
				state.Observed.Before(q.From) || !q.To.IsZero() && state.Observed.After(q.To) {
				continue
			}
			if s.fails() {
				yield(State{}, s.err)
				return
			}
			if !yield(state, nil) {
				return
			}
		}
	}
}

func (s *shelf) Gaps(_ context.Context, from, to time.Time) ([]ArchiveGap, error) {
	var gaps []ArchiveGap
	for _, g := range s.gaps {
		if !g.To.Before(from) && !g.From.After(to) {
			gaps = append(gaps, g)
		}
	}
	return gaps, nil
}

func (s *shelf) Span(context.Context) (first, last time.Time, err error) {
	if len(s.states) > 0 {
		last = s.states[len(s.states)-1].Observed
	}
	return s.since, last, nil
}

// keep records a state of an object.
func (s *shelf) keep(t testing.TB, resource string, o object, observed time.Time, deleted bool) {
	t.Helper()
	s.put(State{
		Resource: resource, UID: o.text("metadata", "uid"), ResourceVersion: o.text("metadata", "resourceVersion"),
		Deleted: deleted, Observed: observed, Object: marshal(t, o),
	}, o.text("metadata", "namespace"))
}

func (s *shelf) put(state State, namespace string) {
	i, _ := slices.BinarySearchFunc(s.states, state, func(a, b State) int { return cmp.Or(a.Observed.Compare(b.Observed), -1) })
	s.states, s.in = slices.Insert(s.states, i, state), slices.Insert(s.in, i, namespace)
}

// archived is what a watcher would have kept of the recording: two states and
// the expiry of each event, and the beginning, the end and the deletion of each
// AnalysisRun and Rollout.
func archived(t testing.TB, r *recorded) *shelf {
	t.Helper()
	s := &shelf{since: recordedAbort.Add(-time.Hour)}
	for _, e := range r.lists["events"] {
		e = e.copied(t)
		e.set("v1", "apiVersion")
		e.set("Event", "kind")
		observed := clock(t, cmp.Or(e.text("firstTimestamp"), e.text("eventTime")))
		early := e.copied(t)
		early.set("an earlier state", "message")
		early.set("1", "metadata", "resourceVersion")
		s.keep(t, "events", early, observed, false)
		s.keep(t, "events", e, observed.Add(time.Second), false)
		gone := early.copied(t)
		gone.set("the state that expired", "message")
		s.keep(t, "events", gone, observed.Add(2*time.Second), true)
	}
	for resource, ended := range map[string]string{"analysisruns": "completedAt", "rollouts": "abortedAt"} {
		for _, o := range r.lists[resource] {
			observed := clock(t, o.text("status", ended))
			early := o.copied(t)
			early.set(map[string]any{"phase": "Running"}, "status")
			early.set("1", "metadata", "resourceVersion")
			s.keep(t, resource, early, observed.Add(-61*time.Second), false)
			if resource == "rollouts" {
				shifted := o.copied(t)
				shifted.set("2", "metadata", "resourceVersion")
				retry(shifted)
				shifted.at("status", "canary", "weights", "canary").(map[string]any)["weight"] = 20
				s.keep(t, resource, shifted, observed.Add(-59*time.Second), false)
			}
			s.keep(t, resource, o, observed.Add(time.Second), resource == "analysisruns")
		}
	}
	return s
}
