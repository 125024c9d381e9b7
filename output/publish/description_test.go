package publish

import (
	"fmt"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

func TestDescription(t *testing.T) {
	ask := func(question string) string { return "_" + question + "_ " + templates.PromptMark }
	summary := func(text string) string {
		return "<!-- debrief:begin summary -->\n" + text + "\n<!-- debrief:end summary sum=00 -->\n"
	}
	many := ""
	for i := range 60 {
		many += ask(fmt.Sprintf("Question %d?", i)) + "\n"
	}
	gap := report.Report{Coverage: []evidence.Coverage{{Source: "a|b", Status: evidence.StatusDenied}}}
	for _, test := range []struct {
		name        string
		report      report.Report
		document    string
		has, hasNot string
		shorterThan int
	}{
		{name: "answered", document: "All is said.\n", has: "No question is open.", hasNot: "Open questions"},
		{name: "one question", document: "- " + ask("Why?"), has: "**Open questions:** 1\n\n- Why?\n"},
		{name: "tables", document: ask("Why?") + "\n | " + ask("Who?") + " | " + ask("When?") + " |\n", has: "**Open questions:** 1, and 2 in tables\n\n- Why?\n\n", hasNot: "Who?"},
		{name: "tables alone", document: "| " + ask("Who?") + " |\n", has: "**Open questions:** 0, and 1 in tables\n\n"},
		{name: "many questions", document: many, has: "- Question 49?\n- and 10 more\n", hasNot: "Question 50?"},
		{name: "long questions", document: strings.Repeat(ask(strings.Repeat("q", 70_000))+"\n", 60), has: "**Open questions:** 60", shorterThan: 65_536},
		{name: "summary", document: summary("It broke."), has: "It broke.\n\n**Document:** `a.md`", hasNot: "Rollout of"},
		{name: "no summary", document: "It broke.\n", has: "Rollout of", hasNot: "It broke."},
		{name: "empty summary", document: summary(" "), has: "Rollout of"},
		{name: "long summary", document: summary(strings.Repeat("s", 70_000)), has: "Rollout of", shorterThan: 65_536},
		{name: "gaps", report: gap, has: `**Gaps in the evidence:** a\|b (denied)`},
		{name: "no abort", hasNot: "aborted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := description(test.report, []byte(test.document), "a.md")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, test.has) || test.hasNot != "" && strings.Contains(got, test.hasNot) || test.shorterThan > 0 && len(got) > test.shorterThan {
				t.Errorf("%d bytes: %.2000s", len(got), got)
			}
			digest, err := test.report.Digest()
			if err != nil || factsIn(got) != digest || factsIn(strings.ReplaceAll(got, "\n", "\r\n")) != digest {
				t.Errorf("the description keeps %q, the facts are %s (%v)", factsIn(got), digest, err)
			}
		})
	}
	if factsIn("Written by a person.") != "" || frontIn("Written by a person.") != nil {
		t.Error("there are facts in what a person wrote")
	}
}
