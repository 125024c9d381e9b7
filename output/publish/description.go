package publish

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"time"

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

// Forges limit a description's length: GitHub to 65,536 characters.
const (
	maxQuestions    = 50 // of a document that are listed
	longestQuestion = 500
	longestSummary  = 30_000
)

// description is the text of a request: the summary of the document, what the
// incident cost, and the questions that wait for people.
func description(r report.Report, document []byte, path string) (string, error) {
	var b strings.Builder
	b.WriteString(requestBegin)
	summary, found := output.Block(document, "summary")
	if summary = strings.TrimSpace(summary); !found || summary == "" || len(summary) > longestSummary {
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
	writeQuestions(&b, document)
	digest, err := r.Digest()
	if err != nil {
		return "", err
	}
	if r.Abort != nil {
		fmt.Fprintf(&b, "<!-- aborted %s -->\n", r.Abort.Time.UTC().Format(time.RFC3339))
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

// openQuestions are those that nobody has answered in the document. What a table
// asks, such as who does an action, says little without its row: it is counted.
func openQuestions(document []byte) (asked []string, inTables int) {
	for line := range bytes.Lines(document) {
		matches := prompt.FindAllSubmatch(line, -1)
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("|")) {
			inTables += len(matches)
			continue
		}
		for _, match := range matches {
			asked = append(asked, string(match[1]))
		}
	}
	return asked, inTables
}

func writeQuestions(b *strings.Builder, document []byte) {
	asked, inTables := openQuestions(document)
	if len(asked)+inTables == 0 {
		b.WriteString("No question is open.\n\n")
		return
	}
	fmt.Fprintf(b, "**Open questions:** %d", len(asked))
	if inTables > 0 {
		fmt.Fprintf(b, ", and %d in tables", inTables)
	}
	b.WriteString("\n\n")
	for i, question := range asked {
		if i == maxQuestions {
			fmt.Fprintf(b, "- and %d more\n", len(asked)-i)
			break
		}
		fmt.Fprintf(b, "- %s\n", shorten(question, longestQuestion))
	}
	b.WriteString("\n")
}

var aborted = regexp.MustCompile(`(?m)^<!-- aborted ([0-9TZ:-]+) -->\r?$`)

// frontIn is the front matter of the document that a request is for, as far as
// the request's description tells.
func frontIn(body string) []byte {
	match := aborted.FindStringSubmatch(body)
	if match == nil {
		return nil
	}
	return fmt.Appendf(nil, "---\naborted: %s\n---\n", match[1])
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
