package picture_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/output/picture"
)

// charts are those of the golden files.
func charts() map[string]picture.Chart {
	months := func(n int) (labels []string) {
		for i := range n {
			labels = append(labels, fmt.Sprintf("%d-%02d", 2025+i/12, i%12+1))
		}
		return labels
	}
	stacked := picture.Bars{Title: "Incidents a month", Stacked: true}
	for i := range 24 {
		stacked.Values = append(stacked.Values, []float64{float64(i % 5), float64(i % 3), float64(i % 2), 1, 0, float64(i % 4)})
	}
	return map[string]picture.Chart{
		"stacked": {
			Name: "incidents", Title: "Incidents a month", Desc: "24 months.", Labels: months(24),
			Series: []string{"a", "b", "c", "d", "e", "others"}, Panels: []picture.Bars{stacked},
		},
		"gaps": {
			Name: "budget", Title: "Budget", Desc: "Two objectives.", Labels: months(3), Series: []string{"consumed", "saved"},
			Panels: []picture.Bars{
				{Title: "checkout", Ratio: true, Values: [][]float64{{0.0001, 0.5}, {0, 0}, {1.5, nan}}, Partial: []bool{false, true, true}},
				{Title: "nothing <is> known\u202e\x1b[31m", Ratio: true, Values: [][]float64{{0, 0}, {-1, 0}, {0, 0}}, Partial: []bool{true, true, true}},
			},
		},
	}
}

func TestChart(t *testing.T) {
	for name, chart := range charts() {
		t.Run(name, func(t *testing.T) {
			svg, ok := chart.Draw()
			if !ok {
				t.Fatal("nothing was drawn")
			}
			again, _ := chart.Draw()
			compare(t, filepath.Join("testdata", "chart-"+name+".svg"), string(svg.Standalone()), string(again.Standalone()))
			for _, bad := range []string{"NaN", "Inf", "\u202e", "\x1b", "<is>"} {
				if strings.Contains(svg.Inline(), bad) {
					t.Errorf("holds %q", bad)
				}
			}
		})
	}
}

// TestChartOfNothing tells what is not drawn.
func TestChartOfNothing(t *testing.T) {
	full := charts()["stacked"]
	for name, change := range map[string]func(*picture.Chart){
		"no labels":       func(c *picture.Chart) { c.Labels = nil },
		"no panels":       func(c *picture.Chart) { c.Panels = nil },
		"too many series": func(c *picture.Chart) { c.Series = make([]string, picture.MostSeries+1) },
	} {
		chart := full
		change(&chart)
		if _, ok := chart.Draw(); ok {
			t.Errorf("%s: something was drawn", name)
		}
	}
}
