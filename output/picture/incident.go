package picture

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/debrief-sre/debrief/report"
)

// Incident draws the indicators, each against its condition, the new version's
// share of traffic and the key moments on one time axis. Every indicator has a
// panel and a scale of its own: an objective's is a ratio, an analysis metric's
// unit is known to its author alone, and a common axis would compare what
// cannot be compared. It is false when there is neither a value nor a weight.
func Incident(r report.Report) (SVG, bool) {
	v, ok := viewOf(r)
	if !ok {
		return SVG{}, false
	}
	shown, left := indicatorsOf(r, v)
	weights := weightsIn(v, r.Weights)
	if len(weights) == 0 && !anyValue(shown) {
		return SVG{}, false
	}
	moments := r.KeyMoments()
	s := SVG{Name: "incident", linked: true, Title: incidentTitle(shown, weights, moments)}
	s.Desc = incidentDesc(v, shown, left, weights, len(moments))
	s.height, s.body, s.over = drawIncident(v, shown, weights, moments)
	return s, true
}

// indicatorsOf chooses what is drawn, and counts what is left for want of room:
// an objective's indicator and an analysis metric's first, then the rest in the
// report's order. Those without a value come last, but they do come: that there
// are no data is worth seeing.
func indicatorsOf(r report.Report, v view) (shown []indicator, left int) {
	objectives := map[string]bool{}
	for _, i := range r.Impact {
		if !i.FromAnalysis {
			objectives[i.Objective+": error rate"] = true
		}
	}
	var ranks [4][]indicator
	seen := map[bool]bool{}
	for _, series := range r.Series {
		i := indicator{Series: series, curve: curveOf(series, v), objective: objectives[series.Name]}
		rank := 2
		switch {
		case len(series.Points) == 0:
			continue
		case len(i.dots) == 0:
			rank = 3
		case !seen[i.objective]:
			seen[i.objective] = true
			rank = 1
			if i.objective {
				rank = 0
			}
		}
		ranks[rank] = append(ranks[rank], i)
	}
	for _, rank := range ranks {
		shown = append(shown, rank...)
	}
	n := min(len(shown), len(looks))
	shown, left = shown[:n], len(shown)-n
	for i := range shown {
		shown[i].look = looks[i]
	}
	return shown, left
}

func anyValue(shown []indicator) bool {
	for _, i := range shown {
		if len(i.dots) > 0 {
			return true
		}
	}
	return false
}

// drawIncident lays out from the top: for each panel its title and its area,
// with the row of numbers between the first title and its area, then the time
// axis and the list of the key moments.
func drawIncident(v view, shown []indicator, weights []report.Weight, moments []report.Event) (height float64, body, over []*element) {
	const gap, axisRoom, captionRoom = 6, tickLength + tickRoom, 20
	var panels []panel
	for _, i := range shown {
		panels = append(panels, i.panel(v, []float64{150, 115, 95}[len(shown)-1]))
	}
	if len(weights) > 0 {
		panels = append(panels, weightPanel(v, weights))
	}
	marks := marksOf(v, moments)
	dots := titleRoom + dotsRoom/2
	tops, top := make([]float64, len(panels)), 0.0
	for i, p := range panels {
		top += titleRoom
		if i == 0 && len(marks) > 0 {
			top += dotsRoom + leaderRoom
		}
		tops[i] = top
		top += p.height + gap
	}
	caption := top - gap + axisRoom
	list := caption + captionRoom
	height = list + float64(len(marks))*rowHeight + 6
	if len(moments) > len(marks) {
		height += rowHeight
	}

	all := newElement("g")
	c, dc := newCanvas(height, all)
	var areas []draw.Canvas
	var labels []func()
	for i, p := range panels {
		last := i == len(panels)-1
		bottom := tops[i] + p.height + axisWidth/2
		if last {
			bottom += axisRoom
		}
		part := draw.Crop(dc, 0, -rightRoom, vg.Length(height-bottom), -vg.Length(tops[i]))
		plot := p.plotOf(c, v, last)
		plot.Draw(part)
		area := plot.DataCanvas(part)
		areas = append(areas, area)
		titleTop := tops[i] - titleRoom
		if i == 0 {
			titleTop = 0
		}
		p.title(c, titleTop)
		labels = append(labels, func() { p.after(c, area, plot) })
	}
	at := vg.Point{X: leftRoom + (pictureWidth-leftRoom-rightRoom)/2, Y: vg.Length(height - caption - captionRoom/2)}
	c.write("UTC, "+days(v.from, v.to), at, "pic-muted", "middle", "0.35em")
	for i, m := range marks {
		m.draw(c, dots, areas, list+float64(i)*rowHeight)
	}
	if more := len(moments) - len(marks); more > 0 {
		at := vg.Point{X: 34, Y: vg.Length(rowHeight/2 + 6)}
		c.write(fmt.Sprintf("and %d more in the timeline", more), at, "pic-muted", "start", "0.35em")
	}
	above := newElement("g")
	c.into = above
	for _, label := range labels {
		label()
	}
	return height, all.children, above.children
}

func incidentTitle(shown []indicator, weights []report.Weight, moments []report.Event) string {
	var parts []string
	switch {
	case len(shown) > 0 && shown[0].objective:
		parts = append(parts, "error rate")
	case len(shown) > 0:
		parts = append(parts, "analysis metric")
	}
	if len(weights) > 0 {
		parts = append(parts, "share of traffic on the new version")
	}
	if len(moments) > 0 {
		parts = append(parts, "key moments")
	}
	if n := len(parts); n > 1 {
		parts = []string{strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]}
	}
	return "The incident over time: " + parts[0]
}

// incidentDesc says the picture in figures, without any text of the report.
func incidentDesc(v view, shown []indicator, left int, weights []report.Weight, moments int) string {
	var facts []string
	for _, i := range shown {
		fact := "an analysis metric "
		if i.objective {
			fact = "the error rate "
		}
		switch {
		case len(i.dots) == 0:
			fact += "has no data"
		case i.objective:
			fact += fmt.Sprintf("was highest with %s at %s", figure(i.high.Y, true), clock(v.at(i.high.X)))
		case i.low.Y == i.high.Y:
			fact += "measured " + figure(i.low.Y, false)
		default:
			fact += fmt.Sprintf("measured between %s and %s", figure(i.low.Y, false), figure(i.high.Y, false))
		}
		if limit, ok := finite(i.Threshold); ok {
			fact += " against a limit of " + figure(limit, i.objective)
		}
		facts = append(facts, fact)
	}
	if slices.ContainsFunc(shown, func(i indicator) bool { return i.gaps }) {
		facts = append(facts, "gaps are times without traffic or data")
	}
	if left > 0 {
		facts = append(facts, fmt.Sprintf("further indicators not drawn: %d", left))
	}
	if len(weights) > 0 {
		facts = append(facts, fmt.Sprintf("the new version had at most %d %% of the traffic", mostWeight(weights)))
	}
	facts = append(facts, fmt.Sprintf("key moments: %d", moments))
	return fmt.Sprintf("From %s to %s UTC on %s: %s.", clock(v.from), clock(v.to), days(v.from, v.to), strings.Join(facts, "; "))
}
