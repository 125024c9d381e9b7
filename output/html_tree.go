package output

import (
	"bufio"
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	gmhtml "github.com/yuin/goldmark/renderer/html"
)

// markup is a node of the tree that is HTML already, of our own making.
type markup struct {
	ast.BaseBlock
	html string
}

var kindMarkup = ast.NewNodeKind("DebriefMarkup")

// Kind implements [ast.Node].
func (*markup) Kind() ast.NodeKind { return kindMarkup }

// Dump implements [ast.Node].
func (m *markup) Dump(source []byte, level int) { ast.DumpHelper(m, source, level, nil, nil) }

// headingIDs keeps headings from taking the ids of rows, marks and the rest
// that is not theirs.
type headingIDs struct{ parser.IDs }

var reservedID = regexp.MustCompile(`^(row|event|mark|pic|only|by|content)(-|$)`)

// Generate implements [parser.IDs].
func (h headingIDs) Generate(value []byte, kind ast.NodeKind) []byte {
	id := h.IDs.Generate(value, kind)
	if reservedID.Match(id) {
		id = h.IDs.Generate(append([]byte("section "), value...), kind)
	}
	return id
}

// outline gives each heading an anchor, and those of the second level a place
// in the table of contents. The anchor is for pointers: for others the contents
// are there, and a heading that reads "Summary link to Summary" helps nobody.
func (s *sheet) outline() {
	for _, n := range s.all(ast.KindHeading) {
		h, ok := n.(*ast.Heading)
		id := attribute(n, "id")
		if !ok || id == "" {
			continue
		}
		s.ids[id] = true
		if h.Level == 2 {
			s.contents = append(s.contents, Chapter{ID: id, Title: s.words(n)})
		}
		anchor := fmt.Sprintf(` <a class="anchor" href="#%s" aria-hidden="true" tabindex="-1">#</a>`, html.EscapeString(id))
		h.AppendChild(h, &markup{html: anchor})
	}
	if len(s.contents) < 3 {
		s.contents = nil // nothing to find one's way in
	}
}

// nameTables names each table after the heading that it stands under, and says
// of header cells that they are their columns'. Tables that are too wide are
// scrolled, by keyboard too: such a region needs a name of its own.
func (s *sheet) nameTables() {
	heading, tables := "Document", map[string]int{}
	s.walk(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Heading:
			heading = s.words(n)
		case *extast.Table:
			tables[heading]++
			name := heading
			if k := tables[heading]; k > 1 {
				name = fmt.Sprintf("%s, table %d", heading, k)
			}
			n.SetAttributeString("aria-label", name)
		case *extast.TableCell:
			if n.Alignment != extast.AlignNone {
				n.SetAttributeString("class", n.Alignment.String()) // a style attribute would be against the policy
				n.Alignment = extast.AlignNone
			}
			if n.Parent().Kind() == extast.KindTableHeader {
				n.SetAttributeString("scope", "col")
			}
		}
	})
}

// dropDiagrams leaves out the Mermaid diagrams that debrief made: they take a
// script to draw, and the page has pictures. People's own stay, as code.
func (s *sheet) dropDiagrams() {
	s.inBlocks(func(_ string, n ast.Node) {
		if code, ok := n.(*ast.FencedCodeBlock); ok && string(code.Language(s.source)) == "mermaid" {
			n.Parent().RemoveChild(n.Parent(), n)
		}
	})
}

// inBlocks visits what stands within debrief's markers. To Markdown they are
// HTML, which is not rendered but is in the tree.
func (s *sheet) inBlocks(visit func(block string, n ast.Node)) {
	block := ""
	for n := s.root.FirstChild(); n != nil; {
		next := n.NextSibling()
		match := marker.FindStringSubmatch(strings.TrimSpace(s.raw(n)))
		switch {
		case match != nil && match[1] == "begin":
			block = match[2]
		case match != nil:
			block = ""
		case block != "":
			visit(block, n)
		}
		n = next
	}
}

// raw is the source of a piece of HTML between blocks.
func (s *sheet) raw(n ast.Node) string {
	h, ok := n.(*ast.HTMLBlock)
	if !ok {
		return ""
	}
	var out bytes.Buffer
	out.Write(h.Lines().Value(s.source))
	if h.HasClosure() {
		out.Write(h.ClosureLine.Value(s.source))
	}
	return out.String()
}

// words are a node's text as it is read, without any markup.
func (s *sheet) words(n ast.Node) string {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if !entering {
				break
			}
			if n.Parent().Kind() == ast.KindCodeSpan {
				gmhtml.DefaultWriter.RawWrite(w, n.Value(s.source))
			} else {
				gmhtml.DefaultWriter.Write(w, n.Value(s.source))
			}
			if n.SoftLineBreak() || n.HardLineBreak() {
				_ = w.WriteByte(' ')
			}
		case *ast.String:
			if entering {
				gmhtml.DefaultWriter.Write(w, n.Value)
			}
		case *ast.AutoLink:
			if entering {
				_, _ = w.WriteString(html.EscapeString(string(n.Label(s.source))))
			}
		}
		return ast.WalkContinue, nil
	})
	_ = w.Flush()
	return strings.Join(strings.Fields(html.UnescapeString(out.String())), " ")
}

// walk visits each node once, parents first. The tree must not change meanwhile.
func (s *sheet) walk(visit func(ast.Node)) {
	_ = ast.Walk(s.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			visit(n)
		}
		return ast.WalkContinue, nil
	})
}

// all are the nodes of a kind, in the document's order.
func (s *sheet) all(kind ast.NodeKind) []ast.Node {
	var found []ast.Node
	s.walk(func(n ast.Node) {
		if n.Kind() == kind {
			found = append(found, n)
		}
	})
	return found
}

func attribute(n ast.Node, name string) string {
	switch v, _ := n.AttributeString(name); v := v.(type) {
	case []byte:
		return string(v)
	case string:
		return v
	default:
		return ""
	}
}
