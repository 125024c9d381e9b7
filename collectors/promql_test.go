package collectors

import (
	"strings"
	"testing"
)

func TestCounterSelectors(t *testing.T) {
	tests := []struct{ expr, want, err string }{
		{expr: `errors_total`, want: `errors_total`},
		{expr: `{__name__="errors_total", app="a"}`, want: `{__name__="errors_total",app="a"}`},
		{expr: `sum(rate(errors_total{status=~"5.."}[1m]))`, want: `errors_total{status=~"5.."}`},
		{expr: `sum by (app) (increase(errors_total[5m]))`, want: `errors_total`},
		{expr: `(sum without (pod) (irate(errors_total[5m])))`, want: `errors_total`},
		{expr: `sum(rate(a_total[1m])) + sum(rate(b_total{x="1"}[1m]))`, want: `a_total b_total{x="1"}`},
		{expr: `sum(rate(a_total[1m]) + rate(b_total[1m]))`, want: `a_total b_total`},
		{expr: `sum(rate(a_total[1m])) or vector(0)`, want: `a_total`},
		{expr: `sum(`, err: "not PromQL"},
		{expr: `1`, err: `"1" counts no events; give a counter`},
		{expr: `a_total / b_total`, err: "counters can only be added"},
		{expr: `a_total - b_total`, err: "counters can only be added"},
		{expr: `avg(rate(a_total[1m]))`, err: "only sum adds events up"},
		{expr: `histogram_quantile(0.9, rate(a_bucket[1m]))`, err: "only rate, irate and increase are understood"},
		{expr: `sum(rate(a_total[1m] offset 5m))`, err: "offsets, @ and other modifiers"},
		{expr: `rate(a_total[1m] @ 100)`, err: "offsets, @ and other modifiers"},
		{expr: `rate(sum(a_total)[5m:1m])`, err: "a subquery is no counter"},
		{expr: `a_total[5m]`, err: "counts no events"},
		{expr: `-a_total`, err: "counts no events"},
		{expr: `sum(a_total > 5)`, err: "counters can only be added"},
	}
	for _, test := range tests {
		t.Run(test.expr, func(t *testing.T) {
			got, err := CounterSelectors(test.expr)
			switch {
			case test.err == "" && err != nil:
				t.Fatal(err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Fatalf("error %v, want %q", err, test.err)
			case strings.Join(got, " ") != test.want:
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzCounterSelectors(f *testing.F) {
	for _, seed := range []string{canaryErrorRate, `sum(rate(a_total{b="c"}[1m])) + d`, `{"x y"="1"}`, `a or vector(0)`, `sum(`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		selectors, err := CounterSelectors(expr)
		if err != nil {
			return
		}
		if len(selectors) == 0 {
			t.Errorf("no selector in %q", expr)
		}
		for _, selector := range selectors {
			// What is asked for later has to be what was found.
			again, err := CounterSelectors(selector)
			if err != nil || len(again) != 1 || again[0] != selector {
				t.Errorf("%q from %q: %q, %v", selector, expr, again, err)
			}
		}
		ratioOf(expr)
	})
}

func TestObjectiveOfAnalysisMetric(t *testing.T) {
	const (
		errors   = `sum(rate(r_total{code=~"5.."}[1m]))`
		good     = `sum(rate(r_total{code!~"5.."}[1m]))`
		requests = `sum(rate(r_total[1m]))`
	)
	tests := map[string]struct {
		query, success, failure string
		bad, good               string
	}{
		"error ratio":              {query: errors + " / " + requests, success: "result[0] < 0.05", bad: errors},
		"error ratio fails":        {query: errors + " / " + requests, failure: "result[0] >= 0.05", bad: errors},
		"success ratio":            {query: good + " / " + requests, success: "result[0] >= 0.95", good: good},
		"success ratio fails":      {query: good + " / " + requests, failure: "0.95 > result[0]", good: good},
		"negated":                  {query: good + " / " + requests, success: "!(result[0] < 0.95)", good: good},
		"NaN is fine":              {query: errors + " / " + requests, success: "isNaN(result[0]) || result[0] < 0.05", bad: errors},
		"empty is fine":            {query: errors + " / " + requests, success: "len(result) == 0 || result[0] <= 0.05", bad: errors},
		"percent":                  {query: "100 * " + errors + " / " + requests, success: "result[0] < 5", bad: errors},
		"percent after":            {query: "(" + errors + " / " + requests + ") * 100", success: "result[0] < 5", bad: errors},
		"with a fallback":          {query: "(" + errors + " / " + requests + ") or vector(0)", success: "result[0] < 5", bad: errors},
		"both bounds":              {query: errors + " / " + requests, success: "result[0] > 0.1 && result[0] < 0.2"},
		"no bound":                 {query: errors + " / " + requests, success: "len(result) > 0"},
		"average latency":          {query: "sum(rate(d_sum[1m])) / sum(rate(d_count[1m]))", success: "result[0] < 0.5"},
		"gauges":                   {query: "memory_bytes / limit_bytes", success: "result[0] < 0.5"},
		"quantile":                 {query: "histogram_quantile(0.9, rate(d_bucket[1m]))", success: "result[0] < 0.5"},
		"subtraction":              {query: "1 - " + good + " / " + requests, success: "result[0] < 0.5"},
		"broken condition":         {query: errors + " / " + requests, success: "result[0] <"},
		"latency within threshold": {query: `sum(rate(d_bucket{le="0.5"}[1m])) / sum(rate(d_count[1m]))`, success: "result[0] > 0.9", good: `sum(rate(d_bucket{le="0.5"}[1m]))`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o, ok := objectiveOf(TargetMetric{Name: "m", Query: test.query, Success: test.success, Failure: test.failure})
			if ok != (test.bad != "" || test.good != "") || o.Bad != test.bad || o.Good != test.good {
				t.Errorf("got %t %+v", ok, o)
			}
			if ok && (o.Total == "" || o.Name != "m (analysis metric)") {
				t.Errorf("got %+v", o)
			}
		})
	}
}
