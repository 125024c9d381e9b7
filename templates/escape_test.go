package templates

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/debrief-sre/debrief/internal/printable"
)

// hostile are strings that try to be more than text. Each also seeds the fuzzer.
var hostile = []string{
	// HTML
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b onclick='x'>", "</td></tr></table>", "<a href=\"javascript:x\">", "<!-- -->",
	"<!-- debrief:prompt -->", "<!-- debrief:begin impact -->", "<!-- debrief:end impact sum=0 -->", "--> <x>", "<![CDATA[x]]>", "<?php ?>", "&lt;b&gt;", "&#60;b&#62;", "&amp;amp;", "&nbsp;", "&",
	// links and images
	"[text](https://example.org)", "![image](https://example.org/x.png)", "[text][ref]", "[ref]: https://example.org", "[^1]", "[^1]: note", "[x]", "[ ] task",
	"<https://example.org>", "<a@example.org>", "https://example.org/a?b=c&d=e", "http://example.org", "ftp://example.org", "HTTPS://EXAMPLE.ORG", "www.example.org", "see www.example.org.", "(www.example.org)",
	"someone@example.org", "mailto:someone@example.org", "xmpp:a@b.example", "@someone", "#123", "owner/repo#123", "a_b@c-d.example",
	// tables
	"|", "a | b", `a \| b`, `a \\| b`, `a \\\| b`, `\`, `a\`, "|---|", "---|---", "| a | b |\n| --- | --- |", ":-:", ":---", "a`|`b",
	// code
	"`", "``", "```", "a`b", "`a", "a`", "`a`", "``a`` `b", "```\nx\n```", "~~~\nx\n~~~", "``` info", "`a`|`b`", "` `", "\\`", "`\\",
	// blocks
	"# heading", "## h", "- item", "+ item", "* item", "1. item", "1) item", "123456789. item", "1234567890. item", "-", "+", "*", "1.", "- [ ] task", "> quote", ">", "---", "***", "___", "===", "=", "a\n===", "a\n---", "    code", "\tcode", ": definition", "term\n: definition",
	"---\ntitle: x\n---", "+++\n", "...",
	// emphasis and other marks
	"*a*", "**a**", "_a_", "__a__", "***a***", "~a~", "~~a~~", "a * b", "snake_case_name", "$x$", "$$x$$", "`$x$`", "^a^", "==a==", "!", ":smile:", `\*a\*`, `"a" -- 'b'...`,
	// templates
	"{{ .Secret }}", "{% include x %}", "{{`{{`}}", "${HOME}", "$(id)", "%s %d", "<%= x %>",
	// bytes and runes
	"", " ", "  a  b  ", "a\nb", "a\n\nb", "a\r\nb", "a\rb", "a  \nb", "a\\\nb", "a\tb", "a\x00b", "\x00", "\x1b[31mred\x1b[0m", "\x1b]8;;https://example.org\x07x\x1b]8;;\x07", "\x9b31m", "a\u0085b", "a\u2028b\u2029c", "\ufeffa", "a\xffb", "\xc3", "\xed\xa0\x80",
	"\u202egnp.exe", "\u2066a\u2069", "\u200fa\u061c", "a\u200bb", "www\u2060.example.org", "\u00a0a\u00a0", "\u3000", "🙂", "e\u0301", "日本語", strings.Repeat("`", 40), strings.Repeat("[", 100), strings.Repeat("*a", 60),
}

// github is its dialect, with links made of bare addresses and with raw HTML
// let through.
var github = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList), goldmark.WithRendererOptions(goldmarkhtml.WithUnsafe()))

// render gives the HTML of a document, parsed again.
func render(t rapid.TB, markdown string) []*html.Node {
	t.Helper()
	var out bytes.Buffer
	if err := github.Convert([]byte(markdown), &out); err != nil {
		t.Fatal(err)
	}
	page, err := html.Parse(io.MultiReader(strings.NewReader("<html><body>"), &out)) // what comes first may be a comment
	if err != nil {
		t.Fatal(err)
	}
	body := page.FirstChild.LastChild
	return slices.Collect(body.ChildNodes())
}

// outline writes HTML as one line per element and text, without the white
// space between blocks and without joiners.
func outline(nodes []*html.Node) []string {
	var lines []string
	var walk func(n *html.Node, indent string)
	walk = func(n *html.Node, indent string) {
		switch n.Type {
		case html.TextNode:
			if n.Data != "\n" || n.Parent.Data == "code" {
				lines = append(lines, indent+"'"+strings.ReplaceAll(n.Data, joiner, "")+"'")
			}
		case html.ElementNode:
			lines = append(lines, indent+n.Data)
		default:
			lines = append(lines, indent+"? "+n.Data)
		}
		for child := range n.ChildNodes() {
			walk(child, indent+" ")
		}
	}
	for _, n := range nodes {
		walk(n, "")
	}
	return lines
}

