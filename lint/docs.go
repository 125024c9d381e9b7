package lint

import (
	"fmt"
	"strings"
)

//go:generate go test -run TestDocs -update .

// Docs is docs/lint.md: what lint looks for, made from the table of rules.
func Docs() string {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("\n## Rules\n\n| Rule | Severity | What it is about |\n| --- | --- | --- |\n")
	for _, r := range Rules {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", r.ID, anchor(r.ID), r.Severity, r.Doc)
	}
	for _, r := range Rules {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n%s\n%s", r.ID, r.Doc, example("Bad", r.Bad), example("Good", r.Good))
	}
	return b.String()
}

// anchor is the address that GitHub and GitLab give a heading.
func anchor(heading string) string { return strings.ReplaceAll(heading, "/", "") }

func example(label, markdown string) string {
	return fmt.Sprintf("%s:\n\n```markdown\n%s\n```\n", label, markdown)
}

var intro = `<!-- Made from lint.Rules by go generate ./lint; edit the rules instead. -->

# debrief lint

` + "`debrief lint FILE...`" + ` reads postmortems and reports what keeps them from being blameless, complete and
useful. ` + "`-`" + ` reads standard input.

| Flag | Meaning |
| --- | --- |
| ` + "`--format " + strings.Join(FormatNames(), "`, `--format ") + "`" + ` | text for people, JSON for programs, SARIF 2.1.0 for code scanning |
| ` + "`--strict`" + ` | fail on warnings too |
| ` + "`--bundle FILE`" + ` | deny the names of the people whom an evidence bundle mentions |
| ` + "`--deny-names FILE`" + ` | deny the names in a file, one a line; ` + "`#`" + ` begins a comment |
| ` + "`--rules`" + ` | print the rules |

Exit codes: 0 no error was found, 1 there are errors (with ` + "`--strict`" + `: or warnings) or a file cannot be read, 2 wrong usage.

## What is read

Documents are parsed as GitHub Flavored Markdown. Rules about words judge the author's prose only: not code (write alert
and host names as code), text in double quotes, block quotations (GitHub's alerts such as ` + "`> [!NOTE]`" + ` are prose),
addresses, HTML comments and front matter. Positions count Unicode characters.

A person is an engineer, an operator, a team, he, she, I, or a denied name. *They* is not taken for one, as pods are
they, too; *we* is one where something was forgotten, but not as the subject of a cause: a company may own what it did.
*Users* and *customers* never are: their number is load, not guilt. What a person *can* do, and what happens *if* they
do, is not about an incident and passes. So do ` + "`would have`" + ` after a number (an estimate) and all that could
have been under "Where we got lucky".

A deny list holds whole names, and their parts where those are no English words: Dana and Whitfield are found, Mark and
Will only within the whole name. Email addresses are found too. Names are fine in columns, lines and sections headed Owner, Authors,
Assignee or DRI.

A prompt (` + "`_question_ <!-- debrief:prompt -->`" + `) counts as open until its question is replaced or an answer follows the
mark. Its severity grows with the document: a note while the status is Draft, a warning when it is In review or the document
has no status, an error when it is Reviewed or Closed. The front matter's status comes before a line "Status: Draft".

## Suppressing a finding

` + "```markdown\n<!-- debrief:ignore blame/minimizer the vendor's own term -->\nThe flag was simply inverted.\n```" + `

A suppression names one rule and gives a reason. Alone on its line it is about the next line that is not blank; behind a
text it is about its own line, which is the way to do it inside tables. A suppression without a reason or of an
unknown rule is an error, one that suppresses nothing is a warning. JSON and SARIF list what was suppressed, and why.
`
