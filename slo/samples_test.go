package slo_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/slo"
)

// epoch is a round time for slices to align to.
var epoch = time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// at is a time so long after the epoch.
func at(d time.Duration) time.Time { return epoch.Add(d) }

// counter is a series with samples one step apart.
func counter(labels map[string]string, start time.Time, step time.Duration, values ...float64) slo.Series {
	s := slo.Series{Labels: labels}
	for i, v := range values {
		s.Samples = append(s.Samples, slo.Sample{Time: start.Add(time.Duration(i) * step), Value: v})
	}
	return s
}

// steady is a counter that rises from 0 by so much in each of n steps.
func steady(labels map[string]string, start time.Time, step time.Duration, n int, by float64) slo.Series {
	values := make([]float64, n+1)
	for i := range values {
		values[i] = float64(i) * by
	}
	return counter(labels, start, step, values...)
}

// cumulative is a counter whose steps are the given events, from 0.
func cumulative(start time.Time, step time.Duration, events ...float64) slo.Series {
	values := make([]float64, len(events)+1)
	for i, n := range events {
		values[i+1] = values[i] + n
	}
	return counter(nil, start, step, values...)
}

func objective(target float64, window time.Duration) slo.Objective {
	return slo.Objective{Name: "availability", Target: target, Window: model.Duration(window), Bad: "bad", Total: "total"}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) || math.IsNaN(got) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// nearPtr checks a figure that must be known.
func nearPtr(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s is unknown, want %v", what, want)
		return
	}
	near(t, what, *got, want)
}

func unknown(t *testing.T, what string, got *float64) {
	t.Helper()
	if got != nil {
		t.Errorf("%s = %v, want it unknown", what, *got)
	}
}
