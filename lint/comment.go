package lint

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"golang.org/x/net/html"
)

// comment is an HTML comment. Comments are how the tool and the author talk
// about a document without showing in it.
type comment struct {
	start, end int
	text       string // between the marks, trimmed
	alone      bool   // nothing else stands on its lines
}

func isComment(raw string) bool {
	return strings.HasPrefix(raw, "<!--") && strings.HasSuffix(raw, "-->")
}

func commentText(raw string) string {
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(raw, "<!--"), "-->"))
}

// promptMark is the comment that templates put after a question.
const promptMark = "debrief:prompt"

func (r *reader) comment(start, end int) {
	from := bytes.LastIndexByte(r.source[:start], '\n') + 1
	to := len(r.source)
	if n := bytes.IndexByte(r.source[end:], '\n'); n >= 0 {
		to = end + n
	}
	before, after := bytes.TrimSpace(r.source[from:start]), bytes.TrimSpace(r.source[end:to])
	r.comments = append(r.comments, comment{
		start: start, end: end, text: commentText(string(r.source[start:end])),
		alone: len(before) == 0 && len(after) == 0,
	})
}

// markAfter is the prompt's mark that follows an emphasised question, or nil.
func markAfter(n ast.Node, source []byte) *ast.RawHTML {
	for s := n.NextSibling(); s != nil; s = s.NextSibling() {
		switch s := s.(type) {
		case *ast.Text:
			if len(bytes.TrimSpace(s.Segment.Value(source))) > 0 {
				return nil
			}
		case *ast.RawHTML:
			if s.Segments.Len() == 0 {
				return nil
			}
			raw := source[s.Segments.At(0).Start:s.Segments.At(s.Segments.Len()-1).Stop]
			if isComment(string(raw)) && commentText(string(raw)) == promptMark {
				return s
			}
			return nil
		default:
			return nil
		}
	}
	return nil
}

// asked tells whether an emphasised text is a prompt's question. A mark after
// other text is left from a question that was replaced by its answer.
func asked(n *ast.Emphasis, source []byte) bool { return markAfter(n, source) != nil }

// answered tells whether something other than comments follows a mark.
func answered(mark ast.Node, source []byte) bool {
	for s := mark.NextSibling(); s != nil; s = s.NextSibling() {
		switch s := s.(type) {
		case *ast.Text:
			if len(bytes.Trim(s.Segment.Value(source), " \t\n.")) > 0 {
				return true
			}
		case *ast.RawHTML:
		default:
			// The question of a second prompt is no answer to the first.
			e, ok := s.(*ast.Emphasis)
			return !ok || !asked(e, source)
		}
	}
	return false
}

// htmlBlock reads the comments and the visible text of a block of HTML, as
// <details><summary>…</summary> is usual in postmortems.
func (r *reader) htmlBlock(n *ast.HTMLBlock, quoted bool) {
	start, stop := len(r.body), 0
	for i := range n.Lines().Len() {
		s := n.Lines().At(i)
		start, stop = min(start, s.Start), max(stop, s.Stop)
	}
	if n.HasClosure() {
		start, stop = min(start, n.ClosureLine.Start), max(stop, n.ClosureLine.Stop)
	}
	if start >= stop {
		return
	}
	// The tokenizer never fails on a byte slice but at its end.
	t := html.NewTokenizer(bytes.NewReader(r.body[start:stop]))
	hidden, at := "", start
	for {
		token := t.Next()
		if token == html.ErrorToken {
			return
		}
		from, to := at, at+len(t.Raw())
		at = to
		switch token {
		case html.CommentToken:
			if isComment(string(r.body[from:to])) {
				r.comment(from, to)
				r.blockPrompt(n, from, to)
			}
		case html.StartTagToken:
			name, _ := t.TagName()
			if hidden == "" && hides[string(name)] {
				hidden = string(name)
			}
		case html.EndTagToken:
			if name, _ := t.TagName(); string(name) == hidden {
				hidden = ""
			}
		case html.TextToken:
			if hidden == "" && len(bytes.TrimSpace(r.body[from:to])) > 0 {
				r.sections[len(r.sections)-1].empty = false
				r.markupText(from, to, quoted)
			}
		}
	}
}

// hides lists the elements whose text is no prose of the author.
var hides = set("script style pre code samp kbd blockquote q")

func (r *reader) markupText(start, stop int, quoted bool) {
	p := &passage{kind: markup, path: r.path(), quoted: quoted, start: start, end: stop, ends: true}
	w := &proseWriter{reader: r, passage: p}
	w.text(start, stop)
	p.plain = strings.TrimSpace(w.plain.String())
	p.sentences = split(p)
	r.passages = append(r.passages, p)
}

// blockPrompt opens a prompt whose mark was moved to a line of its own, below
// the question.
func (r *reader) blockPrompt(n ast.Node, start, stop int) {
	if commentText(string(r.body[start:stop])) != promptMark {
		return
	}
	before, ok := n.PreviousSibling().(*ast.Paragraph)
	if !ok || n.HasBlankPreviousLines() {
		return
	}
	if e, ok := before.LastChild().(*ast.Emphasis); ok && e.PreviousSibling() == nil && len(r.passages) > 0 {
		p := r.passages[len(r.passages)-1]
		p.prompt, p.sentences = true, nil
		r.prompts = append(r.prompts, prompt{start: p.start, end: stop, question: p.plain})
	}
}
