package archivetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/debrief-sre/debrief/watch/archive"
)

func incident(trigger string, i int) archive.Incident {
	return archive.Incident{
		Key:       archive.Key{Cluster: "prod", UID: "rollout-1", Revision: 2, Trigger: trigger, At: at(1000 * i)},
		Namespace: "shop", Name: "checkout", Due: at(1000 * i),
	}
}

func adding(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{})
	other := incident("degraded", 1)
	other.Key.Revision = 3
	for i, test := range []struct {
		incident archive.Incident
		want     bool
	}{
		{incident("degraded", 1), true},
		{incident("degraded", 1), false},
		{incident("abort", 2), true}, // the abort is the better trigger, so it is added
		{incident("abort", 2), false},
		{incident("abort", 3), true}, // aborted again
		{incident("page", 4), false}, // the revision's abort is known
		{incident("degraded", 5), false},
		{other, true},
	} {
		if added, err := a.AddIncident(t.Context(), test.incident); err != nil || added != test.want {
			t.Errorf("%d: added %v, %v, want %v", i, added, err, test.want)
		}
	}
	due, err := a.DueIncidents(t.Context(), "prod", at(10_000), 10)
	if err != nil || len(due) != 4 {
		t.Fatalf("%d incidents, %v", len(due), err)
	}
	first := due[0]
	want := incident("degraded", 1)
	want.ID, want.State, want.Due = first.ID, archive.Seen, moment(1000)
	want.Key.At = moment(1000).Truncate(time.Second)
	want.Seen, want.Changed = moment(0), moment(0)
	same(t, want, first)
	if due, err := a.DueIncidents(t.Context(), "prod", at(10_000), 2); err != nil || len(due) != 2 {
		t.Errorf("%d incidents, %v", len(due), err)
	}
	if due, err := a.DueIncidents(t.Context(), "staging", at(10_000), 2); err != nil || len(due) != 0 {
		t.Errorf("%d incidents of another cluster, %v", len(due), err)
	}
}

