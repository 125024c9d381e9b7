package archive_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
	"github.com/debrief-sre/debrief/watch/archive/archivetest"
)

// Each is set to an archive's path in a process of its own: recorder in one that
// records until it is killed, locker in one that keeps the archive locked.
const (
	recorder = "ARCHIVE_TEST_RECORDER"
	locker   = "ARCHIVE_TEST_LOCKER"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(locker); path != "" {
		if err := lock(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if path := os.Getenv(recorder); path != "" {
		err := archivetest.RecordUntilKilled(context.Background(), path, os.Getenv(recorder+"_CLUSTER"), os.Stdout)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// lock locks a database until there is no more input.
func lock(path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	fmt.Println("locked")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, db.Close())
}

func TestContract(t *testing.T) {
	archivetest.Contract(t, newPath)
}

// newPath is one that a URL must not be made of carelessly.
func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "new", "archive é?#%.db") }

func TestKilled(t *testing.T) {
	after := make([]time.Duration, 20)
	for i := range after {
		after[i] = time.Duration(rand.IntN(40_000)) * time.Microsecond
	}
	path := newPath(t)
	archivetest.Killed(t, path, after, func(cluster string) *exec.Cmd {
		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), recorder+"="+path, recorder+"_CLUSTER="+cluster)
		command.Stderr = os.Stderr
		return command
	})
}

func options() archive.Options {
	return archive.Options{Now: func() time.Time { return archivetest.Start }}
}

func open(t testing.TB, path string, o archive.Options) *archive.Archive {
	t.Helper()
	a, err := archive.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
