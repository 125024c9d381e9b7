package picture

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/debrief-sre/debrief/report"
)

// The marks' numbers stand in a row above the first panel, side by side even
// where the moments are at the same place; a line leads each to its place.
const (
	mostMarks  = 22 // what has room in a row
	dotRadius  = 9.0
	dotPitch   = 26.0 // fits the larger dots of narrow pages
	dotsRoom   = 27.0
	leaderRoom = 16.0
	rowHeight  = 24.0 // of the list below
)

// mark is a key moment in the picture.
type mark struct {
	event  report.Event
	number int
	x      float64 // its place on the picture
	dot    float64 // that of its number
	aside  string  // "before" or "after": it is outside of the view
	id     string  // of its event, if it can be one in HTML
}

// usable are ids that need no escaping in an address and cannot break out of one.
var usable = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

func marksOf(v view, moments []report.Event) []mark {
	moments = moments[:min(len(moments), mostMarks)]
	marks, taken := make([]mark, len(moments)), map[string]bool{}
	const area = pictureWidth - leftRoom - rightRoom
	for i, e := range moments {
		m := mark{event: e, number: i + 1, x: leftRoom + area*v.x(e.Time)/v.x(v.to)}
		switch {
		case e.Time.Before(v.from):
			m.aside, m.x = "before", leftRoom
		case e.Time.After(v.to):
			m.aside, m.x = "after", leftRoom+area
		}
		if usable.MatchString(e.ID) && !taken[e.ID] {
			m.id, taken[e.ID] = e.ID, true
		}
		marks[i] = m
	}
	spreadDots(marks)
	return marks
}

// spreadDots moves the numbers apart by as little as it takes, in the order of
// their places, so that no two lines cross.
func spreadDots(marks []mark) {
	order := make([]int, len(marks))
	for i := range order {
		order[i] = i
	}
	for i := 1; i < len(order); i++ { // few, and nearly in order
		for j := i; j > 0 && marks[order[j]].x < marks[order[j-1]].x; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	places := make([]float64, len(marks))
	for i, m := range order {
		places[i] = marks[m].x
	}
	for i, x := range spread(places, dotPitch, dotPitch/2, pictureWidth-dotPitch/2) {
		marks[order[i]].dot = x
	}
}

// spread gives sorted places a least distance within bounds and moves them as
// little as possible in squares: neighbours that are too close become a block
// around the mean of their places (pool adjacent violators).
func spread(places []float64, distance, low, high float64) []float64 {
	type block struct{ sum, n float64 }
	var blocks []block
	for i, x := range places {
		blocks = append(blocks, block{x - float64(i)*distance, 1})
		for len(blocks) > 1 {
			a, b := blocks[len(blocks)-2], blocks[len(blocks)-1]
			if a.sum/a.n < b.sum/b.n {
				break
			}
			blocks = append(blocks[:len(blocks)-2], block{a.sum + b.sum, a.n + b.n})
		}
	}
	var out []float64
	for _, b := range blocks {
		for range int(b.n) {
			base := min(max(b.sum/b.n, low), high-float64(len(places)-1)*distance)
			out = append(out, base+float64(len(out))*distance)
		}
	}
	return out
}

// draw makes the mark: its line through the areas, its number above them and
// its row in the list below, as one element, which is a link if it can be.
func (m mark) draw(c *canvas, dots float64, areas []draw.Canvas, row float64) {
	title := plain(m.event.Title)
	outer := c.into
	defer func() { c.into = outer }()

	group := newElement("g", "class", "pic-mark")
	if m.id != "" {
		group.set("id", "mark-"+m.id)
		name := newElement("title")
		name.text = fmt.Sprintf("%d: %s UTC, %s", m.number, m.event.Time.UTC().Format(time.DateTime), title)
		link := newElement("a", "href", "#row-"+m.id)
		link.add(name, group)
		outer.add(link)
	} else {
		outer.add(group)
	}
	c.into = group
	m.drawLine(c, dots, areas)
	m.drawDot(c, m.dot, dots)

	middle := row + rowHeight/2
	group.add(newElement("rect", "class", "pic-row", "x", "2", "y", number(row+1),
		"width", number(pictureWidth-4), "height", number(rowHeight-2), "rx", "3", "fill", "none", "pointer-events", "all"))
	m.drawDot(c, 16, middle)
	when := clock(m.event.Time)
	y := vg.Length(c.height - middle)
	c.write(when, vg.Point{X: 34, Y: y}, "pic-muted", "start", "0.35em")
	if m.aside != "" {
		title = m.aside + " this picture (" + m.event.Time.UTC().Format(time.DateOnly) + "): " + title
	}
	const wideAt, smallAt = 34 + 62, 34 + 104 // behind the time
	wide, small := fit(title, pictureWidth-wideAt-4, fontSize), fit(title, pictureWidth-smallAt-4, bigFont)
	c.write(wide, vg.Point{X: wideAt, Y: y}, "pic-title pic-wide", "start", "0.35em")
	c.write(small, vg.Point{X: smallAt, Y: y}, "pic-title pic-small", "start", "0.35em")
}

func (m mark) drawLine(c *canvas, dots float64, areas []draw.Canvas) {
	if m.aside != "" || len(areas) == 0 {
		return
	}
	x := vg.Length(m.x)
	var path vg.Path
	path.Move(vg.Point{X: vg.Length(m.dot), Y: vg.Length(c.height - dots - dotRadius)})
	path.Line(vg.Point{X: x, Y: areas[0].Max.Y})
	for _, area := range areas {
		path.Move(vg.Point{X: x, Y: area.Max.Y}) // dashes begin anew: those of marks at one place match
		path.Line(vg.Point{X: x, Y: area.Min.Y})
	}
	c.SetColor(ink{class: "pic-line"})
	c.SetLineWidth(1)
	c.SetLineDash([]vg.Length{3, 2}, 0)
	c.Stroke(path)
}

func (m mark) drawDot(c *canvas, x, y float64) {
	c.into.add(newElement("circle", "class", "pic-dot", "cx", number(x), "cy", number(y), "r", number(dotRadius), "fill", "currentColor"))
	c.write(strconv.Itoa(m.number), vg.Point{X: vg.Length(x), Y: vg.Length(c.height - y)}, "pic-number", "middle", "0.35em")
}
