package archive

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
	"github.com/debrief-sre/debrief/watch/archive/archivetest"
)

// recorder is set to an archive's address in a process that records until it is killed.
const recorder = "ARCHIVE_TEST_RECORDER"

var server *Server

func TestMain(m *testing.M) {
	if url := os.Getenv(recorder); url != "" {
		err := archivetest.RecordUntilKilled(context.Background(), url, os.Getenv(recorder+"_CLUSTER"), os.Stdout)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code, err := withServer(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withServer runs the tests beside a server.
func withServer(run func() int) (int, error) {
	folder, err := os.MkdirTemp("", "debrief-postgres-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if server, err = NewServer(ctx, folder); err != nil {
		return 0, err
	}
	code := run()
	return code, server.group.Stop()
}

func TestContract(t *testing.T) {
	archivetest.Contract(t, func(t *testing.T) string { return server.URL(newDatabase(t)) })
}

// shadow makes the server call itself something else, which is how an archive
// tells whether it has partitions.
const shadow = `
CREATE SCHEMA shadow;
CREATE FUNCTION shadow.version() RETURNS text LANGUAGE sql AS $$ SELECT 'CockroachDB'::text $$;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = shadow, pg_catalog', current_database()); END $$`

// TestContractWithoutPartitions tests the statements meant for CockroachDB and
// YugabyteDB, which are not to be had here, over PostgreSQL at least.
func TestContractWithoutPartitions(t *testing.T) {
	archivetest.Contract(t, func(t *testing.T) string { return server.URL(newDatabase(t, shadow)) })
	url := server.URL(newDatabase(t, shadow))
	if err := open(t, url, archive.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	if kind := query[string](t, url, `SELECT relkind::text FROM pg_class WHERE relname = 'observations'`); kind != "r" {
		t.Errorf("observations are of kind %s", kind)
	}
}

func TestKilled(t *testing.T) {
	url := server.URL(newDatabase(t))
	after := make([]time.Duration, 20)
	for i := range after {
		after[i] = time.Duration(rand.IntN(40_000)) * time.Microsecond
	}
	archivetest.Killed(t, url, after, func(cluster string) *exec.Cmd {
		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), recorder+"="+url, recorder+"_CLUSTER="+cluster)
		command.Stderr = os.Stderr
		return command
	})
}

// TestServerRestarts stops the server under two archives that record at the same
// time. One has room for what happens meanwhile, the other one has not.
func TestServerRestarts(t *testing.T) {
	url := server.URL(newDatabase(t))
	ctx, stop := context.WithCancel(t.Context())
	big, small := open(t, url, archive.Options{}), open(t, url, archive.Options{Buffer: 100_000})
	done := make(chan error, 2)
	for _, a := range []*archive.Archive{big, small} {
		go func() { done <- a.Run(ctx) }()
	}
	const third, n = 1000, 3000
	dropped := []int{}
	record := func(from, to int, written bool) {
		for i := from; i < to; i++ {
			if !big.Record(archivetest.Event("big", i)) {
				t.Fatal("the big buffer is full")
			}
			if !small.Record(archivetest.Event("small", i)) {
				dropped = append(dropped, i)
			}
			if written && i%50 == 0 {
				must(t, big.Flush(ctx))
				must(t, small.Flush(ctx))
			}
		}
	}
	record(0, third, true)
	must(t, server.Stop(ctx))
	record(third, 2*third, false)
	if _, err := big.FirstDelivery(ctx, "pagerduty", "1"); err == nil {
		t.Error("a delivery was remembered by a server that is down")
	}
	must(t, server.Start(ctx))
	until(t, func() bool { return small.Stats().Waiting == 0 && big.Stats().Waiting == 0 })
	record(2*third, n, true)
	stop()
	for range 2 {
		must(t, <-done)
	}

	if s := big.Stats(); s.Written != n || s.Dropped != 0 || s.Failed == 0 {
		t.Errorf("%+v", s)
	}
	if found := count(t, big, "big"); found != n {
		t.Errorf("%d observations, want %d", found, n)
	}
	if found := count(t, small, "small"); found != n-len(dropped) || len(dropped) == 0 {
		t.Errorf("%d observations, want %d without %d that were dropped", found, n, len(dropped))
	}
	gaps, err := small.Gaps(t.Context(), "small", archivetest.Start, archivetest.Start.Add(time.Hour))
	must(t, err)
	first, last := archivetest.Event("", dropped[0]).Observed, archivetest.Event("", dropped[len(dropped)-1]).Observed
	if len(gaps) != 1 || !gaps[0].From.Equal(first.Truncate(time.Microsecond)) || !gaps[0].To.Equal(last.Truncate(time.Microsecond)) {
		t.Errorf("gaps %v, want one from %v to %v", gaps, first, last)
	}
	t.Logf("%d recorded over a restart of the server, after %d attempts that failed; with a small buffer %d were dropped: %s", n, big.Stats().Failed, len(dropped), gaps[0].Reason)
}

// until waits for what happens soon.
func until(t *testing.T, happened func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !happened() {
		select {
		case <-deadline:
			t.Fatal("it did not happen")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestPartitions looks at the partitions that recording makes and retention drops.
func TestPartitions(t *testing.T) {
	url := server.URL(newDatabase(t))
	now := archivetest.Start
	a := open(t, url, archive.Options{Now: func() time.Time { return now }})
	for hours := range 24 * 5 {
		o := archivetest.Event("prod", hours)
		o.Observed = now.Add(-time.Duration(hours) * time.Hour)
		a.Record(o)
	}
	must(t, a.Flush(t.Context()))
	const first = "observations_20261118"
	if got := partitions(t, url); !strings.HasPrefix(got, first) || !strings.HasSuffix(got, "_20261122") {
		t.Errorf("recorded five days: %s", got)
	}

	reader := backup(t, url)
	newDay := archivetest.Event("prod", 1000)
	newDay.Observed = now.Add(72 * time.Hour)
	a.Record(newDay)
	must(t, a.Flush(t.Context())) // a new partition, while everything is being read
	reader()

	_, err := a.Prune(t.Context(), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- a.Run(ctx) }()
	const want = "observations_20261120 observations_20261121 observations_20261122 observations_20261123 observations_20261124 observations_20261125"
	until(t, func() bool { return partitions(t, url) == want })
	stop()
	must(t, <-done)
	if claims := query[int64](t, url, `SELECT count(*) FROM observation_keys`); claims != int64(count(t, a, "prod")) {
		t.Errorf("%d claims for %d observations", claims, count(t, a, "prod"))
	}

	_, err = a.Prune(t.Context(), now.AddDate(1, 0, 0))
	must(t, err)
	if got := partitions(t, url); got != "" {
		t.Errorf("left %s", got)
	}
	a.Record(newDay)
	must(t, a.Flush(t.Context()))
}

// TestDroppedElsewhere has one replica drop the partition that another one has seen.
func TestDroppedElsewhere(t *testing.T) {
	url := server.URL(newDatabase(t))
	a, b := open(t, url, archive.Options{}), open(t, url, archive.Options{})
	a.Record(archivetest.Event("prod", 1))
	must(t, a.Flush(t.Context()))
	_, err := b.Prune(t.Context(), archivetest.Start.AddDate(1, 0, 0))
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- a.Run(ctx) }()
	a.Record(archivetest.Event("prod", 2))
	until(t, func() bool { return a.Stats().Written == 2 })
	stop()
	must(t, <-done)
	if n := count(t, b, "prod"); n != 1 {
		t.Errorf("%d observations, want 1", n)
	}
}

// TestTablesAreGone: what only a new start mends ends Run.
func TestTablesAreGone(t *testing.T) {
	name := newDatabase(t)
	a := open(t, server.URL(name), archive.Options{Log: slog.New(slog.DiscardHandler)})
	must(t, server.Execute(t.Context(), name, "DROP TABLE observation_keys, gaps"))
	a.Record(archivetest.Event("prod", 1))
	if err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("run: %v", err)
	}
}

func newDatabase(t testing.TB, statements ...string) string {
	t.Helper()
	name, err := server.NewDatabase(t.Context(), statements...)
	must(t, err)
	return name
}

func open(t testing.TB, url string, o archive.Options) *archive.Archive {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return archivetest.Start }
	}
	a, err := archive.Open(t.Context(), url, o)
	must(t, err)
	t.Cleanup(func() { a.Close() }) //nolint:errcheck // some tests leave it nothing to close
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, a *archive.Archive, cluster string) (n int) {
	t.Helper()
	for _, err := range a.Observations(t.Context(), archive.Query{Cluster: cluster}) {
		must(t, err)
		n++
	}
	return n
}

// partitions are the names of the observations' partitions.
func partitions(t *testing.T, url string) string {
	t.Helper()
	return query[string](t, url, `SELECT coalesce(string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text), '')
		FROM pg_inherits WHERE inhparent = 'observations'::regclass`)
}

func query[T any](t *testing.T, url, statement string) (answer T) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	must(t, err)
	defer db.Close() //nolint:errcheck // it was only read
	must(t, db.QueryRowContext(t.Context(), statement).Scan(&answer))
	return answer
}

// backup reads all observations in a transaction that stays open until done is called.
func backup(t *testing.T, url string) (done func()) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	must(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	_, err = tx.ExecContext(t.Context(), `SELECT count(*) FROM observations`)
	must(t, err)
	return func() {
		must(t, tx.Rollback())
		must(t, db.Close())
	}
}
