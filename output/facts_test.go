package output

import (
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// TestFacts: collecting again changes nothing about the facts, another fact does.
func TestFacts(t *testing.T) {
	document := func(change func(*report.Report)) []byte {
		r := reportOf("checkout")
		change(&r)
		d, _, err := New(templates.Default(), r, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		return d.Markdown
	}
	want := Facts(document(func(*report.Report) {}))
	if len(want) != 32 {
		t.Fatalf("the document keeps %q", want)
	}
	for name, test := range map[string]struct {
		change func(*report.Report)
		same   bool
	}{
		"collected later":       {func(r *report.Report) { r.Collected = r.Collected.Add(time.Hour) }, true},
		"another bundle":        {func(r *report.Report) { r.Bundle = &report.Bundle{SHA256: "ab"} }, true},
		"other lines cited":     {func(r *report.Report) { r.Abort.Evidence = []evidence.Citation{"kubernetes/events.jsonl:7"} }, true},
		"an action less":        {func(r *report.Report) { r.Actions = nil }, true},
		"another cause":         {func(r *report.Report) { r.Abort.Cause = "user" }, false},
		"another time of abort": {func(r *report.Report) { r.Abort.Time = r.Abort.Time.Add(time.Second) }, false},
		"a source that failed": {func(r *report.Report) {
			r.Coverage = append(r.Coverage, evidence.Coverage{Source: "x", Status: "denied"})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Facts(document(test.change)); (got == want) != test.same {
				t.Errorf("digest %s, without the change %s", got, want)
			}
		})
	}
	for _, none := range []string{"", "# By hand\n", "<!-- debrief:begin facts -->\nx\n<!-- debrief:end facts sum=00 -->\n", "<!-- debrief:begin facts -->\n"} {
		if got := Facts([]byte(none)); got != "" {
			t.Errorf("%q has facts %q", none, got)
		}
	}
}

// TestAnother: only an abort at another time makes it another incident.
func TestAnother(t *testing.T) {
	r := reportOf("checkout")
	d, _, err := New(templates.Default(), r, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if Another(d.Markdown, r) {
		t.Error("the document is another than its own report's")
	}
	again := r
	abort := *r.Abort
	abort.Time = abort.Time.Add(10 * time.Minute)
	again.Abort = &abort
	if !Another(d.Markdown, again) {
		t.Error("a second abort goes into the first one's document")
	}
	if Another([]byte("# By hand\n"), again) {
		t.Error("a document that does not say when is another's")
	}
	if got := Numbered("a", 1) + " " + Numbered("a", 2); got != "a a-2" {
		t.Errorf("names %s", got)
	}
}

// TestVerify finds the edited block and nothing else.
func TestVerify(t *testing.T) {
	d, _, err := New(templates.Default(), reportOf("checkout"), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Verify(d.Markdown); err != nil || n < 5 {
		t.Errorf("%d blocks, %v", n, err)
	}
	if n, err := Verify(append(d.Markdown, "\nWhat people wrote.\n"...)); err != nil || n < 5 {
		t.Errorf("words after the blocks: %d blocks, %v", n, err)
	}
	body, _ := Block(d.Markdown, "summary")
	edited := []byte(strings.Replace(string(d.Markdown), body, body+"More.\n", 1))
	if _, err := Verify(edited); err == nil {
		t.Error("an edited block passes")
	}
}
