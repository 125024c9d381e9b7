// Package picture draws what a report says in figures: the indicators, the new
// version's share of traffic and the key moments on one time axis, and the
// error budget with the incident's part in it; and, for many incidents, bars.
//
// It plots with gonum.org/v1/plot: kept by the Gonum authors (v0.17.0, September
// 2025), pure Go, deterministic, and with back-ends that users may write
// (vg.Canvas). Its own for SVG states every colour in a style attribute, which
// a strict Content Security Policy forbids, and knows neither classes, groups
// nor links; so this package has one that builds elements for encoding/xml.
//
// Guarantees: the same report gives the same bytes; text from the report is
// character data and never markup, without control and bidirectional
// characters; no style attribute, script or reference to another file; what is
// unknown is left out or called unknown, never drawn as zero; whatever colour
// says, a dash, a marker, a hatch or a word says too.
package picture

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// SVG is a picture. It is written by [SVG.Inline] or [SVG.Standalone].
type SVG struct {
	Name  string // "incident" or "budget": for names of files
	Title string
	Desc  string // the picture in one to three sentences of figures

	height float64
	linked bool // it has links, if written inline
	body   []*element
	over   []*element // labels that stand over the body's lines
}

// Alt is the text alternative for an image, without any text of the report and
// without characters that mean something in Markdown.
func (s SVG) Alt() string { return s.Title + ". " + s.Desc }

// Inline is the picture as an element for an HTML page that has [CSS]. It
// brings no style of its own. Each key moment is a link to #row-ID and has the
// id mark-ID, where ID is its event's.
func (s SVG) Inline() string {
	root := s.root()
	root.set("width", "100%")
	if !s.linked {
		root.set("role", "img")
		root.set("aria-labelledby", s.id("title")+" "+s.id("desc"))
		root.add(s.body...)
		root.add(s.over...)
		return root.encode()
	}
	// What is inside an image is hidden from assistive technology, links too:
	// so the drawing is the image, and the links stand beside it in a group.
	root.set("role", "group")
	root.set("aria-labelledby", s.id("title"))
	image := newElement("g", "role", "img", "aria-labelledby", s.id("title")+" "+s.id("desc"))
	links := newElement("g")
	for _, e := range s.body {
		if e.name == "a" {
			links.add(e)
		} else {
			image.add(e)
		}
	}
	root.add(image, links)
	if len(s.over) > 0 {
		labels := newElement("g", "aria-hidden", "true", "pointer-events", "none")
		labels.add(s.over...)
		root.add(labels)
	}
	return root.encode()
}

// Standalone is the picture as a file of its own: with its style for light and
// dark, on an opaque ground, because a page may be dark where the reader's
// system is light, and without links.
func (s SVG) Standalone() []byte {
	root := s.root()
	root.set("role", "img")
	root.set("aria-labelledby", s.id("title")+" "+s.id("desc"))
	root.set("width", number(1.25*pictureWidth))
	root.set("height", number(1.25*s.height))
	style := newElement("style")
	style.text = standaloneCSS
	root.add(style, newElement("rect", "class", "pic-ground", "width", "100%", "height", "100%", "fill", "#ffffff"))
	for _, e := range s.body {
		root.add(e.unlinked())
	}
	root.add(s.over...)
	var out bytes.Buffer
	out.WriteString(xml.Header)
	out.WriteString(root.encode())
	out.WriteByte('\n')
	return out.Bytes()
}

func (s SVG) id(part string) string { return "pic-" + s.Name + "-" + part }

// root is the outer element with the texts that describe the picture. Its font
// stands in attributes too, for viewers that know no style sheets.
func (s SVG) root() *element {
	root := newElement("svg",
		"xmlns", "http://www.w3.org/2000/svg", "class", "pic", "id", "pic-"+s.Name,
		"viewBox", fmt.Sprintf("0 0 %s %s", number(pictureWidth), number(s.height)),
		"font-family", "system-ui, sans-serif", "font-size", number(fontSize),
	)
	title, desc := newElement("title", "id", s.id("title")), newElement("desc", "id", s.id("desc"))
	title.text, desc.text = s.Title, s.Desc
	root.add(title, desc)
	return root
}
