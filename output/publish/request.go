package publish

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// The request's description stands in a block like those of documents, so that
// what reviewers add around it stays.
const (
	requestBegin = "<!-- debrief:begin request -->\n"
	requestEnd   = "<!-- debrief:end request -->\n"
)

// maxQuestions of a document are listed; forges limit a description's length.
const maxQuestions = 50

// description is the text of a request: the summary of the document, what the
// incident cost, and the questions that wait for people.
func description(r report.Report, document []byte, path string) (string, error) {
	var b strings.Builder
	b.WriteString(requestBegin)
	summary, found := output.Block(document, "summary")
	if summary = strings.TrimSpace(summary); !found || summary == "" {
		summary = templates.Text(templates.Headline(r))
	}
	fmt.Fprintf(&b, "%s\n\n", summary)
	fmt.Fprintf(&b, "**Document:** %s\n\n", templates.Code(path))
	for _, i := range r.Impact {
		if i.Consumed != nil {
			fmt.Fprintf(&b, "**Error budget of %s:** %s consumed\n\n", templates.Text(i.Objective), templates.Text(report.Percent(*i.Consumed)))
		}
	}
	if gaps := gapsOf(r); gaps != "" {
		fmt.Fprintf(&b, "**Gaps in the evidence:** %s\n\n", gaps)
	}
	writeQuestions(&b, openQuestions(document))
	digest, err := r.Digest()
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "<!-- facts %s -->\n", digest)
	b.WriteString(requestEnd)
	sealed, err := output.Seal([]byte(b.String()))
	return string(sealed), err
}

func gapsOf(r report.Report) string {
	var gaps []string
	for _, c := range r.Gaps() {
		gaps = append(gaps, templates.Text(fmt.Sprintf("%s (%s)", c.Source, c.Status)))
	}
	return strings.Join(gaps, ", ")
}

var prompt = regexp.MustCompile(`_([^_\n]+)_ ` + regexp.QuoteMeta(templates.PromptMark))

// openQuestions are those that nobody has answered in the document.
func openQuestions(document []byte) []string {
	var questions []string
	for _, match := range prompt.FindAllSubmatch(document, -1) {
		questions = append(questions, string(match[1]))
	}
	return questions
}

func writeQuestions(b *strings.Builder, questions []string) {
	if len(questions) == 0 {
		b.WriteString("No question is open.\n\n")
		return
	}
	fmt.Fprintf(b, "**Open questions:** %d\n\n", len(questions))
	for i, question := range questions {
		if i == maxQuestions {
			fmt.Fprintf(b, "- and %d more\n", len(questions)-i)
			break
		}
		fmt.Fprintf(b, "- %s\n", question)
	}
	b.WriteString("\n")
}

var facts = regexp.MustCompile(`(?m)^<!-- facts ([0-9a-f]+) -->\r?$`)

// factsIn is the digest of the facts that a request was made of, if its
// description still tells.
func factsIn(body string) string {
	if match := facts.FindStringSubmatch(body); match != nil {
		return match[1]
	}
	return ""
}
