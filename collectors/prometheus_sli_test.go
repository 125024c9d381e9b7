package collectors

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

func TestMetricEvents(t *testing.T) {
	nan := math.NaN()
	const vector = "sum(a) / sum(b)"
	tests := map[string]struct {
		query, success, failure string
		values                  []float64 // every 10 s from 19:00:00
		superseded              string
		want                    string
	}{
		"breach and recovery": {query: vector, success: "result[0] < 0.05", values: []float64{0, 0.514, 0.514, 0.012}, want: "19:00:10 m 0.514 violates `result[0] < 0.05` | 19:00:30 m 0.012 meets `result[0] < 0.05` again"},
		"no more traffic":     {query: vector, success: "result[0] < 0.05", values: []float64{nan, 0.514, nan}, want: "19:00:10 m 0.514 violates `result[0] < 0.05` | 19:00:20 Analysis metric m: no more traffic"},
		"of the canary":       {query: `sum(a{service="c-canary"})`, success: "result[0] < 5", values: []float64{9, nan}, want: "19:00:00 m 9 violates `result[0] < 5` | 19:00:10 Analysis metric m: no more canary traffic"},
		"NaN the condition takes": {
			query: vector, success: "isNaN(result[0]) || result[0] < 0.05", values: []float64{nan, 0.514, nan},
			want: "19:00:10 m 0.514 violates `isNaN(result[0]) || result[0] < 0.05` | 19:00:20 Analysis metric m: no more traffic",
		},
		"failure condition":    {query: vector, failure: "result[0] > 0.1", values: []float64{0.212, 0.051}, want: "19:00:00 m 0.212 meets the failure condition `result[0] > 0.1` | 19:00:10 m 0.051 no longer meets the failure condition `result[0] > 0.1`"},
		"the last counts":      {query: vector, success: "result[0] < 5", values: []float64{9, 1, 9, 1}, want: "19:00:00 m 9 violates `result[0] < 5` | 19:00:30 m 1 meets `result[0] < 5` again"},
		"never recovers":       {query: vector, success: "result[0] < 5", values: []float64{1, 9}, want: "19:00:10 m 9 violates `result[0] < 5`"},
		"scalar":               {query: "scalar(a)", success: "result < 5", values: []float64{1, 9, 1}, want: "19:00:10 m 9 violates `result < 5` | 19:00:20 m 1 meets `result < 5` again"},
		"undecided":            {query: vector, success: "result[0] < 1", failure: "result[0] > 5", values: []float64{9, 3, 0}, want: "19:00:00 m 9 violates `result[0] < 1` | 19:00:20 m 0 meets `result[0] < 1` again"},
		"another update's":     {query: vector, success: "result[0] < 5", values: []float64{1, 1, 9}, superseded: "19:00:15", want: ""},
		"fine":                 {query: vector, success: "result[0] < 5", values: []float64{1, nan}, want: ""},
		"without a condition":  {query: vector, values: []float64{1}, want: ""},
		"condition on nothing": {query: vector, success: "result[3] < 5", values: []float64{9}, want: ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := &timeline.Facts{Rollout: timeline.Rollout{Started: onTheDay(t, "19:00:00"), CanaryService: "c-canary"}}
			if test.superseded != "" {
				f.Rollout.Superseded = onTheDay(t, test.superseded)
			}
			series := slo.Series{Samples: []slo.Sample{{Time: f.Rollout.Started.Add(-10 * time.Second), Value: 99}}} // before the rollout
			for i, v := range test.values {
				series.Samples = append(series.Samples, slo.Sample{Time: f.Rollout.Started.Add(time.Duration(i) * 10 * time.Second), Value: v})
			}
			f.Metrics = []timeline.MetricSeries{{Name: "m", Query: test.query, Success: test.success, Failure: test.failure, Step: 10 * time.Second, Series: []slo.Series{series}}}
			var got []string
			for _, e := range metricEvents(f, evidence.Window{Start: onTheDay(t, "18:00:00"), End: onTheDay(t, "20:00:00")}) {
				got = append(got, e.Time.Format(time.TimeOnly)+" "+e.Title)
				if e.Detail != test.query || e.Authority == timeline.FromStatus || !e.Sampled || e.Precision != 10*time.Second {
					t.Errorf("event: %+v", e)
				}
			}
			if g := strings.Join(got, " | "); g != test.want {
				t.Errorf("got  %s\nwant %s", g, test.want)
			}
		})
	}
}

// Whatever a bundle claims to hold is read or refused, and NaN survives.
func FuzzMetricEntry(f *testing.F) {
	f.Add(`{"name":"m","start":"2026-11-22T19:00:00Z","end":"2026-11-22T20:00:00Z","step":"5s","success":"result[0] < 1","answer":[{"metric":{"a":"b"},"values":[[1795374005,"NaN"],[1795374010,"0.5"]]}]}`)
	f.Add(`{"answer":[null]}`)
	f.Add(`{"answer":[{"metric":{},"histograms":[[1,{"count":"1","sum":"1"}]]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var entry metricEntry
		if json.Unmarshal([]byte(text), &entry) != nil {
			return
		}
		m, err := entry.series()
		if err != nil {
			return
		}
		for _, s := range m.Series {
			for i, sample := range s.Samples {
				if i > 0 && !sample.Time.After(s.Samples[i-1].Time) {
					t.Errorf("samples out of order: %v", s.Samples)
				}
			}
		}
		if len(entry.Success) < 50 { // long ones are a test of another's interpreter
			metricEvents(&timeline.Facts{Metrics: []timeline.MetricSeries{m}}, evidence.Window{Start: entry.Start, End: entry.End})
		}
	})
}

func TestMetricEntryKeepsNaN(t *testing.T) {
	raw, err := json.Marshal(model.Matrix{{Metric: model.Metric{}, Values: []model.SamplePair{{Timestamp: 1795374005000, Value: model.SampleValue(math.NaN())}}}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := metricEntry{Start: time.Unix(1795374000, 0), End: time.Unix(1795375000, 0), Answer: raw}.series()
	if err != nil || len(m.Series) != 1 || !math.IsNaN(m.Series[0].Samples[0].Value) {
		t.Errorf("%+v, %v", m, err)
	}
}
