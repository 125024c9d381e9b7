package slo_test

import (
	"testing"
	"time"

	"github.com/debrief-sre/debrief/slo"
)

// minutes is data with one step a minute, each at the start of its minute.
func minutes(target float64, bad, total []float64) slo.Data {
	d := slo.Data{Objective: objective(target, 30*day), Total: []slo.Series{cumulative(at(-time.Minute), time.Minute, total...)}}
	d.Objective.SliceWindow = 60e9
	if bad != nil {
		d.Bad = []slo.Series{cumulative(at(-time.Minute), time.Minute, bad...)}
	}
	return d
}

func repeat(n int, v float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = v
	}
	return list
}

func TestBreaches(t *testing.T) {
	type span struct{ from, to int } // minutes
	tests := []struct {
		name string
		bad  []float64
		want []span
	}{
		{"nothing bad", repeat(8, 0), nil},
		{"one bad request is noise", []float64{0, 0, 1, 0, 0, 0, 0, 0}, nil},
		{"as many as chance explains", []float64{0, 0, 4, 0, 0, 0, 0, 0}, nil}, // 1 allowed + 3
		{"one more", []float64{0, 0, 5, 0, 0, 0, 0, 0}, []span{{2, 3}}},
		{"adjacent slices are one breach", []float64{0, 50, 90, 50, 0, 0, 0, 0}, []span{{1, 4}}},
		{"one good slice between does not part", []float64{0, 50, 0, 50, 0, 0, 0, 0}, []span{{1, 4}}},
		{"two do", []float64{0, 50, 0, 0, 50, 0, 0, 0}, []span{{1, 2}, {4, 5}}},
		{"at both edges", []float64{9, 0, 0, 0, 0, 0, 0, 9}, []span{{0, 1}, {7, 8}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []span
			for _, v := range slo.Breaches(minutes(0.99, test.bad, repeat(8, 100)), epoch, at(8*time.Minute)) {
				got = append(got, span{int(v.Start.Sub(epoch).Minutes()), int(v.End.Sub(epoch).Minutes())})
			}
			if len(got) != len(test.want) {
				t.Fatalf("breaches = %v, want %v", got, test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("breach %d = %v, want %v", i, got[i], test.want[i])
				}
			}
		})
	}
}

func TestBreachFigures(t *testing.T) {
	d := minutes(0.99, []float64{0, 50, 2, 90, 0, 0}, repeat(6, 100))
	got := slo.Breaches(d, epoch, at(6*time.Minute), nil)
	if len(got) != 1 {
		t.Fatalf("breaches = %+v, want one", got)
	}
	near(t, "peak burn rate", got[0].PeakBurnRate, 90)
	near(t, "bad", got[0].Bad, 142)
	near(t, "total", got[0].Total, 300)
	if got[0].Precision != time.Minute {
		t.Errorf("precision = %s", got[0].Precision)
	}
}

func TestBreachesNeedATarget(t *testing.T) {
	d := minutes(0, repeat(6, 100), repeat(6, 100))
	if got := slo.Breaches(d, epoch, at(6*time.Minute)); got != nil {
		t.Errorf("breaches = %v, want none", got)
	}
}

func TestBreachesOfTheCanaryAlone(t *testing.T) {
	canary, stable := map[string]string{"hash": "new"}, map[string]string{"hash": "old"}
	d := slo.Data{
		Objective: objective(0.9, 30*day),
		Bad:       []slo.Series{steady(canary, at(-time.Minute), 30*time.Second, 20, 5)},
		Total: []slo.Series{
			steady(canary, at(-time.Minute), 30*time.Second, 20, 10),
			steady(stable, at(-time.Minute), 30*time.Second, 20, 1000),
		},
	}
	if got := slo.Breaches(d, epoch, at(5*time.Minute)); got != nil {
		t.Errorf("overall = %+v, want none", got)
	}
	isCanary := func(labels map[string]string) bool { return labels["hash"] == "new" }
	if got := slo.Breaches(d, epoch, at(5*time.Minute), isCanary); len(got) != 1 {
		t.Errorf("canary = %+v, want one", got)
	}
}
