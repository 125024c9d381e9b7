package archive

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// database is an open database of either kind.
type database struct {
	write, read *sql.DB // may be the same
	dialect
}

// dialect is what differs between the kinds of databases. All else is SQL that
// they share.
type dialect interface {
	// prepare makes the database ready for the rows, and checks that it can
	// still be written.
	prepare(context.Context, []row) error
	// insert adds those rows that are not there yet and tells how many they are.
	insert(context.Context, *sql.Tx, []row) (int64, error)
	// ahead prepares for what will be observed after now.
	ahead(ctx context.Context, now time.Time) error
	// expire removes the observations before a time and tells how many they were.
	expire(ctx context.Context, before time.Time) (int64, error)
	// among is the condition that a column's value is in the list that is the
	// n-th argument; list makes that argument.
	among(column string, n int) string
	list([]string) any
	// unusable tells whether no retry helps against an error.
	unusable(error) bool
}

func open(ctx context.Context, dsn string) (*database, error) {
	scheme, _, isURL := strings.Cut(dsn, "://")
	switch {
	case dsn == "":
		return nil, errors.New("opening the archive: it needs a file's path or a postgres:// URL")
	case !isURL:
		return openSQLite(ctx, dsn)
	case scheme == "postgres" || scheme == "postgresql":
		return openPostgres(ctx, dsn)
	}
	return nil, fmt.Errorf("opening the archive: %.20q URLs are not known: use a file's path or a postgres:// URL", scheme)
}

func (d *database) close() error {
	if d.read == d.write {
		return d.write.Close()
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

//go:embed migrations
var migrations embed.FS

// migrate brings the tables up to date with one of the folders of migrations.
func migrate(ctx context.Context, db *sql.DB, kind goose.Dialect, folder string, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(kind, db, files, append(options, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()), goose.WithTableName("archive_version"))...)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	have, want, err := provider.GetVersions(ctx)
	if err == nil && have > want {
		err = fmt.Errorf("a newer debrief wrote it (version %d, this one knows %d)", have, want)
	}
	return err
}
