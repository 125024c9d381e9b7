package picture

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// MostSeries is how many series bars can have and still be told apart without
// colours.
const MostSeries = 6

// Chart is a picture of bars: panels with a scale each, above each other, whose
// bars are those of the same labels.
type Chart struct {
	Name   string // for names of files
	Title  string
	Desc   string   // the chart in figures; no collected text, as it becomes an image's alternative text
	Labels []string // of the bars, from left to right
	Series []string // what each bar's parts are; at most [MostSeries]
	Panels []Bars
}

// Bars are the bars of a panel.
type Bars struct {
	Title   string
	Ratio   bool        // values are shares, written in percent
	Stacked bool        // a bar's parts stand on each other, else side by side
	Values  [][]float64 // by label, then by series
	Partial []bool      // by label: something is not known, and the bar is the least that it can be
}

// Draw draws a chart. It is false when there is nothing to draw, or more than
// can be told apart.
func (c Chart) Draw() (SVG, bool) {
	if len(c.Labels) == 0 || len(c.Panels) == 0 || len(c.Series) > MostSeries {
		return SVG{}, false
	}
	s := SVG{Name: c.Name, Title: plain(c.Title), Desc: plain(c.Desc)}
	s.height = float64(len(c.Panels))*(titleRoom+barsHeight+tickRoom+axisWidth) + float64(len(c.Series))*rowHeight + between
	partial := false
	for _, p := range c.Panels {
		partial = partial || p.partial()
	}
	if partial {
		s.height += rowHeight
	}
	all := newElement("g")
	canvas, dc := newCanvas(s.height, all)
	top := 0.0
	for _, p := range c.Panels {
		p.draw(canvas, dc, c.Labels, top)
		top += titleRoom + barsHeight + tickRoom + axisWidth
	}
	row := func(text string) vg.Point {
		at := vg.Point{X: leftRoom, Y: vg.Length(s.height - top - rowHeight/2)}
		canvas.writeFitting(text, text, at.Add(vg.Point{X: 30}), pictureWidth-leftRoom-36, "")
		top += rowHeight
		return at
	}
	for i, name := range c.Series {
		at := row(plain(name))
		pattern(dc, vg.Rectangle{Min: at.Add(vg.Point{Y: -6}), Max: at.Add(vg.Point{X: 22, Y: 6})}, i)
	}
	if partial {
		canvas.write("?", row("Something is not known: the bar is the least that it can be").Add(vg.Point{X: 11}), "pic-muted", "middle", "0.35em")
	}
	s.body = all.children
	return s, true
}

const (
	barsHeight = 120.0
	mostLabels = 6 // that have room under a panel where the text is large
)

func (b Bars) partial() bool { return slices.Contains(b.Partial, true) }

// length is how far the bar of a label goes.
func (b Bars) length(parts []float64) float64 {
	length := 0.0
	for _, v := range parts {
		v, ok := finite(&v)
		switch {
		case ok && b.Stacked:
			length += max(0, v)
		case ok:
			length = max(length, v)
		}
	}
	return length
}

// most is the end of the longest bar.
func (b Bars) most() float64 {
	most := 0.0
	if !b.Ratio {
		most = 3 // so that steps are whole numbers
	}
	for _, parts := range b.Values {
		most = max(most, b.length(parts))
	}
	return most
}

func (b Bars) draw(c *canvas, dc draw.Canvas, labels []string, top float64) {
	c.writeFitting(plain(b.Title), plain(b.Title), vg.Point{X: leftRoom, Y: vg.Length(c.height - top - titleRoom/2)}, pictureWidth-leftRoom-6, "pic-strong")
	across := panel{scale: niceScale(0, b.most(), b.Ratio), draw: func(p *plot.Plot) { add(p, drawn{b}) }}
	p := across.plotOf(c, view{}, false)
	p.X.Min, p.X.Max = 0, float64(len(labels))
	p.X.Tick.Marker = plot.ConstantTicks(labelTicks(labels))
	bottom := top + titleRoom + barsHeight + tickRoom + axisWidth
	part := draw.Crop(dc, 0, -6, vg.Length(c.height-bottom), -vg.Length(top+titleRoom))
	p.Draw(part)
	area := p.DataCanvas(part)
	x, y := p.Transforms(&area)
	for i, partial := range b.Partial {
		if partial {
			end := min(y(b.length(b.Values[i]))+8, area.Max.Y-6)
			c.write("?", vg.Point{X: x(float64(i) + 0.5), Y: end}, "pic-muted pic-halo", "middle", "0.35em")
		}
	}
}

// labelTicks name every bar where they are few, else every second, third, ...
func labelTicks(labels []string) []plot.Tick {
	step := (len(labels) + mostLabels - 1) / mostLabels
	var ticks []plot.Tick
	for i := 0; i < len(labels); i += step {
		ticks = append(ticks, plot.Tick{Value: float64(i) + 0.5, Label: plain(labels[i])})
	}
	return ticks
}

// drawn draws a panel's bars in a plot.
type drawn struct{ Bars }

// Plot implements [plot.Plotter].
func (b drawn) Plot(c draw.Canvas, p *plot.Plot) {
	const wide, visible = 0.7, 2.0 // share of a bar's room; a thousandth is still to be seen
	x, y := p.Transforms(&c)
	for i, parts := range b.Values {
		left, width, base := float64(i)+(1-wide)/2, wide, 0.0
		if !b.Stacked && len(parts) > 0 {
			width /= float64(len(parts))
		}
		for k, v := range parts {
			v, ok := finite(&v)
			if !ok || v <= 0 {
				continue
			}
			at := left
			if !b.Stacked {
				at += float64(k) * width
			}
			box := vg.Rectangle{Min: vg.Point{X: x(at), Y: y(base)}, Max: vg.Point{X: x(at + width), Y: max(y(base)+visible, y(base+v))}}
			pattern(c, box, k)
			if b.Stacked {
				base += v
			}
		}
	}
}

// pattern fills a box as that of a series, so that they differ without their
// colours.
func pattern(c draw.Canvas, box vg.Rectangle, series int) {
	look := patterns[series%MostSeries]
	stroke := func(p vg.Path) {
		c.SetLineStyle(draw.LineStyle{Color: ink{class: look.class}, Width: 1.2, Dashes: look.dash})
		c.Stroke(p)
	}
	if look.opacity > 0 {
		c.SetColor(ink{class: look.class, opacity: look.opacity})
		c.Fill(box.Path())
	}
	stroke(box.Path())
	if look.lines != nil {
		stroke(look.lines(box))
	}
}

var patterns = [MostSeries]struct {
	class   string
	opacity float64
	dash    []vg.Length
	lines   func(vg.Rectangle) vg.Path
}{
	{class: "pic-a", opacity: 1},
	{class: "pic-limit", lines: func(box vg.Rectangle) vg.Path { return hatch(box, 6) }},
	{class: "pic-b", opacity: 0.25},
	{class: "pic-weight", lines: func(box vg.Rectangle) vg.Path { return rungs(box, 4) }},
	{class: "pic-c", opacity: 0.25, lines: func(box vg.Rectangle) vg.Path { return hatch(box, 9) }},
	{class: "pic-muted", dash: []vg.Length{4, 3}},
}

// rungs are lines across a box.
func rungs(box vg.Rectangle, pitch vg.Length) vg.Path {
	var p vg.Path
	for y := box.Min.Y + pitch; y < box.Max.Y; y += pitch {
		p.Move(vg.Point{X: box.Min.X, Y: y})
		p.Line(vg.Point{X: box.Max.X, Y: y})
	}
	return p
}
