package templates

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

// fill sets every field below v: strings to s, numbers, flags and times to
// something, pointers and lists to a thing and two things. The vocabularies
// that debrief itself writes keep to their words.
func fill(v reflect.Value, s string) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, time.November, 22, 19, 55, 8, 0, time.UTC)))
		return
	case timeline.Cause, timeline.Confidence:
		v.SetString("unknown")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), s)
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

func filled(s string) report.Report {
	var r report.Report
	fill(reflect.ValueOf(&r).Elem(), s)
	return r
}

func document(t testing.TB, r report.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := Default(&out, r); err != nil {
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

// TestHostileReportKeepsItsShape puts hostile strings into every field of a
// report: the document has the same elements as with harmless ones.
func TestHostileReportKeepsItsShape(t *testing.T) {
	want := tags(t, document(t, filled("x")))
	for _, s := range hostile {
		if oneLine(s) == "" {
			continue
		}
		if diff := cmp.Diff(want, tags(t, document(t, filled(s)))); diff != "" {
			t.Errorf("%q (-harmless +hostile):\n%s", s, diff)
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
		if err := Default(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
