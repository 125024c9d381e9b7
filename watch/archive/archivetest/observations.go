package archivetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/watch/archive"
)

// same fails the test unless an archive answered as it should.
func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func roundTrip(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{})
	first := Event("prod", 1)
	deleted := first
	deleted.Deleted, deleted.Observed = true, at(2)
	strange := Event("prod", 3)
	strange.Name, strange.Object = "a'b\"c\\ü%_$1", []byte(`{"message":"\u0000 ' \" 🚀"}`)
	record(t, a, first, deleted, strange)
	same(t, []archive.Observation{kept(first), kept(deleted), kept(strange)}, read(t.Context(), t, a, archive.Query{Cluster: "prod"}))

	from, to, err := a.Span(t.Context(), "prod")
	if err != nil || !from.Equal(kept(first).Observed) || !to.Equal(kept(strange).Observed) {
		t.Errorf("span %v, %v, %v", from, to, err)
	}
	if from, to, err := a.Span(t.Context(), "other"); err != nil || !from.IsZero() || !to.IsZero() {
		t.Errorf("span of nothing %v, %v, %v", from, to, err)
	}
	if s := a.Stats(); s.Written != 3 || s.Waiting != 0 || s.WaitingBytes != 0 || !s.LastWrite.Equal(Start) {
		t.Errorf("%+v", s)
	}
}

func queries(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{})
	run := Event("prod", 2)
	run.Resource, run.Namespace = "analysisruns", "other"
	record(t, a, Event("prod", 1), run, Event("prod", 3), Event("prod", 4), Event("staging", 5))
	for name, test := range map[string]struct {
		query archive.Query
		want  []string
	}{
		"cluster":       {archive.Query{Cluster: "staging"}, []string{"event-00005@5"}},
		"no cluster":    {archive.Query{}, []string{}},
		"namespace":     {archive.Query{Cluster: "prod", Namespace: "other"}, []string{"event-00002@2"}},
		"resource":      {archive.Query{Cluster: "prod", Resources: []string{"analysisruns", "rollouts"}}, []string{"event-00002@2"}},
		"resources":     {archive.Query{Cluster: "prod", Resources: []string{"analysisruns", "events"}, From: at(3)}, []string{"event-00003@3", "event-00004@4"}},
		"both ends":     {archive.Query{Cluster: "prod", From: at(2), To: at(3)}, []string{"event-00002@2", "event-00003@3"}},
		"empty time":    {archive.Query{Cluster: "prod", From: at(5)}, []string{}},
		"of":            {archive.Query{Cluster: "prod", Of: []string{"rollout-1", "none"}}, []string{"event-00001@1", "event-00004@4"}},
		"of and others": {archive.Query{Cluster: "prod", Of: []string{"rollout-1"}, Resources: []string{"events"}, Namespace: "shop", To: at(1)}, []string{"event-00001@1"}},
		"hostile":       {archive.Query{Cluster: "prod", Namespace: "' OR 1=1 --", Of: []string{`"]') OR 1=1 --`}}, []string{}},
	} {
		t.Run(name, func(t *testing.T) { same(t, test.want, names(read(t.Context(), t, a, test.query))) })
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range a.Observations(ended, archive.Query{Cluster: "prod"}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after its end: %v", err)
		}
	}
}

// pages reads more than a page, with many observations at the same moment, while
// the reader keeps the archive busy.
func pages(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{Batch: 100})
	var want, recorded []archive.Observation
	for i := range 1001 {
		o := Event("prod", i)
		o.Observed = at(i / 250)
		want, recorded = append(want, kept(o)), append([]archive.Observation{o}, recorded...)
	}
	record(t, a, recorded...)
	var got []archive.Observation
	for o, err := range a.Observations(t.Context(), archive.Query{Cluster: "prod"}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(got)%200 == 0 {
			record(t, a, Event("staging", len(got)))
		}
		got = append(got, o)
	}
	same(t, want, got)
	seen := 0
	for range a.Observations(t.Context(), archive.Query{Cluster: "prod"}) {
		if seen++; seen == 3 {
			break
		}
	}
	same(t, 3, seen)
}

func once(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{})
	first, again := Event("prod", 1), Event("prod", 1)
	again.Observed = at(90_000_000) // the next day: another partition
	record(t, a, first, first)
	record(t, a, again)
	same(t, []archive.Observation{kept(first)}, read(t.Context(), t, a, archive.Query{Cluster: "prod"}))
	if s := a.Stats(); s.Written != 1 || s.Duplicate != 2 {
		t.Errorf("%+v", s)
	}
}

