package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// readSamples reads the raw samples of all prom-*.json, the series in the
// engine's order.
func readSamples(fsys fs.FS) ([]storage.Series, error) {
	names, err := fs.Glob(fsys, "prom-*.json")
	if err != nil {
		return nil, err
	}
	var all []storage.Series
	for _, name := range names {
		var answer recordedAnswer
		if err := readJSON(fsys, name, &answer); err != nil {
			return nil, err
		}
		var matrix model.Matrix
		if answer.Data.ResultType != "matrix" {
			return nil, fmt.Errorf("%s: holds a %s, not raw samples", name, answer.Data.ResultType)
		}
		if err := json.Unmarshal(answer.Data.Result, &matrix); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, stream := range matrix {
			all = append(all, seriesOf(stream))
		}
	}
	slices.SortFunc(all, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return all, nil
}

func seriesOf(stream *model.SampleStream) storage.Series {
	names := map[string]string{}
	for name, value := range stream.Metric {
		names[string(name)] = string(value)
	}
	var samples []chunks.Sample
	for _, v := range stream.Values {
		samples = append(samples, sample{int64(v.Timestamp), float64(v.Value)})
	}
	slices.SortFunc(samples, func(a, b chunks.Sample) int { return cmp.Compare(a.T(), b.T()) })
	return storage.NewListSeries(labels.FromMap(names), samples)
}

// Querier lets the engine read the series.
func (m *metrics) Querier(_, _ int64) (storage.Querier, error) { return querier{m.series}, nil }

type querier struct{ series []storage.Series }

// Select gives the matching series. They always are in order, and the engine
// itself skips samples outside its range.
func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var matching []storage.Series
	for _, s := range q.series {
		if matches(s.Labels(), matchers) {
			matching = append(matching, s)
		}
	}
	return &seriesSet{series: matching, at: -1}
}

func matches(l labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

func (querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (querier) Close() error { return nil }

type seriesSet struct {
	series []storage.Series
	at     int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// sample is one recorded value.
type sample struct {
	t int64
	f float64
}

func (s sample) T() int64                      { return s.t }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.f }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }
