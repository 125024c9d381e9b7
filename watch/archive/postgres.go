package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// postgresDialect is a server that speaks PostgreSQL's protocol.
type postgresDialect struct {
	db         *sql.DB
	partitions *partitions // nil: the server has none
}

const (
	postgresConnections = 8
	// migrationLock keeps replicas that start at once from migrating together.
	migrationLock = 7306086837
	lockSeconds   = 120
)

func openPostgres(ctx context.Context, dsn string) (_ *database, err error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil { // whose text may hold the password
		return nil, errors.New("opening the archive: its postgres:// URL cannot be read")
	}
	name := fmt.Sprintf("%s at %s:%d", config.Database, config.Host, config.Port)
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetConnMaxIdleTime(time.Minute)
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("opening the archive %s: %w", name, err), db.Close())
		}
	}()

	var version string
	if err := db.QueryRowContext(ctx, `SELECT version()`).Scan(&version); err != nil {
		return nil, err
	}
	d := &postgresDialect{db: db}
	if partitioned(version) {
		d.partitions = newPartitions(db)
	}
	if err := d.migrate(ctx); err != nil {
		return nil, err
	}
	return &database{write: db, read: db, dialect: d}, nil
}

// partitioned tells by a server's version() whether it is PostgreSQL itself.
// Others that speak its protocol lack its partitions, or have only some of what
// they need, and get a plain table.
func partitioned(version string) bool {
	return strings.HasPrefix(version, "PostgreSQL ") && !strings.Contains(version, "-YB-")
}

func (d *postgresDialect) migrate(ctx context.Context) error {
	if d.partitions != nil {
		session, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, lockSeconds))
		if err != nil {
			return err
		}
		return migrate(ctx, d.db, goose.DialectPostgres, "postgres", goose.WithSessionLocker(session), goose.WithExcludeNames([]string{"00002_observations_plain.sql"}))
	}
	// Advisory locks are not everywhere what they are in PostgreSQL.
	table, err := lock.NewPostgresTableLocker(lock.WithTableName("archive_lock"), lock.WithTableLockTimeout(time.Second, lockSeconds))
	if err != nil {
		return err
	}
	return migrate(ctx, d.db, goose.DialectPostgres, "postgres", goose.WithLocker(table), goose.WithExcludeNames([]string{"00002_observations_partitioned.sql"}))
}

// unusable: tables that are missing are only made by opening the archive anew.
func (d *postgresDialect) unusable(err error) bool {
	const undefinedTable, undefinedDatabase = "42P01", "3D000"
	failure := (*pgconn.PgError)(nil)
	return errors.As(err, &failure) && (failure.Code == undefinedTable || failure.Code == undefinedDatabase)
}

func (d *postgresDialect) prepare(ctx context.Context, rows []row) error {
	if d.partitions == nil {
		return nil
	}
	for i := range rows {
		if err := d.partitions.ensure(ctx, day(rows[i].Observed)); err != nil {
			return err
		}
	}
	return nil
}

func (d *postgresDialect) ahead(ctx context.Context, now time.Time) error {
	if d.partitions == nil {
		return nil
	}
	var errs []error
	for days := range 3 {
		errs = append(errs, d.partitions.ensure(ctx, day(now).AddDate(0, 0, days)))
	}
	return errors.Join(errs...)
}

// insertBatch writes a batch in one round trip. What claims its identity is
// written; what finds it claimed is there already.
const insertBatch = `
WITH batch AS (
	SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::bytea[])
	AS batch (` + observationColumns + `)
), fresh AS (
	INSERT INTO observation_keys (cluster, uid, resource_version, deleted, observed)
	SELECT cluster, uid, resource_version, deleted, observed FROM batch ON CONFLICT DO NOTHING
	RETURNING cluster, uid, resource_version, deleted
)
INSERT INTO observations (` + observationColumns + `)
SELECT ` + observationColumns + ` FROM batch JOIN fresh USING (cluster, uid, resource_version, deleted)`

func (d *postgresDialect) insert(ctx context.Context, tx *sql.Tx, rows []row) (int64, error) {
	n := len(rows)
	texts := [7][]string{}
	for i := range texts {
		texts[i] = make([]string, n)
	}
	deleted, observed, objects := make([]bool, n), make([]time.Time, n), make([][]byte, n)
	for i := range rows {
		r := &rows[i]
		for column, text := range [...]string{r.Cluster, r.UID, r.ResourceVersion, r.Resource, r.Namespace, r.Name, r.Of} {
			texts[column][i] = text
		}
		deleted[i], observed[i], objects[i] = r.Deleted, r.Observed, r.packed
	}
	result, err := tx.ExecContext(ctx, insertBatch, texts[0], texts[1], texts[2], deleted, texts[3], texts[4], texts[5], texts[6], observed, objects)
	if err != nil {
		if d.partitions != nil {
			d.partitions.forget() // another replica may have dropped one
		}
		return 0, err
	}
	return result.RowsAffected()
}

// expireRows takes the rows and their claims away together.
const expireRows = `
WITH old AS (
	DELETE FROM observation_keys WHERE (cluster, uid, resource_version, deleted) IN (
		SELECT cluster, uid, resource_version, deleted FROM observation_keys WHERE observed < $1 LIMIT $2)
	RETURNING cluster, uid, resource_version, deleted, observed
)
DELETE FROM observations USING old
WHERE observations.cluster = old.cluster AND observations.observed = old.observed AND observations.uid = old.uid
	AND observations.resource_version = old.resource_version AND observations.deleted = old.deleted`

func (d *postgresDialect) expire(ctx context.Context, before time.Time) (deleted int64, err error) {
	if d.partitions != nil {
		if deleted, err = d.partitions.drop(ctx, before); err != nil {
			return deleted, err
		}
	}
	rest, err := inPortions(ctx, d.db, expireRows, before)
	return deleted + rest, err
}

func (d *postgresDialect) among(column string, n int) string {
	return fmt.Sprintf("%s = ANY($%d)", column, n)
}

func (d *postgresDialect) list(texts []string) any { return texts }
