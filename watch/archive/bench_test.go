package archive_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
	"github.com/debrief-sre/debrief/watch/archive/archivetest"
)

// BenchmarkRecord compares recording events, and after each the watch's position,
// with the floor: the same texts and objects, as they are, inserted by a prepared
// statement, in batches of the same size, into a table with the same key alone, in
// a database set up alike.
func BenchmarkRecord(b *testing.B) {
	const n, batch = 20_000, 500
	events := make([]archive.Observation, n)
	for i := range events {
		events[i] = archivetest.Event("prod", i)
	}
	var recorded, inserted time.Duration
	for b.Loop() {
		a := open(b, filepath.Join(b.TempDir(), "archive.db"), options())
		begin := time.Now()
		for _, o := range events {
			if !a.Record(o) {
				b.Fatal("no room")
			}
			a.RecordPosition(archive.Position{Cluster: o.Cluster, Resource: o.Resource, ResourceVersion: o.ResourceVersion, At: o.Observed})
		}
		if err := a.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		recorded += time.Since(begin)
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
		inserted += insertRaw(b, events, batch)
	}
	b.ReportMetric(float64(n*b.N)/recorded.Seconds(), "recorded/s")
	b.ReportMetric(float64(n*b.N)/inserted.Seconds(), "inserted/s")
	b.ReportMetric(recorded.Seconds()/inserted.Seconds(), "ratio")
}

func insertRaw(b *testing.B, events []archive.Observation, batch int) time.Duration {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "raw.db")+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_time_integer_format=unix_micro")
	must(b, err)
	defer db.Close() //nolint:errcheck // it is thrown away
	_, err = db.Exec(`CREATE TABLE raw (cluster TEXT, uid TEXT, version TEXT, deleted BOOLEAN, resource TEXT, namespace TEXT, name TEXT,
		of_uid TEXT, observed TIMESTAMP, object BLOB, UNIQUE (cluster, uid, version, deleted))`)
	must(b, err)
	begin := time.Now()
	for len(events) > 0 {
		tx, err := db.Begin()
		must(b, err)
		insert, err := tx.Prepare(`INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
		must(b, err)
		for _, o := range events[:min(batch, len(events))] {
			_, err := insert.Exec(o.Cluster, o.UID, o.ResourceVersion, o.Deleted, o.Resource, o.Namespace, o.Name, o.Of, o.Observed, []byte(o.Object))
			must(b, err)
		}
		must(b, tx.Commit())
		events = events[min(batch, len(events)):]
	}
	return time.Since(begin)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkRecordAlone is what Record costs who calls it.
func BenchmarkRecordAlone(b *testing.B) {
	o := options()
	o.Buffer = 1 << 20 // full most of the time
	a := open(b, filepath.Join(b.TempDir(), "archive.db"), o)
	event := archivetest.Event("prod", 1)
	b.ReportAllocs()
	for b.Loop() {
		a.Record(event)
	}
	b.StopTimer()
	must(b, a.Close())
}
