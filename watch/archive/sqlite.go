package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialect is a SQLite file: one connection writes, a few read.
type sqliteDialect struct {
	write *sql.DB
	path  string
	file  os.FileInfo // the file that was opened
}

var errReplaced = errors.New("the archive's file was removed or replaced: start debrief again")

const readers = 4

func openSQLite(ctx context.Context, path string) (_ *database, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening the archive %s: %w", path, err)
		}
	}()
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	write, err := sql.Open("sqlite", sqliteURL(path, "_txlock", "immediate"))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrateSQLite(ctx, write); err != nil {
		return nil, errors.Join(explainSQLite(err), write.Close())
	}
	read, err := sql.Open("sqlite", sqliteURL(path, "_query_only", "on"))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	file, err := os.Stat(path)
	if err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	return &database{write: write, read: read, dialect: &sqliteDialect{write: write, path: path, file: file}}, nil
}

// create makes the file before SQLite would, for its owner alone; SQLite gives
// the files beside it the same mode. An existing file is not touched: closing it
// would take SQLite's locks off it that this process may hold.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// sqliteURL says how each connection is set up. Commits wait for the disk; see
// the package's documentation.
func sqliteURL(path, option, value string) string {
	query := url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_busy_timeout": {"5000"},
		"_time_integer_format": {"unix_micro"}, "_inttotime": {"true"},
		"_dqs": {"false"}, "_error_rc": {"true"},
		option: {value},
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// migrateSQLite tries again when another process has just made the same tables.
func migrateSQLite(ctx context.Context, db *sql.DB) error {
	var err error
	for range 3 {
		if err = migrate(ctx, db, goose.DialectSQLite3, "sqlite"); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

func explainSQLite(err error) error {
	switch primaryCode(err) {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("it is damaged, or no SQLite file; move it away to begin a new one: %w", err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("another process keeps it locked: %w", err)
	}
	return err
}

// primaryCode is SQLite's result code, without what it adds in the upper bytes.
func primaryCode(err error) int {
	if failure := (*sqlite.Error)(nil); errors.As(err, &failure) {
		return failure.Code() & 0xff
	}
	return sqlite3.SQLITE_OK
}

func (d *sqliteDialect) unusable(err error) bool {
	code := primaryCode(err)
	return errors.Is(err, errReplaced) || code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_CORRUPT
}

// prepare checks that the file is still where a new process would look for it:
// SQLite itself goes on writing to a file that was removed.
func (d *sqliteDialect) prepare(context.Context, []row) error {
	file, err := os.Stat(d.path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(file, d.file) {
		return errReplaced
	}
	return err
}

func (d *sqliteDialect) insert(ctx context.Context, tx *sql.Tx, rows []row) (stored int64, err error) {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO observations (`+observationColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`)
	if err != nil {
		return 0, err
	}
	defer insert.Close() //nolint:errcheck // it ends with the transaction
	for i := range rows {
		r := &rows[i]
		result, err := insert.ExecContext(ctx, r.Cluster, r.UID, r.ResourceVersion, r.Deleted, r.Resource, r.Namespace, r.Name, r.Of, r.Observed, r.packed)
		if err != nil {
			return 0, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		stored += n
	}
	return stored, nil
}

func (d *sqliteDialect) ahead(context.Context, time.Time) error { return nil }

func (d *sqliteDialect) expire(ctx context.Context, before time.Time) (int64, error) {
	return inPortions(ctx, d.write, `DELETE FROM observations WHERE rowid IN (SELECT rowid FROM observations WHERE observed < $1 LIMIT $2)`, before)
}

func (d *sqliteDialect) among(column string, n int) string {
	return fmt.Sprintf("%s IN (SELECT value FROM json_each($%d))", column, n)
}

func (d *sqliteDialect) list(texts []string) any {
	list, err := json.Marshal(texts)
	if err != nil {
		panic(err) // texts always have a JSON form
	}
	return string(list)
}
