package slo_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/slo"
)

// figure is one number of a vector, rounded as the vector prints it.
type figure struct {
	what   string
	got    float64
	want   float64
	digits int // after the point
}

// TestVectors holds the formulas against worked examples, most of them the
// SRE Workbook's own.
func TestVectors(t *testing.T) {
	const month = 30 * day
	spent := func(bad, target, events float64) float64 { return 100 * bad / slo.Allowed(target, events) }
	last := func(burn float64) slo.Projection { return slo.Exhaustion(1, burn, month, epoch) }
	tests := []struct {
		name    string
		figures []figure
	}{
		{"3,000,000 requests at 99.9 %, 1,500 bad", []figure{
			{"allowed", slo.Allowed(0.999, 3e6), 3000, 9},
			{"percent consumed", spent(1500, 0.999, 3e6), 50, 9},
		}},
		{"3,663,253 requests: 97 % / 90 % / 99 %", []figure{
			{"allowed at 97 %", slo.Whole(slo.Allowed(0.97, 3663253)), 109897, 0},
			{"allowed at 90 %", slo.Whole(slo.Allowed(0.90, 3663253)), 366325, 0},
			{"allowed at 99 %", slo.Whole(slo.Allowed(0.99, 3663253)), 36632, 0},
		}},
		{"burn 1 / 2 / 10 / 1000 on 30 d", []figure{
			{"days at 1", last(1).In.Hours() / 24, 30, 9},
			{"days at 2", last(2).In.Hours() / 24, 15, 9},
			{"days at 10", last(10).In.Hours() / 24, 3, 9},
			{"minutes at 1000", last(1000).In.Minutes(), 43.2, 9},
		}},
		{"14.4 x 1 h; 6 x 6 h; 1 x 3 d (of 30 d)", []figure{
			{"percent spent at 14.4", 100 * slo.Spent(14.4, time.Hour, month), 2, 9},
			{"percent spent at 6", 100 * slo.Spent(6, 6*time.Hour, month), 5, 9},
			{"percent spent at 1", 100 * slo.Spent(1, 3*day, month), 10, 9},
		}},
		{"10 requests/h, 99.9 %/30 d, 1 bad", []figure{
			{"allowed", slo.Allowed(0.999, 7200), 7.2, 9},
			{"percent consumed", spent(1, 0.999, 7200), 13.9, 1},
			// The workbook's text says 1,000, which is the rate at which every
			// request fails. One in ten is 100, and only that agrees with the
			// 13.9 %: 100 * 1 h / 720 h.
			{"burn rate in that hour", slo.BurnRate(1.0/10, 0.999), 100, 9},
			{"percent spent at that rate", 100 * slo.Spent(slo.BurnRate(1.0/10, 0.999), time.Hour, month), 13.9, 1},
			{"highest burn rate", slo.BurnRate(1, 0.999), 1000, 9},
		}},
		{"90 % SLO, 1 h total outage of 30 d", []figure{
			{"burn rate", slo.BurnRate(1, 0.9), 10, 9},
			{"percent spent", 100 * slo.Spent(slo.BurnRate(1, 0.9), time.Hour, month), 1.39, 2},
		}},
		{"15 % errors for 10 min, 99.9 %/30 d, uniform traffic", []figure{
			{"burn rate", slo.BurnRate(0.15, 0.999), 150, 9},
			{"percent spent", 100 * slo.Spent(slo.BurnRate(0.15, 0.999), 10*time.Minute, month), 3.47, 2},
		}},
		{"canary 5 % of traffic, 20 % errors", []figure{
			{"percent overall", 100 * slo.OverallErrorRate(0.05, 0.20, 0), 1, 9},
			{"burn rate", slo.BurnRate(slo.OverallErrorRate(0.05, 0.20, 0), 0.999), 10, 9},
		}},
		{"100 of 120 bad, 90,000 requests per 30 d, 95 %", []figure{
			{"percent consumed", spent(100, 0.95, 90000), 2.22, 2},
		}},
		{"38 % for 103 min; 97 % for 72 min", []figure{
			{"minutes", slo.TimeWeightedMinutes(outage(103, 0.38)), 39.14, 9},
			{"minutes", slo.TimeWeightedMinutes(outage(72, 0.97)), 69.84, 9},
		}},
		{"5 min with 50 % of all requests failing, 99.9 %/30 d", []figure{
			{"time-weighted minutes", slo.TimeWeightedMinutes(outage(5, 0.5)), 2.5, 9},
			{"traffic-weighted minutes", slo.OutageMinutes(5*100*0.5, 100*month.Minutes(), month), 2.5, 9},
			{"minutes allowed", slo.Allowed(0.999, month.Minutes()), 43.2, 9},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { check(t, test.figures) })
	}
}

func check(t *testing.T, figures []figure) {
	t.Helper()
	for _, f := range figures {
		scale := math.Pow(10, float64(f.digits))
		if got := math.Round(f.got*scale) / scale; got != f.want {
			t.Errorf("%s = %v, want %v", f.what, f.got, f.want)
		}
	}
}

// outage is so many minutes of slices with one error rate and uneven traffic.
func outage(minutes int, rate float64) []slo.Slice {
	slices := make([]slo.Slice, minutes)
	for i := range slices {
		total := float64(100 * (1 + i%7))
		slices[i] = slo.Slice{
			Start: at(time.Duration(i) * time.Minute), End: at(time.Duration(i+1) * time.Minute),
			Bad: rate * total, Good: (1 - rate) * total, Total: total, Known: true,
		}
	}
	return slices
}

// The three budgeting methods on one window, by way of the samples.
func TestVectorsOfMethods(t *testing.T) {
	const vector = "good `2 10 12 13 13 12 13 13 12 11`, total `4 10 12 13 14 15 14 13 12 11`, 95 %"
	const step, length = 30 * time.Second, time.Minute
	twice := func(n ...float64) (halves []float64) { // two samples to a slice
		for _, x := range n {
			halves = append(halves, 0, x)
		}
		return halves
	}
	data := slo.Data{
		Objective: slo.Objective{Target: 0.95, Window: model.Duration(10 * length), Good: "good", Total: "total"},
		Good:      []slo.Series{cumulative(at(-step), step, twice(2, 10, 12, 13, 13, 12, 13, 13, 12, 11)...)},
		Total:     []slo.Series{cumulative(at(-step), step, twice(4, 10, 12, 13, 14, 15, 14, 13, 12, 11)...)},
		Budget:    slo.Budget{At: at(10 * length), Total: new(118.0), Bad: new(7.0), Coverage: 1},
	}
	for _, test := range []struct {
		method slo.Method
		want   float64 // percent of the budget
		sli    float64
	}{
		{"", 118.644, 111.0 / 118},
		{slo.Occurrences, 118.644, 111.0 / 118},
		{slo.Timeslices, 800, 0.6},
		{slo.RatioTimeslices, 168.571, 1 - 0.84285714285714285/10},
	} {
		t.Run(vector+" by "+string(test.method), func(t *testing.T) {
			d := data
			d.Objective.Method = test.method
			got := slo.Assess(d, epoch, at(10*length), nil)
			if got.Consumed == nil {
				t.Fatal("consumption is unknown")
			}
			check(t, []figure{{"percent consumed", 100 * *got.Consumed, test.want, 3}})
			nearPtr(t, "SLI", got.SLI, test.sli)
			near(t, "bad", got.Bad.Value, 7)
		})
	}
}

func TestVectorOfSlices(t *testing.T) {
	t.Run("12 h, 5 min slices, one bad / two bad", func(t *testing.T) {
		for bad, want := range map[int]float64{1: 99.3056, 2: 98.6111} {
			events := make([]float64, 144)
			failed := make([]float64, 144)
			for i := range events {
				events[i] = 10
				if i < bad {
					failed[10*i] = 1
				}
			}
			o := objective(0.95, 30*day)
			o.Method, o.SliceWindow = slo.Timeslices, model.Duration(5*time.Minute)
			d := slo.Data{
				Objective: o,
				Bad:       []slo.Series{cumulative(at(-5*time.Minute), 5*time.Minute, failed...)},
				Total:     []slo.Series{cumulative(at(-5*time.Minute), 5*time.Minute, events...)},
			}
			got := slo.Assess(d, epoch, at(12*time.Hour), nil)
			if got.SLI == nil {
				t.Fatal("SLI is unknown")
			}
			check(t, []figure{{"percent of good slices", 100 * *got.SLI, want, 4}})
		}
	})
}

func TestVectorOfHalfAWindow(t *testing.T) {
	t.Run("50 M per 30 d at 99.95 %, 15,000 bad by day 15", func(t *testing.T) {
		now := at(15 * day)
		d := slo.Data{
			Objective: objective(0.9995, 30*day),
			Bad:       []slo.Series{counter(nil, epoch.Add(-time.Minute), 15*day+time.Minute, 0, 15000)},
			Total:     []slo.Series{counter(nil, epoch.Add(-time.Minute), 15*day+time.Minute, 0, 25e6)},
			Budget:    slo.Budget{At: now, Total: new(25e6), Bad: new(15000.0), Coverage: 0.5},
		}
		got := slo.Assess(d, epoch, now.Add(1), nil)
		nearPtr(t, "projected events", got.Volume.Window, 50e6)
		nearPtr(t, "allowed", got.AllowedBad, 25000)
		nearPtr(t, "allowed so far", got.AllowedBadElapsed, 12500)
		nearPtr(t, "consumed", got.Consumed, 0.6)
		nearPtr(t, "consumed of the elapsed part", got.ConsumedElapsed, 1.2)
		nearPtr(t, "burn rate", got.BurnRate, 1.2)
		nearPtr(t, "remaining", got.Remaining, 0.4)
		nearPtr(t, "remaining of the elapsed part", got.RemainingElapsed, -0.2)
		if got.Volume.From != slo.VolumeProjectedFromPart {
			t.Errorf("volume is %s", got.Volume.From)
		}
		if got.Exhaustion == nil || got.Exhaustion.State != slo.ExhaustedIn {
			t.Fatalf("exhaustion = %+v, want a projection", got.Exhaustion)
		}
		near(t, "days left", got.Exhaustion.In.Hours()/24, 10)
		if want := now.Add(10 * day); got.Exhaustion.At.Sub(want).Abs() > time.Second {
			t.Errorf("exhausted at %s, want %s", got.Exhaustion.At, want)
		}
	})
}

func TestExhaustion(t *testing.T) {
	for _, test := range []struct {
		name            string
		remaining, burn float64
		want            slo.ExhaustionState
	}{
		{"infinite at no burn", 1, 0, slo.Never},
		{"exhausted at nothing left", 0, 2, slo.Exhausted},
		{"exhausted when overspent", -0.3, 0, slo.Exhausted},
		{"not within centuries", 1, 1e-12, slo.Never},
		{"in a while", 0.5, 1, slo.ExhaustedIn},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := slo.Exhaustion(test.remaining, test.burn, 30*day, epoch); got.State != test.want {
				t.Errorf("state = %q, want %q", got.State, test.want)
			}
		})
	}
}

func TestCanaryFormulas(t *testing.T) {
	near(t, "remaining", slo.Remaining(3600, 3000), -0.2) // shown, not clamped
	near(t, "excess", slo.Excess(120, 1000, 0.01), 110)
	near(t, "saved", slo.Saved(0.2, 1000, 0.5, 0.01), 392)
	near(t, "canary to the full", slo.OverallErrorRate(1, 0.5, 0.01), 0.5)
}
