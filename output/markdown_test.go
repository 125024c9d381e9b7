package output

import (
	"strings"
	"testing"

	goccy "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

func TestTidy(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "", "\n"},
		{"no line break at the end", "a", "a\n"},
		{"blank lines at the top and the end", "\n\na\n\n\n", "a\n"},
		{"runs of blank lines", "a\n\n\n\nb\n", "a\n\nb\n"},
		{"spaces at the end of lines", "a  \n \nb\n", "a\n\nb\n"},
		{"fenced code is left alone", "a\n\n\n```promql\nx  \n\n\ny\n```\n\n\nb\n", "a\n\n```promql\nx  \n\n\ny\n```\n\nb\n"},
		{"a longer fence holds a shorter one", "````\n```\n\n\nx\n````\n\n\nb\n", "````\n```\n\n\nx\n````\n\nb\n"},
		{"two fences", "```\n\n\n```\n\n\na\n```\n\n\n```\n", "```\n\n\n```\n\na\n```\n\n\n```\n"},
		{"a code span that looks like a fence", "```a``b```: x\n\n\nb\n", "```a``b```: x\n\nb\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(tidy([]byte(tt.in)))
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if again := string(tidy([]byte(got))); again != got {
				t.Errorf("tidied again: %q", again)
			}
		})
	}
}

// TestFrontMatter reads it back with another YAML library than wrote it.
func TestFrontMatter(t *testing.T) {
	for _, s := range hostile {
		r := reportOf(s)
		markdown, err := freshMarkdown(templates.Default(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, found := strings.CutPrefix(string(markdown), "---\n")
		matter, body, closed := strings.Cut(text, "\n---\n")
		if !found || !closed {
			t.Errorf("%q: no front matter in %q", s, markdown)
			continue
		}
		if !strings.HasPrefix(body, "\n# Blameless Postmortem: ") {
			t.Errorf("%q: the front matter ends early: %.80q", s, body)
		}
		if lines := strings.Count(matter, "\n"); lines > 22 {
			t.Errorf("%q: %d lines of front matter", s, lines)
		}
		var got front
		decoder := yaml.NewDecoder(strings.NewReader(matter))
		decoder.KnownFields(true)
		if err := decoder.Decode(&got); err != nil {
			t.Errorf("%q: %v in\n%s", s, err, matter)
			continue
		}
		service := s + "/" + s
		if s == "" {
			service = "" // without a namespace there is no slash
		}
		want := front{
			Title: inMatter(templates.Headline(r)), Date: "2026-11-22", Slug: r.Name, Status: "Draft", IncidentID: inMatter(s), Severity: inMatter(s),
			Services: []scalar{inMatter(service)}, Tags: []string{"postmortem", "rollout", "abort", "analysis"}, Start: &abortedAt,
			Revision: 2, Aborted: &abortedAt, Images: []scalar{inMatter(s)}, SLO: []scalar{inMatter(s)},
			Cause: "analysis", BudgetConsumed: []*float64{nil}, Generator: inMatter(s),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", s, diff)
		}
	}
}

// inMatter is a string as front matter has it.
func inMatter(s string) scalar { return scalar(strings.ToValidUTF8(s, "\ufffd")) }

func TestFrontMatterOfAnEmptyReport(t *testing.T) {
	if _, err := freshMarkdown(templates.Default(), report.Report{Name: "2026-11-22-x"}, nil); err != nil {
		t.Error(err)
	}
}

func TestSameReportSameBytes(t *testing.T) {
	for _, format := range Formats {
		if format.OnRequest {
			continue
		}
		want := ""
		for range 3 {
			got := render(t, format.Name, reportOf("checkout"))
			if want != "" && got != want {
				t.Errorf("%s: other bytes", format.Name)
			}
			want = got
		}
	}
}

func render(t testing.TB, format string, r report.Report) string {
	t.Helper()
	d, _, err := New(templates.Default(), r, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	formats, err := Lookup([]string{format})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := formats[0].Render(&out, d); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestScalar: any string is read back as it was, by both YAML libraries.
func TestScalar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type document struct {
			S scalar   `yaml:"s"`
			L []scalar `yaml:"l"`
		}
		want := document{scalar(rapid.String().Draw(t, "s")), []scalar{scalar(rapid.StringMatching(`[-?:,\[\]{}#&*!|>'"%@~0-9a-fx_. ]{0,6}`).Draw(t, "l"))}}
		data, err := goccy.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, unmarshal := range []func([]byte, any) error{
			yaml.Unmarshal,
			func(data []byte, v any) error { return goccy.Unmarshal(data, v) },
		} {
			var got document
			if err := unmarshal(data, &got); err != nil {
				t.Fatalf("%q: %v in %s", want, err, data)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", data, diff)
			}
		}
	})
}
