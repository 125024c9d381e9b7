package picture

import (
	"encoding/xml"
	"math"
	"strconv"
	"strings"
)

// element is a node of the picture. Only encoding/xml turns it into text.
type element struct {
	name     string
	attrs    []xml.Attr
	text     string
	children []*element
}

func newElement(name string, pairs ...string) *element {
	e := &element{name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.set(pairs[i], pairs[i+1])
	}
	return e
}

func (e *element) set(name, value string) {
	e.attrs = append(e.attrs, xml.Attr{Name: xml.Name{Local: name}, Value: value})
}

func (e *element) add(children ...*element) { e.children = append(e.children, children...) }

// unlinked is the element with groups in the place of links.
func (e *element) unlinked() *element {
	if e.name != "a" {
		return e
	}
	return &element{name: "g", children: e.children}
}

// encode writes the element with each child on a line of its own, so that
// changes of a picture can be read as such. Writing to memory cannot fail, and
// the encoder refuses nothing that is built here: a refusal is a mistake of ours.
func (e *element) encode() string {
	var out strings.Builder
	enc := xml.NewEncoder(&out)
	enc.Indent("", " ")
	if err := e.tokens(enc); err != nil {
		panic("picture: " + err.Error())
	}
	if err := enc.Close(); err != nil {
		panic("picture: " + err.Error())
	}
	return out.String()
}

func (e *element) tokens(enc *xml.Encoder) error {
	start := xml.StartElement{Name: xml.Name{Local: e.name}, Attr: e.attrs}
	if err := enc.EncodeToken(start); err != nil {
		return err
	}
	if e.text != "" {
		if err := enc.EncodeToken(xml.CharData(e.text)); err != nil {
			return err
		}
	}
	for _, child := range e.children {
		if err := child.tokens(enc); err != nil {
			return err
		}
	}
	return enc.EncodeToken(start.End())
}

// number writes a coordinate: a twentieth of a pixel is finer than any screen.
func number(f float64) string {
	rounded := math.Round(f*100) / 100
	if rounded == 0 {
		return "0" // not -0
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
