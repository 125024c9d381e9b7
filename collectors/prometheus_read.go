package collectors

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

func readPrometheus(b *evidence.Bundle, f *timeline.Facts) error {
	for _, read := range []func(*evidence.Bundle, *timeline.Facts) error{readMetrics, readObjectives, readAlerts} {
		if err := read(b, f); err != nil {
			return err
		}
	}
	f.Events = append(f.Events, metricEvents(f, b.Manifest.Scope.Window)...)
	return nil
}

// readMetrics reads the analysis queries' answers, in the order of the metrics.
func readMetrics(b *evidence.Bundle, f *timeline.Facts) error {
	for _, name := range metricEntries(b) {
		var entry metricEntry
		if err := b.ReadJSON(name, &entry); err != nil {
			return err
		}
		m, err := entry.series()
		if err != nil {
			return fmt.Errorf("bundle entry %s: %w", name, err)
		}
		m.Evidence = evidence.Pointer(name, "/answer")
		f.Metrics = append(f.Metrics, m)
	}
	return nil
}

// metricEntries are the entries with metrics; one whose query failed has none.
func metricEntries(b *evidence.Bundle) []string {
	numbers := map[string]int{}
	for _, e := range b.Manifest.Entries {
		var n int
		if _, err := fmt.Sscanf(e.Name, "prometheus/metric-%d.json", &n); err == nil && e.Name == metricEntryName(n) {
			numbers[e.Name] = n
		}
	}
	return slices.SortedFunc(maps.Keys(numbers), func(a, b string) int { return cmp.Compare(numbers[a], numbers[b]) })
}

func (e metricEntry) series() (timeline.MetricSeries, error) {
	m := timeline.MetricSeries{Name: e.Name, Query: e.Query, Success: e.Success, Failure: e.Failure, Step: time.Duration(e.Step)}
	matrix, err := decodeMatrix(e.Answer)
	if err != nil {
		return m, err
	}
	collected := newSeriesCollector(evidence.Window{Start: e.Start, End: e.End.Add(time.Nanosecond)})
	for _, stream := range matrix {
		collected.add(stream.Metric, stream.Values)
	}
	m.Series = collected.series()
	return m, nil
}

func readObjectives(b *evidence.Bundle, f *timeline.Facts) error {
	var entries []objectiveEntry
	err := b.ReadJSON(objectivesEntry, &entries)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		data, err := entry.read(b)
		if err != nil {
			return err
		}
		f.SLIs = append(f.SLIs, data)
	}
	return nil
}

// read puts together what was had for an objective.
func (e objectiveEntry) read(b *evidence.Bundle) (slo.Data, error) {
	data := slo.Data{Objective: e.Objective, FromAnalysis: e.FromAnalysis}
	for _, counter := range e.Counters {
		series, queries, err := readCounter(b, e.Window, counter)
		if err != nil {
			return data, err
		}
		data.Queries = append(data.Queries, queries...)
		switch counter.Role {
		case roleBad:
			data.Bad = series
		case roleGood:
			data.Good = series
		case roleTotal:
			data.Total = series
		}
	}
	if slices.ContainsFunc(e.Counters, func(c counterEntry) bool { return c.Failed }) || len(e.Counters) < 2 {
		data.Good, data.Bad, data.Total = nil, nil, nil
		return data, nil
	}
	return data, e.readBudget(b, &data)
}

// readCounter reads a counter's raw samples and the questions that gave them.
func readCounter(b *evidence.Bundle, w evidence.Window, counter counterEntry) ([]slo.Series, []slo.Query, error) {
	collected := newSeriesCollector(w)
	var queries []slo.Query
	asked := map[string]bool{}
	for line, err := range evidence.Lines[rawLine](b, counter.Entry) {
		if err != nil {
			return nil, nil, err
		}
		collected.add(line.Value.Metric, line.Value.Values)
		if selector := line.Value.Selector; !asked[selector] {
			asked[selector] = true
			queries = append(queries, slo.Query{
				What:   counter.Role + " events, raw samples",
				PromQL: fmt.Sprintf("%s[%s]", selector, model.Duration(w.Duration())),
				Time:   w.End, Evidence: string(line.Citation),
			})
		}
	}
	return collected.series(), queries, nil
}

