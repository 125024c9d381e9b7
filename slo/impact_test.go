package slo_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/slo"
)

// An hour of 100 requests a minute, of which ten minutes fail at 15 %.
func incident() (slo.Data, time.Time, time.Time) {
	bad, total := repeat(70, 0), repeat(70, 100)
	bad[20] = 2 // before
	for i := 60; i < 70; i++ {
		bad[i] = 15
	}
	d := minutes(0.999, bad, total)
	d.Budget = slo.Budget{At: at(70 * time.Minute), Total: new(4.32e6), Bad: new(1002.0), Coverage: 1}
	return d, at(60 * time.Minute), at(70 * time.Minute)
}

func TestAssess(t *testing.T) {
	d, start, end := incident()
	got := slo.Assess(d, start, end, nil)
	near(t, "bad", got.Bad.Value, 150)
	near(t, "good", got.Good.Value, 850)
	near(t, "total", got.Total.Value, 1000)
	nearPtr(t, "SLI", got.SLI, 0.85)
	nearPtr(t, "allowed", got.AllowedBad, 4320)
	nearPtr(t, "consumed", got.Consumed, 150.0/4320) // 3.47 %
	nearPtr(t, "outage minutes", got.OutageMinutes, 1.5)
	nearPtr(t, "time-weighted minutes", got.TimeWeightedMinutes, 1.5)
	nearPtr(t, "burn rate", got.BurnRate, 150)
	nearPtr(t, "peak burn rate", got.PeakBurnRate, 150)
	nearPtr(t, "remaining", got.Remaining, 1-1002.0/4320)
	nearPtr(t, "net", got.Net, 150-1000*2.0/5900)
	nearPtr(t, "lost requests", got.LostRequests, 0)
	if got.Volume.From != slo.VolumeMeasured || got.Baseline.From != slo.BeforeIncident || got.Canary != nil {
		t.Errorf("volume %s, baseline %s, canary %v", got.Volume.From, got.Baseline.From, got.Canary)
	}
	if got.Reconciliation == nil {
		t.Fatal("no reconciliation")
	}
	near(t, "before", got.Reconciliation.Before, 1-852.0/4320)
	near(t, "before less consumed", got.Reconciliation.Before-got.Reconciliation.Consumed, got.Reconciliation.After)
	near(t, "bad outside", got.Reconciliation.OtherBad, 852)
}

// Off-peak the two ways to weigh an outage differ.
func TestOutageMinutesOffPeak(t *testing.T) {
	d, start, end := incident()
	d.Budget.Total = new(8.64e6) // twice the incident's traffic on average
	got := slo.Assess(d, start, end, nil)
	nearPtr(t, "outage minutes", got.OutageMinutes, 0.75)
	nearPtr(t, "time-weighted minutes", got.TimeWeightedMinutes, 1.5)
}

func TestVolume(t *testing.T) {
	d, start, end := incident()
	window := d.Objective.Window
	for _, test := range []struct {
		name   string
		change func(*slo.Data)
		from   slo.VolumeSource
		events float64
	}{
		{"measured", func(*slo.Data) {}, slo.VolumeMeasured, 4.32e6},
		{"a few scrapes missed", func(d *slo.Data) { d.Budget.Coverage = 0.96 }, slo.VolumeMeasured, 4.32e6},
		{"half held", func(d *slo.Data) { d.Budget.Coverage = 0.5 }, slo.VolumeProjectedFromPart, 8.64e6},
		{"coverage by the oldest data", func(d *slo.Data) {
			d.Budget.Coverage, d.Budget.Oldest = 0, d.Budget.At.Add(-10*day)
		}, slo.VolumeProjectedFromPart, 12.96e6},
		{"no count", func(d *slo.Data) { d.Budget = slo.Budget{} }, slo.VolumeProjectedFromSamples, 4.32e6},
		{"a count of no known part", func(d *slo.Data) { d.Budget.Coverage = 0 }, slo.VolumeProjectedFromSamples, 4.32e6},
		{"no window", func(d *slo.Data) { d.Budget, d.Objective.Window = slo.Budget{}, 0 }, slo.VolumeUnknown, 0},
		{"nothing", func(d *slo.Data) { d.Budget, d.Total = slo.Budget{}, nil }, slo.VolumeUnknown, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := d
			d.Objective.Window = window
			test.change(&d)
			got := slo.Assess(d, start, end, nil)
			if got.Volume.From != test.from {
				t.Errorf("from = %q, want %q", got.Volume.From, test.from)
			}
			if test.from == slo.VolumeUnknown {
				unknown(t, "events", got.Volume.Window)
				unknown(t, "consumed", got.Consumed)
				unknown(t, "outage minutes", got.OutageMinutes)
				return
			}
			nearPtr(t, "events", got.Volume.Window, test.events)
			nearPtr(t, "consumed", got.Consumed, 150/(test.events*0.001))
		})
	}
}

