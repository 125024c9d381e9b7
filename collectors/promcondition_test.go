package collectors

import (
	"math"
	"testing"
)

func TestCondition(t *testing.T) {
	vector := func(values ...float64) []float64 { return values }
	tests := map[string]struct {
		success, failure string
		result           any
		want             verdict
		fails            bool // to evaluate
	}{
		"success":             {success: "result[0] < 0.05", result: vector(0.01), want: passed},
		"no success":          {success: "result[0] < 0.05", result: vector(0.5), want: failed},
		"NaN is no success":   {success: "result[0] < 0.05", result: vector(math.NaN()), want: failed},
		"NaN asked for":       {success: "isNaN(result[0]) || result[0] < 0.05", result: vector(math.NaN()), want: passed},
		"infinite":            {failure: "isInf(result[0])", result: vector(math.Inf(1)), want: failed},
		"failure":             {failure: "result[0] > 0.1", result: vector(0.2), want: failed},
		"no failure":          {failure: "result[0] > 0.1", result: vector(0.05), want: passed},
		"between the two":     {success: "result[0] < 0.05", failure: "result[0] > 0.1", result: vector(0.07), want: inconclusive},
		"both":                {success: "result[0] > 0", failure: "result[0] > 0.1", result: vector(0.2), want: failed},
		"scalar":              {success: "result < 0.05", result: 0.01, want: passed},
		"conversions":         {success: "asInt(result[0]) == 3 && asFloat('2.5') < result[0]", result: vector(3.7), want: passed},
		"all of them":         {success: "all(result, {# < 0.05})", result: vector(0.01, 0.02), want: passed},
		"count":               {success: "len(result) == 2", result: vector(1, 2), want: passed},
		"nil and default":     {success: "!isNil(result) && default(result, 0)[0] == 1", result: vector(1), want: passed},
		"no such element":     {success: "result[1] < 0.05", result: vector(0.01), fails: true},
		"no bool":             {success: "result[0]", result: vector(0.01), fails: true},
		"not a number's text": {success: "asFloat('x') > 1", result: vector(0.01), fails: true},
		"not a kind":          {success: "asInt(result) > 1", result: vector(0.01), fails: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := newCondition(test.success, test.failure)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.judge(test.result)
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			if err == nil && got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
	for _, bad := range []string{"", "result[0] <"} {
		if _, err := newCondition(bad, ""); err == nil {
			t.Errorf("condition %q was compiled", bad)
		}
	}
}
