package templates

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/debrief-sre/debrief/internal/printable"
)

// Collected text is hostile until escaped. It is placed in Markdown as running
// text, as a code span or as a fenced block; table cells need their own care.

// joiner is an invisible character that keeps Markdown from making links and
// mentions out of text; nothing else stops them from looking at plain text.
const joiner = "\u2060"

var textEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;",
	"|", `\|`, "~", `\~`, "&", "&amp;", "$", `\$`, "{", `\{`, "}", `\}`, "!", `\!`,
	"://", ":"+joiner+"//", "@", "@"+joiner, "#", `\#`+joiner, "GH-", "GH"+joiner+"-", "gh-", "gh"+joiner+"-",
)

// webHost matches what begins an address without a scheme, in any case.
var webHost = regexp.MustCompile(`(?i)(www)\.`)

// lineStart matches what makes a list, a rule or a heading of a line that
// begins with it, in two groups between which an escape goes.
var lineStart = regexp.MustCompile(`^([0-9]{1,9})([.)](?: |$))|^()([-+=:])`)

// text escapes a string for running text or a table cell: it renders as
// itself, on one line, whatever it holds and wherever on a line it stands.
func text(s string) string {
	escaped := webHost.ReplaceAllString(textEscapes.Replace(printable.Line(s)), "$1"+joiner+".")
	return lineStart.ReplaceAllString(escaped, `$1$3\$2$4`)
}

// code makes a code span of a string, with a delimiter that it does not hold.
// In tables a pipe ends the cell even there, and a span cannot escape it, so
// strings with a pipe become escaped text.
func code(s string) string {
	s = printable.Line(s)
	if s == "" {
		return ""
	}
	if strings.Contains(s, "|") {
		return text(s)
	}
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// fence makes a fenced block of a string, one that the string cannot end.
func fence(language, s string) string {
	s = strings.TrimRight(printable.Text(s), "\n \t")
	marks := strings.Repeat("`", max(3, longestRun(s, '`')+1))
	return marks + language + "\n" + s + "\n" + marks
}

// link makes a link to another document beside this one. An address that is
// not a relative path becomes text without a link.
func link(title, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(address, "/") || printable.Line(address) != address || u.Path == "" {
		return text(title)
	}
	label := text(title)
	if label == "" {
		label = code(address)
	}
	return "[" + label + "](<" + linkEscapes.Replace(u.EscapedPath()) + ">)"
}

// linkEscapes are of what means something inside <> or ends a table's cell.
var linkEscapes = strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", `\`, "%5C", "&", "%26", "`", "%60")

func longestRun(s string, mark rune) int {
	longest, run := 0, 0
	for _, r := range s {
		if r == mark {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}
