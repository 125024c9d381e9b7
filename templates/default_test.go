package templates

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/report"
)

func filled(s string) report.Report {
	var r report.Report
	fill(reflect.ValueOf(&r).Elem(), s)
	for _, list := range [][]report.PastIncident{r.Past.SameRollout, r.Past.SameMetric, r.Past.SameImage} {
		for i := range list {
			list[i].Link = "past.md" // of what is none, TestLink has more
		}
	}
	r.Bundle.URL = "bundle.zip"
	return r
}

func document(t testing.TB, r report.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := Default().Render(&out, View{Report: r}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// tags is a document's outline without its text and without code spans, which
// are text where the string has pipes.
func tags(t testing.TB, markdown string) []string {
	t.Helper()
	return slices.DeleteFunc(outline(render(t, markdown)), func(line string) bool {
		return strings.Contains(line, "'") || strings.TrimSpace(line) == "code"
	})
}

// TestLink: a link leads to a file near the document, or it is none.
func TestLink(t *testing.T) {
	tests := map[string]string{
		"past.md": "past.md", "../a/b.md": "../a/b.md", "a b.md": "a%20b.md", "a%20b.md": "a%20b.md", "<x>.md": "%3Cx%3E.md", "a|b.md": "a%7Cb.md", "a(b).md": "a(b).md",
		"https://example.org/x.md": "", "javascript:x": "", "//example.org/x": "", "/etc/passwd": "", "data:text/html,x": "", "#x": "", "?x": "", "": "", "a\nb": "", "\x1b": "", `\\host\x`: "%5C%5Chost%5Cx",
	}
	for address, want := range tests {
		got := ""
		for _, n := range render(t, "| a |\n| --- |\n| "+link("title", address)+" |\n") {
			for d := range n.Descendants() {
				if d.Data == "a" && len(d.Attr) > 0 {
					got = d.Attr[0].Val
				}
			}
		}
		if got != want {
			t.Errorf("%q leads to %q, want %q", address, got, want)
		}
	}
	for _, s := range hostile {
		if !strings.HasPrefix(link("title", s), "[title](<") && link("title", s) != "title" {
			t.Errorf("%q became %q", s, link("title", s))
		}
	}
}

// TestComments: the only comments in a document are our own marks.
func TestComments(t *testing.T) {
	for _, s := range []string{"<!-- debrief:prompt -->", "<!-- x -->", "<!-- debrief:end impact sum=0 -->", "-->"} {
		harmless, hostile := document(t, filled("x")), document(t, filled(s))
		for _, mark := range []string{PromptMark, "<!-- debrief:begin ", "<!-- debrief:end "} {
			inText := strings.Count(outsideCode(hostile), mark)
			if want := strings.Count(harmless, mark); inText != want {
				t.Errorf("%q: %d of %s, want %d", s, inText, mark, want)
			}
		}
	}
}

// outsideCode drops fenced blocks and code spans.
func outsideCode(markdown string) string {
	var kept strings.Builder
	fenced := false
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			continue
		}
		if fenced {
			continue
		}
		for i, part := range strings.Split(line, "`") {
			if i%2 == 0 {
				kept.WriteString(part)
			}
		}
	}
	return kept.String()
}

// TestNothingIsKnown: an empty report gives a document that says so.
func TestNothingIsKnown(t *testing.T) {
	for name, r := range map[string]report.Report{
		"empty":         {},
		"empty parts":   {Impact: []report.Impact{{}}, Analyses: []report.Analysis{{Metrics: []report.Metric{{Measurements: []report.Measurement{{}}}}}}, Abort: &report.Abort{}},
		"with a canary": {Impact: []report.Impact{{Measured: true, Canary: &report.Canary{}}}},
	} {
		t.Run(name, func(t *testing.T) {
			text := document(t, r)
			if !strings.Contains(text, "unknown") {
				t.Error("nothing is said to be unknown")
			}
			for _, bad := range []string{"<nil>", "<no value>", "%!", "NaN", "0x"} {
				if strings.Contains(text, bad) {
					t.Errorf("the document holds %q", bad)
				}
			}
		})
	}
}

// TestUnknownFiguresAreNotZero: with a target and without any figure, every
// figure of the table is unknown.
func TestUnknownFiguresAreNotZero(t *testing.T) {
	target := 0.999
	text := document(t, report.Report{Impact: []report.Impact{{Measured: true, Target: &target, Total: 10, Good: 10}}})
	for _, row := range []string{"Requests in the window of", "Bad requests that the objective allows", "Budget consumed", "Budget remaining", "Outage-equivalent, weighted by traffic", "Outage-equivalent, weighted by time", "Burn rate", "Baseline error rate", "TTD", "TTA", "TTM", "TTR"} {
		found := false
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "| "+row) {
				found = true
				if !strings.Contains(line, "unknown") {
					t.Errorf("%s", line)
				}
			}
		}
		if !found {
			t.Errorf("no row %q", row)
		}
	}
}

func TestSameReportSameDocument(t *testing.T) {
	want := document(t, filled("x"))
	for range 5 {
		if document(t, filled("x")) != want {
			t.Fatal("another document")
		}
	}
}

func BenchmarkDefault(b *testing.B) {
	r := filled("x")
	r.Events = slices.Repeat(r.Events, 1000)
	for b.Loop() {
		if err := Default().Render(io.Discard, View{Report: r}); err != nil {
			b.Fatal(err)
		}
	}
}