func TestMissingSeries(t *testing.T) {
	d, start, end := incident()
	t.Run("no series of bad events is none of them", func(t *testing.T) {
		d := d
		d.Bad = nil
		got := slo.Assess(d, start, end, nil)
		if !got.Measured || got.Bad.High != 0 {
			t.Errorf("measured = %t, bad = %+v", got.Measured, got.Bad)
		}
		nearPtr(t, "consumed", got.Consumed, 0)
	})
	t.Run("no total is unknown", func(t *testing.T) {
		d := d
		d.Total = nil
		got := slo.Assess(d, start, end, nil)
		if got.Measured || got.Coverage != 0 {
			t.Errorf("measured = %t, coverage = %v", got.Measured, got.Coverage)
		}
		unknown(t, "consumed", got.Consumed)
		unknown(t, "burn rate", got.BurnRate)
		unknown(t, "SLI", got.SLI)
	})
	t.Run("no series of good events at all is unknown", func(t *testing.T) {
		d := d
		d.Bad, d.Objective.Bad, d.Objective.Good = nil, "", "good"
		got := slo.Assess(d, start, end, nil)
		if got.Measured || got.Bad.Value != 0 {
			t.Errorf("measured = %t, bad = %+v", got.Measured, got.Bad)
		}
		unknown(t, "consumed", got.Consumed)
	})
	t.Run("a hole shows in the coverage", func(t *testing.T) {
		d := d
		samples := d.Total[0].Samples
		d.Total = []slo.Series{{Samples: append(samples[:65:65], samples[68:]...)}}
		got := slo.Assess(d, start, end, nil)
		near(t, "coverage", got.Coverage, 0.7)
		near(t, "total", got.Total.Value, 1000) // the counter went on
		unknown(t, "lost requests", got.LostRequests)
	})
}

func TestNoTarget(t *testing.T) {
	d, start, end := incident()
	d.FromAnalysis, d.Objective = true, slo.Objective{Total: "total"}
	got := slo.Assess(d, start, end, nil)
	near(t, "bad", got.Bad.Value, 150)
	nearPtr(t, "net", got.Net, 150-1000*2.0/5900)
	for what, figure := range map[string]*float64{
		"allowed": got.AllowedBad, "consumed": got.Consumed, "burn rate": got.BurnRate,
		"peak": got.PeakBurnRate, "remaining": got.Remaining, "outage minutes": got.OutageMinutes,
	} {
		unknown(t, what, figure)
	}
	if !got.FromAnalysis || got.Exhaustion != nil || got.Reconciliation != nil {
		t.Errorf("impact = %+v", got)
	}
}

// One slice of 0/0 must not poison the rest.
func TestNoTrafficPoisonsNothing(t *testing.T) {
	for _, method := range []slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices} {
		d := minutes(0.9, []float64{0, 0, 5, 0}, []float64{10, 0, 10, 0})
		d.Objective.Method, d.Objective.Window = method, model.Duration(4*time.Minute)
		got := slo.Assess(d, epoch, at(4*time.Minute), nil)
		if got.Consumed == nil || math.IsNaN(*got.Consumed) || got.SLI == nil || math.IsNaN(*got.SLI) {
			t.Errorf("%s: consumed %v, SLI %v", method, got.Consumed, got.SLI)
		}
		nearPtr(t, "time-weighted minutes", got.TimeWeightedMinutes, 0.5)
	}
}

func TestLostRequests(t *testing.T) {
	total := append(repeat(30, 100), repeat(10, 40)...)
	got := slo.Assess(minutes(0.99, nil, total), at(30*time.Minute), at(40*time.Minute), nil)
	nearPtr(t, "lost requests", got.LostRequests, 600)
}

// New pods are new series: their first sample counts from zero, and the
// bounds say what rests on that.
func TestCanaryOfNewSeries(t *testing.T) {
	isNew := func(labels map[string]string) bool { return labels["hash"] == "new" }
	newPod, oldPod := map[string]string{"hash": "new"}, map[string]string{"hash": "old"}
	d := slo.Data{
		Objective: objective(0.99, 30*day),
		Good: []slo.Series{
			steady(oldPod, epoch, scrape, 60, 90),
			counter(newPod, at(100*time.Second), scrape, 5, 15, 25),
		},
		Total: []slo.Series{
			steady(oldPod, epoch, scrape, 60, 90),
			counter(newPod, at(100*time.Second), scrape, 10, 30, 50),
		},
	}
	d.Objective.Bad, d.Objective.Good = "", "good"
	got := slo.Assess(d, at(98*time.Second), at(130*time.Second), isNew)
	if got.Canary == nil {
		t.Fatal("no canary")
	}
	if want := (slo.Count{Value: 50, Low: 40, High: 50}); got.Canary.Total != want {
		t.Errorf("requests = %+v, want %+v", got.Canary.Total, want)
	}
	if want := (slo.Count{Value: 25, Low: 20, High: 25}); got.Canary.Bad != want {
		t.Errorf("failures = %+v, want %+v", got.Canary.Bad, want)
	}
	near(t, "error rate", got.Canary.ErrorRate, 0.5)
	near(t, "exposure", got.Canary.Exposure, 50.0/(50+540))
	nearPtr(t, "stable error rate", got.Canary.StableErrorRate, 0)
	near(t, "saved", got.Canary.Saved, 270)
	nearPtr(t, "net", got.Net, 25)
}

func TestNoCanary(t *testing.T) {
	d, start, end := incident()
	none := func(map[string]string) bool { return false }
	if got := slo.Assess(d, start, end, none); got.Canary != nil || got.Baseline.From != slo.BeforeIncident {
		t.Errorf("canary = %+v, baseline = %+v", got.Canary, got.Baseline)
	}
	all := func(map[string]string) bool { return true }
	got := slo.Assess(d, start, end, all)
	if got.Canary == nil || got.Canary.StableErrorRate != nil || got.Baseline.From != slo.BeforeIncident {
		t.Errorf("canary = %+v, baseline = %+v", got.Canary, got.Baseline)
	}
	near(t, "exposure", got.Canary.Exposure, 1)
}
