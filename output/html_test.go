package output

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/debrief-sre/debrief/templates"
)

// allowedTags are all that a document needs; none fetches or runs anything.
var allowedTags = map[string]bool{
	"html": true, "head": true, "meta": true, "title": true, "style": true, "body": true, "main": true, "span": true,
	"h1": true, "h2": true, "h3": true, "p": true, "ul": true, "li": true, "table": true, "thead": true, "tbody": true, "tr": true, "th": true, "td": true,
	"code": true, "pre": true, "strong": true, "em": true, "blockquote": true,
}

var allowedAttributes = map[string]bool{"lang": true, "charset": true, "http-equiv": true, "name": true, "content": true, "id": true, "class": true}

func TestHTMLIsSelfContained(t *testing.T) {
	for _, s := range hostile {
		page, err := html.Parse(strings.NewReader(render(t, "html", reportOf(s))))
		if err != nil {
			t.Fatal(err)
		}
		prompts := 0
		for n := range page.Descendants() {
			switch n.Type {
			case html.ElementNode:
				if !allowedTags[n.Data] {
					t.Errorf("%q: <%s>", s, n.Data)
				}
				if n.Data == "span" {
					prompts++
				}
				for _, a := range n.Attr {
					if !allowedAttributes[a.Key] {
						t.Errorf("%q: <%s %s=%q>", s, n.Data, a.Key, a.Val)
					}
				}
			case html.CommentNode:
				t.Errorf("%q: comment %q", s, n.Data)
			}
		}
		if want := strings.Count(render(t, "html", reportOf("x")), `<span class="prompt">`); prompts != want && s != "" { // no authors are a prompt more
			t.Errorf("%q: %d prompts, want %d", s, prompts, want)
		}
	}
}

func TestTitle(t *testing.T) {
	r := reportOf("</title><b>")
	page, err := html.Parse(strings.NewReader(render(t, "html", r)))
	if err != nil {
		t.Fatal(err)
	}
	for n := range page.Descendants() {
		if n.Data == "title" && n.FirstChild.Data != templates.Headline(r) {
			t.Errorf("got %q", n.FirstChild.Data)
		}
	}
}

// TestPolicy: the policy allows the page's one style and nothing else.
func TestPolicy(t *testing.T) {
	page, err := html.Parse(strings.NewReader(render(t, "html", reportOf("checkout"))))
	if err != nil {
		t.Fatal(err)
	}
	var policy string
	var styles []string
	for n := range page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "style":
			styles = append(styles, n.FirstChild.Data)
		case "meta":
			attributes := map[string]string{}
			for _, a := range n.Attr {
				attributes[a.Key] = a.Val
			}
			if attributes["http-equiv"] == "Content-Security-Policy" {
				policy = attributes["content"]
			}
		}
	}
	if len(styles) != 1 {
		t.Fatalf("%d styles", len(styles))
	}
	sum := sha256.Sum256([]byte(styles[0]))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, "default-src 'none'; ") || !strings.Contains(policy, want) {
		t.Errorf("policy %q, want default-src 'none' and %s", policy, want)
	}
	for _, fetch := range []string{"url(", "@import", "://"} {
		if strings.Contains(styles[0], fetch) {
			t.Errorf("the style has %s", fetch)
		}
	}
}
