package picture

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/report"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// values are a second apart; NaN stands for null.
func values(list ...float64) report.Series {
	var s report.Series
	for i, v := range list {
		p := report.Point{Time: noon.Add(time.Duration(i) * time.Second)}
		if !math.IsNaN(v) {
			p.Value = &v
		}
		s.Points = append(s.Points, p)
	}
	return s
}

// shape is the values of each run.
func shape(c curve) [][]float64 {
	var out [][]float64
	for _, run := range c.runs() {
		var ys []float64
		for _, p := range run {
			ys = append(ys, p.Y)
		}
		out = append(out, ys)
	}
	return out
}

func TestGapsAreGaps(t *testing.T) {
	nan, minute := math.NaN(), view{noon, noon.Add(time.Minute)}
	notANumber := values(1, 2, 3)
	notANumber.Points[1].Value = &nan
	missing := values(1, 2, 3, 4, 5, 6, 7, 8)
	missing.Points = append(missing.Points[:3:3], missing.Points[6:]...)
	late := values(1, 2, 3, 4)
	late.Points[2].Time = late.Points[2].Time.Add(900 * time.Millisecond)
	shuffled := values(1, 2, 3)
	shuffled.Points[0], shuffled.Points[2] = shuffled.Points[2], shuffled.Points[0]
	for name, test := range map[string]struct {
		series report.Series
		want   [][]float64
		gaps   bool
	}{
		"none":            {values(1, 2, 3), [][]float64{{1, 2, 3}}, false},
		"null":            {values(1, nan, 3), [][]float64{{1}, {3}}, true},
		"at the ends":     {values(nan, 2, nan), [][]float64{{2}}, false},
		"zero is no gap":  {values(1, 0, 3), [][]float64{{1, 0, 3}}, false},
		"not a number":    {notANumber, [][]float64{{1}, {3}}, true},
		"infinite":        {values(1, math.Inf(1), 3), [][]float64{{1}, {3}}, true},
		"absurd":          {values(1, -1e300, 3), [][]float64{{1}, {3}}, true},
		"missing samples": {missing, [][]float64{{1, 2, 3}, {7, 8}}, true},
		"late sample":     {late, [][]float64{{1, 2, 3, 4}}, false},
		"not in order":    {shuffled, [][]float64{{1, 2, 3}}, false},
		"nothing":         {values(nan, nan), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := curveOf(test.series, minute)
			if diff := cmp.Diff(test.want, shape(c)); diff != "" {
				t.Error(diff)
			}
			if c.gaps != test.gaps {
				t.Errorf("gaps: %v", c.gaps)
			}
		})
	}
}

// TestThinKeepsExtremes: few points stay, and every column's peaks are among them.
func TestThinKeepsExtremes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]float64, 100_000)
	for i := range list {
		list[i] = random.Float64()
	}
	list[70_001], list[123] = 9, -9
	list[50_000] = math.NaN()
	c := curveOf(values(list...), view{noon, noon.Add(100_000 * time.Second)})
	if n := len(c.dots); n > 4*(columns+1) {
		t.Errorf("%d points are left", n)
	}
	highest, lowest, gaps := 0.0, 0.0, 0
	for i, d := range c.dots {
		highest, lowest = max(highest, d.Y), min(lowest, d.Y)
		if d.gap {
			gaps++
		}
		if i > 0 && d.X <= c.dots[i-1].X {
			t.Fatalf("point %d is not in order", i)
		}
	}
	if highest != 9 || lowest != -9 || c.high.X != 70_001 || c.low.X != 123 || gaps != 1 {
		t.Errorf("highest %v, lowest %v, gaps %d", highest, lowest, gaps)
	}
}
