package archive_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
	"github.com/debrief-sre/debrief/watch/archive/archivetest"
)

func TestFileIsItsOwners(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("modes mean nothing here")
		return
	}
	path := filepath.Join(t.TempDir(), "archive.db")
	a := open(t, path, options())
	defer a.Close() //nolint:errcheck // not what is tested
	for _, suffix := range []string{"", "-wal", "-shm"} {
		file, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := file.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", file.Name(), mode)
		}
	}
}

// TestDiskFull fills the database up to SQLite's own limit of its size, which
// fails as a full disk does, until there is room again.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	o := options()
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	a := open(t, path, o)
	archive.LimitPages(t, a, 60)
	var recorded int
	for ; ; recorded += 100 {
		for i := range 100 {
			a.Record(archivetest.Event("prod", recorded+i))
		}
		if err := a.Flush(t.Context()); err != nil {
			if !strings.Contains(err.Error(), "full") {
				t.Fatal(err)
			}
			recorded += 100
			break
		}
	}
	before := a.Stats()
	if before.Waiting == 0 || before.Failed != 1 || before.Waiting+int(before.Written) != recorded {
		t.Errorf("recorded %d, %+v", recorded, before)
	}
	if _, err := a.AddIncident(t.Context(), archive.Incident{Key: archive.Key{Cluster: strings.Repeat("x", 50_000)}}); err == nil {
		t.Error("an incident was added to a full disk")
	}

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- a.Run(ctx) }()
	until(t, func() bool { return a.Stats().Failed > before.Failed })
	archive.LimitPages(t, a, 100_000)
	until(t, func() bool { return a.Stats().Waiting == 0 })
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := a.Stats(); int(s.Written) != recorded || s.Dropped != 0 {
		t.Errorf("recorded %d, %+v", recorded, s)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "will be tried again") || !strings.Contains(log.String(), "full") {
		t.Errorf("the log is silent: %s", log.String())
	}
}

// until waits for what happens soon.
func until(t *testing.T, happened func() bool) {
	t.Helper()
	for range 2000 {
		if happened() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it did not happen")
}

// TestLocked has another process keep the database for itself.
func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	a := open(t, path, options())
	unlock := lockElsewhere(t, path)
	a.Record(archivetest.Event("prod", 1))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := a.Flush(ctx); err == nil {
		t.Error("written to a locked database")
	}
	for range a.Observations(t.Context(), archive.Query{Cluster: "prod"}) {
		t.Error("read what is not written")
	}
	unlock()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if s := a.Stats(); s.Written != 1 {
		t.Errorf("%+v", s)
	}
}

// lockElsewhere has a process lock a database until it is told otherwise.
func lockElsewhere(t *testing.T, path string) (unlock func()) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), locker+"="+path)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return func() {
		if err := errors.Join(in.Close(), command.Wait()); err != nil {
			t.Error(err)
		}
	}
}

// TestFileIsGone removes or replaces the file under a running archive.
func TestFileIsGone(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"removed":  os.Remove,
		"replaced": func(path string) error { return os.Rename(path+".new", path) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive.db")
			if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			a := open(t, path, options())
			a.Record(archivetest.Event("prod", 1))
			if err := a.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			a.Record(archivetest.Event("prod", 2))
			const want = "removed or replaced: start debrief again"
			if err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("run: %v", err)
			}
			if _, err := a.FirstDelivery(t.Context(), "pagerduty", "1"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("delivery: %v", err)
			}
			if err := a.Close(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("close: %v", err)
			}
			again := open(t, path, options())
			if err := again.Close(); err != nil {
				t.Errorf("a new one: %v", err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("this is no database\n"), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(folder, "newer.db")
	if err := open(t, newer, options()).Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, newer, `INSERT INTO archive_version (version_id, is_applied) VALUES (99, true)`)
	for dsn, want := range map[string]string{
		"":                                     "it needs a file's path or a postgres:// URL",
		text:                                   "no SQLite file; move it away",
		newer:                                  "a newer debrief wrote it",
		folder:                                 "opening the archive " + folder,
		filepath.Join(text, "x"):               "not a directory",
		"mysql://user:hunter2@x/y":             `"mysql" URLs are not known`,
		"postgres://user:hunter2@host:port/db": "cannot be read",
		"postgres://user:hunter2 hunter2@127.0.0.1:1/db": "opening the archive",
		"postgres://user:hunter2@127.0.0.1:1/db":         "opening the archive db at 127.0.0.1:1: ",
	} {
		a, err := archive.Open(t.Context(), dsn, options())
		if err == nil {
			t.Errorf("%s: opened", dsn)
			a.Close() //nolint:errcheck // it should not be
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	if _, err := archive.Open(t.Context(), filepath.Join(folder, "x.db"), archive.Options{}); err == nil {
		t.Error("opened without a clock")
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the next one to open it will tell
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// TestDamaged overwrites pages of the file.
func TestDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	a := open(t, path, options())
	for i := range 500 {
		a.Record(archivetest.Event("prod", i))
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096 * 4; i < len(content); i++ {
		content[i] = 0xa5
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err = archive.Open(t.Context(), path, options())
	if err != nil {
		if !strings.Contains(err.Error(), "move it away") {
			t.Error(err)
		}
		return
	}
	var failure error
	for _, err := range a.Observations(t.Context(), archive.Query{Cluster: "prod"}) {
		failure = err
	}
	if failure == nil || !strings.Contains(failure.Error(), "malformed") {
		t.Errorf("reading: %v", failure)
	}
	a.Record(archivetest.Event("prod", 501))
	if err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "malformed") {
		t.Errorf("run: %v", err)
	}
	if err := a.Close(); err == nil {
		t.Error("closed as if all were written")
	}
}
