package output

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/debrief-sre/debrief/templates"
)

// allowedTags are all that a document needs, outside of its pictures, which
// have tests of their own; none fetches or runs anything.
var allowedTags = strings.Fields(`html head meta title style body main nav section div span a
	h1 h2 h3 h4 h5 h6 p br hr ul ol li table thead tbody tr th td code pre strong em del blockquote figure
	fieldset legend label input`)

var allowedAttributes = strings.Fields(`lang charset http-equiv name content id class href tabindex scope start
	role aria-label aria-hidden data-source data-kind data-key type value`)

// inPictures are what only our SVG has.
var inPictures = strings.Fields("svg title desc g path rect circle text a tspan line defs pattern clippath")

// checkPage parses a page and checks what is true of every one.
func checkPage(t *testing.T, text string) *html.Node {
	t.Helper()
	page, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	var targets []string
	for n := range page.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("comment %q", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		checkElement(t, n)
		if id := attr(n, "id"); id != "" && ids[id] {
			t.Errorf("id %q stands twice", id)
		} else {
			ids[id] = true
		}
		if target, ok := strings.CutPrefix(attr(n, "href"), "#"); ok {
			targets = append(targets, target)
		}
		targets = append(targets, strings.Fields(attr(n, "aria-labelledby"))...)
	}
	for _, target := range targets {
		if !ids[target] {
			t.Errorf("nothing has the id %q", target)
		}
	}
	checkPolicy(t, page)
	return page
}

func checkElement(t *testing.T, n *html.Node) {
	t.Helper()
	if n.Namespace == "svg" {
		if !slices.Contains(inPictures, strings.ToLower(n.Data)) {
			t.Errorf("<%s> in a picture", n.Data)
		}
	} else if !slices.Contains(allowedTags, n.Data) {
		t.Errorf("<%s>", n.Data)
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" || a.Key == "src" || strings.HasPrefix(a.Key, "on"):
			t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
		case n.Namespace == "" && !slices.Contains(allowedAttributes, a.Key):
			t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
		case n.Namespace == "svg" && a.Key == "href" && !strings.HasPrefix(a.Val, "#row-"):
			t.Errorf("the picture links to %q", a.Val)
		}
	}
	switch {
	case n.Data == "a" && n.Namespace == "" && attr(n, "href") == "":
		t.Error("a link that leads nowhere")
	case n.Data == "th" && attr(n, "scope") != "col":
		t.Error("a header cell without a scope")
	case n.Data == "table" && (n.Parent.Data != "section" || attr(n.Parent, "aria-label") == "" || attr(n.Parent, "tabindex") != "0"):
		t.Error("a table in no named region that a keyboard can scroll")
	case n.Data == "input" && (attr(n, "type") != "checkbox" || n.Parent.Data != "label"):
		t.Error("an input that is no labelled checkbox")
	}
}

