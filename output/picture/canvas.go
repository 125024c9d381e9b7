package picture

import (
	"image"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// canvas is a back-end of gonum's plots that builds elements. A unit is a
// point of the plot and a unit of the viewBox; gonum counts from the bottom
// and SVG from the top.
type canvas struct {
	height float64
	into   *element // what drawing adds to
	now    pen
	stack  []pen
}

type pen struct {
	ink   ink
	width vg.Length
	dash  []vg.Length
}

// ink is what stands for a colour: the class by which a style sheet gives one.
type ink struct {
	class   string
	opacity float64 // of fills; 0 is opaque
}

// RGBA implements [color.Color], for gonum's sake.
func (ink) RGBA() (r, g, b, a uint32) { return color.Black.RGBA() }

var _ vg.CanvasSizer = (*canvas)(nil)

// newCanvas is a canvas of the pictures' width, as gonum wants to draw on it.
func newCanvas(height float64, into *element) (*canvas, draw.Canvas) {
	c := &canvas{height: height, into: into}
	return c, draw.NewCanvas(c, pictureWidth, vg.Length(height))
}

// Size implements [vg.CanvasSizer].
func (c *canvas) Size() (w, h vg.Length) { return pictureWidth, vg.Length(c.height) }

// SetLineWidth implements [vg.Canvas].
func (c *canvas) SetLineWidth(w vg.Length) { c.now.width = w }

// SetLineDash implements [vg.Canvas].
func (c *canvas) SetLineDash(pattern []vg.Length, _ vg.Length) { c.now.dash = pattern }

// SetColor implements [vg.Canvas]. Colours other than inks are those of
// gonum's defaults and become the text's.
func (c *canvas) SetColor(clr color.Color) { c.now.ink, _ = clr.(ink) }

// Push implements [vg.Canvas].
func (c *canvas) Push() { c.stack = append(c.stack, c.now) }

// Pop implements [vg.Canvas].
func (c *canvas) Pop() { c.now, c.stack = c.stack[len(c.stack)-1], c.stack[:len(c.stack)-1] }

// Stroke implements [vg.Canvas].
func (c *canvas) Stroke(p vg.Path) {
	if c.now.width <= 0 || len(p) == 0 {
		return
	}
	e := c.path(p)
	e.set("fill", "none")
	e.set("stroke", "currentColor")
	e.set("stroke-width", number(c.now.width.Points()))
	if len(c.now.dash) > 0 {
		lengths := make([]string, len(c.now.dash))
		for i, d := range c.now.dash {
			lengths[i] = number(d.Points())
		}
		e.set("stroke-dasharray", strings.Join(lengths, " "))
	}
}

// Fill implements [vg.Canvas].
func (c *canvas) Fill(p vg.Path) {
	if len(p) == 0 {
		return
	}
	e := c.path(p)
	e.set("fill", "currentColor")
	if c.now.ink.opacity > 0 {
		e.set("fill-opacity", number(c.now.ink.opacity))
	}
}

// FillString implements [vg.Canvas]. Our plots write through [letters].
func (c *canvas) FillString(_ font.Face, pt vg.Point, s string) {
	c.write(s, pt, c.now.ink.class, "start", "")
}

// The rest of vg.Canvas is what no plot here does.
const unused = "picture: not used by any plot"

// Rotate implements [vg.Canvas].
func (c *canvas) Rotate(float64) { panic(unused) }

// Translate implements [vg.Canvas].
func (c *canvas) Translate(vg.Point) { panic(unused) }

// Scale implements [vg.Canvas].
func (c *canvas) Scale(float64, float64) { panic(unused) }

// DrawImage implements [vg.Canvas].
func (c *canvas) DrawImage(vg.Rectangle, image.Image) { panic(unused) }

func (c *canvas) path(p vg.Path) *element {
	e := newElement("path")
	if c.now.ink.class != "" {
		e.set("class", c.now.ink.class)
	}
	e.set("d", c.data(p))
	c.into.add(e)
	return e
}

func (c *canvas) data(p vg.Path) string {
	var d strings.Builder
	to := func(command string, at vg.Point) {
		d.WriteString(command + number(at.X.Points()) + " " + number(c.top(at)))
	}
	for _, part := range p {
		switch part.Type {
		case vg.MoveComp:
			to("M", part.Pos)
		case vg.LineComp:
			to("L", part.Pos)
		case vg.ArcComp:
			// In two halves: an SVG arc cannot end where it starts.
			for half := 1.0; half <= 2; half++ {
				sin, cos := math.Sincos(part.Start + part.Angle*half/2)
				end := part.Pos.Add(vg.Point{X: part.Radius * vg.Length(cos), Y: part.Radius * vg.Length(sin)})
				r, sweep := number(part.Radius.Points()), " 0 0 0 "
				if part.Angle < 0 {
					sweep = " 0 0 1 "
				}
				to("A"+r+" "+r+sweep, end)
			}
		case vg.CurveComp:
			panic(unused)
		case vg.CloseComp:
			d.WriteString("Z")
		}
	}
	return d.String()
}

func (c *canvas) top(at vg.Point) float64 { return c.height - at.Y.Points() }

// write sets a line of text. Where a text is shifted it is by shares of its
// size (em), so that it stays in place when a narrow page sets it larger.
func (c *canvas) write(s string, at vg.Point, class, anchor, shift string) *element {
	e := newElement("text")
	if class != "" {
		e.set("class", class)
	}
	e.set("x", number(at.X.Points()))
	e.set("y", number(c.top(at)))
	if shift != "" {
		e.set("dy", shift)
	}
	if anchor != "start" {
		e.set("text-anchor", anchor)
	}
	e.set("fill", "currentColor")
	e.text = s
	c.into.add(e)
	return e
}

// letters sets the labels of gonum's axes. It lets the reader's font and not
// ours decide how wide they are, and reports the fixed room that the picture
// has for them: so the axes of all panels line up.
type letters struct {
	canvas        *canvas
	width, height vg.Length
}

var _ text.Handler = letters{}

// Cache implements [text.Handler].
func (letters) Cache() *font.Cache { return font.DefaultCache }

// Extents implements [text.Handler].
func (letters) Extents(font.Font) font.Extents { return font.Extents{} }

// Lines implements [text.Handler].
func (letters) Lines(s string) []string { return []string{s} }

// Box implements [text.Handler].
func (l letters) Box(s string, _ font.Font) (width, height, depth vg.Length) {
	if s == " " { // what gonum leaves between label and tick
		return labelSpace, 0, 0
	}
	return l.width, l.height, 0
}

// Draw implements [text.Handler].
func (l letters) Draw(_ vg.Canvas, s string, sty text.Style, pt vg.Point) {
	anchor, shift := "start", ""
	switch sty.XAlign {
	case text.XCenter:
		anchor = "middle"
	case text.XRight:
		anchor = "end"
	}
	switch sty.YAlign {
	case text.YTop:
		shift = "1em"
	case text.YCenter:
		shift = "0.35em"
	}
	class, _ := sty.Color.(ink)
	l.canvas.write(s, pt, class.class, anchor, shift)
}
