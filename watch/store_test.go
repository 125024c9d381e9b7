package watch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
)

var _ Store = (*archive.Archive)(nil)

var errStoreDown = errors.New("the database is down")

// memStore is an archive in memory: what a killed watcher leaves behind.
type memStore struct {
	now func() time.Time

	mu           sync.Mutex
	observations []archive.Observation
	gaps         []archive.Gap
	positions    map[string]archive.Position // by resource and namespace
	incidents    []archive.Incident
	last         time.Time // of an earlier watcher
	down         bool
	full         bool
	saved        func(archive.Incident) // called with each saved state
}

func (s *memStore) Record(o archive.Observation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return false
	}
	s.observations = append(s.observations, o)
	return true
}

func (s *memStore) RecordGap(g archive.Gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gaps = append(s.gaps, g)
}

func (s *memStore) RecordPosition(p archive.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.positions == nil {
		s.positions = map[string]archive.Position{}
	}
	s.positions[p.Resource+" "+p.Namespace] = p
}

func (s *memStore) Position(_ context.Context, _, resource, namespace string) (archive.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.positions[resource+" "+namespace], nil
}

func (s *memStore) Flush(context.Context) error { return s.err() }

func (s *memStore) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errStoreDown
	}
	return nil
}

func (s *memStore) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *memStore) Span(context.Context, string) (from, to time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.last, nil
}

func (s *memStore) Stats() archive.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return archive.Stats{Written: int64(len(s.observations)), Waiting: 2, WaitingBytes: 300, Oldest: s.now().Add(-3 * time.Second), Duplicate: 4, Dropped: 5, Failed: 6}
}

func (s *memStore) AddIncident(_ context.Context, in archive.Incident) (bool, error) {
	if err := s.err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, known := range s.incidents {
		sameRevision := known.Key.Cluster == in.Key.Cluster && known.Key.UID == in.Key.UID && known.Key.Revision == in.Key.Revision
		if known.Key == in.Key || sameRevision && known.Key.Trigger == triggerAbort && in.Key.Trigger != triggerAbort {
			return false, nil
		}
	}
	in.ID, in.Seen = int64(len(s.incidents)+1), s.now().UTC()
	s.incidents = append(s.incidents, in)
	return true, nil
}

func (s *memStore) Incident(_ context.Context, id int64) (archive.Incident, error) {
	if err := s.err(); err != nil {
		return archive.Incident{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.incidents[id-1], nil
}

func isOpen(in archive.Incident) bool {
	return in.State != archive.Closed && in.State != archive.Failed
}

func (s *memStore) DueIncidents(_ context.Context, cluster string, now time.Time, limit int) ([]archive.Incident, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []archive.Incident
	for _, in := range s.incidents {
		if in.Key.Cluster == cluster && isOpen(in) && !in.Due.After(now) {
			due = append(due, in)
		}
	}
	slices.SortStableFunc(due, func(a, b archive.Incident) int { return a.Due.Compare(b.Due) })
	return due[:min(len(due), limit)], nil
}

func (s *memStore) NextDue(ctx context.Context, cluster string) (time.Time, bool, error) {
	open, err := s.DueIncidents(ctx, cluster, endOfTime(s.now()), 1)
	if err != nil || len(open) == 0 {
		return time.Time{}, false, err
	}
	return open[0].Due, true, nil
}

func (s *memStore) SaveIncident(ctx context.Context, in *archive.Incident) error {
	if err := errors.Join(s.err(), ctx.Err()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.incidents[in.ID-1].Version != in.Version {
		return archive.ErrStale
	}
	in.Version++
	in.Changed = s.now().UTC()
	s.incidents[in.ID-1] = *in
	if s.saved != nil {
		s.saved(*in)
	}
	return nil
}

func (s *memStore) HastenIncidents(_ context.Context, cluster, namespace, name string, due time.Time) (n int, err error) {
	if err := s.err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.incidents {
		in := &s.incidents[i]
		if in.Key.Cluster == cluster && in.Namespace == namespace && in.Name == name && isOpen(*in) {
			in.Due = earlier(in.Due, due)
			in.Version++
			n++
		}
	}
	return n, nil
}

// all is a copy of the incidents.
func (s *memStore) all() []archive.Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.incidents)
}

func (s *memStore) recordedOf(resource string) []archive.Observation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.observations), func(o archive.Observation) bool { return o.Resource != resource })
}

func (s *memStore) gapsOf(resource string) []archive.Gap {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.gaps), func(g archive.Gap) bool { return g.Resource != resource })
}
