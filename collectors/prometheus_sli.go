package collectors

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// reading is an analysis metric at one time, judged by its own conditions.
type reading struct {
	time    time.Time
	values  []float64
	verdict verdict
	// noTraffic tells that all values are NaN, as 0/0 is: no failure, although
	// an analysis may count it as one.
	noTraffic bool
}

// metricEvents are the times at which the analysis metrics first violated their
// conditions after the rollout began, and last stopped to.
func metricEvents(f *timeline.Facts, w evidence.Window) []timeline.Event {
	if !f.Rollout.Started.IsZero() {
		w.Start = f.Rollout.Started
	}
	if end := f.Rollout.Superseded; !end.IsZero() && end.Before(w.End) {
		w.End = end // what comes then is another revision's
	}
	var events []timeline.Event
	for _, m := range f.Metrics {
		c, err := newCondition(m.Success, m.Failure)
		if err != nil {
			continue // an analysis cannot have judged by it either
		}
		events = append(events, breachOf(m, readings(m, c, w), f.Rollout)...)
	}
	return events
}

// readings evaluates the metric at every time of which there is data. Times at
// which the conditions cannot be evaluated are left out.
func readings(m timeline.MetricSeries, c *condition, w evidence.Window) []reading {
	byTime := map[int64]*reading{}
	for _, s := range m.Series {
		for _, sample := range s.Samples {
			if !w.Contains(sample.Time) {
				continue
			}
			at := sample.Time.UnixMilli()
			if byTime[at] == nil {
				byTime[at] = &reading{time: sample.Time}
			}
			byTime[at].values = append(byTime[at].values, sample.Value)
		}
	}
	scalar := isScalar(m.Query)
	var all []reading
	for _, r := range byTime {
		var result any = r.values
		if scalar {
			result = r.values[0]
		}
		var err error
		r.noTraffic = !slices.ContainsFunc(r.values, func(v float64) bool { return !math.IsNaN(v) })
		if r.verdict, err = c.judge(result); err != nil && !r.noTraffic {
			continue
		}
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b reading) int { return cmp.Compare(a.time.UnixMilli(), b.time.UnixMilli()) })
	return all
}

// isScalar tells whether a query gives a number rather than a list of them.
func isScalar(query string) bool {
	parsed, err := promQL.ParseExpr(query)
	return err == nil && parsed.Type() == parser.ValueTypeScalar
}

func (r reading) failing() bool { return r.verdict == failed && !r.noTraffic }
func (r reading) fine() bool    { return r.verdict == passed || r.noTraffic }

// breachOf is the first failing reading, and the first fine one after the last.
func breachOf(m timeline.MetricSeries, all []reading, r timeline.Rollout) []timeline.Event {
	first := slices.IndexFunc(all, reading.failing)
	if first < 0 {
		return nil
	}
	breach := metricEvent(m, r, all[first])
	breach.Kind, breach.Same, breach.Title = timeline.SLIBreached, "metric below/"+m.Name, breachTitle(m, all[first])
	events := []timeline.Event{breach}

	last := first
	for i := range all {
		if all[i].failing() {
			last = i
		}
	}
	if i := slices.IndexFunc(all[last:], reading.fine); i >= 0 {
		recovery := metricEvent(m, r, all[last+i])
		recovery.Kind, recovery.Same, recovery.Title = timeline.SLIRecovered, "metric back/"+m.Name, recoveryTitle(m, all[last+i], r)
		events = append(events, recovery)
	}
	return events
}

func metricEvent(m timeline.MetricSeries, r timeline.Rollout, at reading) timeline.Event {
	return timeline.Event{
		Time: at.time, Precision: m.Step, Sampled: true, Clock: promSource, Source: promSource,
		Detail: m.Query, Subject: r.Subject, Authority: timeline.FromEvent,
		Evidence: []evidence.Citation{m.Evidence},
	}
}

func breachTitle(m timeline.MetricSeries, at reading) string {
	if m.Success != "" {
		return fmt.Sprintf("%s %s violates `%s`", m.Name, at, m.Success)
	}
	return fmt.Sprintf("%s %s meets the failure condition `%s`", m.Name, at, m.Failure)
}

func recoveryTitle(m timeline.MetricSeries, at reading, r timeline.Rollout) string {
	switch {
	case at.noTraffic && ofCanary(m.Query, r):
		return fmt.Sprintf("Analysis metric %s: no more canary traffic", m.Name)
	case at.noTraffic:
		return fmt.Sprintf("Analysis metric %s: no more traffic", m.Name)
	case m.Success != "":
		return fmt.Sprintf("%s %s meets `%s` again", m.Name, at, m.Success)
	default:
		return fmt.Sprintf("%s %s no longer meets the failure condition `%s`", m.Name, at, m.Failure)
	}
}

// ofCanary tells whether a query looks at the new version alone.
func ofCanary(query string, r timeline.Rollout) bool {
	return slices.ContainsFunc([]string{r.CanaryService, r.CanaryHash, r.CanarySet}, func(name string) bool {
		return name != "" && strings.Contains(query, name)
	})
}

// String gives the values as measurements show them.
func (r reading) String() string {
	var texts []string
	for _, v := range r.values {
		texts = append(texts, timeline.ShortValue(fmt.Sprint(v)))
	}
	return strings.Join(texts, ", ")
}
