package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
)

// Query selects observations of one cluster.
type Query struct {
	Cluster   string
	Namespace string    // empty: all
	Resources []string  // empty: all
	From, To  time.Time // both inclusive; zero: no bound
	Of        []string  // any of these UIDs; empty: all
}

// page is how many observations are read at once.
const page = 200

const observationColumns = `cluster, uid, resource_version, deleted, resource, namespace, name, of_uid, observed, object`

// endOfTime is after every observation.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Observations yields what a query selects, ordered by Observed, UID and
// ResourceVersion. It reads page by page, and holds no connection while the
// caller works. After an error it ends.
func (a *Archive) Observations(ctx context.Context, q Query) iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		after := Observation{Observed: stamp(q.From)}
		for {
			found, err := a.page(ctx, q, after)
			if err != nil {
				yield(Observation{}, fmt.Errorf("reading the archive: %w", err))
				return
			}
			for _, o := range found {
				if !yield(o, nil) {
					return
				}
			}
			if len(found) < page {
				return
			}
			after = found[page-1]
		}
	}
}

// page reads the first observations after the given one.
func (a *Archive) page(ctx context.Context, q Query, after Observation) ([]Observation, error) {
	statement, arguments := a.db.selection(q, after)
	rows, err := a.db.read.QueryContext(ctx, statement, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what there is to say
	var found []Observation
	for rows.Next() {
		o, err := a.scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	return found, rows.Err()
}

// selection is the statement for a page, and its arguments. The first condition
// on the time follows from the second; it lets PostgreSQL leave out partitions.
func (d *database) selection(q Query, after Observation) (statement string, arguments []any) {
	to := q.To
	if to.IsZero() {
		to = endOfTime
	}
	conditions := []string{`cluster = $1`, `observed >= $2`, `(observed, uid, resource_version, deleted) > ($2, $3, $4, $5)`, `observed <= $6`}
	arguments = []any{q.Cluster, after.Observed, after.UID, after.ResourceVersion, after.Deleted, stamp(to)}
	if q.Namespace != "" {
		arguments = append(arguments, q.Namespace)
		conditions = append(conditions, fmt.Sprintf("namespace = $%d", len(arguments)))
	}
	if len(q.Resources) > 0 {
		arguments = append(arguments, d.list(q.Resources))
		conditions = append(conditions, d.among("resource", len(arguments)))
	}
	if len(q.Of) > 0 {
		arguments = append(arguments, d.list(q.Of))
		conditions = append(conditions, d.among("of_uid", len(arguments)))
	}
	return `SELECT ` + observationColumns + ` FROM observations WHERE ` + strings.Join(conditions, " AND ") +
		fmt.Sprintf(` ORDER BY observed, uid, resource_version, deleted LIMIT %d`, page), arguments
}

func (a *Archive) scan(rows *sql.Rows) (Observation, error) {
	var o Observation
	var packed []byte
	err := rows.Scan(&o.Cluster, &o.UID, &o.ResourceVersion, &o.Deleted, &o.Resource, &o.Namespace, &o.Name, &o.Of, &o.Observed, &packed)
	if err != nil {
		return Observation{}, err
	}
	object, err := a.decoder.DecodeAll(packed, nil)
	if err != nil {
		return Observation{}, fmt.Errorf("unpacking %s %s/%s: %w", o.Resource, o.Namespace, o.Name, err)
	}
	o.Object, o.Observed = json.RawMessage(object), o.Observed.UTC()
	return o, nil
}

// Gaps are the gaps of a cluster that touch the time between from and to, both
// inclusive, in the order of their beginnings.
func (a *Archive) Gaps(ctx context.Context, cluster string, from, to time.Time) ([]Gap, error) {
	rows, err := a.db.read.QueryContext(ctx, `SELECT cluster, resource, began, ended, reason FROM gaps
		WHERE cluster = $1 AND began <= $2 AND ended >= $3 ORDER BY began, ended, resource, reason`, cluster, stamp(to), stamp(from))
	if err != nil {
		return nil, fmt.Errorf("reading the archive's gaps: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what there is to say
	var gaps []Gap
	for rows.Next() {
		var g Gap
		if err := rows.Scan(&g.Cluster, &g.Resource, &g.From, &g.To, &g.Reason); err != nil {
			return nil, fmt.Errorf("reading the archive's gaps: %w", err)
		}
		g.From, g.To = g.From.UTC(), g.To.UTC()
		gaps = append(gaps, g)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the archive's gaps: %w", err)
	}
	return gaps, nil
}

// Span is when the first and the last observation of a cluster were made. Both
// are zero if there is none.
func (a *Archive) Span(ctx context.Context, cluster string) (from, to time.Time, err error) {
	for order, at := range map[string]*time.Time{"ASC": &from, "DESC": &to} {
		err := a.db.read.QueryRowContext(ctx, `SELECT observed FROM observations WHERE cluster = $1 ORDER BY observed `+order+` LIMIT 1`, cluster).Scan(at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return time.Time{}, time.Time{}, fmt.Errorf("reading the archive's span: %w", err)
		}
		*at = at.UTC()
	}
	return from, to, nil
}