// readBudget reads what the server said of the objective's own window.
func (e objectiveEntry) readBudget(b *evidence.Bundle, data *slo.Data) error {
	if e.Budget == "" {
		return nil
	}
	sums := map[string]*float64{}
	data.Budget.At = e.Window.End
	for line, err := range evidence.Lines[budgetLine](b, e.Budget) {
		if err != nil {
			return err
		}
		l := line.Value
		data.Queries = append(data.Queries, slo.Query{What: l.What, PromQL: l.Query, Time: l.Time, Evidence: string(line.Citation)})
		if l.Coverage {
			err = readBudgetCoverage(l, &data.Budget)
		} else {
			err = addSum(sums, l)
		}
		if err != nil {
			return fmt.Errorf("bundle entry %s: %w", line.Citation, err)
		}
	}
	// What was collected in detail may reach further back than what was asked
	// for in coarse steps.
	for _, s := range data.Total {
		if first := s.Samples[0].Time; first.Before(data.Budget.Oldest) {
			data.Budget.Oldest = first
		}
	}
	data.Budget.Total = sums[roleTotal]
	data.Budget.Bad = badOf(sums)
	return nil
}

func addSum(sums map[string]*float64, l budgetLine) error {
	var vector model.Vector
	if err := json.Unmarshal(l.Answer, &vector); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	for _, sample := range vector {
		if sample == nil {
			continue
		}
		if sums[l.Role] == nil {
			sums[l.Role] = new(float64)
		}
		*sums[l.Role] += float64(sample.Value)
	}
	return nil
}

// badOf is the bad events, unknown without a total. Where the total has data, a
// counter that has none counted none: it appears with its first event.
func badOf(sums map[string]*float64) *float64 {
	total, good, bad := sums[roleTotal], sums[roleGood], sums[roleBad]
	switch {
	case total == nil:
		return nil
	case bad != nil:
		return bad
	case good != nil:
		return new(max(0, *total-*good))
	default:
		return new(float64)
	}
}

func readBudgetCoverage(l budgetLine, budget *slo.Budget) error {
	matrix, err := decodeMatrix(l.Answer)
	if err != nil {
		return err
	}
	points := map[model.Time]bool{}
	for _, stream := range matrix {
		for _, v := range stream.Values {
			points[v.Timestamp] = v.Value > 0
		}
	}
	budget.Oldest = firstTimestamp(matrix)
	budget.Coverage = min(1, float64(len(points))/budgetPoints)
	return nil
}

// seriesCollector joins the samples of series that come in pieces.
type seriesCollector struct {
	window evidence.Window
	pieces map[string]*slo.Series
}

func newSeriesCollector(w evidence.Window) *seriesCollector {
	return &seriesCollector{window: w, pieces: map[string]*slo.Series{}}
}

func (c *seriesCollector) add(metric model.Metric, values []model.SamplePair) {
	key := metric.String()
	for _, v := range values {
		t := v.Timestamp.Time().UTC()
		if !c.window.Contains(t) {
			continue
		}
		s := c.pieces[key]
		if s == nil {
			s = &slo.Series{Labels: map[string]string{}}
			for name, value := range metric {
				s.Labels[string(name)] = string(value)
			}
			c.pieces[key] = s
		}
		s.Samples = append(s.Samples, slo.Sample{Time: t, Value: float64(v.Value)})
	}
}

// series are the collected ones in a fixed order, their samples in order of
// time. The range selectors of older servers include both ends, so that a
// sample may come twice.
func (c *seriesCollector) series() []slo.Series {
	var all []slo.Series
	for _, key := range slices.SortedFunc(maps.Keys(c.pieces), strings.Compare) {
		s := c.pieces[key]
		slices.SortStableFunc(s.Samples, func(a, b slo.Sample) int { return a.Time.Compare(b.Time) })
		s.Samples = slices.CompactFunc(s.Samples, func(a, b slo.Sample) bool { return a.Time.Equal(b.Time) })
		all = append(all, *s)
	}
	return all
}