// shared has two archives record the same at the same time, each in its order.
func shared(t *testing.T, dsn string) {
	const n = 2000
	archives := []*archive.Archive{open(t, dsn, archive.Options{Batch: 50}), open(t, dsn, archive.Options{Batch: 70})}
	var wait sync.WaitGroup
	for which, a := range archives {
		wait.Go(func() {
			for i := range n {
				if which == 1 {
					i = n - 1 - i
				}
				a.Record(Event("prod", i))
			}
			for tries := 0; ; tries++ {
				err := a.Flush(t.Context())
				if err == nil {
					return
				}
				if tries == 5 {
					t.Errorf("writing: %v", err)
					return
				}
			}
		})
	}
	wait.Wait()
	found := read(t.Context(), t, archives[0], archive.Query{Cluster: "prod"})
	same(t, n, len(found))
	if written := archives[0].Stats().Written + archives[1].Stats().Written; written != n {
		t.Errorf("%d written, want %d", written, n)
	}
}

func filtered(t *testing.T, dsn string) {
	const secret = "hunter2"
	a := open(t, dsn, archive.Options{Filter: func(value []byte) ([]byte, int, error) {
		if bytes.Contains(value, []byte("unclean")) {
			return nil, 0, errors.New("it is not JSON")
		}
		return bytes.ReplaceAll(value, []byte(secret), []byte("[gone]")), bytes.Count(value, []byte(secret)), nil
	}})
	tells, unclean := Event("prod", 1), Event("prod", 2)
	tells.Object, unclean.Object = []byte(`"hunter2 and hunter2"`), []byte(`unclean hunter2`)
	record(t, a, tells, unclean, Event("prod", 3))
	found := read(t.Context(), t, a, archive.Query{Cluster: "prod"})
	same(t, []string{"event-00001@1", "event-00003@3"}, names(found))
	same(t, `"[gone] and [gone]"`, string(found[0].Object))
	same(t, []archive.Gap{{
		Cluster: "prod", Resource: "events", From: kept(unclean).Observed, To: kept(unclean).Observed,
		Reason: "an object could not be cleaned of secrets: it is not JSON",
	}}, gapsOf(t, a, "prod"))
	if s := a.Stats(); s.Redactions != 2 || s.Written != 2 || s.Duplicate != 0 {
		t.Errorf("%+v", s)
	}
}

// gapsOf are all gaps of a cluster.
func gapsOf(t *testing.T, a *archive.Archive, cluster string) []archive.Gap {
	t.Helper()
	found, err := a.Gaps(t.Context(), cluster, Start.AddDate(-10, 0, 0), Start.AddDate(10, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// overflow fills the buffer: what is dropped, and nothing else, lies in gaps.
func overflow(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{Buffer: 20_000})
	kept := map[string]bool{}
	var first, last, room int
	for i := 0; ; i++ {
		if !a.Record(Event("prod", i)) {
			first, room = i, i
			break
		}
		kept[fmt.Sprintf("event-%05d@%d", i, i)] = true
	}
	for last = first; last < first+9; last++ {
		if a.Record(Event("prod", last+1)) {
			t.Fatal("there was room for more")
		}
	}
	run := Event("prod", last+1)
	run.Resource = "analysisruns"
	if a.Record(run) {
		t.Fatal("there was room for another resource")
	}
	if s := a.Stats(); s.Dropped != 11 || s.Waiting != room || s.WaitingBytes > 20_000 || !s.Oldest.Equal(at(0).Truncate(time.Microsecond)) {
		t.Errorf("%+v, room %d", s, room)
	}
	flush(t, a)
	record(t, a, Event("prod", last+2))
	same(t, []archive.Gap{
		{Cluster: "prod", Resource: "events", From: moment(first), To: moment(last), Reason: "the archive's buffer was full: 10 dropped"},
		{Cluster: "prod", Resource: "analysisruns", From: moment(last + 1), To: moment(last + 1), Reason: "the archive's buffer was full: 1 dropped"},
	}, gapsOf(t, a, "prod"))
	same(t, room+1, len(read(t.Context(), t, a, archive.Query{Cluster: "prod"})))
}

// moment is a time of an observation, as archives give it back.
func moment(i int) time.Time { return at(i).UTC().Truncate(time.Microsecond) }

func gaps(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{})
	early := archive.Gap{Cluster: "prod", Resource: "events", From: moment(10), To: moment(20), Reason: "watch interrupted"}
	late := archive.Gap{Cluster: "prod", Resource: "rollouts", From: moment(30), To: moment(40), Reason: "zero\x00byte and \xff " + strings.Repeat("ü", 400)}
	for _, g := range []archive.Gap{late, early, early, {Cluster: "staging", From: moment(1), To: moment(99)}} {
		a.RecordGap(g)
	}
	flush(t, a)
	late.Reason = "zero\ufffdbyte and \ufffd " + strings.Repeat("ü", 246)
	for _, test := range []struct {
		from, to int
		want     []archive.Gap
	}{
		{0, 50, []archive.Gap{early, late}},
		{20, 30, []archive.Gap{early, late}},
		{21, 29, nil},
		{12, 13, []archive.Gap{early}},
		{0, 9, nil},
	} {
		got, err := a.Gaps(t.Context(), "prod", at(test.from), at(test.to))
		if err != nil {
			t.Fatal(err)
		}
		same(t, test.want, got)
	}
}

func unstorable(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{})
	long, zero, invalid, nameless := Event("prod", 1), Event("prod", 2), Event("prod", 3), Event("prod", 4)
	long.Name, zero.Name, invalid.Of, nameless.UID = strings.Repeat("x", 3000), "a\x00b", "\xff", ""
	for _, o := range []archive.Observation{long, zero, invalid, nameless} {
		if a.Record(o) {
			t.Errorf("%.20q was taken in", o.Name)
		}
	}
	record(t, a, Event("prod", 5))
	same(t, []string{"event-00005@5"}, names(read(t.Context(), t, a, archive.Query{Cluster: "prod"})))
	same(t, 4, len(gapsOf(t, a, "prod")))
}

