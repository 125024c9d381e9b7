package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
)

const (
	finestStep   = 5 * time.Second // few scrape more often
	coarsestStep = time.Minute
	coarserTries = 3
)

// metricEntry is an analysis query evaluated over the window, as it is stored.
type metricEntry struct {
	Name     string          `json:"name"`
	Query    string          `json:"query"`
	Success  string          `json:"success,omitempty"`
	Failure  string          `json:"failure,omitempty"`
	Start    time.Time       `json:"start"`
	End      time.Time       `json:"end"`
	Step     model.Duration  `json:"step"`
	Answer   json.RawMessage `json:"answer"` // as the API gives it: NaN is a string there
	Warnings []string        `json:"warnings,omitempty"`
}

func metricEntryName(n int) string { return fmt.Sprintf("prometheus/metric-%d.json", n) }

func (f *promFetch) fetchMetrics(ctx context.Context, c *evidence.Coverage) error {
	var refused joined
	for i, m := range f.target.Metrics {
		err := f.fetchMetric(ctx, c, metricEntryName(i), m)
		if err := refused.add("metric "+m.Name, err); err != nil {
			return err
		}
	}
	return refused.err()
}

func (f *promFetch) fetchMetric(ctx context.Context, c *evidence.Coverage, entry string, m TargetMetric) error {
	own := &evidence.Coverage{}
	answer, grid, err := f.overWindow(ctx, own, m.Query)
	c.ClockOffset = own.ClockOffset
	for _, warning := range own.Warnings {
		warn(c, "metric %s: %s", m.Name, warning)
	}
	if err != nil {
		return err
	}
	if len(answer) == 0 {
		warn(c, "metric %s: no data in the window", m.Name)
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("storing metric %s: %w", m.Name, err)
	}
	c.Objects += len(answer)
	return stored(f.w.WriteJSON(entry, metricEntry{
		Name: m.Name, Query: m.Query, Success: m.Success, Failure: m.Failure,
		Start: grid.first, End: grid.last, Step: model.Duration(grid.step), Answer: raw, Warnings: own.Warnings,
	}))
}

// overWindow evaluates a query over the window in steps that suit its length,
// or coarser ones when the server finds that too much.
func (f *promFetch) overWindow(ctx context.Context, c *evidence.Coverage, query string) (model.Matrix, timeGrid, error) {
	step := stepFor(f.window.Duration())
	for try := 0; ; try++ {
		grid := gridOver(f.window, step)
		answer, err := f.overGrid(ctx, c, query, grid)
		if err == nil || !tooMuch(err) || try == coarserTries {
			return answer, grid, err
		}
		step *= 4
		warn(c, "evaluated every %s, as the server refused finer steps", model.Duration(step))
	}
}

func (f *promFetch) overGrid(ctx context.Context, c *evidence.Coverage, query string, grid timeGrid) (model.Matrix, error) {
	whole := newMatrixMerger(grid.first, grid.last)
	for _, r := range grid.chunks(mostPoints) {
		answer, err := f.client.queryRange(ctx, c, query, r)
		if err != nil {
			return nil, err
		}
		whole.add(answer)
	}
	return whole.matrix, nil
}

// stepFor is as fine as scrapes are where one answer can hold that, and never
// so coarse that a canary's minutes would be lost: longer windows are asked for
// in parts.
func stepFor(window time.Duration) time.Duration {
	fits := (window + mostPoints - 1) / mostPoints
	fits = (fits + time.Second - 1).Truncate(time.Second)
	return min(max(finestStep, fits), coarsestStep)
}

// timeGrid is the times at which a query is evaluated: multiples of the step
// since the epoch, so that the same window always gives the same ones.
type timeGrid struct {
	first, last time.Time // both included
	step        time.Duration
}

// gridOver is the grid within a half-open window; its step is whole seconds.
func gridOver(w evidence.Window, step time.Duration) timeGrid {
	seconds := int64(step / time.Second)
	first := (w.Start.Add(time.Second-1).Unix() + seconds - 1) / seconds * seconds
	last := w.End.Add(-1).Unix() / seconds * seconds
	return timeGrid{time.Unix(first, 0).UTC(), time.Unix(max(first, last), 0).UTC(), step}
}

// chunks cuts the grid into ranges of so many points at the most. They share
// no point, as the API includes both ends of a range.
func (g timeGrid) chunks(points int) []v1.Range {
	var ranges []v1.Range
	span := time.Duration(points-1) * g.step
	for start := g.first; !start.After(g.last); start = start.Add(span + g.step) {
		end := start.Add(span)
		if end.After(g.last) {
			end = g.last
		}
		ranges = append(ranges, v1.Range{Start: start, End: end, Step: g.step})
	}
	return ranges
}

// matrixMerger joins the answers for consecutive times. A front end may shift
// a range to its own grid, so points outside the window or not later than those
// there are are dropped.
type matrixMerger struct {
	first, last model.Time
	matrix      model.Matrix
	streams     map[model.Fingerprint]*model.SampleStream
}

func newMatrixMerger(first, last time.Time) *matrixMerger {
	return &matrixMerger{
		first: model.TimeFromUnixNano(first.UnixNano()), last: model.TimeFromUnixNano(last.UnixNano()),
		matrix: model.Matrix{}, streams: map[model.Fingerprint]*model.SampleStream{},
	}
}

func (m *matrixMerger) add(answer model.Matrix) {
	for _, part := range answer {
		key := part.Metric.Fingerprint()
		stream := m.streams[key]
		for _, v := range part.Values {
			if v.Timestamp < m.first || v.Timestamp > m.last {
				continue
			}
			if stream == nil {
				stream = &model.SampleStream{Metric: part.Metric}
				m.streams[key] = stream
				m.matrix = append(m.matrix, stream)
			}
			if n := len(stream.Values); n > 0 && v.Timestamp <= stream.Values[n-1].Timestamp {
				continue
			}
			stream.Values = append(stream.Values, v)
		}
	}
}