func states(t *testing.T, dsn string) {
	now := &clock{now: Start}
	a := open(t, dsn, archive.Options{Now: now.Now})
	if added, err := a.AddIncident(t.Context(), incident("abort", 1)); err != nil || !added {
		t.Fatalf("%v, %v", added, err)
	}
	due, err := a.DueIncidents(t.Context(), "prod", at(1000), 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("%d due, %v", len(due), err)
	}
	in, old := due[0], due[0]
	now.set(at(60_000))
	in.State, in.Attempts, in.Due, in.Settled = archive.Collected, 2, at(90_000), "the canary has no traffic"
	in.Bundle, in.Document, in.URL, in.Facts, in.Error = "b.zip", "d.md", "https://forge/1", "sha256:0", "not \x00 yet"
	if err := a.SaveIncident(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
	saved, err := a.Incident(t.Context(), in.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := in
	want.Due, want.Version, want.Changed, want.Error = moment(90_000), 1, moment(60_000), "not \ufffd yet"
	same(t, want, saved)

	old.State = archive.Failed
	if err := a.SaveIncident(t.Context(), &old); !errors.Is(err, archive.ErrStale) {
		t.Errorf("saving what somebody else saved: %v", err)
	}
	if _, err := a.Incident(t.Context(), in.ID+1); err == nil {
		t.Error("there is an incident that was never added")
	}
	for _, test := range []struct {
		due  int
		want int
	}{{70_000, 1}, {95_000, 1}} { // the second time it is due before
		n, err := a.HastenIncidents(t.Context(), "prod", "shop", "checkout", at(test.due))
		if err != nil || n != test.want {
			t.Errorf("hastened %d, %v, want %d", n, err, test.want)
		}
	}
	if err := a.SaveIncident(t.Context(), &in); !errors.Is(err, archive.ErrStale) {
		t.Errorf("saving what was hastened: %v", err)
	}
	if next, ok, err := a.NextDue(t.Context(), "prod"); err != nil || !ok || !next.Equal(moment(70_000)) {
		t.Errorf("next %v, %v, %v", next, ok, err)
	}
	if in, err = a.Incident(t.Context(), in.ID); err != nil {
		t.Fatal(err)
	}
	in.State = archive.Closed
	if err := a.SaveIncident(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := a.NextDue(t.Context(), "prod"); err != nil || ok {
		t.Errorf("a closed incident is due: %v, %v", ok, err)
	}
}

// machine compares the archive with a list in memory, over random calls.
func machine(t *testing.T, dsn string) {
	a := open(t, dsn, archive.Options{})
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		m := model{archive: a, t: t, cluster: fmt.Sprintf("run-%d", run)}
		t.Repeat(map[string]func(*rapid.T){
			"add":    func(t *rapid.T) { m.t = t; m.add() },
			"save":   func(t *rapid.T) { m.t = t; m.save() },
			"hasten": func(t *rapid.T) { m.t = t; m.hasten() },
			"":       func(t *rapid.T) { m.t = t; m.check() },
		})
	})
}

// model is what the archive's incidents should be.
type model struct {
	archive   *archive.Archive
	t         *rapid.T
	cluster   string
	incidents []archive.Incident
}

func (m *model) add() {
	in := archive.Incident{
		Key: archive.Key{
			Cluster: m.cluster, UID: rapid.SampledFrom([]string{"a", "b"}).Draw(m.t, "uid"),
			Revision: rapid.Int64Range(1, 2).Draw(m.t, "revision"),
			Trigger:  rapid.SampledFrom([]string{"abort", "analysis", "page"}).Draw(m.t, "trigger"),
			At:       m.moment().Truncate(time.Second),
		},
		Namespace: "shop", Name: rapid.SampledFrom([]string{"checkout", "cart"}).Draw(m.t, "name"),
		State: archive.Seen, Due: m.moment(),
	}
	refused := slices.ContainsFunc(m.incidents, func(have archive.Incident) bool {
		revision := have.Key.UID == in.Key.UID && have.Key.Revision == in.Key.Revision
		return have.Key == in.Key || revision && have.Key.Trigger == archive.TriggerAbort && in.Key.Trigger != archive.TriggerAbort
	})
	added, err := m.archive.AddIncident(m.t.Context(), in)
	if err != nil || added == refused {
		m.t.Fatalf("added %v, %v: %+v to %+v", added, err, in, m.incidents)
	}
	if !added {
		return
	}
	due, err := m.archive.DueIncidents(m.t.Context(), m.cluster, moment(1_000_000), 1000)
	if err != nil {
		m.t.Fatal(err)
	}
	i := slices.IndexFunc(due, func(have archive.Incident) bool { return have.Key == in.Key })
	if i < 0 {
		m.t.Fatalf("%+v is not due", in)
	}
	m.incidents = append(m.incidents, due[i])
}

func (m *model) moment() time.Time {
	return moment(500 * rapid.IntRange(0, 8).Draw(m.t, "half seconds"))
}

// save changes an incident as read now, or as read earlier.
func (m *model) save() {
	if len(m.incidents) == 0 {
		return
	}
	have := &m.incidents[rapid.IntRange(0, len(m.incidents)-1).Draw(m.t, "which")]
	in := *have
	in.State = rapid.SampledFrom([]archive.State{archive.Settling, archive.Published, archive.Closed, archive.Failed}).Draw(m.t, "state")
	in.Due = m.moment()
	if stale := rapid.Bool().Draw(m.t, "stale"); stale {
		in.Version--
		if err := m.archive.SaveIncident(m.t.Context(), &in); !errors.Is(err, archive.ErrStale) {
			m.t.Fatalf("stale: %v", err)
		}
		return
	}
	if err := m.archive.SaveIncident(m.t.Context(), &in); err != nil {
		m.t.Fatal(err)
	}
	*have = in
}

func (m *model) hasten() {
	due, want := m.moment(), 0
	for i := range m.incidents {
		if in := &m.incidents[i]; isOpen(*in) && in.Name == "cart" {
			if in.Due.After(due) {
				in.Due = due
			}
			in.Version, want = in.Version+1, want+1
		}
	}
	if n, err := m.archive.HastenIncidents(m.t.Context(), m.cluster, "shop", "cart", due); err != nil || n != want {
		m.t.Fatalf("hastened %d, %v, want %d", n, err, want)
	}
}

func isOpen(in archive.Incident) bool {
	return in.State != archive.Closed && in.State != archive.Failed
}

// check compares what is due at some moment, and what is next.
func (m *model) check() {
	now := moment(2000)
	var open, due []archive.Incident
	for _, in := range m.incidents {
		if isOpen(in) {
			open = append(open, in)
		}
		if isOpen(in) && !in.Due.After(now) {
			due = append(due, in)
		}
	}
	order := func(a, b archive.Incident) int {
		if c := a.Due.Compare(b.Due); c != 0 {
			return c
		}
		return int(a.ID - b.ID)
	}
	slices.SortFunc(open, order)
	slices.SortFunc(due, order)
	got, err := m.archive.DueIncidents(m.t.Context(), m.cluster, now, 1000)
	if err != nil || !slices.Equal(got, due) {
		m.t.Fatalf("due %+v, %v, want %+v", got, err, due)
	}
	next, ok, err := m.archive.NextDue(m.t.Context(), m.cluster)
	if err != nil || ok != (len(open) > 0) || ok && !next.Equal(open[0].Due) {
		m.t.Fatalf("next %v, %v, %v, want %+v", next, ok, err, open)
	}
}

func deliveries(t *testing.T, dsn string) {
	a, b := open(t, dsn, archive.Options{}), open(t, dsn, archive.Options{})
	for i, test := range []struct {
		archive    *archive.Archive
		source, id string
		want       bool
	}{
		{a, "pagerduty", "1", true},
		{a, "pagerduty", "1", false},
		{b, "pagerduty", "1", false},
		{b, "alertmanager", "1", true},
		{a, "pagerduty", "2", true},
	} {
		if first, err := test.archive.FirstDelivery(t.Context(), test.source, test.id); err != nil || first != test.want {
			t.Errorf("%d: first %v, %v, want %v", i, first, err, test.want)
		}
	}
}
