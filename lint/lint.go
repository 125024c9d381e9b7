// Package lint reads a finished postmortem as a careful reviewer would: does it
// look for causes in the system instead of in people, is it complete, can its
// action items be worked on, and has every question been answered.
//
// It guarantees that
//   - only prose is judged: code, quotations, addresses, comments and front
//     matter never cause a finding about their words;
//   - positions are those of the source, in lines and Unicode code points;
//   - the same document gives the same findings in the same order, whatever
//     its line ends are;
//   - no input makes it panic.
//
// Rules is the table of everything that it looks for.
package lint

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity says how bad a finding is. The words are SARIF's levels.
type Severity string

// The severities. Only errors fail a run, or warnings too where that is asked.
const (
	Note    Severity = "note"
	Warning Severity = "warning"
	Error   Severity = "error"
)

// Options adapt the rules to a document.
type Options struct {
	// Names are the names and addresses that a document should not say, such
	// as those of the people whom an evidence bundle mentions.
	Names []string
}

// Finding is one thing that a rule holds against a document.
type Finding struct {
	Line      int      `json:"line"` // from 1
	Column    int      `json:"column"`
	EndLine   int      `json:"endLine"`
	EndColumn int      `json:"endColumn"` // of the first character after it
	Rule      string   `json:"rule"`
	Severity  Severity `json:"severity"`
	Message   string   `json:"message"`
	Text      string   `json:"text,omitempty"` // the words in question, on one line
	// Reason is why the document's author suppressed the finding.
	Reason string `json:"reason,omitempty"`
}

// Result is what became of one document.
type Result struct {
	File       string    `json:"file"`
	Findings   []Finding `json:"findings"`
	Suppressed []Finding `json:"suppressed"`
}

// Check lints one document. Name is the name that the result bears.
func Check(name string, source []byte, opts Options) Result {
	doc := parse(source)
	people := newPeople(opts.Names)
	var found []Finding
	for i := range Rules {
		if check := Rules[i].check; check != nil {
			check(&pass{doc: doc, people: people, rule: &Rules[i], found: &found})
		}
	}
	result := suppress(doc, found, len(opts.Names) > 0)
	result.File = name
	return result
}

// pass is one rule's way through one document.
type pass struct {
	doc    *document
	people *people
	rule   *Rule
	found  *[]Finding
}

// report adds a finding about the source from start to end.
func (p *pass) report(start, end int, format string, args ...any) {
	p.reportAs(p.rule.Severity, start, end, format, args...)
}

// reportAs is report for the rules whose severity depends on the document.
func (p *pass) reportAs(s Severity, start, end int, format string, args ...any) {
	*p.found = append(*p.found, p.doc.finding(p.rule.ID, s, start, end, fmt.Sprintf(format, args...)))
}

// reportTokens adds a finding about the tokens from i to j of a sentence.
func (p *pass) reportTokens(s sentence, i, j int, format string, args ...any) {
	p.report(s.tokens[i].start, s.tokens[j-1].end, format, args...)
}

func (d *document) finding(rule string, s Severity, start, end int, message string) Finding {
	start = min(max(start, 0), len(d.source))
	end = min(max(end, start), len(d.source))
	f := Finding{Rule: rule, Severity: s, Message: message}
	f.Line, f.Column = d.position(start)
	f.EndLine, f.EndColumn = d.position(end)
	f.Text = excerpt(d.source[start:end])
	return f
}

// excerpt shortens the words in question to what fits a line.
func excerpt(b []byte) string {
	const most = 80
	s := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(string(b), "\uFFFD")), " "))
	if len(s) > most {
		return string(s[:most-1]) + "…"
	}
	return string(s)
}

// position turns an offset into a line and a column, both from 1.
func (d *document) position(offset int) (line, column int) {
	line, exact := slices.BinarySearch(d.lines, offset)
	if exact {
		line++
	}
	return line, utf8.RuneCount(d.source[d.lines[line-1]:offset]) + 1
}

// lineStarts lists where the lines of a text begin.
func lineStarts(source []byte) []int {
	starts := []int{0}
	for i, b := range source {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// normalize makes the text that positions refer to. A carriage return stands
// at the end of its line, so dropping it moves no column.
func normalize(source []byte) []byte {
	source = bytes.TrimPrefix(source, []byte("\uFEFF"))
	return bytes.ReplaceAll(source, []byte("\r\n"), []byte("\n"))
}

// order sorts findings by place, and by rule where they share one.
func order(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.EndLine, b.EndLine), cmp.Compare(a.EndColumn, b.EndColumn),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(list)
}

// Summary counts findings.
type Summary struct {
	Files      int `json:"files"`
	Errors     int `json:"errors"`
	Warnings   int `json:"warnings"`
	Notes      int `json:"notes"`
	Suppressed int `json:"suppressed"`
}

// Summarize counts the findings of all results.
func Summarize(results []Result) Summary {
	s := Summary{Files: len(results)}
	for _, r := range results {
		s.Suppressed += len(r.Suppressed)
		for _, f := range r.Findings {
			switch f.Severity {
			case Error:
				s.Errors++
			case Warning:
				s.Warnings++
			default:
				s.Notes++
			}
		}
	}
	return s
}

// Failed tells whether a run should fail: there are errors or, when strict,
// warnings.
func (s Summary) Failed(strict bool) bool { return s.Errors > 0 || strict && s.Warnings > 0 }

func (s Summary) String() string {
	return fmt.Sprintf("%s, %s and %s in %s",
		plural(s.Errors, "error"), plural(s.Warnings, "warning"), plural(s.Notes, "note"), plural(s.Files, "file"))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
