// Package archivetest holds the tests that every database must pass as an
// archive. Package archive runs them over SQLite, the proving ground over
// PostgreSQL.
package archivetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
)

// Start is when the tests' first observation is made. It is not at a
// microsecond, nor in UTC, nor far from the end of a day.
var Start = time.Date(2026, 11, 23, 0, 59, 58, 123456789, time.FixedZone("", 3600))

// Contract runs every test on archives of one kind. empty gives the address of
// an archive that does not exist yet, another one each time.
func Contract(t *testing.T, empty func(*testing.T) string) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, string)
	}{
		{"what is recorded is read back", roundTrip},
		{"queries select", queries},
		{"reading goes on page by page", pages},
		{"an observation is stored once", once},
		{"two archives share a database", shared},
		{"secrets are kept out", filtered},
		{"what finds no room is a gap", overflow},
		{"gaps are found by time", gaps},
		{"a watch's position is kept", positions},
		{"what cannot be stored holds nothing up", unstorable},
		{"retention removes what is old", retention},
		{"run writes what is recorded", running},
		{"many open an archive at once", opening},
		{"an incident is added once", adding},
		{"an incident goes from state to state", states},
		{"incidents are a state machine", machine},
		{"a delivery is first once", deliveries},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, empty(t)) })
	}
}

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// open opens an archive for as long as the test takes.
func open(t *testing.T, dsn string, o archive.Options) *archive.Archive {
	t.Helper()
	if o.Now == nil {
		o.Now = (&clock{now: Start}).Now
	}
	a, err := archive.Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return a
}

// Event is the i-th of some events, observed i milliseconds after Start. It has
// the size of a real one.
func Event(cluster string, i int) archive.Observation {
	name, uid := fmt.Sprintf("checkout-%x.%x", uint32(i)*2654435761, i), fmt.Sprintf("event-%05d", i)
	object := fmt.Sprintf(event, name, uid, i, uint32(i)*2654435761)
	return archive.Observation{
		Cluster: cluster, Resource: "events", Namespace: "shop", Name: name,
		UID: uid, ResourceVersion: fmt.Sprint(i), Of: fmt.Sprintf("rollout-%d", i%3),
		Observed: at(i), Object: json.RawMessage(object),
	}
}

const event = `{"apiVersion":"v1","kind":"Event","metadata":{"name":%q,"namespace":"shop","uid":%q,"resourceVersion":"%d",` +
	`"creationTimestamp":"2026-11-22T23:59:58Z"},"involvedObject":{"kind":"Pod","namespace":"shop","name":"checkout-%x-x2x9z",` +
	`"uid":"0b0b2c57-3c4a-4c0e-9d5e-5a4f0f8f5b0e","apiVersion":"v1","resourceVersion":"812","fieldPath":"spec.containers{api}"},` +
	`"reason":"Unhealthy","message":"Readiness probe failed: HTTP probe failed with statuscode: 500","source":{"component":"kubelet","host":"node-a"},` +
	`"firstTimestamp":"2026-11-22T23:59:58Z","lastTimestamp":"2026-11-22T23:59:58Z","count":1,"type":"Warning","eventTime":null,` +
	`"reportingComponent":"kubelet","reportingInstance":"node-a"}`

// at is i milliseconds after Start.
func at(i int) time.Time { return Start.Add(time.Duration(i) * time.Millisecond) }

// kept is an observation as an archive gives it back.
func kept(o archive.Observation) archive.Observation {
	o.Observed = o.Observed.UTC().Truncate(time.Microsecond)
	return o
}

// record records observations and has them written.
func record(t *testing.T, a *archive.Archive, observations ...archive.Observation) {
	t.Helper()
	for _, o := range observations {
		if !a.Record(o) {
			t.Fatalf("no room for %s", o.UID)
		}
	}
	flush(t, a)
}

func flush(t *testing.T, a *archive.Archive) {
	t.Helper()
	if err := a.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// read collects what a query selects.
func read(ctx context.Context, t *testing.T, a *archive.Archive, q archive.Query) (found []archive.Observation) {
	t.Helper()
	for o, err := range a.Observations(ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, o)
	}
	return found
}

// names are the observations' identities, in short.
func names(observations []archive.Observation) []string {
	found := []string{}
	for _, o := range observations {
		name := o.UID + "@" + o.ResourceVersion
		if o.Deleted {
			name += " deleted"
		}
		found = append(found, name)
	}
	return found
}