// checkPolicy: the policy allows the page's one style and nothing else.
func checkPolicy(t *testing.T, page *html.Node) {
	t.Helper()
	styles := elements(page, "style")
	if len(styles) != 1 {
		t.Fatalf("%d styles", len(styles))
	}
	style := words(styles[0])
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	policies := 0
	for _, n := range elements(page, "meta") {
		if attr(n, "http-equiv") != "Content-Security-Policy" {
			continue
		}
		policies++
		if got := attr(n, "content"); got != want {
			t.Errorf("policy %q, want %q", got, want)
		}
	}
	if policies != 1 {
		t.Errorf("%d policies", policies)
	}
	for _, fetch := range []string{"url(", "@import", "://", "</"} {
		if strings.Contains(style, fetch) {
			t.Errorf("the style has %s", fetch)
		}
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// elements are those of a name, outside of pictures.
func elements(page *html.Node, name string) []*html.Node {
	var found []*html.Node
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == name && n.Namespace == "" {
			found = append(found, n)
		}
	}
	return found
}

// words are an element's text.
func words(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return out.String()
}

func TestHTMLOfHostileReports(t *testing.T) {
	count := func(text string) int { return strings.Count(text, `<span class="prompt">`) }
	prompts := count(render(t, "html", reportOf("x")))
	for _, s := range hostile {
		text := render(t, "html", reportOf(s))
		checkPage(t, text)
		if t.Failed() {
			t.Fatalf("of %q", s)
		}
		if got := count(text); got != prompts && s != "" { // no authors are a prompt more
			t.Errorf("%q: %d prompts, want %d", s, got, prompts)
		}
	}
}

func TestTitle(t *testing.T) {
	r := reportOf("</title><b>")
	page := checkPage(t, render(t, "html", r))
	if got := words(elements(page, "title")[0]); got != templates.Headline(r) {
		t.Errorf("got %q", got)
	}
}

// pageOf renders Markdown of people's, over a report that can be drawn.
func pageOf(t *testing.T, markdown string) (text string, page *html.Node) {
	t.Helper()
	var out strings.Builder
	if err := HTML(&out, Document{Report: storyOf(), Markdown: []byte(markdown)}); err != nil {
		t.Fatal(err)
	}
	return out.String(), checkPage(t, out.String())
}

// mainOf is what the page says of the Markdown.
func mainOf(t *testing.T, markdown string) string {
	t.Helper()
	text, _ := pageOf(t, markdown)
	_, text, _ = strings.Cut(text, "<main id=\"content\" tabindex=\"-1\">\n")
	text, _, _ = strings.Cut(text, "</main>")
	return strings.TrimSpace(text)
}

func TestMarkdownOfPeople(t *testing.T) {
	tests := []struct{ name, markdown, want string }{
		{"raw HTML", "a <script>alert(1)</script> <b onclick=x>b</b>", "<p>a alert(1) b</p>"},
		{"a block of HTML", "<script>\nalert(1)\n</script>\n\nb", "<p>b</p>"},
		{"a style", "<style>p { color: red }</style>\n\nb", "<p>b</p>"},
		{"a comment", "a <!-- b --> c", "<p>a  c</p>"},
		{"a prompt", "a " + templates.PromptMark, `<p>a <span class="prompt">(to be filled in)</span></p>`},
		{"a remote image", "![the **graph**](https://example.org/x.png \"t\")", "<p>the graph</p>"},
		{"a local image", "![a](x.svg) b", "<p>a b</p>"},
		{"an image of data", "![a](data:image/svg+xml,<svg/onload=alert(1)>)", "<p>a</p>"},
		{"another file of ours", "![a](2026-11-22-shop-checkout-r2.html)", "<p>a</p>"},
		{"a link", "[a](https://example.org/x?a=b&c)", `<p><a href="https://example.org/x?a=b&amp;c">a</a></p>`},
		{"a link with a title", "[a](https://example.org 'b\"c')", `<p><a href="https://example.org">a</a></p>`},
		{"an earlier postmortem", "[a](2026-11-01-shop-checkout-r1.md)", `<p><a href="2026-11-01-shop-checkout-r1.md">a</a></p>`},
		{"a script as a link", "[a](javascript:alert(1))", "<p>a</p>"},
		{"in other letters", "[a](JaVaScRiPt:alert(1))", "<p>a</p>"},
		{"in entities", "[a](java&#x09;script&colon;alert(1))", "<p>a</p>"},
		{"in an entity", "[a](javascript&colon;alert(1)) [b](&#106;avascript:alert(1))", "<p>a b</p>"},
		{"data as a link", "[a](data:text/html,x)", "<p>a</p>"},
		{"a file as a link", "[a](file:///etc/passwd)", "<p>a</p>"},
		{"without a scheme", "[a](//example.org/x)", "<p>a</p>"},
		{"with backslashes", `[a](\\\\example.org/x)`, "<p>a</p>"},
		{"from the root", "[a](/x)", "<p>a</p>"},
		{"to nowhere", "[a](#none) [b]()", "<p>a b</p>"},
		{"an address", "<https://example.org/?a&b>", `<p><a href="https://example.org/?a&amp;b">https://example.org/?a&amp;b</a></p>`},
		{"an address of a script", "<javascript:alert(1)>", "<p>javascript:alert(1)</p>"},
		{"an address for mail", "<a@example.org>", `<p><a href="mailto:a@example.org">a@example.org</a></p>`},
		{"an address in text", "https://example.org www.example.org", "<p>https://example.org www.example.org</p>"},
		{"an image in a link", "[![a](https://example.org/x.png)](javascript:x)", "<p>a</p>"},
		{"struck out", "~~a~~", "<p><del>a</del></p>"},
		{"straight quotes", `"a" -- b...`, "<p>&quot;a&quot; -- b...</p>"},
		{"code of people", "```bash\nrm <x> | \"y\"\n```", "<pre><code>rm &lt;x&gt; | &#34;y&#34;\n</code></pre>"},
		{"a diagram of people", "```mermaid\npie\n```", "<pre><code>pie\n</code></pre>"},
		{"a diagram of ours", "<!-- debrief:begin a -->\n```mermaid\npie\n```\nb\n<!-- debrief:end a -->", "<p>b</p>"},
		{
			"YAML", "```yaml\n# c\na: \"b\"\nc: 1\n```",
			`<pre><code><span class="code-comment"># c</span>` + "\n" + `<span class="code-word">a</span>: <span class="code-string">&#34;b&#34;</span>` + "\n" +
				`<span class="code-word">c</span>: <span class="code-number">1</span>` + "\n</code></pre>",
		},
		{
			"tasks", "- [x] a\n- [ ] b",
			"<ul>\n<li><span class=\"task\" role=\"img\" aria-label=\"done\">☑</span> a</li>\n<li><span class=\"task\" role=\"img\" aria-label=\"to do\">☐</span> b</li>\n</ul>",
		},
		{
			"a table", "# T\n\n| a | b | c |\n| --- | --: | :-: |\n| 1 | 2 | 3 |",
			`<h1 id="t">T <a class="anchor" href="#t" aria-hidden="true" tabindex="-1">#</a></h1>` +
				"\n<section class=\"table\" tabindex=\"0\" aria-label=\"T\">\n<table>\n<thead>\n<tr>\n<th scope=\"col\">a</th>\n<th class=\"right\" scope=\"col\">b</th>\n<th class=\"center\" scope=\"col\">c</th>\n</tr>\n</thead>\n" +
				"<tbody>\n<tr>\n<td>1</td>\n<td class=\"right\">2</td>\n<td class=\"center\">3</td>\n</tr>\n</tbody>\n</table>\n</section>",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mainOf(t, tt.markdown); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestHeadings: people's headings take no id that means something else.
func TestHeadings(t *testing.T) {
	_, page := pageOf(t, "# Row e-1\n\n## Content\n\n## Mark e 1\n\n## by key\n\n## a `b` <!-- c --> *d*\n\n## a\n\n## a\n\n[up](#a)\n")
	var ids []string
	for _, name := range []string{"h1", "h2"} {
		for _, h := range elements(page, name) {
			ids = append(ids, attr(h, "id"))
		}
	}
	if want := "section-row-e-1 section-content section-mark-e-1 section-by-key a-b----c----d a a-1"; strings.Join(ids, " ") != want {
		t.Errorf("got %q, want %s", ids, want)
	}
	contents := elements(page, "nav")
	if len(contents) != 1 || strings.Join(strings.Fields(words(contents[0])), " ") != "Content Mark e 1 by key a b d a a" {
		t.Errorf("contents %q", words(contents[0]))
	}
}
