package archive

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"time"
)

// partitions of the observations, in PostgreSQL: one for each day (UTC), named
// after it. Only in this way does retention cost nothing: a partition is dropped.
type partitions struct {
	db *sql.DB

	mu   sync.Mutex
	made map[time.Time]bool // days whose partition was seen
}

const (
	partitionPrefix = "observations_"
	partitionDay    = "20060102"
	// partitionLock is held by whoever makes or drops a partition.
	partitionLock = 7306086838
)

func newPartitions(db *sql.DB) *partitions {
	return &partitions{db: db, made: map[time.Time]bool{}}
}

// ensure makes a day's partition unless it is there.
func (p *partitions) ensure(ctx context.Context, day time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made[day] {
		return nil
	}
	name := partitionPrefix + day.Format(partitionDay)
	err := p.locked(ctx, func(tx *sql.Tx) error {
		var there bool
		if err := tx.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&there); err != nil || there {
			return err
		}
		// Attaching, unlike creating as a partition, waits for no reader, such as a backup.
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`CREATE TABLE %s (LIKE observations INCLUDING DEFAULTS INCLUDING STORAGE)`, name))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf(`ALTER TABLE observations ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')`,
			name, day.Format(time.RFC3339), day.AddDate(0, 0, 1).Format(time.RFC3339)))
		return err
	})
	if err != nil {
		return fmt.Errorf("making the partition %s: %w", name, err)
	}
	p.made[day] = true
	return nil
}

// locked does one thing to the partitions, alone among all replicas.
func (p *partitions) locked(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // either it is committed, or there is an error that says more
	// Whoever waits for a lock makes others wait behind it.
	if _, err := tx.ExecContext(ctx, `SET LOCAL lock_timeout = '10s'`); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(partitionLock)); err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// drop removes the partitions that end before a time, and the claims of their
// observations, which it counts.
func (p *partitions) drop(ctx context.Context, before time.Time) (deleted int64, err error) {
	days, err := p.days(ctx)
	if err != nil {
		return 0, err
	}
	for _, day := range days {
		end := day.AddDate(0, 0, 1)
		if end.After(before) {
			continue
		}
		var n int64
		name := partitionPrefix + day.Format(partitionDay)
		err := p.locked(ctx, func(tx *sql.Tx) error {
			result, err := tx.ExecContext(ctx, `DELETE FROM observation_keys WHERE observed >= $1 AND observed < $2`, day, end)
			if err != nil {
				return err
			}
			if n, err = result.RowsAffected(); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `DROP TABLE IF EXISTS `+name) // last: it locks all observations
			return err
		})
		p.forget()
		if err != nil {
			return deleted, fmt.Errorf("dropping the partition %s: %w", name, err)
		}
		deleted += n
	}
	return deleted, nil
}

// days are those that have a partition, in order.
func (p *partitions) days(ctx context.Context) (days []time.Time, err error) {
	rows, err := p.db.QueryContext(ctx, `SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
		WHERE inhparent = 'observations'::regclass ORDER BY relname`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what there is to say
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		day, err := time.Parse(partitionDay, strings.TrimPrefix(name, partitionPrefix))
		if err == nil { // otherwise somebody else's
			days = append(days, day)
		}
	}
	return days, rows.Err()
}

// forget has the partitions looked for again: one was dropped.
func (p *partitions) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.made)
}
