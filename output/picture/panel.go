package picture

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/debrief-sre/debrief/report"
)

// Every panel has the same room left and right of its area for labels, so that
// the time axes line up.
const (
	pictureWidth = 640
	fontSize     = 11.5
	bigFont      = 20.0 // on narrow pages, see narrowRules

	leftRoom    = 78.0
	rightRoom   = 74.0
	titleRoom   = 28.0
	tickLength  = 4.0
	labelSpace  = 3.0  // between a tick and its label
	tickRoom    = 25.0 // for the labels under the last panel
	axisWidth   = 1.0
	mostMarkers = 60 // more would merge to a thick line
)

// look tells indicators apart, without colours too.
type look struct {
	ink    ink
	dash   []vg.Length
	marker draw.GlyphDrawer
}

var looks = []look{
	{ink{class: "pic-a"}, nil, draw.CircleGlyph{}},
	{ink{class: "pic-b"}, []vg.Length{7, 3}, draw.BoxGlyph{}},
	{ink{class: "pic-c"}, []vg.Length{2, 2.5}, draw.PyramidGlyph{}},
}

var (
	axisInk   = ink{class: "pic-axis"}
	gridInk   = ink{class: "pic-grid"}
	tickInk   = ink{class: "pic-muted pic-tick"}
	limitInk  = ink{class: "pic-limit"}
	weightInk = ink{class: "pic-weight"}
)

// panel is one area with a scale of its own above the common time axis.
type panel struct {
	height float64
	scale  scale
	draw   func(p *plot.Plot) // adds what is drawn in the area
	title  func(c *canvas, top float64)
	after  func(c *canvas, area draw.Canvas, p *plot.Plot) // labels over the rest
}

// indicator is a series as it is drawn.
type indicator struct {
	report.Series
	curve
	objective bool // a ratio, in percent; an analysis metric has a unit that only its author knows
	look      look
}

func (i indicator) panel(v view, height float64) panel {
	low, high := i.low.Y, i.high.Y
	limit, limited := finite(i.Threshold)
	if limited {
		low, high = min(low, limit), max(high, limit)
	}
	return panel{
		height: height,
		scale:  niceScale(low, high, i.objective),
		title:  func(c *canvas, top float64) { i.drawTitle(c, top) },
		draw: func(p *plot.Plot) {
			if limited {
				add(p, line(plotter.XYs{{X: 0, Y: limit}, {X: v.x(v.to), Y: limit}}, limitInk, 1.5, 9, 4))
			}
			for _, run := range i.runs() {
				add(p, line(run, i.look.ink, 2, i.look.dash...))
				if len(run) == 1 || len(i.dots) <= mostMarkers {
					add(p, &plotter.Scatter{XYs: run, GlyphStyle: draw.GlyphStyle{Color: i.look.ink, Radius: 3, Shape: i.look.marker}})
				}
			}
		},
		after: func(c *canvas, area draw.Canvas, p *plot.Plot) {
			_, y := p.Transforms(&area)
			if limited {
				writeLimit(c, figure(limit, i.objective), vg.Point{X: area.Max.X, Y: y(limit)})
			}
			if len(i.dots) == 0 {
				c.write("no data in this time", area.Center(), "pic-muted", "middle", "0.35em")
			}
		},
	}
}

// writeLimit puts the limit's value at the end of its line, in the margin if it
// fits there: a figure that is cut short would be a wrong one.
func writeLimit(c *canvas, label string, end vg.Point) {
	const distance, size = 5, 18 // on narrow pages, see narrowRules
	if ems(label)*size <= rightRoom-distance {
		c.write(label, end.Add(vg.Point{X: distance}), "pic-limit pic-value", "start", "0.35em")
		return
	}
	c.write(label, end.Add(vg.Point{X: -distance}), "pic-limit pic-value pic-halo", "end", "-0.35em")
}

