package output

import (
	"bytes"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// TestBuiltinTemplatesRegenerate: whatever a source says, the blocks of each
// template's document are whole and have names of their own, and a second run
// changes nothing.
func TestBuiltinTemplatesRegenerate(t *testing.T) {
	for _, name := range templates.Names() {
		t.Run(name, func(t *testing.T) {
			set, err := templates.Builtin(name)
			if err != nil {
				t.Fatal(err)
			}
			reports := map[string]report.Report{"empty": {Name: "2026-11-22-x"}}
			for _, s := range hostile {
				reports[s] = reportOf(s)
			}
			blocks := 0
			for what, r := range reports {
				first, _, err := New(set, r, nil, false)
				if err != nil {
					t.Fatalf("%q: %v", what, err)
				}
				parts, err := parseBlocks(first.Markdown)
				if err != nil {
					t.Fatalf("%q: %v", what, err)
				}
				count := 0
				for _, p := range parts {
					if p.name != "" {
						count++
					}
					if p.name != "" && strings.Contains(p.body, templates.PromptMark) && what == "checkout" {
						t.Errorf("block %q asks a question, whose answer would be an edit", p.name)
					}
				}
				if blocks == 0 {
					blocks = count
				}
				if count < 2 || count != blocks {
					t.Errorf("%q: %d blocks, others have %d", what, count, blocks)
				}
				again, replaced, err := New(set, r, first.Markdown, false)
				if err != nil || len(replaced) > 0 || !bytes.Equal(again.Markdown, first.Markdown) {
					t.Errorf("%q: a second run is no no-op: %v", what, err)
				}
			}
		})
	}
}

// TestPublicDocuments: no format of a public document holds what a source said.
func TestPublicDocuments(t *testing.T) {
	set, err := templates.Builtin("public")
	if err != nil {
		t.Fatal(err)
	}
	const secret = "internal-name"
	r := reportOf(secret)
	r.Name = "2026-11-22-" + secret + "-r2"
	document, _, err := New(set, r, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats {
		if format.OnRequest {
			continue
		}
		var out strings.Builder
		if err := format.Render(&out, document); err != nil {
			t.Fatal(err)
		}
		if at := strings.Index(out.String(), secret); at >= 0 {
			t.Errorf("%s: %q", format.Name, out.String()[max(0, at-60):][:120])
		}
	}
	for _, p := range Pictures(document.Report) {
		var out strings.Builder
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(p.File+out.String(), secret) {
			t.Errorf("the picture %s tells it", p.File)
		}
	}
	if !strings.HasPrefix(string(document.Markdown), "---\ntitle: Incident of Service A on 2026-11-22\n") {
		t.Errorf("front matter: %.200s", document.Markdown)
	}
}
