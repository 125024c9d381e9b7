package output

import (
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"

	"github.com/debrief-sre/debrief/templates"
)

// nodes renders what is not rendered as goldmark does by itself.
type nodes struct{ *sheet }

// RegisterFuncs implements [renderer.NodeRenderer].
func (r nodes) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(kindMarkup, r.markup)
	reg.Register(ast.KindRawHTML, r.rawHTML)
	reg.Register(ast.KindHTMLBlock, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
		return ast.WalkSkipChildren, nil
	})
	reg.Register(ast.KindImage, r.image)
	reg.Register(ast.KindLink, r.link)
	reg.Register(ast.KindAutoLink, r.autoLink)
	reg.Register(ast.KindFencedCodeBlock, r.code)
	reg.Register(extast.KindTable, r.table)
	reg.Register(extast.KindTaskCheckBox, r.task)
}

func (nodes) markup(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if m, ok := n.(*markup); ok && entering {
		_, _ = w.WriteString(m.html)
	}
	return ast.WalkContinue, nil
}

// rawHTML renders the one comment that documents hold, the mark of a prompt,
// and drops every other piece of HTML.
func (nodes) rawHTML(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if raw, ok := n.(*ast.RawHTML); ok && entering && string(raw.Segments.Value(source)) == templates.PromptMark {
		_, _ = w.WriteString(`<span class="prompt">(to be filled in)</span>`)
	}
	return ast.WalkSkipChildren, nil
}

// image renders the alternative text: our own pictures are markup by now.
func (r nodes) image(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString(html.EscapeString(r.words(n)))
	}
	return ast.WalkSkipChildren, nil
}

// link renders links that lead somewhere harmless, and of others the text.
func (r nodes) link(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	link, ok := n.(*ast.Link)
	if !ok {
		return ast.WalkContinue, nil
	}
	address := string(util.URLEscape(link.Destination, true)) // what the browser will see: entities are characters by now
	if !r.leads(address) {
		return ast.WalkContinue, nil
	}
	if entering {
		_, _ = fmt.Fprintf(w, `<a href="%s">`, html.EscapeString(address))
	} else {
		_, _ = w.WriteString("</a>")
	}
	return ast.WalkContinue, nil
}

func (r nodes) autoLink(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	link, ok := n.(*ast.AutoLink)
	if !ok || !entering {
		return ast.WalkContinue, nil
	}
	address, label := string(util.URLEscape(link.URL(source), false)), html.EscapeString(string(link.Label(source)))
	if link.AutoLinkType == ast.AutoLinkEmail {
		address = "mailto:" + address
	}
	if r.leads(address) {
		label = fmt.Sprintf(`<a href="%s">%s</a>`, html.EscapeString(address), label)
	}
	_, _ = w.WriteString(label)
	return ast.WalkContinue, nil
}

// leads is whether a link may stay: to the web, to an address for mail, to a
// place on this page that exists, or to a file beside it, as the links to
// earlier postmortems are.
func (r nodes) leads(address string) bool {
	if id, ok := strings.CutPrefix(address, "#"); ok {
		return r.ids[id]
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return false
	case u.Scheme == "":
		return u.Host == "" && u.Path != "" && !strings.ContainsAny(u.Path[:1], `/\`)
	case u.Scheme == "mailto":
		return true
	default:
		return slices.Contains([]string{"http", "https"}, u.Scheme) && u.Host != ""
	}
}

// table renders a table in a region that scrolls where the table is too wide.
func (nodes) table(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = fmt.Fprintf(w, "<section class=\"table\" tabindex=\"0\" aria-label=\"%s\">\n<table>\n", html.EscapeString(attribute(n, "aria-label")))
	} else {
		_, _ = w.WriteString("</table>\n</section>\n")
	}
	return ast.WalkContinue, nil
}

// task renders the box of a task: a picture of one, as nothing can be checked here.
func (nodes) task(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	box, ok := n.(*extast.TaskCheckBox)
	if !ok || !entering {
		return ast.WalkContinue, nil
	}
	sign, word := "☐", "to do"
	if box.IsChecked {
		sign, word = "☑", "done"
	}
	_, _ = fmt.Fprintf(w, `<span class="task" role="img" aria-label="%s">%s</span> `, word, sign)
	return ast.WalkContinue, nil
}

func (nodes) code(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if block, ok := n.(*ast.FencedCodeBlock); ok && entering {
		_, _ = w.WriteString("<pre><code>" + highlighted(string(block.Language(source)), string(block.Lines().Value(source))) + "</code></pre>\n")
	}
	return ast.WalkSkipChildren, nil
}
