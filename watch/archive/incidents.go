package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// State is how far an incident has come.
type State string

// The states, in the order in which an incident takes them. Closed and Failed
// are final.
const (
	Seen      State = "seen"      // its trigger was observed
	Settling  State = "settling"  // waiting for its end
	Collected State = "collected" // the evidence is in a bundle
	Rendered  State = "rendered"  // the document is written
	Published State = "published" // the request is open
	Updated   State = "updated"   // followed, and published again
	Closed    State = "closed"
	Failed    State = "failed"
)

// TriggerAbort is the trigger that makes others of the same revision superfluous.
const TriggerAbort = "abort"

// Key tells incidents apart.
type Key struct {
	Cluster, UID string
	Revision     int64
	Trigger      string    // "abort", "analysis", "degraded", "page"
	At           time.Time // status.abortedAt and the like; kept in UTC, to the second
}

// Incident is what a watcher must remember about one, so that any replica can
// go on with it at any moment.
type Incident struct {
	ID              int64
	Key             Key
	Namespace, Name string
	State           State
	Version         int64 // counts the changes since it was added
	Attempts        int   // of the present state
	Due             time.Time
	Seen            time.Time // when it was added
	Changed         time.Time // when it was last saved
	Settled         string    // why settling ended
	Bundle          string    // path of the evidence
	Document        string    // path of the document
	URL             string    // of the request
	Facts           string    // digest of the published facts
	Error           string    // of the last attempt, redacted
}

// ErrStale says that an incident was changed since it was read, or is not there:
// read it again.
var ErrStale = errors.New("the incident was changed meanwhile")

const incidentColumns = `cluster, uid, revision, triggered_by, triggered_at, namespace, name, state, version,
	attempts, due, seen, changed, settled, bundle, document, url, facts, error`

// openStates is the condition that something is left to do.
const openStates = `state NOT IN ('closed', 'failed')`

// AddIncident adds an incident once: not if there is one of the same key, nor
// if the same revision's abort is there. Its state is Seen unless it says
// otherwise. It may be due at once.
func (a *Archive) AddIncident(ctx context.Context, in Incident) (added bool, err error) {
	k, now := in.Key, stamp(a.options.Now())
	if in.State == "" {
		in.State = Seen
	}
	err = a.transact(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		var aborted bool
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM incidents WHERE cluster = $1 AND uid = $2 AND revision = $3 AND triggered_by = $4)`,
			k.Cluster, k.UID, k.Revision, TriggerAbort).Scan(&aborted)
		if err != nil || aborted && k.Trigger != TriggerAbort {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO incidents (`+incidentColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
			k.Cluster, k.UID, k.Revision, k.Trigger, k.At.UTC().Truncate(time.Second), in.Namespace, in.Name, string(in.State),
			in.Attempts, stamp(in.Due), now, plain(in.Settled), in.Bundle, in.Document, in.URL, in.Facts, plain(in.Error))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		added = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("adding an incident of %s/%s: %w", in.Namespace, in.Name, err)
	}
	return added, nil
}

// SaveIncident saves all of an incident but its key, its name and Seen, if
// nobody saved it since it was read; otherwise it returns ErrStale. It brings
// Version and Changed up to date.
func (a *Archive) SaveIncident(ctx context.Context, in *Incident) error {
	now := stamp(a.options.Now())
	n, err := a.execute(ctx, `UPDATE incidents SET version = version + 1, state = $3, attempts = $4, due = $5, changed = $6,
		settled = $7, bundle = $8, document = $9, url = $10, facts = $11, error = $12 WHERE id = $1 AND version = $2`,
		in.ID, in.Version, string(in.State), in.Attempts, stamp(in.Due), now,
		plain(in.Settled), in.Bundle, in.Document, in.URL, in.Facts, plain(in.Error))
	if err == nil && n == 0 {
		err = ErrStale
	}
	if err != nil {
		return fmt.Errorf("saving incident %d: %w", in.ID, err)
	}
	in.Version++
	in.Changed = now
	return nil
}

