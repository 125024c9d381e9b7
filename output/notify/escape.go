package notify

import (
	"regexp"
	"strings"
	"unicode/utf16"
)

// joiner is an invisible character that keeps chats from making mentions and
// links out of plain text, which no escaping of theirs does.
const joiner = "\u2060"

// marks are what chats look for in plain text: mentions, channels, addresses,
// Markdown's links and pictures, Teams' functions, Slack's control sequences.
var marks = strings.NewReplacer(
	"@", "@"+joiner, "#", "#"+joiner, "://", ":"+joiner+"//", "](", "]"+joiner+"(", "{{", "{"+joiner+"{", "<", "<"+joiner, "mailto:", "mailto"+joiner+":",
)

// webHost matches what begins an address without a scheme.
var webHost = regexp.MustCompile(`(?i)(www)\.`)

// soften gives text that looks the same and means nothing to a chat.
func soften(s string) string { return webHost.ReplaceAllString(marks.Replace(s), "$1"+joiner+".") }

// slackEscapes are those that Slack asks for, and no others.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func slackText(s string) string { return slackEscapes.Replace(soften(s)) }

// units is a text's length as the services count it.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// cut shortens a text to a number of UTF-16 code units.
func cut(s string, most int) string { return fit(s, most, func(s string) string { return s }) }

// fit escapes a text and shortens it before so far that the result fits.
func fit(s string, most int, escape func(string) string) string {
	runes := []rune(s)
	escaped := escape(s)
	for keep := min(len(runes), most) - 1; units(escaped) > most && keep >= 0; keep-- {
		escaped = escape(string(runes[:keep])) + "…"
	}
	return escaped
}
