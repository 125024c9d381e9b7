package collectors

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

const (
	// pdLead is how long before the window an incident may have been created
	// that is still open in it: the API finds incidents by their creation.
	pdLead = 24 * time.Hour
	// pdLongest is the longest span that the API accepts, six months, or a
	// little less.
	pdLongest = 180 * 24 * time.Hour
	// pdShortest is the shortest span that is still worth halving.
	pdShortest = 2 * time.Second
	// pdMerges is how many incidents outside of the list are asked for because
	// others were merged into them.
	pdMerges = 10
)

// pdMatch is an incident that concerns the rollout.
type pdMatch struct {
	pdObject
	by string // "service" or "name"
}

func (m pdMatch) id() string { return m.text("id") }

func pdIDs(matches []pdMatch) []string {
	ids := make([]string, len(matches))
	for i, m := range matches {
		ids[i] = m.id()
	}
	return ids
}

// matching finds the incidents that concern the rollout. Along with an error it
// gives those found so far.
func (f *pdFetch) matching(ctx context.Context, c *evidence.Coverage) ([]pdMatch, error) {
	query := url.Values{"time_zone": {"UTC"}, "statuses[]": {"triggered", "acknowledged", "resolved"}}
	if len(f.PagerDuty.Services) > 0 {
		query["service_ids[]"] = f.PagerDuty.Services
	}
	window := f.target.Scope.Window
	all, err := f.between(ctx, window.Start.Add(-pdLead), window.End, query)
	overlapping := slices.DeleteFunc(slices.Clone(all), func(i pdObject) bool { return !pdOverlaps(i, window) })
	found := f.tied(overlapping)
	if others := len(overlapping) - len(found); others > 0 {
		c.Warnings = append(c.Warnings, pdOthers(others))
	}
	if err != nil {
		return found, pdPartial(c, err)
	}
	found, err = f.withMergeTargets(ctx, found, all)
	if err != nil {
		c.Status, c.Reason = evidence.StatusPartial, "an incident that others were merged into could not be read: "+reason(err)
	}
	return found, nil
}

func pdOthers(n int) string {
	if n == 1 {
		return "1 other incident in the window does not name the rollout; map its services in the config"
	}
	return fmt.Sprintf("%d other incidents in the window do not name the rollout; map its services in the config", n)
}

// between lists the incidents created in a span. Where they are more than pages
// reach, or the span is longer than the API accepts, it asks for each half.
func (f *pdFetch) between(ctx context.Context, since, until time.Time, query url.Values) ([]pdObject, error) {
	span := until.Sub(since)
	if span <= pdLongest {
		// Times without a zone would be read in the account's.
		query["since"] = []string{since.UTC().Format(time.RFC3339)}
		query["until"] = []string{until.UTC().Format(time.RFC3339)}
		all, err := f.client.pages(ctx, "/incidents", "incidents", query)
		var short *pdShortError
		if !errors.As(err, &short) || !short.tooDeep || span < pdShortest {
			return all, err
		}
	}
	middle := since.Add(span / 2).Truncate(time.Second)
	first, err1 := f.between(ctx, since, middle, query)
	second, err2 := f.between(ctx, middle, until, query)
	seen := map[string]bool{}
	all := slices.DeleteFunc(slices.Concat(first, second), func(i pdObject) bool {
		id := i.text("id")
		twice := seen[id] // it was created in the middle
		seen[id] = true
		return twice
	})
	return all, errors.Join(err1, err2)
}

// pdOverlaps tells whether an incident was open at some time in the window.
func pdOverlaps(incident pdObject, w evidence.Window) bool {
	created := incident.time("created_at")
	if !created.IsZero() && !created.Before(w.End) {
		return false
	}
	resolved := pdResolvedAt(incident)
	return resolved.IsZero() || !resolved.Before(w.Start)
}

// pdResolvedAt is when an incident was resolved, or zero while it is open.
func pdResolvedAt(incident pdObject) time.Time {
	if at := incident.time("resolved_at"); !at.IsZero() {
		return at
	}
	if incident.text("status") == "resolved" {
		return incident.time("last_status_change_at")
	}
	return time.Time{}
}

// tied keeps the incidents that concern the rollout: all of the services that
// the configuration maps, or else those whose service or title names it.
func (f *pdFetch) tied(incidents []pdObject) []pdMatch {
	var found []pdMatch
	names := pdNamed(f.names())
	for _, i := range incidents {
		switch {
		case i.text("id") == "":
			// nothing could be asked about it
		case len(f.PagerDuty.Services) > 0:
			found = append(found, pdMatch{i, "service"})
		case names(i.text("service", "summary")) || names(i.text("service", "name")) || names(i.text("title")):
			found = append(found, pdMatch{i, "name"})
		}
	}
	return found
}

// names are those by which people may call the rollout.
func (f *pdFetch) names() []string {
	names := []string{f.target.Scope.Subject.Name}
	if app := f.target.App; app != "" && app != names[0] {
		names = append(names, app)
	}
	return names
}

// pdNamed tells whether a text has one of the names as a whole word. Names of
// workloads hold hyphens, so checkout-v2 does not name checkout.
func pdNamed(names []string) func(text string) bool {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	word := regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{N}_-])(?:` + strings.Join(quoted, "|") + `)(?:$|[^\p{L}\p{N}_-])`)
	return word.MatchString
}

// withMergeTargets adds the incidents that the found ones were merged into:
// their story goes on there, whatever service and title those have.
func (f *pdFetch) withMergeTargets(ctx context.Context, found []pdMatch, known []pdObject) ([]pdMatch, error) {
	asked := 0
	for i := 0; i < len(found); i++ {
		target := pdMergedInto(found[i].pdObject)
		if target == "" || slices.Contains(pdIDs(found), target) {
			continue
		}
		if at := slices.IndexFunc(known, func(k pdObject) bool { return k.text("id") == target }); at >= 0 {
			found = append(found, pdMatch{known[at], found[i].by})
			continue
		}
		if asked++; asked > pdMerges {
			return found, fmt.Errorf("more than %d had to be asked for", pdMerges)
		}
		incident, err := f.client.incident(ctx, target)
		if err != nil {
			return found, err
		}
		found = append(found, pdMatch{incident, found[i].by})
	}
	return found, nil
}

// pdMergedInto is the id of the incident that another was merged into, if it was.
func pdMergedInto(incident pdObject) string { return incident.text("resolve_reason", "incident", "id") }
