package lint

import (
	"bytes"
	"html"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// kind is where a passage stands.
type kind int

const (
	paragraph kind = iota + 1
	heading
	cell
	markup // text inside an HTML block
)

// passage is a run of text that Markdown sets as one: a paragraph, a heading,
// a table cell.
type passage struct {
	kind   kind
	path   []string // the headings it stands under
	column string   // the heading of its table column
	quoted bool     // in a block quotation: somebody else's words
	prompt bool     // asks a question that is still open
	link   bool     // holds a link
	done   bool     // begins with a ticked box
	ends   bool     // no list, table or code follows to complete it
	start  int
	end    int

	plain string // all that a reader sees
	// prose is what the rules about words judge. Code, addresses and open
	// prompts are each one opaque rune there, so that grammar still works.
	prose     []byte
	at        []int // source offset of each byte of prose
	sentences []sentence
}

// opaque stands in prose for something that is no prose.
const opaque = "\uFFFC"

// passage reads the text of a block.
func (r *reader) passage(n ast.Node, quoted bool) *passage {
	p := &passage{path: r.path(), quoted: quoted, start: n.Pos(), ends: true}
	if lines := n.Lines(); lines != nil && lines.Len() > 0 {
		p.start = lines.At(0).Start
		last := lines.At(lines.Len() - 1)
		p.end = last.Start + len(bytes.TrimRight(last.Value(r.body), " \t\n"))
	}
	p.start = min(max(p.start, 0), len(r.body))
	p.end = min(max(p.end, p.start), len(r.body))
	w := &proseWriter{reader: r, passage: p}
	w.inlines(n)
	p.plain = strings.TrimSpace(w.plain.String())
	p.sentences = split(p)
	r.passages = append(r.passages, p)
	return p
}

// proseWriter collects the text of inline nodes.
type proseWriter struct {
	*reader
	*passage
	plain strings.Builder
}

func (w *proseWriter) inlines(parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			w.text(n.Segment.Start, n.Segment.Stop)
			switch {
			case n.HardLineBreak():
				w.raw("\n", n.Segment.Stop)
			case n.SoftLineBreak():
				w.raw(" ", n.Segment.Stop)
			}
		case *ast.CodeSpan:
			w.code(n)
		case *ast.AutoLink:
			w.link = true
			label := n.Label(w.body)
			start := bytes.Index(w.body[w.passage.start:], label)
			if start < 0 {
				continue
			}
			start += w.passage.start
			if n.AutoLinkType == ast.AutoLinkEmail {
				w.text(start, start+len(label)) // an address can name a person
				continue
			}
			w.plain.Write(label)
			w.hide(start, start+len(label))
		case *ast.Link:
			w.link = true
			w.inlines(n)
		case *ast.RawHTML:
			w.html(n)
		case *east.TaskCheckBox:
			w.done = n.IsChecked
		case *ast.String:
			w.plain.Write(n.Value)
		case *ast.Emphasis:
			if asked(n, w.body) {
				w.question(n)
				continue
			}
			w.inlines(n)
		default:
			w.inlines(n)
		}
	}
}

// raw adds text that stands for one place in the source.
func (w *proseWriter) raw(s string, at int) {
	for range len(s) {
		w.passage.at = append(w.passage.at, at)
	}
	w.prose = append(w.prose, s...)
	w.plain.WriteString(s)
}

// hide adds something that is no prose.
func (w *proseWriter) hide(start, stop int) {
	w.passage.at = append(w.passage.at, start, start, max(start, stop-1))
	w.prose = append(w.prose, opaque...)
}

// text adds source text, its escapes and entities resolved.
func (w *proseWriter) text(start, stop int) {
	source := w.body[:min(stop, len(w.body))]
	for i := start; i < len(source); {
		switch {
		case source[i] == '\\' && i+1 < len(source) && util.IsPunct(source[i+1]):
			w.raw(string(source[i+1]), i+1)
			i += 2
			continue
		case source[i] == '&':
			if n := bytes.IndexByte(source[i:min(i+32, len(source))], ';'); n > 0 {
				entity := string(source[i : i+n+1])
				if s := html.UnescapeString(entity); s != entity {
					w.raw(s, i)
					w.passage.at[len(w.passage.at)-1] = i + n
					i += n + 1
					continue
				}
			}
		case bytes.HasPrefix(source[i:], []byte(joiner)):
			i += len(joiner)
			continue
		}
		w.prose = append(w.prose, source[i])
		w.passage.at = append(w.passage.at, i)
		w.plain.WriteByte(source[i])
		i++
	}
}

// joiner is invisible; debrief's escaping puts it into addresses to keep
// them from becoming links.
const joiner = "\u2060"

func (w *proseWriter) code(n *ast.CodeSpan) {
	start, stop := -1, -1
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			w.plain.Write(t.Segment.Value(w.body))
			if start < 0 {
				start = t.Segment.Start
			}
			stop = t.Segment.Stop
		}
	}
	if start >= 0 {
		w.hide(start, stop)
	}
}

// html handles a tag or a comment in running text.
func (w *proseWriter) html(n *ast.RawHTML) {
	if n.Segments.Len() == 0 {
		return
	}
	start, stop := n.Segments.At(0).Start, n.Segments.At(n.Segments.Len()-1).Stop
	raw := string(w.body[start:stop])
	if isComment(raw) {
		w.comment(start, stop)
	}
	if strings.HasPrefix(strings.ToLower(raw), "<br") {
		w.raw("\n", start)
	}
}

// question leaves out a prompt's question, which is debrief's, and opens the
// prompt unless an answer follows the mark.
func (w *proseWriter) question(n *ast.Emphasis) {
	mark := markAfter(n, w.body)
	start, stop := mark.Segments.At(0).Start, mark.Segments.At(mark.Segments.Len()-1).Stop
	inner := &proseWriter{reader: w.reader, passage: &passage{path: w.passage.path}}
	inner.inlines(n)
	question := strings.TrimSpace(inner.plain.String())
	w.plain.WriteString(question)
	if from := inner.passage.at; len(from) > 0 {
		w.hide(from[0], from[len(from)-1]+1)
		start = from[0]
	}
	if answered(mark, w.body) {
		return
	}
	w.prompt = true
	w.prompts = append(w.prompts, prompt{start: start, end: stop, question: question})
}

// plainWords reduces a heading to its words in lower case: "3. Root Causes" is
// "root causes".
func plainWords(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) })
	return strings.Join(words, " ")
}