// place is a spot of a document and the outline that the document then has,
// both with X for the string.
type place struct {
	name     string
	escape   func(string) string
	markdown string
	outline  string
	shown    func(string) string // what is to be read; nothing means that the place stays empty
}

var places = []place{
	{"paragraph", text, "before\n\nX\n\nafter\n", "p; 'before';p; 'X';p; 'after'", printable.Line},
	{"line of a paragraph", text, "before\nX\n", "p; 'before\nX'", printable.Line},
	{"middle of a line", text, "before X after\n", "p; 'before X after'", printable.Line},
	{"list item", text, "- X\n- after\n", "ul; li;  'X'; li;  'after'", printable.Line},
	{"quote", text, "> X\n", "blockquote; p;  'X'", printable.Line},
	{"heading", text, "# before: X\n", "h1; 'before: X'", printable.Line},
	{"table cell", text, "| a | b |\n| --- | --- |\n| X | c |\n| d | X |\n", tableOutline("'X'"), printable.Line},
	{"bold table cell", text, "| a | b |\n| --- | --- |\n| **X** | c |\n| d | **X** (x) |\n", "table; thead;  tr;   th;    'a';   th;    'b'; tbody;  tr;   td;    strong;     'X';   td;    'c';  tr;   td;    'd';   td;    strong;     'X';    ' (x)'", printable.Line},
	{"code span", code, "X\n", "p; code;  'X'", printable.Line},
	{"code span in a line", code, "a `b` X `c`\n", "p; 'a '; code;  'b'; ' '; code;  'X'; ' '; code;  'c'", printable.Line},
	{"code span in a table", code, "| a | b |\n| --- | --- |\n| X | c |\n| d | X |\n", tableOutline("code;     'X'"), printable.Line},
	{"fence", func(s string) string { return fence("promql", s) }, "before\n\nX\n\nafter\n", "p; 'before';pre; code;  'X\n';p; 'after'", func(s string) string { return strings.TrimRight(printable.Text(s), "\n \t") }},
	{"fence after a line", func(s string) string { return fence("", s) }, "before\nX\nafter\n", "p; 'before';pre; code;  'X\n';p; 'after'", func(s string) string { return strings.TrimRight(printable.Text(s), "\n \t") }},
}

func tableOutline(cell string) string {
	return "table; thead;  tr;   th;    'a';   th;    'b'; tbody;  tr;   td;    " + cell + ";   td;    'c';  tr;   td;    'd';   td;    " + cell
}

// holds checks one string in one place.
func (p place) holds(t rapid.TB, s string) {
	t.Helper()
	if strings.HasPrefix(p.name, "code") {
		s = strings.ReplaceAll(s, "|", "") // with pipes it is text, which has its own places
	}
	if p.shown(s) == "" {
		return
	}
	markdown := strings.ReplaceAll(p.markdown, "X", p.escape(s))
	want := strings.Split(p.outline, ";")
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "X", strings.ReplaceAll(p.shown(s), joiner, ""))
	}
	if diff := cmp.Diff(want, outline(render(t, markdown))); diff != "" {
		t.Errorf("%q as %q (-want +got):\n%s", s, markdown, diff)
	}
}

func TestHostileStringsStayText(t *testing.T) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			for _, s := range hostile {
				p.holds(t, s)
			}
		})
	}
}

// TestCodeWithPipes: what a table would tear apart is text instead.
func TestCodeWithPipes(t *testing.T) {
	cell := places[slices.IndexFunc(places, func(p place) bool { return p.name == "table cell" })]
	cell.escape = code
	for _, s := range hostile {
		if strings.Contains(s, "|") {
			cell.holds(t, s)
		}
	}
}

// TestHostileCombinationsStayText joins them: what is harmless alone may not
// be beside another.
func TestHostileCombinationsStayText(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom(hostile), 2, 6).Draw(r, "parts"), rapid.SampledFrom([]string{"", " ", "a"}).Draw(r, "between"))
		rapid.SampledFrom(places).Draw(r, "place").holds(r, s)
	})
}

func FuzzEscape(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range places {
			p.holds(t, s)
		}
	})
}
