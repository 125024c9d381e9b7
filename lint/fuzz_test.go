package lint

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzCheck holds lint to its guarantees: no panic, valid positions, the same
// findings twice and with other line ends.
func FuzzCheck(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.md")
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(string(data))
		}
	}
	for _, r := range Rules {
		f.Add(r.Bad)
		f.Add(r.Good)
	}
	for _, s := range []string{
		"", "-", "---\n", "---\n---\n", "---\na: &a [*a]\n---\n", "\x00\xff|-\n|-", "| |\n|-|\n||", "<!--", "<!-- debrief:ignore", "<!-- debrief:ignore\u00a0x -->",
		"&#0;&amp", "\\", "\"", "“", "''s", "’s’ve", "İ’s n't", "_a_ <!-- debrief:prompt -->", "> > > - _a_\n<!-- debrief:prompt -->", "[a](<b\n>) <a@b.c>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		opts := Options{Names: append([]string{"", " ", "@", "a@", "\xff", "'s"}, names...)}
		result := Check("x", []byte(source), opts)
		text := strings.ReplaceAll(strings.TrimPrefix(source, "\uFEFF"), "\r\n", "\n")
		lines := strings.Split(text, "\n")
		for _, found := range append(result.Findings, result.Suppressed...) {
			if found.Line < 1 || found.EndLine > len(lines) || found.Column < 1 || found.Column > len([]rune(lines[found.Line-1]))+1 ||
				found.EndLine < found.Line || found.EndColumn < 1 || lookup(found.Rule) == nil || found.Message == "" {
				t.Fatalf("finding %+v", found)
			}
		}
		if diff := cmp.Diff(result, Check("x", []byte(source), opts)); diff != "" {
			t.Fatalf("the second run differs:\n%s", diff)
		}
		if !strings.Contains(source, "\r") {
			crlf := bytes.ReplaceAll([]byte(source), []byte("\n"), []byte("\r\n"))
			if diff := cmp.Diff(result, Check("x", crlf, opts)); diff != "" {
				t.Fatalf("CRLF differs:\n%s", diff)
			}
		}
		for _, format := range Formats {
			if err := format.Write(&bytes.Buffer{}, []Result{result}, "v"); err != nil {
				t.Fatal(err)
			}
		}
	})
}
