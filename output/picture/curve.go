package picture

import (
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"

	"github.com/debrief-sre/debrief/report"
)

// columns is how many parts of the axis are told apart: about one for each
// pixel. More points than that only make files large.
const columns = 500

// dot is a known value; gap tells that something is missing before it.
type dot struct {
	plotter.XY
	gap bool
}

// curve is what of a series can be seen in a view.
type curve struct {
	dots      []dot
	gaps      bool // between values; a late start and an early end are seen as such
	low, high dot
}

// curveOf takes the series' known values within the view. Unknown values are
// gaps, and so are samples that a steady rhythm lets expect and that are not there.
func curveOf(s report.Series, v view) curve {
	points := slices.Clone(s.Points)
	points = slices.DeleteFunc(points, func(p report.Point) bool { return !v.contains(p.Time) })
	slices.SortStableFunc(points, func(a, b report.Point) int { return a.Time.Compare(b.Time) })
	rhythm := spacing(points, v)

	var c curve
	gap, last := false, math.NaN()
	for _, p := range points {
		x := v.x(p.Time)
		if x-last > 2.5*rhythm { // false for the first
			gap = true
		}
		last = x
		y, known := finite(p.Value)
		if !known {
			gap = true
			continue
		}
		d := dot{plotter.XY{X: x, Y: y}, gap && len(c.dots) > 0}
		c.gaps = c.gaps || d.gap
		c.dots = append(c.dots, d)
		gap = false
	}
	for i, d := range c.dots {
		if i == 0 || d.Y < c.low.Y {
			c.low = d
		}
		if i == 0 || d.Y > c.high.Y {
			c.high = d
		}
	}
	c.dots = thin(c.dots, v.x(v.to)/columns)
	return c
}

// spacing is the usual distance between points, infinite when there are too
// few to tell.
func spacing(points []report.Point, v view) float64 {
	var distances []float64
	for i := 1; i < len(points); i++ {
		if d := v.x(points[i].Time) - v.x(points[i-1].Time); d > 0 {
			distances = append(distances, d)
		}
	}
	if len(distances) < 3 {
		return math.Inf(1)
	}
	slices.Sort(distances)
	return distances[len(distances)/2]
}

// thin keeps of each column the first, the lowest, the highest and the last
// value. The line through them looks as the one through all, peaks included.
func thin(dots []dot, column float64) []dot {
	if len(dots) <= columns {
		return dots
	}
	var kept []dot
	gap := false // before the next dot that is kept
	for start := 0; start < len(dots); {
		end, low, high := start, start, start
		for end < len(dots) && math.Floor(dots[end].X/column) == math.Floor(dots[start].X/column) {
			if dots[end].Y < dots[low].Y {
				low = end
			}
			if dots[end].Y > dots[high].Y {
				high = end
			}
			end++
		}
		for i := start; i < end; i++ {
			gap = gap || dots[i].gap
			if i == start || i == low || i == high || i == end-1 {
				kept = append(kept, dot{dots[i].XY, gap})
				gap = false
			}
		}
		start = end
	}
	return kept
}

// runs are the stretches of the curve without a gap.
func (c curve) runs() []plotter.XYs {
	var runs []plotter.XYs
	for i, d := range c.dots {
		if i == 0 || d.gap {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], d.XY)
	}
	return runs
}
