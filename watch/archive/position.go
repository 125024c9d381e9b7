package archive

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Position is how far one watch has come: everything that it was delivered up
// to a version is in the archive, or in a gap. (Cluster, Resource, Namespace) is
// its identity; the last one recorded is kept. Whoever watches next goes on
// from there, and misses nothing while the API server remembers what followed.
type Position struct {
	Cluster, Resource string
	Namespace         string    // "" for all
	ResourceVersion   string    // to watch from; "" in what was never recorded
	At                time.Time // when the watch was there; kept in UTC, to the microsecond
}

// watched is the identity of a watch.
type watched struct{ cluster, resource, namespace string }

// reached is a position, and the number of the last observation before it.
type reached struct {
	Position
	mark uint64
}

// RecordPosition takes in how far a watch has come, after everything before it
// was recorded. It never blocks. It is written together with the last of what
// was recorded before, or later; one without a version, or with one that cannot
// be kept, is not.
func (a *Archive) RecordPosition(p Position) {
	if p.ResourceVersion != "" && storable(p.Cluster, p.Resource, p.Namespace, p.ResourceVersion) {
		a.buffer.reach(p)
	}
}

// reach holds at most two positions of each watch: the older one, which is soon
// true, and the newest one, which a steady stream of observations keeps from
// ever becoming so.
func (b *buffer) reach(p Position) {
	p.At = stamp(p.At)
	b.mu.Lock()
	defer b.mu.Unlock()
	of := watched{p.Cluster, p.Resource, p.Namespace}
	waiting := b.positions[of]
	b.positions[of] = append(waiting[:min(len(waiting), 1)], reached{p, b.last})
	signal(b.wake)
}

// takePositions removes the positions that are true when the next n observations
// are written, the newest of each watch. Whoever cannot write them gives them back.
func (b *buffer) takePositions(n int) (taken []reached) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for of, waiting := range b.positions {
		i := 0
		for i < len(waiting) && waiting[i].mark <= b.written+uint64(n) {
			i++
		}
		if i > 0 {
			taken = append(taken, waiting[i-1])
			b.positions[of] = waiting[i:]
		}
	}
	// So that two replicas never wait for each other.
	slices.SortFunc(taken, func(a, b reached) int {
		return cmp.Or(strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.Resource, b.Resource), strings.Compare(a.Namespace, b.Namespace))
	})
	return taken
}

func (b *buffer) returnPositions(taken []reached) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range taken {
		of := watched{p.Cluster, p.Resource, p.Namespace}
		since := b.positions[of]
		b.positions[of] = append([]reached{p}, since[max(len(since)-1, 0):]...)
	}
}

// settled tells whether no position waits that is true already. The caller
// holds the lock.
func (b *buffer) settled() bool {
	for _, waiting := range b.positions {
		if len(waiting) > 0 && waiting[0].mark <= b.written {
			return false
		}
	}
	return true
}

const upsertPosition = `INSERT INTO positions (cluster, resource, namespace, resource_version, reached) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (cluster, resource, namespace) DO UPDATE SET resource_version = excluded.resource_version, reached = excluded.reached`

func insertPositions(ctx context.Context, tx *sql.Tx, positions []reached) error {
	for _, p := range positions {
		if _, err := tx.ExecContext(ctx, upsertPosition, p.Cluster, p.Resource, p.Namespace, p.ResourceVersion, p.At); err != nil {
			return err
		}
	}
	return nil
}

// Position is how far the watch of a resource in a namespace, or in all, has
// come; without a version if that was never recorded.
func (a *Archive) Position(ctx context.Context, cluster, resource, namespace string) (Position, error) {
	p := Position{Cluster: cluster, Resource: resource, Namespace: namespace}
	err := a.db.read.QueryRowContext(ctx, `SELECT resource_version, reached FROM positions WHERE cluster = $1 AND resource = $2 AND namespace = $3`,
		cluster, resource, namespace).Scan(&p.ResourceVersion, &p.At)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Position{}, fmt.Errorf("reading the archive's positions: %w", err)
	}
	p.At = p.At.UTC()
	return p, nil
}