func retention(t *testing.T, dsn string) {
	now := &clock{now: Start}
	a := open(t, dsn, archive.Options{Now: now.Now})
	const hour = 3_600_000
	for i := range 100 { // four days, every hour
		a.Record(Event("prod", i*hour))
	}
	a.RecordGap(archive.Gap{Cluster: "prod", Resource: "events", From: moment(0), To: moment(hour), Reason: "old"})
	a.RecordGap(archive.Gap{Cluster: "prod", Resource: "events", From: moment(0), To: moment(50 * hour), Reason: "long"})
	flush(t, a)
	if first, err := a.FirstDelivery(t.Context(), "pagerduty", "1"); err != nil || !first {
		t.Fatalf("%v, %v", first, err)
	}
	deleted, err := a.Prune(t.Context(), at(40*hour))
	if err != nil || deleted != 40 {
		t.Errorf("%d deleted, %v, want 40", deleted, err)
	}
	found := read(t.Context(), t, a, archive.Query{Cluster: "prod"})
	if len(found) != 60 || !found[0].Observed.Equal(moment(40*hour)) {
		t.Errorf("%d left, from %v", len(found), found[0].Observed)
	}
	same(t, []string{"long"}, []string{gapsOf(t, a, "prod")[0].Reason})
	record(t, a, Event("prod", 0)) // is new again
	same(t, 61, len(read(t.Context(), t, a, archive.Query{Cluster: "prod"})))
	if first, err := a.FirstDelivery(t.Context(), "pagerduty", "1"); err != nil || !first {
		t.Errorf("the delivery was not forgotten: %v, %v", first, err)
	}
	if deleted, err := a.Prune(t.Context(), at(200*hour)); err != nil || deleted != 61 {
		t.Errorf("%d deleted, %v, want 61", deleted, err)
	}
	same(t, []string{}, names(read(t.Context(), t, a, archive.Query{Cluster: "prod"})))
}

func running(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{Batch: 10})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- a.Run(ctx) }()
	for i := range 95 {
		a.Record(Event("prod", i))
	}
	a.RecordGap(archive.Gap{Cluster: "prod", Resource: "events", From: at(1), To: at(2), Reason: "watch interrupted"})
	deadline := time.After(10 * time.Second)
	for a.Stats().Written < 95 {
		select {
		case <-deadline:
			t.Fatalf("not written: %+v", a.Stats())
		case <-time.After(5 * time.Millisecond):
		}
	}
	a.Record(Event("prod", 95))
	stop()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	same(t, 96, len(read(t.Context(), t, a, archive.Query{Cluster: "prod"})))
	same(t, 1, len(gapsOf(t, a, "prod")))
}

func opening(t *testing.T, dsn string) {
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			a, err := archive.Open(t.Context(), dsn, archive.Options{Now: (&clock{now: Start}).Now})
			if err != nil {
				t.Error(err)
				return
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// positions: the last one of each watch is kept, together with what it follows.
func positions(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{})
	position := func(namespace, version string, i int) archive.Position {
		return archive.Position{Cluster: "prod", Resource: "events", Namespace: namespace, ResourceVersion: version, At: at(i)}
	}
	if p, err := a.Position(t.Context(), "prod", "events", ""); err != nil || p.ResourceVersion != "" || !p.At.IsZero() {
		t.Errorf("before any: %+v, %v", p, err)
	}
	a.RecordPosition(position("", "7", 1))
	a.RecordPosition(position("shop", "8", 2))
	record(t, a, Event("prod", 3))
	a.RecordPosition(position("", "9", 3)) // a bookmark: nothing new is recorded
	a.RecordPosition(position("", "", 4))
	a.RecordPosition(position("shop", "no version\x00", 4))
	flush(t, a)
	for namespace, want := range map[string]archive.Position{"": position("", "9", 3), "shop": position("shop", "8", 2)} {
		want.At = kept(archive.Observation{Observed: want.At}).Observed
		p, err := a.Position(t.Context(), "prod", "events", namespace)
		if err != nil {
			t.Error(err)
		}
		same(t, want, p)
	}
	for _, other := range []archive.Position{{Cluster: "staging", Resource: "events"}, {Cluster: "prod", Resource: "rollouts"}} {
		if p, err := a.Position(t.Context(), other.Cluster, other.Resource, ""); err != nil || p.ResourceVersion != "" {
			t.Errorf("of another watch: %+v, %v", p, err)
		}
	}
}
