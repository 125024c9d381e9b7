package output

import (
	"io"

	"github.com/debrief-sre/debrief/output/picture"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// Picture is a picture of a report with the name of its file, which lies
// beside the Markdown. In HTML the picture stands in the page.
type Picture struct {
	File string
	svg  picture.SVG
}

// Pictures are those that can be drawn of a report.
func Pictures(r report.Report) []Picture {
	var drawn []Picture
	for _, draw := range []func(report.Report) (picture.SVG, bool){picture.Incident, picture.Budget} {
		if svg, ok := draw(r); ok {
			drawn = append(drawn, Picture{File: r.Name + "-" + svg.Name + ".svg", svg: svg})
		}
	}
	return drawn
}

// Write writes the picture as a file of its own.
func (p Picture) Write(w io.Writer) error {
	_, err := w.Write(p.svg.Standalone())
	return err
}

// picturesOf is what templates know of the pictures.
func picturesOf(r report.Report) []templates.Picture {
	var shown []templates.Picture
	for _, p := range Pictures(r) {
		shown = append(shown, templates.Picture{Name: p.svg.Name, Alt: p.svg.Alt(), File: p.File})
	}
	return shown
}
