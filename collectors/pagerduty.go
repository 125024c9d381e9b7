package collectors

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

// PagerDuty is who was paged, and what they did about it.
var PagerDuty = Collector{
	Name:  "pagerduty",
	Doc:   "PagerDuty: incidents, log entries, notes, alerts, related change events",
	Fetch: fetchPagerDuty,
	Read:  readPagerDuty,
}

// The bundle's entries of this source. A line is the API's own object or, where
// that does not say all that a reader needs, a wrapping around it; see
// pdRecord.
const (
	pdIncidentsEntry    = "pagerduty/incidents.jsonl"
	pdLogEntriesEntry   = "pagerduty/log_entries.jsonl"
	pdNotesEntry        = "pagerduty/notes.jsonl"
	pdAlertsEntry       = "pagerduty/alerts.jsonl"
	pdChangeEventsEntry = "pagerduty/related_change_events.jsonl"
)

// pdList is a list that belongs to an incident.
type pdList struct {
	source string // as its coverage record names it
	path   string // below the incident's own
	key    string // of the list in the answer
	entry  string
	query  url.Values
	paged  bool
}

var pdLists = []pdList{
	{
		source: "pagerduty/log_entries", path: "log_entries", key: "log_entries", entry: pdLogEntriesEntry, paged: true,
		query: url.Values{"time_zone": {"UTC"}, "is_overview": {"false"}, "include[]": {"channels"}},
	},
	{source: "pagerduty/notes", path: "notes", key: "notes", entry: pdNotesEntry},
	{source: "pagerduty/alerts", path: "alerts", key: "alerts", entry: pdAlertsEntry, paged: true},
	{
		source: "pagerduty/change_events", path: "related_change_events", key: "change_events", entry: pdChangeEventsEntry,
		query: url.Values{"limit": {"100"}},
	},
}

func fetchPagerDuty(ctx context.Context, s *Settings, t *Target, w *evidence.Writer) error {
	if s.PagerDuty.Token == "" {
		w.Cover(evidence.Coverage{
			Source: "pagerduty", Status: evidence.StatusAbsent,
			Reason: "no token: set PAGERDUTY_TOKEN or pagerduty.tokenFile",
		})
		return nil
	}
	f := pdFetch{Settings: s, target: t, client: newPDClient(s), bundle: w}
	return f.run(ctx)
}

// pdFetch is one collection.
type pdFetch struct {
	*Settings
	target *Target
	client *pdClient
	bundle *evidence.Writer
}

// run asks for the incidents and then for what belongs to them. Without
// incidents there is nothing more to ask for, nor to cover.
func (f *pdFetch) run(ctx context.Context) error {
	var found []pdMatch
	err := ask(f.Settings, f.bundle, evidence.Coverage{Source: "pagerduty/incidents", Asked: f.asked()}, func(c *evidence.Coverage) error {
		var err error
		found, err = f.matching(ctx, c)
		c.ClockOffset, c.Objects = f.client.clock.last(), len(found)
		return errors.Join(f.storeIncidents(found, err), err)
	})
	if err != nil {
		return err
	}
	for _, list := range pdLists {
		if len(found) == 0 {
			break
		}
		asked := evidence.Coverage{Source: list.source, Asked: "of incident " + strings.Join(pdIDs(found), ", ")}
		err := ask(f.Settings, f.bundle, asked, func(c *evidence.Coverage) error { return f.fetchList(ctx, list, found, c) })
		if err != nil {
			return err
		}
	}
	return nil
}

// asked puts the question about incidents into words.
func (f *pdFetch) asked() string {
	w := f.target.Scope.Window
	span := fmt.Sprintf("from %s to %s", w.Start.UTC().Format(time.RFC3339), w.End.UTC().Format(time.RFC3339))
	if ids := f.PagerDuty.Services; len(ids) > 0 {
		return fmt.Sprintf("incidents of the services %s %s", strings.Join(ids, ", "), span)
	}
	return fmt.Sprintf("incidents %s that name %s", span, strings.Join(f.names(), " or "))
}

// storeIncidents stores the incidents with how each was tied to the rollout. A
// failure without any leaves no entry.
func (f *pdFetch) storeIncidents(found []pdMatch, failure error) error {
	if failure != nil && len(found) == 0 {
		return nil
	}
	file, err := f.bundle.Create(pdIncidentsEntry)
	if err != nil {
		return stored(err)
	}
	for _, m := range found {
		line := pdStoredRecord{MatchedBy: m.by, Object: m.raw()}
		if err := file.Append(line); err != nil {
			return stored(err)
		}
	}
	return nil
}

// fetchList stores a list of every incident. One incident's failure does not
// keep the others' from being asked for.
func (f *pdFetch) fetchList(ctx context.Context, list pdList, incidents []pdMatch, c *evidence.Coverage) error {
	file, err := f.bundle.Create(list.entry)
	if err != nil {
		return stored(err)
	}
	var failures []error
	for _, incident := range incidents {
		items, err := f.client.list(ctx, list, incident.id())
		for _, item := range items {
			if err := file.Append(pdLine(item, incident.id())); err != nil {
				return stored(err)
			}
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	c.ClockOffset, c.Objects = f.client.clock.last(), file.Lines()
	return pdGap(c, failures)
}

// pdGap covers failures. The first that is not about one list alone stands for
// all; a list that the account's plan does not have is absent.
func pdGap(c *evidence.Coverage, failures []error) error {
	for _, err := range failures {
		var status *statusError
		switch {
		case errors.As(err, &status) && (status.code == http.StatusNotFound || status.code == http.StatusPaymentRequired):
			c.Status, c.Reason = evidence.StatusAbsent, "the account does not have it: "+status.Error()
		case pdPartial(c, err) != nil:
			return err
		}
	}
	return nil
}

// pdPartial covers a list that is cut short. Other errors it gives back.
func pdPartial(c *evidence.Coverage, err error) error {
	var short *pdShortError
	if !errors.As(err, &short) {
		return err
	}
	c.Status, c.Reason = evidence.StatusPartial, short.Error()
	return nil
}

// pdLine is what is stored of an item: the item itself if it names its
// incident, and else with the incident that it was listed for.
func pdLine(item pdObject, incident string) any {
	if item.text("incident", "id") == incident {
		return item.raw()
	}
	return pdStoredRecord{Incident: incident, Object: item.raw()}
}
