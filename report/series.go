package report

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

// Series is an indicator over the incident's window, for pictures and for
// readers who want to draw their own.
type Series struct {
	Name      string   `json:"name"`
	Query     string   `json:"query,omitempty"`
	Condition string   `json:"condition,omitempty"` // what it is held against, in words
	Threshold *float64 `json:"threshold"`           // the same as a value; null when the condition has no single one
	Points    []Point  `json:"points"`
}

// Point is one value of a series; null means no traffic or no data, not zero.
type Point struct {
	Time  time.Time `json:"time"`
	Value *float64  `json:"value"`
}

// Weight is the share of traffic, in percent, that the new version has from a
// moment on.
type Weight struct {
	Time    time.Time `json:"time"`
	Percent int       `json:"percent"`
}

// objectiveSeries is the error rate slice by slice, against what the objective allows.
func objectiveSeries(o slo.Objective, slices []slo.Slice) Series {
	s := Series{Name: o.Name + ": error rate", Query: ratioOf(o), Points: []Point{}}
	if o.HasTarget() {
		allowed := math.Round((1-o.Target)*1e12) / 1e12
		s.Threshold, s.Condition = &allowed, "at most "+Percent(allowed)+" by the objective"
	}
	for _, slice := range slices {
		p := Point{Time: slice.Start}
		if slice.Known && slice.Total > 0 {
			rate := slice.Bad / slice.Total
			p.Value = &rate
		}
		s.Points = append(s.Points, p)
	}
	return s
}

func ratioOf(o slo.Objective) string {
	if o.Bad != "" {
		return o.Bad + " / " + o.Total
	}
	return "1 - " + o.Good + " / " + o.Total
}

// metricSeries are an analysis metric's own values. A query may return several
// series; only the first is held against the condition, as result[0].
func metricSeries(m timeline.MetricSeries) Series {
	s := Series{Name: m.Name, Query: m.Query, Condition: m.Success, Points: []Point{}}
	if s.Condition == "" {
		s.Condition = m.Failure
	}
	s.Threshold = threshold(s.Condition)
	if len(m.Series) == 0 {
		return s
	}
	for _, sample := range m.Series[0].Samples {
		p := Point{Time: sample.Time}
		if !math.IsNaN(sample.Value) && !math.IsInf(sample.Value, 0) {
			p.Value = &sample.Value
		}
		s.Points = append(s.Points, p)
	}
	return s
}

var comparison = regexp.MustCompile(`^\s*result(?:\[0\])?\s*[<>]=?\s*([0-9.]+(?:e-?\d+)?)\s*$`)

// threshold is the value in a condition that compares the result with one.
func threshold(condition string) *float64 {
	match := comparison.FindStringSubmatch(condition)
	if match == nil {
		return nil
	}
	value, err := strconv.ParseFloat(match[1], 64)
	if err != nil {
		return nil
	}
	return &value
}

// weightsOf follows the new version's share of traffic through the events.
func weightsOf(events []timeline.Event, r timeline.Rollout) []Weight {
	weights := []Weight{}
	for _, e := range events {
		if !r.Superseded.IsZero() && !e.Time.Before(r.Superseded) {
			break
		}
		switch e.Kind {
		case timeline.TrafficShifted:
			weights = append(weights, Weight{e.Time, e.Weight})
		case timeline.TrafficRestored:
			weights = append(weights, Weight{e.Time, 0})
		}
	}
	return weights
}
