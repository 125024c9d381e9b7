package output

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/debrief-sre/debrief/output/picture"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

//go:embed page.html.tmpl
var pageSource string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Parse(pageSource))

// HTML writes the document as one self-contained page: no script, nothing
// fetched, and no HTML from any source. It is made from the Markdown, which
// people edit; what the report knows beyond that (pictures, the events behind
// the timeline's rows) is added where the Markdown still has a place for it.
func HTML(w io.Writer, d Document) error {
	s := newSheet(d)
	body, err := s.body()
	if err != nil {
		return err
	}
	style := pageStyle + s.filter.style()
	if len(s.marks) > 0 || len(s.placed) > 0 {
		style += picture.CSS
	}
	return writePage(w, templates.Headline(d.Report), style, s.contents, body)
}

// sheet is a page in the making: the document's tree, and what is found out
// about it on the way.
type sheet struct {
	converter goldmark.Markdown
	source    []byte
	root      ast.Node
	events    []report.Event
	pictures  map[string]picture.SVG // by the names of their files
	placed    []*markup              // the pictures that are in the page
	marks     map[string]bool        // ids of marks in them
	ids       map[string]bool        // all that links may point at
	contents  []Chapter
	filter    filter
}

func newSheet(d Document) *sheet {
	s := &sheet{
		source: withoutFrontMatter(d.Markdown), events: d.Report.Events,
		pictures: map[string]picture.SVG{}, marks: map[string]bool{}, ids: map[string]bool{"content": true},
	}
	for _, p := range Pictures(d.Report) {
		s.pictures[p.File] = p.svg
	}
	s.converter = goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList), // no linkify: collected addresses stay text
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(nodes{s}, 100))),
	)
	ids := headingIDs{parser.NewContext().IDs()}
	s.root = s.converter.Parser().Parse(text.NewReader(s.source), parser.WithContext(parser.NewContext(parser.WithIDs(ids))))
	return s
}

// body prepares the tree, then writes it. The order matters: rows link to the
// pictures that are there, and pictures to the rows that were found.
func (s *sheet) body() (string, error) {
	s.dropDiagrams()
	s.placePictures()
	s.outline()
	s.nameTables()
	s.findRows()
	s.linkPictures()
	var body bytes.Buffer
	if err := s.converter.Renderer().Render(&body, s.source, s.root); err != nil {
		return "", fmt.Errorf("converting to HTML: %w", err)
	}
	return body.String(), nil
}
