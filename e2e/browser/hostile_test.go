package browser_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/e2e/browser"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/hostile"
	"github.com/debrief-sre/debrief/output"
)

// How many payloads stand in one field. They come together to save time; one
// that breaks out of its place is not kept in by the others. The product's own
// tests have each alone.
const (
	few  = 8  // with the default template, where every fact is shown
	many = 16 // with the others, which share its partials
)

// An attack is a way to place payloads.
type attack struct {
	name string
	fill func(texts ...string) hostile.Filling
}

var attacks = []attack{
	{"around", hostile.Around},
	{"instead", hostile.Instead},
	{"everywhere", hostile.Everywhere},
}

// TestHostileText puts every payload into every field of the demonstration's
// evidence: nothing runs, nothing is fetched, no link, image or piece of HTML
// appears that the template did not write, and every document has the blocks
// and tables that it has with harmless text.
func TestHostileText(t *testing.T) {
	k := newTools(t)
	payloads, err := hostile.Read("../../testdata/hostile/payloads.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(payloads) < 200 {
		t.Errorf("only %d payloads", len(payloads))
	}
	// Two at a time: each waits for the program, for remark or for Chromium.
	besiegers := make(chan *besieger, 2)
	for range cap(besiegers) {
		besiegers <- &besieger{tools: k, readers: k.readers(t), tab: k.tab(t, true), mermaid: k.mermaid(t)}
	}
	for _, a := range attacks {
		t.Run("default/"+a.name, func(t *testing.T) { besiege(t, besiegers, a, "default", payloads, few) })
	}
	for _, template := range k.templates {
		if template != "default" {
			t.Run(template+"/around", func(t *testing.T) { besiege(t, besiegers, attacks[0], template, payloads, many) })
		}
	}
}

// besiege runs one attack on one template, with size payloads in a field.
func besiege(t *testing.T, besiegers chan *besieger, a attack, template string, payloads []hostile.Payload, size int) {
	var texts []string
	for _, p := range payloads {
		texts = append(texts, p.Text)
	}
	first := <-besiegers
	harmless, err := first.findings(t, template, a.fill(slices.Repeat([]string{"harmless"}, size)...))
	if err != nil {
		t.Fatal(err)
	}
	// White space is taken away wherever it stands alone.
	blank, err := first.findings(t, template, a.fill(slices.Repeat([]string{" "}, size)...))
	if err != nil {
		t.Fatal(err)
	}
	besiegers <- first

	defer timed(t, template)()
	documents, fields := 0, map[string]bool{}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for group := range slices.Chunk(texts, size) {
		b := <-besiegers
		wg.Go(func() {
			defer func() { besiegers <- b }()
			found, err := b.findings(t, template, a.fill(group...))
			var problems []string
			switch {
			case err != nil:
				problems = []string{err.Error()}
			case strings.TrimSpace(strings.Join(group, "")) == "":
				problems = found.problems(blank)
			default:
				problems = found.problems(harmless)
			}
			mu.Lock()
			defer mu.Unlock()
			documents++
			maps.Copy(fields, found.fields)
			for _, problem := range problems {
				t.Errorf("%s: %s", short(fmt.Sprintf("%+q", group), 300), short(problem, 1500))
			}
		})
	}
	wg.Wait()
	t.Logf("%d payloads in %d fields, %d sets of documents", len(payloads), len(fields), documents)
}

// short cuts what is too long for a message.
func short(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " ..."
}

// A besieger renders documents and reads them.
type besieger struct {
	*tools
	readers *browser.Readers
	tab     *browser.Tab
	mermaid *browser.Mermaid
}

// findings are what the readers find in one set of documents.
type findings struct {
	fields   map[string]bool
	said     string
	files    map[string]string // by extension
	markdown browser.Markdown
	diagrams []browser.Diagram
	page     browser.Page
	pictures map[string]browser.Page // by name
	urls     map[string]bool         // that the report knows as such
}

// findings fills the demonstration's bundle, has it rendered, and reads what
// comes of it.
func (b *besieger) findings(t *testing.T, template string, f hostile.Filling) (findings, error) {
	found := findings{fields: map[string]bool{}, files: map[string]string{}, pictures: map[string]browser.Page{}, urls: map[string]bool{}}
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		return found, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the test's folder is removed anyway
	bundle := filepath.Join(dir, "bundle.zip")
	fields, err := sealHostile(bundle, f)
	if err != nil {
		return found, err
	}
	settings := filepath.Join(dir, "debrief.yaml")
	authors, err := json.Marshal(f.Fill("Shop team")) // which is YAML too
	if err != nil {
		return found, err
	}
	if err := os.WriteFile(settings, fmt.Appendf(nil, "document:\n  authors: %s\n", authors), 0o600); err != nil {
		return found, err
	}
	fields = append(fields, "document.authors")
	for _, field := range fields {
		found.fields[field] = true
	}
	docs, err := b.debrief.Write(b.ctx, filepath.Join(dir, "documents"), "render", "--bundle", bundle, "--template", template, "--config", settings)
	if err != nil {
		return found, err
	}
	found.said = strings.ReplaceAll(docs.Said, dir, "")
	for _, path := range []string{docs.Markdown, docs.HTML, docs.JSON} {
		found.files[filepath.Ext(path)] = read(t, path)
	}
	found.urls = urlsOf(found.files[".json"])
	if found.markdown, err = b.readers.Markdown(found.files[".md"]); err != nil {
		return found, err
	}
	for _, code := range found.markdown.Code {
		if code.Lang == "mermaid" {
			d, err := b.mermaid.Draw(code.Text)
			if err != nil {
				return found, err
			}
			found.diagrams = append(found.diagrams, d)
		}
	}
	if found.page, err = b.tab.Open(docs.HTML); err != nil {
		return found, err
	}
	if template != "default" {
		return found, nil // the pictures are the same
	}
	for _, picture := range docs.Pictures {
		if found.pictures[pictureName(picture)], err = b.tab.Open(picture); err != nil {
			return found, err
		}
	}
	return found, nil
}

