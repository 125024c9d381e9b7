package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	retainEvery = time.Hour
	portion     = 5000 // rows deleted in one transaction, so that writing never waits for long
)

// retain keeps to the retention until ctx ends. Nothing is deleted by a time that
// the clock did not have an hour ago: a machine may start with a wrong one, and
// what is deleted does not come back when that is put right.
func (a *Archive) retain(ctx context.Context) {
	ticker := time.NewTicker(retainEvery)
	defer ticker.Stop()
	for {
		last := stamp(a.options.Now())
		if err := a.db.ahead(ctx, last); err != nil && ctx.Err() == nil {
			a.options.Log.Warn("archive not prepared for the next days, will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			a.prune(ctx, earlier(stamp(a.options.Now()), last.Add(retainEvery)))
		}
	}
}

// prune removes what is older than the retention: whole days, which is what
// partitions hold.
func (a *Archive) prune(ctx context.Context, now time.Time) {
	deleted, err := a.Prune(ctx, day(now.Add(-a.options.Retention)))
	switch {
	case ctx.Err() != nil:
	case err != nil:
		a.options.Log.Warn("archive not pruned, will be tried again", "error", err)
	case deleted > 0:
		a.options.Log.Info("archive pruned", "observations", deleted)
	}
}

// day is the beginning of a time's day, in UTC.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Prune removes what is older than before: observations, gaps that ended, and
// deliveries of webhooks. It tells how many observations it removed.
func (a *Archive) Prune(ctx context.Context, before time.Time) (deleted int64, err error) {
	before = stamp(before)
	deleted, err = a.db.expire(ctx, before)
	_, errGaps := a.db.write.ExecContext(ctx, `DELETE FROM gaps WHERE ended < $1`, before)
	_, errDeliveries := a.db.write.ExecContext(ctx, `DELETE FROM deliveries WHERE seen < $1`, before)
	if err := errors.Join(err, errGaps, errDeliveries); err != nil {
		return deleted, fmt.Errorf("pruning the archive: %w", err)
	}
	return deleted, nil
}

// inPortions deletes what is older than a time, some rows at once, until the
// statement finds none. The statement's arguments are the time and a limit.
func inPortions(ctx context.Context, db *sql.DB, statement string, before time.Time) (deleted int64, err error) {
	for {
		result, err := db.ExecContext(ctx, statement, before, portion)
		if err != nil {
			return deleted, err
		}
		n, err := result.RowsAffected()
		deleted += n
		if err != nil || n == 0 {
			return deleted, err
		}
	}
}
