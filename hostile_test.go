package debrief_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/hostile"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// github is its dialect, with links made of bare addresses and with raw HTML
// let through.
var github = goldmark.New(
	goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList),
	goldmark.WithRendererOptions(goldmarkhtml.WithUnsafe()),
)

// TestHostileText puts each payload of testdata/hostile alone into every field
// of the demonstration's evidence, and holds the documents against those of
// harmless text. What needs a browser or a second implementation of Markdown is
// proved in e2e/browser.
func TestHostileText(t *testing.T) {
	payloads, err := hostile.Read("testdata/hostile/payloads.json")
	if err != nil {
		t.Fatal(err)
	}
	demo, err := evidence.Open("cmd/debrief/demo/checkout-canary-abort.zip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Close() })
	set := templates.Default()
	harmless, blank := siege(t, set, demo, "harmless"), siege(t, set, demo, " ")
	for part := range slices.Chunk(payloads, (len(payloads)+7)/8) {
		t.Run(part[0].Kind, func(t *testing.T) {
			t.Parallel()
			for _, payload := range part {
				found, want := siege(t, set, demo, payload.Text), harmless
				if strings.TrimSpace(payload.Text) == "" {
					want = blank // white space is taken away where it stands alone
				}
				if !strings.ContainsFunc(payload.Text, visible) {
					// Nothing in a row tells its event: the page makes no link to it.
					found.Page = want.Page
				}
				if diff := cmp.Diff(want, found); diff != "" {
					t.Errorf("%s %+q (-harmless +hostile):\n%s", payload.Kind, payload.Text, diff)
				}
			}
		})
	}
}

// visible tells whether a rune leaves something to see.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != unicode.ReplacementChar
}

// besieged is what must be the same whatever the text.
type besieged struct {
	Markdown, Page []string // elements, comments and addresses
	Unprintable    []string
	Broken         error
}

// siege renders the demonstration with the text in every field.
func siege(t *testing.T, set *templates.Set, demo *evidence.Bundle, text string) besieged {
	t.Helper()
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard() //nolint:errcheck // a temporary folder
	manifest, _, err := hostile.Bundle(w, demo, hostile.Instead(text))
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	if err := w.WriteTo(&sealed, manifest); err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Read(bytes.NewReader(sealed.Bytes()), int64(sealed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	facts, err := collectors.Read(bundle)
	if err != nil {
		t.Fatalf("%+q: %v", text, err)
	}
	document, _, err := output.New(set, report.Build(bundle.Manifest, facts, report.Options{Authors: text}), nil, false)
	if err != nil {
		t.Fatalf("%+q: %v", text, err)
	}
	return besiegedDocument(t, document)
}

func besiegedDocument(t *testing.T, document output.Document) besieged {
	t.Helper()
	var found besieged
	again, _, err := output.Update(document.Markdown, document.Markdown, false)
	if found.Broken = err; err == nil && !bytes.Equal(again, document.Markdown) {
		t.Error("a second run is no no-op")
	}
	var page, data, markdown bytes.Buffer
	if err := output.HTML(&page, document); err != nil {
		t.Fatal(err)
	}
	if err := output.JSON(&data, document); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data.Bytes()) {
		t.Error("the JSON is none")
	}
	for _, text := range []string{string(document.Markdown), page.String()} {
		if i := strings.IndexFunc(text, unprintable); i >= 0 {
			found.Unprintable = append(found.Unprintable, fmt.Sprintf("%+q", text[max(0, i-40):min(len(text), i+20)]))
		}
	}
	_, body, _ := bytes.Cut(document.Markdown[4:], []byte("\n---\n")) // behind the front matter
	if err := github.Convert(body, &markdown); err != nil {
		t.Fatal(err)
	}
	found.Markdown, found.Page = skeleton(t, &markdown), skeleton(t, &page)
	return found
}

// unprintable is what must reach no document.
func unprintable(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// inText are the elements that do not count: where one string is shown as text,
// another is shown as code; queries are coloured word by word; a label in a
// picture takes one line or two.
var inText = map[string]bool{"code": true, "span": true, "em": true, "strong": true, "text": true, "tspan": true}

// digest is that of the facts, in a comment of its own.
var digest = regexp.MustCompile(`^ debrief:facts [0-9a-f]{32} $`)

// skeleton lists a page's elements, the comments, and whatever could fetch,
// leave or run.
func skeleton(t *testing.T, page *bytes.Buffer) []string {
	t.Helper()
	root, err := html.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for n := range root.Descendants() {
		switch {
		case n.Type == html.CommentNode:
			mark, _, _ := strings.Cut(n.Data, " sum=") // which differs as the text does
			mark = digest.ReplaceAllString(mark, "")   // and so do the facts
			lines = append(lines, "<!--"+mark+"-->")
		case n.Type == html.ElementNode && !inText[n.Data]:
			lines = append(lines, n.Data)
		}
		for _, a := range n.Attr {
			switch leaves := a.Key == "href" || a.Key == "src" || a.Key == "srcset" || a.Key == "action"; {
			case strings.HasPrefix(a.Key, "on"), leaves && !written(n, a.Val):
				lines = append(lines, fmt.Sprintf("%s %s=%s", n.Data, a.Key, a.Val))
			}
		}
	}
	return lines
}

// written tells whether an address is one that templates make: a place in the
// document, or a picture beside it.
func written(n *html.Node, address string) bool {
	picture := n.Data == "img" && strings.HasSuffix(address, ".svg") && !strings.ContainsAny(address, ":/")
	return picture || strings.HasPrefix(address, "#")
}
