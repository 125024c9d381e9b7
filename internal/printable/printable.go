// Package printable keeps what collected text must not do to its readers out of
// documents, terminals and logs.
package printable

import (
	"strings"
	"unicode"
)

// Text drops what must reach neither a document nor a terminal: control
// characters, terminal escapes and the bidirectional controls that make text
// read differently from what it is. Their places are marked, so that nothing
// vanishes silently. Line breaks and tabs stay.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\ufeff':
			return unicode.ReplacementChar
		default:
			return r
		}
	}, strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), string(unicode.ReplacementChar)))
}

// Line is the text on one line: white space of any kind becomes single spaces.
func Line(s string) string { return strings.Join(strings.Fields(Text(s)), " ") }
