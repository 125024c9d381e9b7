package index_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/debrief-sre/debrief/internal/hostile"
	"github.com/debrief-sre/debrief/output/index"
)

// github is its dialect, with links made of bare addresses and raw HTML let through.
var github = goldmark.New(
	goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList),
	goldmark.WithRendererOptions(goldmarkhtml.WithUnsafe()),
)

// TestHostile puts each payload into all that a document can say, and holds the
// index against that of harmless text.
func TestHostile(t *testing.T) {
	payloads, err := hostile.Read("../../testdata/hostile/payloads.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, flavor := range []string{"plain", "hugo"} { // what mkdocs has is a part of plain's
		t.Run(flavor, func(t *testing.T) {
			t.Parallel()
			harmless := siege(t, flavor, "harmless")
			for _, payload := range payloads {
				found := siege(t, flavor, payload.Text)
				if !maps.EqualFunc(harmless, found, slices.Equal[[]string]) {
					t.Errorf("%s %+q (-harmless +hostile):\n%s", payload.Kind, payload.Text, cmp.Diff(harmless, found))
				}
			}
		})
	}
}

// siege makes an index of documents that say the text wherever they can. Around
// it stands harmless text, as nothing at all would leave less of a table.
func siege(t *testing.T, flavor, text string) map[string][]string {
	t.Helper()
	said := "a" + text + "b"
	quoted, err := json.Marshal(said) // which is YAML, too
	if err != nil {
		t.Fatal(err)
	}
	list := fmt.Sprintf("[%s]", quoted)
	front := fmt.Sprintf("---\ntitle: %[1]s\ndate: 2026-01-02\nslug: %[1]s\nstatus: %[1]s\nseverity: %[1]s\nservices: %[2]s\ncause: %[1]s\nslo: %[2]s\nbudget_consumed: [0.5]\n---\n", quoted, list)
	c := read(t, map[string]string{"x.md": front, "2026-01-03-y.md": "# y\n"})
	if len(c.Incidents) != 2 {
		t.Fatalf("%+q: %+v", text, c.Skipped)
	}
	i := &c.Incidents[slices.IndexFunc(c.Incidents, func(i index.Incident) bool { return i.Path == "x.md" })]
	i.Path = strings.ReplaceAll(said, "/", "-") + ".md" // as a file in a repository can be called
	i.Actions = []index.Action{{Text: said, Type: said, Owner: said, Due: said}}
	c.Skipped = append(c.Skipped, index.Skipped{File: said, Reason: said})
	files, err := index.Files(c, index.Options{Title: said, Flavor: flavor, Link: "https://docs.example/"})
	if err != nil {
		t.Fatalf("%+q: %v", text, err)
	}
	found := map[string][]string{}
	for _, f := range files {
		if k := bytes.IndexFunc(f.Data, unprintable); k >= 0 && !strings.HasSuffix(f.Name, ".json") {
			t.Errorf("%+q: %s holds %+q", text, f.Name, f.Data[max(0, k-40):k+4])
		}
		switch {
		case f.Shared:
			if _, _, err := f.Onto(f.Data, false); err != nil {
				t.Errorf("%+q: a second run: %v", text, err)
			}
			body := f.Data
			if bytes.HasPrefix(body, []byte("---\n")) {
				_, body, _ = bytes.Cut(body[4:], []byte("\n---\n"))
			}
			var page bytes.Buffer
			if err := github.Convert(body, &page); err != nil {
				t.Fatal(err)
			}
			found[f.Name] = skeleton(t, &page)
		case strings.HasSuffix(f.Name, ".html"):
			found[f.Name] = skeleton(t, bytes.NewBuffer(f.Data))
		case strings.HasSuffix(f.Name, ".json"):
			if !json.Valid(f.Data) {
				t.Errorf("%+q: %s is no JSON", text, f.Name)
			}
		default:
			found[f.Name] = elements(t, f.Name, f.Data)
		}
	}
	return found
}

// unprintable is what must reach no document.
func unprintable(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

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
			mark, _, _ := strings.Cut(n.Data, " sum=")
			lines = append(lines, "<!--"+mark+"-->")
		case n.Type == html.ElementNode && n.Data != "text" && n.Data != "tspan" && n.Data != "em": // labels take one line or two
			lines = append(lines, n.Data)
		}
		for _, a := range n.Attr {
			leaves := a.Key == "href" || a.Key == "src" || a.Key == "srcset" || a.Key == "action"
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || leaves && !ours(a.Val) {
				lines = append(lines, fmt.Sprintf("%s %s=%s", n.Data, a.Key, a.Val))
			}
		}
	}
	return lines
}

// ours tells whether an address leads to a place in the page or a file in the
// folder.
func ours(address string) bool {
	path, isHere := strings.CutPrefix(address, "./")
	return isHere || strings.HasPrefix(address, "#") || !strings.ContainsAny(path, ":\\") && !strings.HasPrefix(path, "/")
}

// elements lists those of a well-formed XML document, with its addresses.
func elements(t *testing.T, name string, data []byte) []string {
	t.Helper()
	var list []string
	for decoder := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local == "text" {
			continue
		}
		list = append(list, start.Name.Local)
		for _, a := range start.Attr {
			if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "https://docs.example/") {
				list = append(list, a.Value)
			}
		}
	}
}
