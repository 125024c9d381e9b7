package browser_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/e2e/browser"
)

// views are how people look at a page: at a desk and on a phone, by day and by
// night.
var views = []browser.View{{Width: 1280}, {Width: 1280, Dark: true}, {Width: 390}, {Width: 390, Dark: true}}

// TestDocuments reads the demonstration's documents, one set for each built-in
// template.
func TestDocuments(t *testing.T) {
	k := newTools(t)
	readers, mermaid, tab := k.readers(t), k.mermaid(t), k.tab(t, false)
	for _, template := range k.templates {
		t.Run(template, func(t *testing.T) {
			defer timed(t, template)()
			docs, err := k.debrief.Write(k.ctx, filepath.Join(t.TempDir(), "documents"), "demo", "--template", template)
			if err != nil {
				t.Fatal(err)
			}
			t.Run("markdown", func(t *testing.T) { checkMarkdown(t, readers, docs) })
			t.Run("mermaid", func(t *testing.T) { checkMermaid(t, readers, mermaid, docs) })
			t.Run("html", func(t *testing.T) { checkHTML(t, readers, docs) })
			for _, view := range views {
				t.Run(view.String(), func(t *testing.T) { checkView(t, k, tab, view, docs.HTML) })
			}
			for _, picture := range docs.Pictures {
				t.Run(filepath.Base(picture), func(t *testing.T) { checkPicture(t, tab, picture) })
			}
		})
	}
}

// checkMarkdown holds what remark finds against what a plain look at the lines
// finds: debrief writes tables and headings in one form only.
func checkMarkdown(t *testing.T, readers *browser.Readers, docs browser.Documents) {
	text := read(t, docs.Markdown)
	found, err := readers.Markdown(text)
	if err != nil {
		t.Fatal(err)
	}
	headings, tables := plainLook(text)
	if !slices.Equal(found.Headings, headings) {
		t.Errorf("remark finds the headings\n%q, the lines have\n%q", found.Headings, headings)
	}
	var rows []int
	for _, table := range found.Tables {
		rows = append(rows, len(table.Columns))
		for i, columns := range table.Columns {
			if columns != len(table.Head) {
				t.Errorf("table %q: row %d has %d columns", table.Head, i, columns)
			}
		}
	}
	if !slices.Equal(rows, tables) {
		t.Errorf("remark finds tables of %v rows, the lines have %v", rows, tables)
	}
	if len(found.FrontMatter) == 0 {
		t.Error("there is no front matter")
	}
	for _, html := range found.HTML {
		if !strings.HasPrefix(html, "<!-- debrief:") {
			t.Errorf("HTML: %s", html)
		}
	}
	for _, link := range found.Links {
		kind, url, _ := strings.Cut(link, " ")
		switch {
		case kind == "image" && !strings.Contains(url, ":"):
			if _, err := os.Stat(filepath.Join(filepath.Dir(docs.Markdown), filepath.FromSlash(url))); err != nil {
				t.Errorf("an image is not there: %v", err)
			}
		case kind == "link" && strings.HasPrefix(url, "https://"), kind == "link" && strings.HasPrefix(url, "#"):
		default:
			t.Errorf("%s", link)
		}
	}
	for _, mention := range found.Mentions {
		t.Errorf("GitHub would make a link of %s", mention)
	}
}

// plainLook finds headings and the number of lines of each table, without the
// line below the head.
func plainLook(text string) (headings []string, tables []int) {
	fence, table := false, 0
	plain := strings.NewReplacer("\\", "", "`", "", "\u2060", "\u2060")
	for line := range strings.Lines(text + "\n") {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "```") {
			fence = !fence
		}
		switch marks, title, found := strings.Cut(line, " "); {
		case fence:
		case strings.HasPrefix(line, "|"):
			table++
			continue
		case found && strings.Trim(marks, "#") == "" && marks != "":
			headings = append(headings, string(rune('0'+len(marks)))+" "+plain.Replace(title))
		}
		if table > 0 {
			tables = append(tables, table-1)
			table = 0
		}
	}
	return headings, tables
}

// checkMermaid has Mermaid draw every diagram.
func checkMermaid(t *testing.T, readers *browser.Readers, mermaid *browser.Mermaid, docs browser.Documents) {
	found, err := readers.Markdown(read(t, docs.Markdown))
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for _, code := range found.Code {
		if code.Lang != "mermaid" {
			continue
		}
		drawn++
		diagram, err := mermaid.Draw(code.Text)
		if err != nil {
			t.Fatal(err)
		}
		if diagram.Error != "" || diagram.Type != "gantt" || diagram.Tasks == 0 || diagram.Links > 0 {
			t.Errorf("Mermaid makes %+v of\n%s", diagram, code.Text)
		}
	}
	t.Logf("%d diagrams", drawn)
}

func checkHTML(t *testing.T, readers *browser.Readers, docs browser.Documents) {
	findings, err := readers.HTML(read(t, docs.HTML))
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		t.Errorf("html-validate: %s", finding)
	}
}

// checkView opens a page under its own policy.
func checkView(t *testing.T, k *tools, tab *browser.Tab, view browser.View, path string) {
	if err := tab.Look(view); err != nil {
		t.Fatal(err)
	}
	page, err := tab.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range slices.Concat(page.Overflow, page.Handlers, page.Executed, page.Noted) {
		t.Error(problem)
	}
	for _, anchor := range page.Anchors {
		t.Errorf("the link %s leads nowhere", anchor)
	}
	findings, err := tab.Accessibility(k.modules)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		if finding.Serious() {
			t.Errorf("axe-core: %s", finding)
		} else {
			t.Logf("axe-core: %s", finding)
		}
	}
}

func checkPicture(t *testing.T, tab *browser.Tab, path string) {
	page, err := tab.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Outline) == 0 || page.Outline[0] != "svg" {
		t.Errorf("no picture but %q", page.Outline)
	}
	for _, problem := range slices.Concat(page.Handlers, page.Executed, page.Noted) {
		t.Error(problem)
	}
}

// TestPolicyHolds writes into a page what its policy must keep from running,
// as a reader with a broken escape would.
func TestPolicyHolds(t *testing.T) {
	k := newTools(t)
	docs, err := k.debrief.Write(k.ctx, filepath.Join(t.TempDir(), "documents"), "demo")
	if err != nil {
		t.Fatal(err)
	}
	for _, attack := range []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<img src="https://hostile.example/x.png">`, `<iframe src="https://hostile.example"></iframe>`,
		`<link rel=stylesheet href="https://hostile.example/x.css">`, `<style>body{background:url(https://hostile.example/x)}</style>`, `<object data="https://hostile.example"></object>`,
		`<svg onload=alert(1)></svg>`, `<base href="https://hostile.example/">`, `<script src="data:text/javascript,alert(1)"></script>`,
	} {
		text := strings.Replace(read(t, docs.HTML), "</main>", attack+"</main>", 1)
		path := filepath.Join(t.TempDir(), "attacked.html")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for bypass, want := range map[bool]string{false: "held", true: "broken"} {
			page, err := k.tab(t, bypass).Open(path)
			if err != nil {
				t.Fatal(err)
			}
			happened := slices.DeleteFunc(slices.Concat(page.Executed, page.Noted), func(what string) bool {
				return strings.HasPrefix(what, "console.")
			})
			if held := len(happened) == 0; held != (want == "held") && !(bypass && strings.HasPrefix(attack, "<base")) {
				t.Errorf("%s with the policy to be %s: %q", attack, want, happened)
			}
		}
	}
}
