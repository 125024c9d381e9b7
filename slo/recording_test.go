package slo_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/slo"
)

// recorded reads raw samples as Prometheus answered them, with those of one
// app as the total and its 5xx answers as bad.
func recorded(t *testing.T, app string) slo.Data {
	t.Helper()
	body, err := os.ReadFile("../testdata/recordings/checkout-canary-abort/prom-requests.json")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data struct{ Result model.Matrix }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	d := slo.Data{Objective: objective(0.999, 30*day)}
	for _, stream := range answer.Data.Result {
		if string(stream.Metric["app"]) != app {
			continue
		}
		s := slo.Series{Labels: map[string]string{}}
		for name, value := range stream.Metric {
			s.Labels[string(name)] = string(value)
		}
		for _, v := range stream.Values {
			s.Samples = append(s.Samples, slo.Sample{Time: v.Timestamp.Time(), Value: float64(v.Value)})
		}
		d.Total = append(d.Total, s)
		if strings.HasPrefix(s.Labels["status"], "5") {
			d.Bad = append(d.Bad, s)
		}
	}
	return d
}

func isCheckoutCanary(labels map[string]string) bool { return labels["service"] == "checkout-canary" }

// The drivers of the recorded run counted 2,336 requests to the canary, of
// which 1,192 failed.
func TestRecordedAbort(t *testing.T) {
	clock := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, "2026-11-22T"+s+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	d := recorded(t, "checkout")
	start, end := clock("19:54:08"), clock("19:55:30")
	got := slo.Assess(d, start, end, isCheckoutCanary)

	if got.Canary == nil {
		t.Fatal("no canary found")
	}
	if want := (slo.Count{Value: 2336, Low: 2336, High: 2336}); got.Canary.Total != want {
		t.Errorf("canary requests = %+v, want %+v", got.Canary.Total, want)
	}
	if want := (slo.Count{Value: 1192, Low: 1192, High: 1192}); got.Canary.Bad != want {
		t.Errorf("canary failures = %+v, want %+v", got.Canary.Bad, want)
	}
	// The stable version's counters at 19:54:05 and 19:55:25: 18,114 and 31,768 good, 5 and 7 bad.
	near(t, "stable requests", got.Canary.StableTotal.Value, 31768-18114+2)
	near(t, "stable failures", got.Canary.StableBad.Value, 2)
	near(t, "requests", got.Total.Value, 2336+13656)
	near(t, "failures", got.Bad.Value, 1194)
	near(t, "exposure", got.Canary.Exposure, 2336.0/15992)
	near(t, "saved by the abort", got.Canary.Saved, 13656*(1192.0/2336-2.0/13656))
	nearPtr(t, "net", got.Net, 1192-2336*2.0/13656)
	nearPtr(t, "burn rate", got.BurnRate, 1194.0/15992/0.001)
	near(t, "coverage", got.Coverage, 1)
	if got.Baseline.From != slo.ConcurrentStable || !got.Measured {
		t.Errorf("baseline = %+v, measured = %t", got.Baseline, got.Measured)
	}
	if got.SliceLength != 10*time.Second {
		t.Errorf("slices of %s, want 10s", got.SliceLength)
	}
	nearPtr(t, "lost requests", got.LostRequests, 0)

	breaches := slo.Breaches(d, clock("19:52:00"), clock("19:58:00"))
	if len(breaches) != 1 {
		t.Fatalf("breaches = %+v, want one", breaches)
	}
	if b := breaches[0]; !b.Start.Equal(clock("19:54:10")) || !b.End.Equal(clock("19:55:20")) {
		t.Errorf("breach from %s to %s", b.Start.Format(time.TimeOnly), b.End.Format(time.TimeOnly))
	}
}