// drawTitle names the indicator behind a piece of its line.
func (i indicator) drawTitle(c *canvas, top float64) {
	const from, sample = leftRoom, 26.0
	dc := draw.NewCanvas(c, pictureWidth, vg.Length(c.height))
	y := vg.Length(c.height - top - titleRoom/2)
	dc.StrokeLine2(draw.LineStyle{Color: i.look.ink, Width: 2, Dashes: i.look.dash}, from, y, from+sample, y)
	dc.DrawGlyphNoClip(draw.GlyphStyle{Color: i.look.ink, Radius: 3.5, Shape: i.look.marker}, vg.Point{X: from + sample/2, Y: y})

	short := plain(i.Name)
	if i.gaps {
		short += " (with gaps)"
	}
	long, joint := short, ", "
	if !i.objective {
		joint = ", analysis condition "
	}
	if condition := plain(i.Condition); condition != "" {
		long += joint + condition
	}
	c.writeFitting(long, short, vg.Point{X: from + sample + 8, Y: y}, pictureWidth-from-sample-12, "pic-strong")
}

// writeFitting sets a text that has to fit its room on wide and on narrow
// pages, where the letters are larger: the short form for those.
func (c *canvas) writeFitting(long, short string, at vg.Point, room float64, class string) {
	if class == "pic-strong" {
		room /= 1.12 // bold letters are wider
	}
	wide, small := fit(long, room, fontSize), fit(short, room, bigFont)
	if wide == small {
		c.write(wide, at, class, "start", "0.35em")
		return
	}
	c.write(wide, at, class+" pic-wide", "start", "0.35em")
	c.write(small, at, class+" pic-small", "start", "0.35em")
}

// plotOf is the panel as gonum's plot; last is that with the time axis' labels.
func (p panel) plotOf(c *canvas, v view, last bool) *plot.Plot {
	out := plot.New()
	out.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&out.X, &out.Y} {
		axis.Padding = 0
		axis.LineStyle = draw.LineStyle{Color: axisInk, Width: axisWidth}
		axis.Tick.LineStyle = axis.LineStyle
		axis.Tick.Length = tickLength
		axis.Tick.Label.Color = tickInk
		axis.Label.TextStyle.Handler = letters{canvas: c}
	}
	out.X.Min, out.X.Max = 0, v.x(v.to)
	out.X.Tick.Label.Handler = letters{canvas: c, height: tickRoom}
	out.X.Tick.Marker = plot.ConstantTicks(nil)
	if last {
		out.X.Tick.Marker = plot.ConstantTicks(v.ticks())
	}
	out.Y.Min, out.Y.Max = p.scale.min, p.scale.max
	out.Y.Tick.Label.Handler = letters{canvas: c, width: leftRoom - labelSpace - tickLength - axisWidth/2}
	out.Y.Tick.Marker = plot.ConstantTicks(p.scale.ticks)

	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal = draw.LineStyle{Color: gridInk, Width: 1}
	out.Add(grid)
	p.draw(out)
	return out
}

// line is a plotter for a line; gonum's constructor refuses what cannot come here.
func line(points plotter.XYs, ink ink, width vg.Length, dash ...vg.Length) *plotter.Line {
	return &plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: ink, Width: width, Dashes: dash}}
}

// add hides from gonum how large a plotter's marks are: it would shrink the
// area to make room for them, each panel's by its own measure.
func add(p *plot.Plot, what plot.Plotter) { p.Add(only{what}) }

type only struct{ plot.Plotter }

// scale is a value axis.
type scale struct {
	min, max float64
	ticks    []plot.Tick
}

// niceScale goes from zero, or from what is below it, in round steps.
func niceScale(low, high float64, ratio bool) scale {
	low, high = min(low, 0), max(high, 0)
	if low == high {
		high = 1
		if ratio {
			high = 0.01 // an error rate of nothing on a scale up to 100 % tells little
		}
	}
	step := roundStep((high - low) / 3)
	s := scale{min: math.Floor(low/step) * step, max: math.Ceil(high*1.02/step) * step}
	for k := math.Round(s.min / step); k <= math.Round(s.max/step); k++ {
		v := k * step
		s.ticks = append(s.ticks, plot.Tick{Value: v, Label: figure(round(v), ratio)})
	}
	return s
}

// roundStep is the next of 1, 2, 5 times a power of ten.
func roundStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= least*(1-1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// round takes off what adding steps left behind the twelfth digit.
func round(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-11)
	return math.Round(v/unit) * unit
}
