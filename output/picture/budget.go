package picture

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/debrief-sre/debrief/report"
)

// Budget draws the error budget of each objective with a target: what the
// incident took of it, what else was spent, what is left. It is false when no
// objective has a target or nothing is known of any budget.
func Budget(r report.Report) (SVG, bool) {
	var budgets []budget
	known := false
	for _, i := range r.Impact {
		if i.Target == nil {
			continue
		}
		b := budgetOf(i)
		known = known || b.biteKnown || b.leftKnown
		budgets = append(budgets, b)
	}
	if !known {
		return SVG{}, false
	}
	s := SVG{Name: "budget", Title: "The error budget and the incident's part of it", Desc: budgetDesc(budgets)}
	for _, b := range budgets {
		s.height += b.height()
	}
	all := newElement("g")
	c, dc := newCanvas(s.height, all)
	top := 0.0
	for _, b := range budgets {
		b.draw(c, dc, top)
		top += b.height()
	}
	s.body = all.children
	return s, true
}

// budget is one objective's, in shares of the whole.
type budget struct {
	name                 string
	how                  string // the figures came about
	bite, left           float64
	biteKnown, leftKnown bool
	segments             []segment
	keys                 []key
}

type segment struct {
	from, to float64
	fill     filling
}

// key explains a filling; blank has none to show.
type key struct {
	fill filling
	text string
	how  string // added where there is room
}

type filling int

const (
	blank   filling = iota
	bitten          // solid
	spent           // hatched
	left            // pale within a line
	unknown         // within a broken line
	whole           // the line of 100 %
)

func budgetOf(i report.Impact) budget {
	b := budget{name: plain(i.Objective), how: "measured"}
	if target, ok := finite(i.Target); ok {
		b.name += ": " + report.Percent(target) + " over " + i.Window.String()
	}
	if i.Projected {
		b.how = "projected"
		if i.WindowKnown > 0 && i.WindowKnown < 1 {
			b.how += " from " + figure(i.WindowKnown, true) + " of the window"
		}
	}
	b.bite, b.biteKnown = finite(i.Consumed)
	b.left, b.leftKnown = finite(i.Remaining)
	b.bite = max(b.bite, 0)
	b.left = min(b.left, 1)
	b.divide()
	return b
}

// divide lays the shares end to end: what was spent otherwise, the incident,
// what is left. Without knowing what is left the incident stands first, as
// nothing tells what was spent before it.
func (b *budget) divide() {
	bite := key{bitten, "This incident: " + figure(b.bite, true), b.how}
	switch {
	case b.biteKnown && b.leftKnown:
		used := 1 - b.left
		b.segments = []segment{{0, used - b.bite, spent}, {max(0, used-b.bite), used, bitten}, {used, 1, left}}
		b.keys = []key{bite, {fill: spent, text: "Spent otherwise: " + figure(max(0, rounded(used-b.bite)), true)}}
	case b.biteKnown:
		b.segments = []segment{{0, b.bite, bitten}, {b.bite, 1, unknown}}
		b.keys = []key{bite, {fill: unknown, text: "The rest: unknown"}}
		if b.bite >= 1 {
			b.keys[1] = key{fill: blank, text: "What else was spent: unknown"}
		}
	case b.leftKnown:
		b.segments = []segment{{0, 1 - b.left, spent}, {1 - b.left, 1, left}}
		b.keys = []key{
			{spent, "Spent: " + figure(rounded(1-b.left), true), b.how},
			{fill: blank, text: "This incident's part: unknown"},
		}
	default:
		b.segments = []segment{{0, 1, unknown}}
		b.keys = []key{{fill: unknown, text: "Unknown: this incident's part and the rest"}}
	}
	switch {
	case b.leftKnown && b.left > 0:
		b.keys = append(b.keys, key{fill: left, text: "Left: " + figure(b.left, true)})
	case b.leftKnown && b.left == 0:
		b.keys = append(b.keys, key{fill: blank, text: "Nothing is left"})
	case b.leftKnown:
		b.keys = append(b.keys, key{fill: blank, text: "Overdrawn by " + figure(-b.left, true)})
	}
	if b.most() > 1 {
		b.keys = append(b.keys, key{fill: whole, text: "The whole budget: 100 %"})
	}
}

func (b *budget) share(v float64) string { return figure(v, true) + " (" + b.how + ")" }

// rounded takes off what subtracting shares leaves behind the sixth digit of a percentage.
func rounded(v float64) float64 { return math.Round(v*1e8) / 1e8 }

// most is the end of the longest bar, at least the whole budget.
func (b *budget) most() float64 {
	most := 1.0
	for _, s := range b.segments {
		most = max(most, s.to)
	}
	return most
}

const (
	barHeight = 26.0
	barLeft   = 32.0
	barRight  = 44.0
	barAxis   = tickLength + tickRoom + axisWidth/2
	between   = 14.0
)

func (b *budget) height() float64 {
	return titleRoom + barHeight + barAxis + float64(len(b.keys))*rowHeight + between
}