// HastenIncidents has what is left to do about a Rollout's open incidents done
// at due, where it would be done later, and tells how many there are. Whoever has
// read one of those before gets ErrStale when saving it, also when it was due
// before: it may be acted on just now, by somebody who does not know the news.
func (a *Archive) HastenIncidents(ctx context.Context, cluster, namespace, name string, due time.Time) (n int, err error) {
	changed, err := a.execute(ctx, `UPDATE incidents SET version = version + 1, due = CASE WHEN due > $4 THEN $4 ELSE due END
		WHERE cluster = $1 AND namespace = $2 AND name = $3 AND `+openStates, cluster, namespace, name, stamp(due))
	if err != nil {
		return 0, fmt.Errorf("hastening the incidents of %s/%s: %w", namespace, name, err)
	}
	return int(changed), nil
}

// execute changes rows by one statement, in bounded time, and counts them.
func (a *Archive) execute(ctx context.Context, statement string, arguments ...any) (n int64, err error) {
	err = a.transact(ctx, nil, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, statement, arguments...)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, err
}

// Incident reads one incident.
func (a *Archive) Incident(ctx context.Context, id int64) (Incident, error) {
	found, err := a.incidents(ctx, `WHERE id = $1`, id)
	if err == nil && len(found) == 0 {
		err = errors.New("there is none")
	}
	if err != nil {
		return Incident{}, fmt.Errorf("reading incident %d: %w", id, err)
	}
	return found[0], nil
}

// DueIncidents are the cluster's incidents that are to be acted on now, the
// longest due first, and at most limit.
func (a *Archive) DueIncidents(ctx context.Context, cluster string, now time.Time, limit int) ([]Incident, error) {
	found, err := a.incidents(ctx, `WHERE cluster = $1 AND due <= $2 AND `+openStates+` ORDER BY due, id LIMIT $3`, cluster, stamp(now), limit)
	if err != nil {
		return nil, fmt.Errorf("reading the incidents that are due: %w", err)
	}
	return found, nil
}

// NextDue is when the next of the cluster's incidents is to be acted on; false
// if none is.
func (a *Archive) NextDue(ctx context.Context, cluster string) (time.Time, bool, error) {
	found, err := a.incidents(ctx, `WHERE cluster = $1 AND `+openStates+` ORDER BY due, id LIMIT 1`, cluster)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("reading the next incident: %w", err)
	}
	if len(found) == 0 {
		return time.Time{}, false, nil
	}
	return found[0].Due, true, nil
}

func (a *Archive) incidents(ctx context.Context, where string, arguments ...any) ([]Incident, error) {
	rows, err := a.db.read.QueryContext(ctx, `SELECT id, `+incidentColumns+` FROM incidents `+where, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what there is to say
	var found []Incident
	for rows.Next() {
		var in Incident
		k := &in.Key
		err := rows.Scan(&in.ID, &k.Cluster, &k.UID, &k.Revision, &k.Trigger, &k.At, &in.Namespace, &in.Name, &in.State, &in.Version,
			&in.Attempts, &in.Due, &in.Seen, &in.Changed, &in.Settled, &in.Bundle, &in.Document, &in.URL, &in.Facts, &in.Error)
		if err != nil {
			return nil, err
		}
		for _, at := range []*time.Time{&k.At, &in.Due, &in.Seen, &in.Changed} {
			*at = at.UTC()
		}
		found = append(found, in)
	}
	return found, rows.Err()
}

// FirstDelivery tells whether a webhook's delivery is new, and remembers it for
// as long as the retention. An id is unique within its source.
func (a *Archive) FirstDelivery(ctx context.Context, source, id string) (first bool, err error) {
	n, err := a.execute(ctx, `INSERT INTO deliveries (source, id, seen) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, source, id, stamp(a.options.Now()))
	if err != nil {
		return false, fmt.Errorf("remembering a delivery of %s: %w", source, err)
	}
	return n == 1, nil
}
