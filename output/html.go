package output

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"

	"github.com/debrief-sre/debrief/templates"
)

//go:embed page.html.tmpl
var pageSource string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Parse(pageSource))

// HTML writes the document as one self-contained page: no script, nothing
// fetched, and no HTML from any source.
func HTML(w io.Writer, d Document) error {
	var body bytes.Buffer
	if err := converter().Convert(withoutFrontMatter(d.Markdown), &body); err != nil {
		return fmt.Errorf("converting to HTML: %w", err)
	}
	sum := sha256.Sum256([]byte(pageStyle))
	err := page.Execute(w, map[string]any{
		"Title":     templates.Headline(d.Report),
		"Style":     template.CSS(pageStyle), //nolint:gosec // our own file
		"StyleHash": base64.StdEncoding.EncodeToString(sum[:]),
		"Body":      template.HTML(body.String()), //nolint:gosec // goldmark escapes all text and raw HTML is left out
	})
	if err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	return nil
}

// converter is goldmark without raw HTML and without the linkify extension:
// addresses in collected text stay text.
func converter() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
			extension.Strikethrough,
		),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(rawHTML{}, 100))),
	)
}

// rawHTML renders the one comment that documents hold, the mark of a prompt,
// and drops every other piece of HTML.
type rawHTML struct{}

// RegisterFuncs implements [renderer.NodeRenderer].
func (rawHTML) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if raw, ok := n.(*ast.RawHTML); ok && entering {
			writeMark(w, string(raw.Segments.Value(source)))
		}
		return ast.WalkSkipChildren, nil
	})
	r.Register(ast.KindHTMLBlock, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
		return ast.WalkSkipChildren, nil
	})
}

func writeMark(w util.BufWriter, raw string) {
	if raw == templates.PromptMark {
		_, _ = w.WriteString(`<span class="prompt">(to be filled in)</span>`)
	}
}