func (b *budget) draw(c *canvas, dc draw.Canvas, top float64) {
	at := func(x, y float64) vg.Point { return vg.Point{X: vg.Length(x), Y: vg.Length(c.height - y)} }
	c.writeFitting(b.name, b.name, at(barLeft, top+titleRoom/2), pictureWidth-barLeft-6, "pic-strong")

	p := plot.New()
	p.BackgroundColor = nil
	p.HideY()
	p.Y.Min, p.Y.Max = 0, 1
	p.X.Min, p.X.Max = 0, b.most()
	p.X.Padding, p.Y.Padding = 0, 0
	p.X.LineStyle = draw.LineStyle{Color: axisInk, Width: axisWidth}
	p.X.Tick.LineStyle, p.X.Tick.Length = p.X.LineStyle, tickLength
	p.X.Tick.Label.Color = tickInk
	p.X.Tick.Label.Handler = letters{canvas: c, height: tickRoom}
	p.X.Tick.Marker = plot.ConstantTicks(shareTicks(b.most()))
	for _, handled := range []*plot.Axis{&p.X, &p.Y} {
		handled.Label.TextStyle.Handler = letters{canvas: c}
	}
	p.Add(bar{b})
	bottom := top + titleRoom + barHeight + barAxis
	p.Draw(draw.Crop(dc, barLeft, -barRight, vg.Length(c.height-bottom), -vg.Length(top+titleRoom)))

	for i, k := range b.keys {
		y := bottom + (float64(i)+0.5)*rowHeight
		box := vg.Rectangle{Min: at(barLeft, y+6), Max: at(barLeft+22, y-6)}
		fill(dc, box, k.fill)
		from := barLeft + 30
		if k.fill == blank {
			from = barLeft
		}
		long, short := k.text, k.text
		if k.how != "" {
			long, short = long+" ("+k.how+")", short+" ("+strings.Fields(k.how)[0]+")"
		}
		c.writeFitting(long, short, at(from, y), pictureWidth-from-6, "")
	}
}

// shareTicks mark a few round shares, among them the whole for a bar of one.
func shareTicks(most float64) []plot.Tick {
	step := 0.25
	if most > 1 {
		step = roundStep(most / 4)
	}
	var ticks []plot.Tick
	for k := 0.0; k*step <= most*(1+1e-9); k++ {
		ticks = append(ticks, plot.Tick{Value: min(k*step, most), Label: figure(round(k*step), true)})
	}
	return ticks
}

// bar draws a budget's segments in a plot.
type bar struct{ *budget }

// Plot implements [plot.Plotter].
func (b bar) Plot(c draw.Canvas, p *plot.Plot) {
	const visible = 3 // a bite of a thousandth is still a bite
	x, y := p.Transforms(&c)
	segments := slices.Clone(b.segments)
	slices.SortStableFunc(segments, func(s, t segment) int { return cmp.Compare(rank(s.fill), rank(t.fill)) })
	for _, s := range segments {
		if s.to <= s.from {
			continue
		}
		box := vg.Rectangle{Min: vg.Point{X: x(s.from), Y: y(0) + 3}, Max: vg.Point{X: x(s.to), Y: y(1)}}
		if box.Size().X < visible && s.fill == bitten {
			box.Max.X = box.Min.X + visible
		}
		fill(c, box, s.fill)
	}
	if b.most() > 1 {
		fill(c, vg.Rectangle{Min: vg.Point{X: x(1) - 1.5, Y: y(0)}, Max: vg.Point{X: x(1) + 1.5, Y: y(1) + 5}}, whole)
	}
}

// rank puts the incident over its neighbours' outlines.
func rank(f filling) int {
	if f == bitten {
		return 1
	}
	return 0
}

// fill draws a box so that the fillings differ without their colours.
func fill(c draw.Canvas, box vg.Rectangle, how filling) {
	outline := func(class string, dash ...vg.Length) {
		c.SetLineStyle(draw.LineStyle{Color: ink{class: class}, Width: 1.2, Dashes: dash})
		c.Stroke(box.Path())
	}
	switch how {
	case bitten:
		c.SetColor(ink{class: "pic-bite"})
		c.Fill(box.Path())
	case spent:
		outline("pic-spent")
		c.Stroke(hatch(box, 6))
	case left:
		c.SetColor(ink{class: "pic-left", opacity: 0.2})
		c.Fill(box.Path())
		outline("pic-left")
	case unknown:
		outline("pic-muted", 4, 3)
	case whole:
		middle := (box.Min.X + box.Max.X) / 2
		c.StrokeLine2(draw.LineStyle{Color: ink{class: "pic-whole"}, Width: 3}, middle, box.Min.Y, middle, box.Max.Y)
	case blank:
	}
}

// hatch are the diagonals of a box.
func hatch(box vg.Rectangle, pitch vg.Length) vg.Path {
	var p vg.Path
	size := box.Size()
	for d := pitch; d < size.X+size.Y; d += pitch {
		// From the left or the upper edge down to the bottom or the right one.
		p.Move(vg.Point{X: box.Min.X + max(0, d-size.Y), Y: box.Min.Y + min(d, size.Y)})
		p.Line(vg.Point{X: box.Min.X + min(d, size.X), Y: box.Min.Y + max(0, d-size.X)})
	}
	return p
}

// budgetDesc says the picture in figures, without any text of the report.
func budgetDesc(budgets []budget) string {
	parts := make([]string, len(budgets))
	for i, b := range budgets {
		bite, rest := "an unknown part", "what is left is unknown"
		if b.biteKnown {
			bite = b.share(b.bite)
		}
		switch {
		case b.leftKnown && b.left < 0:
			rest = "it is overdrawn by " + figure(-b.left, true)
		case b.leftKnown:
			rest = figure(b.left, true) + " is left"
		}
		parts[i] = fmt.Sprintf("the incident took %s of the budget, %s", bite, rest)
		if len(budgets) > 1 {
			parts[i] = fmt.Sprintf("objective %d: ", i+1) + parts[i]
		}
	}
	text := strings.Join(parts, "; ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
