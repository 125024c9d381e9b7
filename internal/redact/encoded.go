package redact

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	shortestEncoded = 20
	rankEncoded     = 1 << 20 // what was found in the text itself names it better
)

var percentRun = regexp.MustCompile(`[\w.~%+/:-]*%[0-9A-Fa-f]{2}[\w.~%+/:-]*`)

// quoted matches a string literal of Go or JSON, as errors quote what they got.
var quoted = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"`)

// findQuoted finds the literals that hold a secret once their escapes are
// undone: the rules know a secret's surroundings as they are, not as they are
// quoted. What lies between the quotes goes as a whole.
func (r *Redactor) findQuoted(s string, depth int) []span {
	if depth >= maxDepth || !strings.Contains(s, `\`) {
		return nil
	}
	var spans []span
	for _, m := range quoted.FindAllStringIndex(s, -1) {
		literal := s[m[0]:m[1]]
		plain, err := strconv.Unquote(literal)
		if err != nil || !strings.Contains(literal, `\`) {
			continue
		}
		_, counts := r.text(plain, nil, depth+1)
		if rule := firstRule(counts); rule != "" {
			spans = append(spans, span{start: m[0] + 1, end: m[1] - 1, rank: rankEncoded, rule: rule})
		}
	}
	return spans
}

// findEncoded appends the words of s that hold a secret once decoded, named by
// the rule that found it. The word goes as a whole.
func (r *Redactor) findEncoded(spans []span, s string, depth int) []span {
	if depth >= maxDepth {
		return spans
	}
	look := func(start, end int, decoded string) {
		_, counts := r.text(decoded, nil, depth+1)
		if rule := firstRule(counts); rule != "" {
			spans = append(spans, span{start: start, end: end, rank: rankEncoded, rule: rule})
		}
	}
	for start := 0; start < len(s); start++ {
		end := start
		for end < len(s) && base64Byte[s[end]] {
			end++
		}
		for padding := 0; padding < 2 && end > start && end < len(s) && s[end] == '='; padding++ {
			end++
		}
		if end-start >= shortestEncoded {
			if decoded, ok := decodeBase64(s[start:end]); ok {
				look(start, end, decoded)
			}
		}
		start = end
	}
	if strings.Contains(s, "%") {
		for _, m := range percentRun.FindAllStringIndex(s, -1) {
			if decoded, err := url.PathUnescape(s[m[0]:m[1]]); err == nil && utf8.ValidString(decoded) {
				look(m[0], m[1], decoded)
			}
		}
	}
	return spans
}

// firstRule is the alphabetically first: only one can name a word.
func firstRule(counts Counts) string {
	first := ""
	for rule := range counts {
		if first == "" || rule < first {
			first = rule
		}
	}
	return first
}

var base64Byte = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_") {
		set[c] = true
	}
	return set
}()

// decodeBase64 decodes a word of any of the alphabets, with or without padding,
// if it holds text. Names and hashes do not: they decode to noise.
func decodeBase64(word string) (string, bool) {
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(word, "-_") {
		encoding = base64.RawURLEncoding
	}
	data, err := encoding.DecodeString(strings.TrimRight(word, "="))
	if err != nil || !utf8.Valid(data) {
		return "", false
	}
	decoded := string(data)
	unprintable := func(c rune) bool { return !unicode.IsPrint(c) && !unicode.IsSpace(c) }
	return decoded, !strings.ContainsFunc(decoded, unprintable)
}

// knownForms are the ways in which the known secrets may be written.
func knownForms(known []string) []string {
	var forms []string
	for _, secret := range known {
		if len(secret) < 4 {
			continue // too short to be told from other text
		}
		forms = append(forms, secret)
		for _, form := range []string{url.QueryEscape(secret), url.PathEscape(secret)} {
			if form != secret {
				forms = append(forms, form)
			}
		}
	}
	return forms
}
