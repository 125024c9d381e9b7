package templates

import "github.com/debrief-sre/debrief/report"

// View is what a template renders: the report, and what stands beside the
// document.
type View struct {
	report.Report

	// Pictures are those that the document may show; see the method Picture.
	Pictures []Picture
}

// Picture is a picture beside the document.
type Picture struct {
	Name string // "incident" or "budget"
	Alt  string // the picture in words; already safe in Markdown
	File string // a path relative to the document
}

// Picture finds a picture by its name. It is nil when there is none, as in
// documents on standard output.
func (v View) Picture(name string) *Picture {
	for i, p := range v.Pictures {
		if p.Name == name {
			return &v.Pictures[i]
		}
	}
	return nil
}
