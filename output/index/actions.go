package index

import (
	"bufio"
	"bytes"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"github.com/debrief-sre/debrief/internal/actionitem"
	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/templates"
)

// outline is what the index reads of a document's text.
type outline struct {
	title   string // the first heading
	actions []Action
}

// frontEnd is the front matter with its fences.
var frontEnd = regexp.MustCompile(`(?s)^(?:\x{feff})?---[ \t]*\r?\n.*?\n---[ \t]*(?:\r?\n|$)`)

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.TaskList, extension.Strikethrough))

// outlineOf reads a document. Action items are the rows of tables and the items
// of lists below a heading that announces them; questions that nobody has
// answered are none.
func outlineOf(source []byte) outline {
	body := source[len(frontEnd.Find(source)):]
	r := outliner{body: body}
	root := markdown.Parser().Parse(text.NewReader(body))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			r.heading(n)
		case *extast.Table:
			r.table(n)
		case *ast.List:
			r.list(n)
		}
	}
	return r.outline
}

type outliner struct {
	outline
	body  []byte
	below int // the level of the heading that announces actions; 0 outside
}

func (r *outliner) heading(n *ast.Heading) {
	title := r.words(n)
	if r.title == "" {
		r.title = title
	}
	switch {
	case actionitem.Says(title, actionitem.Headings...) && (r.below == 0 || n.Level <= r.below):
		r.below = n.Level
	case n.Level <= r.below:
		r.below = 0
	}
}

func (r *outliner) table(n *extast.Table) {
	if r.below == 0 {
		return
	}
	var columns actionitem.Columns
	for line := n.FirstChild(); line != nil; line = line.NextSibling() {
		var cells []string
		for c := line.FirstChild(); c != nil; c = c.NextSibling() {
			cells = append(cells, r.words(c))
		}
		if line.Kind() == extast.KindTableHeader {
			columns = actionitem.ColumnsOf(cells)
			continue
		}
		at := func(column int) string {
			if column < 0 || column >= len(cells) {
				return ""
			}
			return cells[column]
		}
		if !actionitem.Done(at(columns.State)) {
			r.add(Action{Text: at(columns.What), Type: at(columns.Type), Owner: at(columns.Owner), Due: at(columns.Due)})
		}
	}
}

func (r *outliner) list(n *ast.List) {
	if r.below == 0 {
		return
	}
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		first := item.FirstChild()
		if first == nil {
			continue
		}
		box, isTask := first.FirstChild().(*extast.TaskCheckBox)
		what := r.words(first)
		if done := isTask && box.IsChecked; !done && !strings.HasPrefix(strings.ToLower(what), "done") {
			r.add(Action{Text: what})
		}
	}
}

// add takes in an item. Of debrief's own proposals the first sentence says what
// to do, and the rest why.
func (r *outliner) add(a Action) {
	const longest = 200
	a.Text, a.Proposed = strings.CutPrefix(a.Text, "Proposed: ")
	if a.Proposed {
		if first, _, more := strings.Cut(a.Text, ". "); more {
			a.Text = first + "."
		}
	}
	a.Text, a.Type, a.Owner, a.Due = shorten(a.Text, longest), words(a.Type), words(a.Owner), words(a.Due)
	if a.Text != "" {
		r.actions = append(r.actions, a)
	}
}

// words are a node's text as it is read. Of a question that debrief asks only
// the answer behind its mark counts.
func (r *outliner) words(n ast.Node) string {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			write := gmhtml.DefaultWriter.Write
			if n.Parent().Kind() == ast.KindCodeSpan {
				write = gmhtml.DefaultWriter.RawWrite
			}
			write(w, n.Value(r.body))
			if n.SoftLineBreak() || n.HardLineBreak() {
				_ = w.WriteByte(' ')
			}
		case *ast.AutoLink:
			_, _ = w.WriteString(html.EscapeString(string(n.Label(r.body))))
		case *ast.RawHTML:
			_ = w.Flush()
			if string(n.Segments.Value(r.body)) == templates.PromptMark {
				out.Reset()
			}
		}
		return ast.WalkContinue, nil
	})
	_ = w.Flush()
	const joiner = "\u2060" // which templates put into text, see [templates.Text]
	return printable.Line(strings.ReplaceAll(html.UnescapeString(out.String()), joiner, ""))
}