// pictureName is the last word of a picture's file name; those before it name
// the incident.
func pictureName(path string) string {
	name := filepath.Base(path)
	return name[strings.LastIndex(name, "-")+1:]
}

func sealHostile(path string, f hostile.Filling) (fields []string, err error) {
	demo, err := evidence.Open(demoBundle)
	if err != nil {
		return nil, err
	}
	defer demo.Close() //nolint:errcheck // it was only read
	w, err := evidence.NewWriter()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Discard()) }()
	manifest, fields, err := hostile.Bundle(w, demo, f)
	if err != nil {
		return nil, err
	}
	return fields, w.Seal(path, manifest)
}

// urlsOf collects the addresses that a report knows as such: those of pages and
// of an event's links. A template may make links of them, if they are https.
func urlsOf(report string) map[string]bool {
	urls := map[string]bool{}
	var v any
	if err := json.Unmarshal([]byte(report), &v); err != nil {
		return urls
	}
	var walk func(key string, v any)
	walk = func(key string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, below := range v {
				walk(k, below)
			}
		case []any:
			for _, below := range v {
				walk(key, below)
			}
		case string:
			if u, err := url.Parse(v); (key == "url" || key == "href") && err == nil && u.Scheme == "https" && u.User == nil {
				urls[v], urls[u.String()] = true, true
			}
		}
	}
	walk("", v)
	return urls
}

// sums are the checksums in the end markers, which differ as the text does.
var sums = regexp.MustCompile(`( sum=[0-9a-f]{16}|:facts [0-9a-f]{32}) `)

// problems are where documents differ from the harmless ones in more than text.
func (found findings) problems(harmless findings) []string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	same := func(what string, want, got any) {
		if diff := cmp.Diff(want, got); diff != "" {
			add("%s (-harmless +hostile):\n%s", what, diff)
		}
	}
	for _, name := range []string{".md", ".html"} {
		text := found.files[name]
		if i := strings.IndexFunc(text, unprintable); i >= 0 {
			add("%s holds %+q", name, text[max(0, i-30):min(len(text), i+30)])
		}
	}
	if strings.ContainsFunc(found.said, unprintable) {
		add("debrief says %+q", found.said)
	}
	if !json.Valid([]byte(found.files[".json"])) {
		add("the JSON is none")
	}
	document := []byte(found.files[".md"])
	if again, _, err := output.Update(document, document, false); err != nil || string(again) != string(document) {
		add("the blocks of debrief are broken: %v", err)
	}

	same("Markdown's blocks", harmless.markdown.Outline, found.markdown.Outline)
	same("Markdown's front matter", slices.Sorted(maps.Keys(harmless.markdown.FrontMatter)), slices.Sorted(maps.Keys(found.markdown.FrontMatter)))
	same("Markdown's HTML", withoutSums(harmless.markdown.HTML), withoutSums(found.markdown.HTML))
	same("Markdown's links", found.foreign(harmless.markdown.Links), found.foreign(found.markdown.Links))
	same("what GitHub links", harmless.markdown.Mentions, found.markdown.Mentions)
	same("languages of code", languages(harmless.markdown), languages(found.markdown))
	same("Mermaid's diagrams", harmless.diagrams, found.diagrams)

	problems = append(problems, found.pageProblems("page", harmless.page, found.page)...)
	same("pictures", slices.Sorted(maps.Keys(harmless.pictures)), slices.Sorted(maps.Keys(found.pictures)))
	for name, picture := range found.pictures {
		problems = append(problems, found.pageProblems(name, harmless.pictures[name], picture)...)
	}
	return problems
}

func (found findings) pageProblems(name string, harmless, page browser.Page) []string {
	var problems []string
	if diff := cmp.Diff(harmless.Outline, page.Outline); diff != "" {
		problems = append(problems, name+"'s elements (-harmless +hostile):\n"+diff)
	}
	if diff := cmp.Diff(found.foreign(harmless.Addresses), found.foreign(page.Addresses)); diff != "" {
		problems = append(problems, name+"'s addresses (-harmless +hostile):\n"+diff)
	}
	for what, list := range map[string][]string{"handler": page.Handlers, "executed": page.Executed, "noted": page.Noted, "dead link": page.Anchors} {
		for _, one := range list {
			problems = append(problems, fmt.Sprintf("%s: %s: %s", name, what, one))
		}
	}
	return problems
}

// foreign are the links and addresses, such as "a href=x" or "link x", that
// lead to no place in the document and to none that the report has a link to.
// A picture's file is named after the incident.
func (found findings) foreign(list []string) []string {
	foreign := []string{}
	for _, one := range list {
		_, address, _ := strings.Cut(one, " ")
		address = strings.TrimPrefix(address, "href=")
		switch {
		case strings.HasPrefix(address, "#"), found.urls[address]:
		case strings.HasPrefix(one, "image ") && !strings.ContainsAny(address, ":/"):
			foreign = append(foreign, "image "+pictureName(address))
		default:
			foreign = append(foreign, one)
		}
	}
	return foreign
}

func withoutSums(html []string) []string {
	plain := make([]string, len(html))
	for i, one := range html {
		plain[i] = sums.ReplaceAllString(one, " ")
	}
	return plain
}

func languages(m browser.Markdown) []string {
	list := []string{}
	for _, code := range m.Code {
		list = append(list, code.Lang)
	}
	return list
}

// unprintable is what must reach no document and no terminal.
func unprintable(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}
