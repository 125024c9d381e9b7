package picture

import (
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/debrief-sre/debrief/report"
)

// weightsIn are the weights that hold in the view, the first from its start if
// it was set before. Until a first one is known nothing is drawn.
func weightsIn(v view, all []report.Weight) []report.Weight {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b report.Weight) int { return a.Time.Compare(b.Time) })
	var in []report.Weight
	for _, w := range sorted {
		w.Percent = min(max(w.Percent, 0), 100)
		switch {
		case w.Time.After(v.to):
		case !w.Time.After(v.from):
			w.Time = v.from
			in = []report.Weight{w}
		default:
			in = append(in, w)
		}
	}
	return in
}

func mostWeight(weights []report.Weight) int {
	most := 0
	for _, w := range weights {
		most = max(most, w.Percent)
	}
	return most
}

// weightPanel is the strip with the new version's share of traffic. Its scale
// is always that of all traffic: a share is seen for what it is.
func weightPanel(v view, weights []report.Weight) panel {
	return panel{
		height: 62,
		scale: scale{max: 100, ticks: []plot.Tick{
			{Value: 0, Label: "0 %"}, {Value: 50}, {Value: 100, Label: "100 %"},
		}},
		title: func(c *canvas, top float64) {
			dc := draw.NewCanvas(c, pictureWidth, vg.Length(c.height))
			y := vg.Length(c.height - top - titleRoom/2)
			swatch(dc, weightInk, leftRoom+3, y-5, 20, 10)
			c.write("Share of traffic on the new version", vg.Point{X: leftRoom + 34, Y: y}, "pic-strong", "start", "0.35em")
		},
		draw: func(p *plot.Plot) {
			var points plotter.XYs
			for _, w := range weights {
				points = append(points, plotter.XY{X: v.x(w.Time), Y: float64(w.Percent)})
			}
			points = append(points, plotter.XY{X: v.x(v.to), Y: points[len(points)-1].Y})
			area := line(points, weightInk, 1.5)
			area.StepStyle = plotter.PostStep
			area.FillColor = ink{class: weightInk.class, opacity: 0.25}
			add(p, area)
		},
		after: func(c *canvas, area draw.Canvas, p *plot.Plot) { labelWeights(c, area, p, v, weights) },
	}
}

// labelWeights writes the share over or under the step's edge, where it has room.
func labelWeights(c *canvas, area draw.Canvas, p *plot.Plot, v view, weights []report.Weight) {
	x, y := p.Transforms(&area)
	for i, w := range weights {
		end := area.Max.X
		if i+1 < len(weights) {
			end = x(v.x(weights[i+1].Time))
		}
		from, label := x(v.x(w.Time)), strconv.Itoa(w.Percent)+" %"
		if w.Percent == 0 || float64(end-from) < ems(label)*bigFont+10 {
			continue
		}
		shift := "-0.4em"
		if w.Percent > 60 {
			shift = "1.1em"
		}
		c.write(label, vg.Point{X: (from + end) / 2, Y: y(float64(w.Percent))}, "pic-halo", "middle", shift)
	}
}

// swatch is a piece of an area as a key to it.
func swatch(c draw.Canvas, i ink, x, y, width, height vg.Length) {
	box := vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + width, Y: y + height}}
	c.SetColor(ink{class: i.class, opacity: 0.25})
	c.Fill(box.Path())
	c.SetLineStyle(draw.LineStyle{Color: i, Width: 1.5})
	c.Stroke(box.Path())
}
