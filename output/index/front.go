package index

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/past"
	"github.com/debrief-sre/debrief/timeline"
)

// causes are those that debrief finds; its tags name them too.
var causes = []timeline.Cause{
	timeline.CauseAnalysis, timeline.CauseExperiment, timeline.CausePlugin,
	timeline.CauseProgressDeadline, timeline.CauseUser, timeline.CauseUnknown,
}

// front takes over what the front matter states. An odd figure is unknown and
// told of; without a date there is no incident.
func (r *reader) front(f past.Front, text outline, base string) error {
	date, err := f.Time()
	if err != nil {
		return err
	}
	i := &r.incident
	i.Date = date
	i.Title = cmp.Or(words(f.Title), words(text.title), words(base))
	i.Slug = cmp.Or(words(f.Slug), words(base))
	i.Status, i.Severity = words(f.Status), words(f.Severity)
	i.Services = []string{}
	for _, service := range f.Services {
		if s := words(service); s != "" && !slices.Contains(i.Services, s) {
			i.Services = append(i.Services, s)
		}
	}
	i.Cause = causeOf(f)

	v := values{reader: r}
	i.Started = v.time("start", f.Start)
	detected, mitigated, resolved := v.time("detected", f.Detected), v.time("mitigated", f.Mitigated), v.time("resolved", f.Resolved)
	i.Updated = latest(&date, i.Started, detected, mitigated, resolved)
	i.TTD = v.measure("ttd", f.TTD, i.Started, detected)
	i.TTA = v.measure("tta", f.TTA, nil, nil)
	i.TTM = v.measure("ttm", f.TTM, i.Started, mitigated)
	i.TTR = v.measure("ttr", f.TTR, i.Started, resolved)
	i.RequestsSaved = v.number("requests_saved", f.RequestsSaved)
	i.Budgets = v.budgets(f)
	for _, key := range f.Odd {
		v.odd(key)
	}
	return nil
}

// causeOf is the cause of the abort, from its key or, in older documents, from
// the tags. That a rollout was not aborted is said by its tags alone.
func causeOf(f past.Front) string {
	if cause := words(f.Cause); cause != "" {
		return cause
	}
	for _, cause := range causes {
		if slices.Contains(f.Tags, string(cause)) {
			return string(cause)
		}
	}
	if slices.Contains(f.Tags, "rollout") && !slices.Contains(f.Tags, "abort") && f.Aborted == "" {
		return CauseNotAborted
	}
	return CauseUnknown
}

// values reads the optional values of front matter, each nil when it is missing
// or odd.
type values struct{ *reader }

func (v values) odd(key string) {
	v.skip(v.incident.Path, fmt.Errorf("has front matter whose %s cannot be read: it counts as unknown", key))
}

func (v values) time(key, value string) *time.Time {
	if value == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		v.odd(key)
		return nil
	}
	t = t.UTC()
	return &t
}

// measure is a duration in seconds: as it is written, else between two times.
func (v values) measure(key, value string, from, to *time.Time) *float64 {
	if value == "" {
		return between(from, to)
	}
	seconds, err := secondsOf(value)
	if err != nil {
		v.odd(key)
		return nil
	}
	return &seconds
}

// secondsOf reads a duration such as 1h10m, or "1 h 10 min" as documents say it.
func secondsOf(value string) (float64, error) {
	compact := strings.NewReplacer(" ", "", "min", "m").Replace(value)
	d, err := time.ParseDuration(compact)
	if err != nil || d < 0 {
		return 0, errors.New("is no duration")
	}
	return d.Seconds(), nil
}

// between is unknown where the times are in the wrong order.
func between(from, to *time.Time) *float64 {
	if from == nil || to == nil || to.Before(*from) {
		return nil
	}
	seconds := to.Sub(*from).Seconds()
	return &seconds
}

func (v values) number(key, value string) *float64 {
	if value == "" || value == "null" || value == "~" {
		return nil
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || !sound(f) {
		v.odd(key)
		return nil
	}
	return &f
}

// sound tells whether a figure can be added to others.
func sound(f float64) bool { return !math.IsNaN(f) && f >= 0 && f < 1e15 }

// budgets are those of the objectives, whose shares are listed in their order.
func (v values) budgets(f past.Front) []Budget {
	budgets := []Budget{}
	at := func(key string, list []string, i int) *float64 {
		if i >= len(list) || len(list) > len(f.SLO) {
			return nil
		}
		return v.number(key, list[i])
	}
	for i, objective := range f.SLO {
		budgets = append(budgets, Budget{
			Objective: words(objective),
			Consumed:  at("budget_consumed", f.BudgetConsumed, i), Saved: at("budget_saved", f.BudgetSaved, i),
		})
	}
	if len(f.BudgetConsumed) > len(f.SLO) {
		v.odd("budget_consumed")
	}
	if len(f.BudgetSaved) > len(f.SLO) {
		v.odd("budget_saved")
	}
	return budgets
}
