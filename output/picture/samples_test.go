package picture_test

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

func at(clock string) time.Time {
	t, err := time.Parse(time.DateTime, "2026-11-22 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

func value[T any](v T) *T { return &v }

// recorded is the incident of testdata/recordings/checkout-canary-abort with
// the figures of its Prometheus: bad and all requests in slices of 10 s.
func recorded() report.Report {
	slices := [][2]float64{
		{0, 2005},
		{1, 1964},
		{2, 2004},
		{1, 2003},
		{0, 2005},
		{0, 2003},
		{1, 2009},
		{138, 2004},
		{212, 2005},
		{209, 2005},
		{203, 2002},
		{188, 1965},
		{189, 2003},
		{54, 2006},
		{1, 2002},
		{0, 2006},
		{1, 2004},
		{1, 2005},
		{1, 2006},
		{0, 1962},
		{0, 2005},
		{1, 2009},
		{1, 2007},
		{0, 2015},
	}
	objective := report.Series{Name: "checkout-availability: error rate", Condition: "at most 0.1 % by the objective", Threshold: value(0.001)}
	for i, s := range slices {
		objective.Points = append(objective.Points, report.Point{Time: at("19:53:00").Add(time.Duration(i) * 10 * time.Second), Value: value(s[0] / s[1])})
	}
	analysis := report.Series{Name: "error-rate", Condition: "result[0] < 0.05", Threshold: value(0.05)}
	for i, v := range []float64{0.498, 0.512, 0.514, 0.515, 0.514, 0.514, 0.513, 0.513, 0.513, 0.512} {
		analysis.Points = append(analysis.Points, report.Point{Time: at("19:54:15").Add(time.Duration(i) * 5 * time.Second), Value: value(v)})
	}
	r := report.Report{
		Incident: report.Incident{
			Window:  evidence.Window{Start: at("19:44:08"), End: at("20:00:08")},
			Started: value(at("19:54:08")), Detected: value(at("19:54:48")), Mitigated: value(at("19:55:08")), Resolved: value(at("19:55:08")),
		},
		Series:  []report.Series{objective, analysis},
		Weights: []report.Weight{{Time: at("19:54:08"), Percent: 20}, {Time: at("19:55:08"), Percent: 0}},
		Impact: []report.Impact{{
			Objective: "checkout-availability", Target: value(0.999), Window: model.Duration(30 * 24 * time.Hour),
			Measured: true, Bad: 1193, Total: 16000, Projected: true, WindowKnown: 0.124,
			Consumed: value(0.0231), Remaining: value(0.8812),
		}},
	}
	for i, e := range []struct {
		clock string
		kind  timeline.Kind
		title string
	}{
		{"19:54:08", timeline.RolloutStarted, "Rollout of revision 2 started: registry.local/checkout:1.0.0 -> registry.local/checkout:1.1.0-bad"},
		{"19:54:08", timeline.CanaryReady, "Canary ReplicaSet checkout-666689f855 available"},
		{"19:54:08", timeline.TrafficShifted, "Traffic to the canary changed from 0 % to 20 %"},
		{"19:54:20", timeline.AlertPending, "Alert ErrorBudgetBurn pending"},
		{"19:54:28", timeline.AnalysisStarted, "Step analysis checkout-666689f855-2-2 started"},
		{"19:54:48", timeline.AnalysisMeasured, "error-rate measured 0.514 against success condition result[0] < 0.05: Failed"},
		{"19:54:50", timeline.AlertFiring, "Alert ErrorBudgetBurn firing"},
		{"19:55:08", timeline.AnalysisFailed, "Analysis checkout-666689f855-2-2 ended: Failed"},
		{"19:55:08", timeline.RolloutAborted, "Rollout aborted at revision 2"},
		{"19:55:08", timeline.TrafficRestored, "Canary weight set to 0 %: all traffic back on the stable version"},
	} {
		r.Events = append(r.Events, report.Event{ID: fmt.Sprintf("e-%010x", i+1), Time: at(e.clock), Kind: e.kind, Title: e.title, Key: true})
	}
	return r
}

// gaps is the recorded incident with values that are missing, not numbers, or
// not there at all.
func gaps() report.Report {
	r := recorded()
	points := r.Series[0].Points
	for _, i := range []int{6, 8, 9} {
		points[i].Value = nil
	}
	points[11].Value = value(nan)
	r.Series[0].Points = append(points[:13:13], points[15:]...)
	r.Series[1].Points = nil
	return r
}

func onePoint() report.Report {
	r := recorded()
	r.Series = r.Series[:1]
	r.Series[0].Points = r.Series[0].Points[9:10]
	r.Weights, r.Events = nil, nil
	return r
}

// long is a day with a value each second, one of them a peak.
func long() report.Report {
	r := recorded()
	start := at("00:00:00")
	r.Incident.Started, r.Incident.Mitigated = value(start.Add(time.Hour)), value(start.Add(19*time.Hour))
	r.Incident.Detected, r.Incident.Resolved = nil, value(start.Add(60*time.Hour))
	s := &r.Series[0]
	s.Points = nil
	for i := range 86400 {
		v := 0.0004 + 0.0003*float64(i%97)/97
		if i > 36000 && i < 50000 {
			v += 0.002
		}
		if i == 43210 {
			v = 0.031
		}
		s.Points = append(s.Points, report.Point{Time: start.Add(time.Duration(i) * time.Second), Value: &v})
	}
	r.Series = append(r.Series[:1], report.Series{Name: "p99 latency", Condition: "result[0] < 300", Threshold: value(300.0)})
	for i := range 200 {
		r.Series[1].Points = append(r.Series[1].Points, report.Point{Time: start.Add(time.Duration(i) * 5 * time.Minute), Value: value(180 + 40*float64(i%7))})
	}
	r.Weights = nil
	for i := range 10 {
		r.Weights = append(r.Weights, report.Weight{Time: start.Add(time.Hour + time.Duration(i)*100*time.Minute), Percent: 10 + 10*i})
	}
	for i := range r.Events {
		r.Events[i].Time = start.Add(time.Hour + time.Duration(i*2)*time.Hour)
	}
	r.Events[0].Time = start.Add(-40 * time.Hour)
	r.Events[len(r.Events)-1].Time = start.Add(60 * time.Hour)
	return r
}

// overdrawn has budgets of every state.
func overdrawn() report.Report {
	r := recorded()
	month := model.Duration(30 * 24 * time.Hour)
	impact := func(name string, target float64, consumed, remaining *float64) report.Impact {
		return report.Impact{Objective: name, Target: &target, Window: month, Measured: true, WindowKnown: 1, Consumed: consumed, Remaining: remaining}
	}
	r.Impact = []report.Impact{
		impact("checkout-availability", 0.999, value(1.184), value(-0.42)),
		impact("checkout-latency", 0.99, value(12.5), nil),
		impact("login-availability", 0.9995, value(0.0002), value(0.97)),
		impact("search", 0.95, nil, value(0.0)),
		impact("mail", 0.95, nil, nil),
		{Objective: "error-rate", FromAnalysis: true, Consumed: value(3.0)},
	}
	return r
}

// hostile has an attack in every text.
func hostile() report.Report {
	const attack = "</title></text></svg><script>alert(1)</script>\"' onload=\"x\" <![CDATA[ ]]> &amp; <!-- \u202etxet\u202c \x1b[31m\x00\ufeff\u200b {{.}} `|` ![x](http://evil.example) e\u0301\u0301\u0301\u0301\u0301 \xff\xfe \U000e0041"
	r := recorded()
	for i := range r.Events {
		r.Events[i].Title = attack + attack
	}
	r.Events[0].ID = `x" onclick="alert(1)`
	r.Events[1].ID = r.Events[2].ID
	r.Events[3].ID = "javascript:alert(1)"
	for i := range r.Series {
		r.Series[i].Name, r.Series[i].Condition = attack, attack
	}
	r.Series[1].Threshold = value(1e308)
	r.Series[1].Points[2].Value = value(-1e308)
	r.Impact[0].Objective = attack
	return r
}
