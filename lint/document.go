package lint

import (
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// document is a postmortem as the rules see it.
type document struct {
	source   []byte // with LF line ends; all offsets refer to it
	lines    []int  // where each line begins
	front    front
	passages []*passage
	tables   []*table
	items    []*item
	sections []*section
	comments []comment
	prompts  []prompt
	title    int // offset of what findings about the whole document point to
}

// section is a heading with all that stands below it, up to the next heading.
type section struct {
	level int
	path  []string // the headings around it and its own, as plain words
	start int
	end   int // of the heading
	empty bool
	last  bool // no deeper heading follows, so nothing can fill an empty one
}

// in tells whether a heading on the path has one of the words or phrases.
func in(path []string, phrases ...string) bool {
	for _, heading := range path {
		for _, phrase := range phrases {
			if strings.Contains(" "+heading+" ", " "+phrase+" ") {
				return true
			}
		}
	}
	return false
}

// table is a GFM table.
type table struct {
	path   []string
	header []string // as plain words
	rows   []row
	start  int
	end    int
}

type row struct {
	start, end int
	cells      []*passage
}

// item is an outermost list item with everything inside it.
type item struct {
	path     []string
	first    *passage // its first text; nil when it has none
	passages []*passage
	link     bool
	start    int
	end      int
}

// prompt is a question that waits for a person's answer.
type prompt struct {
	start, end int
	question   string
}

// parse reads a document. GFM is what GitHub and GitLab render.
func parse(source []byte) *document {
	d := &document{source: normalize(source)}
	d.lines = lineStarts(d.source)
	d.front = splitFront(d.source)
	// The front matter is blanked, not cut off, so that offsets stay true.
	body := append([]byte(nil), d.source...)
	for i := range body[:d.front.end] {
		if body[i] != '\n' {
			body[i] = ' '
		}
	}
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM))
	root := markdown.Parser().Parse(text.NewReader(body), parser.WithContext(parser.NewContext()))
	r := &reader{document: d, body: body, sections: []*section{{last: true}}}
	r.blocks(root, false)
	r.finish()
	return d
}

// reader walks the syntax tree.
type reader struct {
	*document
	body     []byte
	sections []*section // the headings so far; the first stands for none
	list     *item      // the outermost list item around the present node
}

func (r *reader) path() []string { return r.sections[len(r.sections)-1].path }

func (r *reader) finish() {
	for i, s := range r.sections {
		s.last = i+1 == len(r.sections) || r.sections[i+1].level <= s.level
	}
	r.document.sections = r.sections[1:]
	r.title = min(r.front.end, len(r.source))
	if len(r.document.sections) > 0 {
		r.title = r.document.sections[0].start
	} else {
		for r.title < len(r.source) && r.source[r.title] == '\n' {
			r.title++
		}
	}
}

// blocks reads the children of a container.
func (r *reader) blocks(parent ast.Node, quoted bool) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if n.Kind() != ast.KindHeading && n.Kind() != ast.KindHTMLBlock {
			r.sections[len(r.sections)-1].empty = false
		}
		switch n := n.(type) {
		case *ast.Heading:
			r.heading(n, quoted)
		case *ast.Paragraph, *ast.TextBlock:
			p := r.passage(n, quoted)
			if r.list == nil {
				p.kind = paragraph
			}
			p.ends = n.NextSibling() == nil || !continues(n.NextSibling())
		case *ast.Blockquote:
			// An alert such as > [!NOTE] is the author's own words.
			r.blocks(n, quoted || !isAlert(n, r.body))
		case *ast.ListItem:
			r.listItem(n, quoted)
		case *east.Table:
			r.table(n, quoted)
		case *ast.HTMLBlock:
			r.htmlBlock(n, quoted)
		case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.ThematicBreak, *ast.LinkReferenceDefinition:
		default:
			r.blocks(n, quoted)
		}
	}
}

// continues tells whether a block fills what a label before it announces.
func continues(n ast.Node) bool {
	switch n.Kind() {
	case ast.KindHeading, ast.KindThematicBreak, ast.KindHTMLBlock, ast.KindParagraph:
		return false
	}
	return true
}

func isAlert(n *ast.Blockquote, source []byte) bool {
	first := n.FirstChild()
	if first == nil || first.Kind() != ast.KindParagraph || first.Lines().Len() == 0 {
		return false
	}
	segment := first.Lines().At(0)
	return strings.HasPrefix(string(segment.Value(source)), "[!")
}

func (r *reader) heading(n *ast.Heading, quoted bool) {
	p := r.passage(n, quoted)
	p.kind = heading
	if quoted {
		return
	}
	var path []string
	for i := len(r.sections) - 1; i > 0; i-- {
		if s := r.sections[i]; s.level < n.Level {
			path = append(path, s.path...)
			break
		}
	}
	s := &section{level: n.Level, path: append(path[:len(path):len(path)], plainWords(p.plain)), start: p.start, end: p.end, empty: true}
	r.sections = append(r.sections, s)
	p.path = s.path
}

func (r *reader) listItem(n *ast.ListItem, quoted bool) {
	if r.list != nil {
		r.blocks(n, quoted)
		return
	}
	from := len(r.passages)
	r.list = &item{path: r.path()}
	r.blocks(n, quoted)
	it := r.list
	r.list = nil
	if it.passages = r.passages[from:len(r.passages):len(r.passages)]; len(it.passages) == 0 || quoted {
		return
	}
	it.first = it.passages[0]
	it.start, it.end = it.first.start, it.first.end
	for _, p := range it.passages {
		it.link = it.link || p.link
	}
	r.items = append(r.items, it)
}

func (r *reader) table(n *east.Table, quoted bool) {
	t := &table{path: r.path(), start: n.Pos()}
	for line := n.FirstChild(); line != nil; line = line.NextSibling() {
		var cells []*passage
		for c := line.FirstChild(); c != nil; c = c.NextSibling() {
			p := r.passage(c, quoted)
			p.kind = cell
			if i := len(cells); i < len(t.header) {
				p.column = t.header[i]
			}
			cells = append(cells, p)
		}
		if line.Kind() == east.KindTableHeader {
			for _, c := range cells {
				t.header = append(t.header, plainWords(c.plain))
			}
			t.end = t.start
			if len(cells) > 0 {
				t.start, t.end = cells[0].start, cells[len(cells)-1].end
			}
			continue
		}
		if len(cells) > 0 {
			t.rows = append(t.rows, row{start: cells[0].start, end: cells[len(cells)-1].end, cells: cells})
		}
	}
	if !quoted {
		r.tables = append(r.tables, t)
	}
}

// column finds the first column whose heading has one of the words; -1: none.
func (t *table) column(words ...string) int {
	for i, h := range t.header {
		if in([]string{h}, words...) {
			return i
		}
	}
	return -1
}

// at is the cell of a row in a column, nil where there is none.
func (r row) at(column int) *passage {
	if column < 0 || column >= len(r.cells) {
		return nil
	}
	return r.cells[column]
}
