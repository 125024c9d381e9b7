package archive

import (
	"database/sql"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
	"github.com/debrief-sre/debrief/watch/archive/archivetest"
)

const batch = 500

// BenchmarkRecord compares recording events, and after each the position of the
// watch, with the floor: the same texts and
// objects, as they are, inserted in batches of the same size, each in one
// statement, into a table with the same key alone, on the same server.
func BenchmarkRecord(b *testing.B) {
	const n = 20_000
	events := make([]archive.Observation, n)
	for i := range events {
		events[i] = archivetest.Event("prod", i)
	}
	var recorded, inserted time.Duration
	for b.Loop() {
		url := server.URL(newDatabase(b))
		a := open(b, url, archive.Options{Batch: batch})
		begin := time.Now()
		for _, o := range events {
			if !a.Record(o) {
				b.Fatal("no room")
			}
			a.RecordPosition(archive.Position{Cluster: o.Cluster, Resource: o.Resource, ResourceVersion: o.ResourceVersion, At: o.Observed})
		}
		must(b, a.Flush(b.Context()))
		recorded += time.Since(begin)
		must(b, a.Close())
		inserted += insertRaw(b, url, events)
	}
	b.ReportMetric(float64(n*b.N)/recorded.Seconds(), "recorded/s")
	b.ReportMetric(float64(n*b.N)/inserted.Seconds(), "inserted/s")
	b.ReportMetric(recorded.Seconds()/inserted.Seconds(), "ratio")
}

func insertRaw(b *testing.B, url string, events []archive.Observation) time.Duration {
	b.Helper()
	db, err := sql.Open("pgx", url)
	must(b, err)
	defer db.Close() //nolint:errcheck // it is thrown away
	_, err = db.Exec(`CREATE TABLE raw (cluster TEXT, uid TEXT, version TEXT, deleted BOOLEAN, resource TEXT, namespace TEXT, name TEXT,
		of_uid TEXT, observed TIMESTAMPTZ, object BYTEA, UNIQUE (cluster, uid, version, deleted))`)
	must(b, err)
	begin := time.Now()
	for len(events) > 0 {
		part := events[:min(batch, len(events))]
		events = events[len(part):]
		statement, arguments := values(part)
		_, err := db.Exec(statement, arguments...)
		must(b, err)
	}
	return time.Since(begin)
}

// values is an INSERT of all rows at once, each column an array.
func values(events []archive.Observation) (statement string, arguments []any) {
	columns := make([][]string, 7)
	var deleted []bool
	var observed []time.Time
	var objects [][]byte
	for _, o := range events {
		for i, text := range []string{o.Cluster, o.UID, o.ResourceVersion, o.Resource, o.Namespace, o.Name, o.Of} {
			columns[i] = append(columns[i], text)
		}
		deleted, observed, objects = append(deleted, o.Deleted), append(observed, o.Observed), append(objects, o.Object)
	}
	for _, column := range columns {
		arguments = append(arguments, column)
	}
	return `INSERT INTO raw (cluster, uid, version, resource, namespace, name, of_uid, deleted, observed, object) SELECT * FROM
		unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bool[], $9::timestamptz[], $10::bytea[])`,
		append(arguments, deleted, observed, objects)
}
