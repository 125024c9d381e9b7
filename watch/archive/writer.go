package archive

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	linger     = 50 * time.Millisecond // what is written together
	writeBytes = 8 << 20               // of objects, in one transaction
	writeTime  = 30 * time.Second      // for one transaction
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
	lastFlush  = 10 * time.Second
)

// Run writes what is recorded and keeps to the retention, until ctx ends; then
// it writes what still waits, for at most ten seconds. Failures are retried; an
// error says that no retry helps, or what was left unwritten at the end.
func (a *Archive) Run(ctx context.Context) error {
	retention, stop := context.WithCancel(ctx)
	retained := make(chan struct{})
	go func() {
		defer close(retained)
		a.retain(retention)
	}()
	defer func() {
		stop()
		<-retained
	}()

	for wait := time.Duration(0); ; {
		if !a.await(ctx, wait) {
			break
		}
		err := a.drain(ctx, a.buffer.mark())
		switch {
		case err == nil:
			wait = 0
		case ctx.Err() != nil:
		case a.db.unusable(err):
			return err
		default:
			wait = min(max(2*wait, firstRetry), lastRetry)
			a.options.Log.Warn("archive not written, will be tried again", "error", err, "wait", wait, "waiting", a.buffer.stats().Waiting)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
	defer cancel()
	if err := a.Flush(last); err != nil {
		return fmt.Errorf("%w; %d observations were left unwritten", err, a.buffer.stats().Waiting)
	}
	return nil
}

// await returns when it is time to write: after the wait for another try, or
// shortly after something was recorded. It is false when ctx ended.
func (a *Archive) await(ctx context.Context, retry time.Duration) bool {
	var enough chan struct{}
	if retry == 0 {
		select {
		case <-ctx.Done():
			return false
		case <-a.buffer.wake:
			retry, enough = linger, a.buffer.full
		}
	}
	select {
	case <-ctx.Done():
		return false
	case <-enough:
	case <-time.After(retry):
	}
	return true
}

// Flush returns when all that was recorded before the call is durable, gaps
// included, or with the first error. It does not need Run.
func (a *Archive) Flush(ctx context.Context) error {
	return a.drain(ctx, a.buffer.mark())
}

// drain writes batches until the buffer is clean up to the mark.
func (a *Archive) drain(ctx context.Context, mark uint64) error {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return fmt.Errorf("writing the archive: %w", context.Cause(ctx))
	}
	for !a.buffer.clean(mark) {
		if err := a.writeBatch(ctx); err != nil {
			a.failed.Add(1)
			return fmt.Errorf("writing the archive: %w", err)
		}
	}
	return nil
}

// row is an observation as it is stored.
type row struct {
	Observation
	packed []byte // the object
}

// writeBatch writes the oldest observations, all gaps, and the positions that
// are true then. They are in one transaction, for a position says that nothing
// before it is missing without a gap.
func (a *Archive) writeBatch(ctx context.Context) error {
	batch := a.buffer.take(writeBytes)
	rows, refused, redactions := a.rows(batch)
	var stored int64
	var positions []reached
	var gaps []Gap
	err := a.transact(ctx, rows, func(ctx context.Context, tx *sql.Tx) (err error) {
		if stored, err = a.db.insert(ctx, tx, rows); err != nil {
			return err
		}
		// What was dropped before a position is among the gaps by the time that
		// the position is taken.
		positions = a.buffer.takePositions(len(batch))
		gaps = a.buffer.takeGaps()
		if err := insertGaps(ctx, tx, append(refused, gaps...)); err != nil {
			return err
		}
		return insertPositions(ctx, tx, positions)
	})
	if err != nil {
		a.buffer.returnGaps(gaps)
		a.buffer.returnPositions(positions)
		return err
	}
	a.buffer.done(len(batch))
	a.stored.Add(stored)
	a.duplicate.Add(int64(len(batch)-len(refused)) - stored)
	a.redacted.Add(int64(redactions))
	now := a.options.Now()
	a.lastWrite.Store(&now)
	for _, g := range append(refused, gaps...) {
		a.options.Log.Warn("the archive has a gap", "cluster", g.Cluster, "resource", g.Resource, "from", g.From, "to", g.To, "reason", g.Reason)
	}
	return nil
}

// rows makes a batch ready: without secrets, packed, each identity once, and in
// the order of the identities, so that two replicas never wait for each other.
func (a *Archive) rows(batch []Observation) (rows []row, refused []Gap, redactions int) {
	for _, o := range batch {
		if filter := a.options.Filter; filter != nil {
			clean, n, err := filter(o.Object)
			if err != nil {
				refused = append(refused, storableGap(Gap{o.Cluster, o.Resource, o.Observed, o.Observed, "an object could not be cleaned of secrets: " + err.Error()}))
				continue
			}
			o.Object, redactions = clean, redactions+n
		}
		rows = append(rows, row{o, a.encoder.EncodeAll(o.Object, nil)})
	}
	slices.SortStableFunc(rows, byIdentity)
	return slices.CompactFunc(rows, func(a, b row) bool { return byIdentity(a, b) == 0 }), refused, redactions
}

func byIdentity(a, b row) int {
	return cmp.Or(
		strings.Compare(a.Cluster, b.Cluster),
		strings.Compare(a.UID, b.UID),
		strings.Compare(a.ResourceVersion, b.ResourceVersion),
		strings.Compare(strconv.FormatBool(a.Deleted), strconv.FormatBool(b.Deleted)),
	)
}

const insertGap = `INSERT INTO gaps (cluster, resource, began, ended, reason) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`

func insertGaps(ctx context.Context, tx *sql.Tx, gaps []Gap) error {
	for _, g := range gaps {
		if _, err := tx.ExecContext(ctx, insertGap, g.Cluster, g.Resource, g.From, g.To, g.Reason); err != nil {
			return err
		}
	}
	return nil
}

// transact does what is to be done for rows in one transaction, in bounded time.
func (a *Archive) transact(ctx context.Context, rows []row, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, writeTime, errors.New("the database took too long"))
	defer cancel()
	if err := a.db.prepare(ctx, rows); err != nil {
		return withCause(ctx, err)
	}
	tx, err := a.db.write.BeginTx(ctx, nil)
	if err != nil {
		return withCause(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // either it is committed, or there is an error that says more
	if err := do(ctx, tx); err != nil {
		return withCause(ctx, err)
	}
	return withCause(ctx, tx.Commit())
}

// withCause adds why a context ended to an error of the database.
func withCause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
		return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
	}
	return err
}
