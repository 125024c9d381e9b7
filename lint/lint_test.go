package lint

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/internal/golden"
)

// names is the deny list of the tests.
var names = []string{"Dana Whitfield", "m.okafor@example.com", "Will Green"}

func rulesOf(findings []Finding) map[string]int {
	count := map[string]int{}
	for _, f := range findings {
		count[f.Rule]++
	}
	return count
}

// TestRules holds every rule to its own documentation.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules {
		t.Run(r.ID, func(t *testing.T) {
			if seen[r.ID] || r.Doc == "" || strings.Contains(r.Doc, "\n") || r.Bad == "" || r.Good == "" {
				t.Fatalf("incomplete or twice: %+v", r)
			}
			seen[r.ID] = true
			if got := rulesOf(Check("bad", []byte(r.Bad), Options{Names: names}).Findings); got[r.ID] == 0 {
				t.Errorf("the bad example passes; found %v in:\n%s", got, r.Bad)
			}
			good := rulesOf(Check("good", []byte(r.Good), Options{Names: names}).Findings)
			if good[r.ID] != 0 {
				t.Errorf("the good example is found:\n%s", r.Good)
			}
			for id := range good {
				if strings.HasPrefix(id, "blame/") {
					t.Errorf("the good example breaks %s", id)
				}
			}
		})
	}
}

// TestGolden lints whole documents and writes all forms of the results.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.md")
	if err != nil || len(files) < 6 {
		t.Fatalf("documents: %v, %v", files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			result := Check(filepath.ToSlash(file), source, Options{Names: names})
			for _, f := range Formats {
				var out bytes.Buffer
				if err := f.Write(&out, []Result{result}, "v0.0.0-test"); err != nil {
					t.Fatal(err)
				}
				golden.Check(t, filepath.Join("testdata", "golden", name+"."+f.Name), out.Bytes())
			}
			crlf := Check(filepath.ToSlash(file), bytes.ReplaceAll(source, []byte("\n"), []byte("\r\n")), Options{Names: names})
			if diff := cmp.Diff(result, crlf); diff != "" {
				t.Errorf("other findings with CRLF line ends:\n%s", diff)
			}
		})
	}
}

// TestDocs keeps docs/lint.md in step with the rules.
func TestDocs(t *testing.T) {
	golden.Check(t, "../docs/lint.md", Docs())
}

// TestReviewedPasses shows that a good document has nothing to be said about.
func TestReviewedPasses(t *testing.T) {
	source, err := os.ReadFile("testdata/reviewed.md")
	if err != nil {
		t.Fatal(err)
	}
	if got := Check("reviewed.md", source, Options{Names: names}).Findings; len(got) != 0 {
		t.Errorf("findings: %+v", got)
	}
}

// TestDraftHasNotesOnly shows that what debrief writes never fails a build.
func TestDraftHasNotesOnly(t *testing.T) {
	source, err := os.ReadFile("testdata/draft.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Check("draft.md", source, Options{}).Findings {
		if f.Severity != Note {
			t.Errorf("%d: %s: %s [%s]", f.Line, f.Severity, f.Message, f.Rule)
		}
	}
}

func TestPromptSeverity(t *testing.T) {
	const body = "\n_Why?_ <!-- debrief:prompt -->\n"
	for status, want := range map[string]Severity{
		"Draft": Note, "draft": Note, "In review": Warning, "In-Review": Warning, "Reviewed": Error, "Closed": Error, "": Warning,
	} {
		source := body
		if status != "" {
			source = "---\ntitle: x\ndate: 2026-01-01\nstatus: " + status + "\n---\n" + body
		}
		var got []Severity
		for _, f := range Check("x", []byte(source), Options{}).Findings {
			if f.Rule == "prompt/unfilled" {
				got = append(got, f.Severity)
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("status %q: %v, want %s", status, got, want)
		}
	}
	line := Check("x", []byte("**Status:** Closed\n"+body), Options{})
	if got := rulesOf(line.Findings)["prompt/unfilled"]; got != 1 || Summarize([]Result{line}).Errors == 0 {
		t.Errorf("status line: %+v", line.Findings)
	}
}

func TestPositions(t *testing.T) {
	const source = "\uFEFFä 🚀 **human** error\r\n\r\n| a |\r\n| - |\r\n| é careless |\r\n"
	var got [][4]int
	for _, f := range Check("x", []byte(source), Options{}).Findings {
		if strings.HasPrefix(f.Rule, "blame/") {
			got = append(got, [4]int{f.Line, f.Column, f.EndLine, f.EndColumn})
		}
	}
	want := [][4]int{{1, 7, 1, 20}, {5, 5, 5, 13}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNames looks at where a name is fine and which of its forms are found.
func TestNames(t *testing.T) {
	tests := []struct {
		source string
		want   int
	}{
		{"Dana Whitfield was paged.", 1},
		{"dana whitfield was paged.", 1},
		{"Dana restarted it, Whitfield watched.", 2},
		{"Whitfield, Dana", 1},
		{"Will Green was paged. Will it rain? The green one will.", 1},
		{"Write to m.okafor@example.com.", 1},
		{"Write to m.okafor@\u2060example.com.", 1},
		{"M.Okafor was paged.", 1},
		{"**Authors:** Dana Whitfield, Will Green", 0},
		{"Authors: Dana Whitfield\n\nDana was paged.", 1},
		{"| Item | Owner |\n| --- | --- |\n| Ask Dana | Dana Whitfield |", 1},
		{"- Validate it (Owner: Dana Whitfield; due 2026-01-01), says Dana", 1},
		{"## Authors\n\n- Dana Whitfield\n\n## Summary\n\nDana", 1},
		{"The danaus and whitfields of `Dana Whitfield`", 0},
		{"Dana Whitfield broke the build.", 1},
	}
	for _, tt := range tests {
		got := rulesOf(Check("x", []byte(tt.source), Options{Names: names}).Findings)["names/person"]
		if got != tt.want {
			t.Errorf("%q: %d names, want %d", tt.source, got, tt.want)
		}
	}
	caused := Check("x", []byte("Dana Whitfield broke the build."), Options{Names: names})
	if rulesOf(caused.Findings)["blame/person-as-cause"] != 1 {
		t.Errorf("a denied name is no person: %+v", caused.Findings)
	}
}

func TestSummary(t *testing.T) {
	s := Summary{Files: 1, Warnings: 2}
	if s.Failed(false) || !s.Failed(true) || s.String() != "0 errors, 2 warnings and 0 notes in 1 file" {
		t.Errorf("%s %v %v", s, s.Failed(false), s.Failed(true))
	}
	if _, err := FormatNamed("xml"); err == nil || err.Error() != `unknown format "xml": use text, json, sarif` {
		t.Error(err)
	}
}
