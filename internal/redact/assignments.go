package redact

import (
	"regexp"
	"strings"
	"unicode"
)

// assignmentRules find what is assigned to a name that tells of a secret, in
// the places where gitleaks' generic rule wants more entropy or another end.
func assignmentRules() []rule {
	keywords := []string{"passw", "pwd", "passphrase", "passcode", "pass:", "secret", "token", "key", "credential", "creds", "dockerc"}
	return []rule{
		{id: ruleAssignment, keywords: keywords, find: assigned},
		{id: ruleFlag, keywords: keywords, find: flagged},
	}
}

var (
	assignmentPattern = regexp.MustCompile(`(?i)([\w.$/-]*(?:passw(?:or)?d|pwd|passphrase|passcode|secret|token|key|key-data|credentials?|creds|dockerconfigjson|dockercfg))` +
		`(\\?["'])?(\s{0,2}(?:=~|!~|!=|:=|=>|==?|:)\s{0,3})` +
		`(?:\\"((?:[^"\\\n]|\\[^"])*)\\"|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|\\?["']?([^\s"'` + "`" + `<>]+))`)
	flagPattern = regexp.MustCompile(`(?i)(?:^|\s)--?([\w-]*(?:passw(?:or)?d|passphrase|token|secret|key))[ \t]+["']?([^\s"'-][^\s"']*)`)
	// valueEnd is where a value that is not quoted ends before white space does.
	valueEnd = regexp.MustCompile(`\\["'nrt]|\\u0026|&(?:amp;)?[\w.-]+=|[,;][\w.-]+\s*[=:]|[,;.:)\]}|&]+$`)
)

func assigned(s string, _ *keyInfo, yield func(start, end int)) {
	for _, m := range assignmentPattern.FindAllStringSubmatchIndex(s, -1) {
		name, op := s[m[2]:m[3]], s[m[6]:m[7]]
		named := classify(name)
		if named == plain {
			continue
		}
		start, end, quoted := m[1], m[1], false
		for i := 8; i < len(m); i += 2 {
			if m[i] >= 0 {
				start, end, quoted = m[i], m[i+1], i < 14
			}
		}
		if !quoted {
			if cut := valueEnd.FindStringIndex(s[start:end]); cut != nil {
				end = start + cut[0]
			}
		}
		tight := op == strings.TrimSpace(op) && op != ":" || quoted
		if secretOf(named, tight || wholeLine(s, m[2], end), s[start:end]) {
			yield(start, end)
		}
	}
}

// secretOf judges an assignment. A tight one, such as password="x" or a line of
// YAML, leaves little doubt; "token: x" may be part of a sentence.
func secretOf(named class, tight bool, value string) bool {
	switch {
	case noSecret(value), identifierLike(value):
		return false
	case named == strong && tight:
		return len(value) >= 3
	case named == strong:
		return !wordLike(value) && !objectName(value)
	case tight:
		return random(value) && !objectName(value)
	default:
		return len(value) >= 16 && random(value) && !objectName(value)
	}
}

// identifierLike tells what is no secret by any name: references and digests.
func identifierLike(value string) bool {
	return digestPattern.MatchString(value) || strings.HasPrefix(value, "/") && !strings.ContainsFunc(value, unicode.IsDigit) ||
		strings.HasPrefix(value, "{{") || strings.HasPrefix(value, "$(") || strings.HasPrefix(value, "${") || strings.HasPrefix(value, "$labels")
}

// wholeLine tells whether the name begins a line, but for its indent, and the
// value ends it, and there is more than one line to tell YAML from a sentence.
func wholeLine(s string, start, end int) bool {
	before := s[strings.LastIndexByte(s[:start], '\n')+1 : start]
	after, _, _ := strings.Cut(s[end:], "\n")
	return strings.Trim(before, " \t-") == "" && strings.TrimSpace(after) == "" && strings.Contains(s, "\n")
}

func flagged(s string, _ *keyInfo, yield func(start, end int)) {
	for _, m := range flagPattern.FindAllStringSubmatchIndex(s, -1) {
		value := s[m[4]:m[5]]
		if classify(s[m[2]:m[3]]) != plain && !noSecret(value) && !wordLike(value) && !objectName(value) {
			yield(m[4], m[5])
		}
	}
}
