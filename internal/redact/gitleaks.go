package redact

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
)

// genericRule is gitleaks' rule for anything that looks random behind a word
// like key or auth. It is the one rule whose findings are judged again.
const genericRule = "generic-api-key"

// wholeMatch are the rules whose groups gitleaks takes for the secret although
// they hold only a piece of it.
var wholeMatch = []string{"jwt-base64", "microsoft-teams-webhook"}

// gitleaksRules are the rules of gitleaks' default configuration.
//
// Three things differ from gitleaks. Rules that are bound to a kind of file
// apply to every text, as texts here have no file name. A "gitleaks:allow"
// comment allows nothing. And the global allow list's `^true|false|null$`,
// which lets every secret pass that begins with "true", is anchored.
func gitleaksRules() (specific []rule, generic rule, err error) {
	v := viper.New() // not the package's own, which the library would change
	v.SetConfigType("toml")
	if err := v.ReadConfig(strings.NewReader(config.DefaultConfig)); err != nil {
		return nil, rule{}, fmt.Errorf("reading the rules of gitleaks: %w", err)
	}
	var raw config.ViperConfig
	if err := v.Unmarshal(&raw); err != nil {
		return nil, rule{}, fmt.Errorf("reading the rules of gitleaks: %w", err)
	}
	//lint:ignore SA1019 the library's own rules are still in this form, and v9 is not out
	if allowed := raw.AllowList; allowed != nil {
		for i, pattern := range allowed.Regexes {
			if pattern == `(?i)^true|false|null$` {
				allowed.Regexes[i] = `(?i)^(?:true|false|null)$`
			}
		}
	}
	cfg, err := raw.Translate()
	if err != nil {
		return nil, rule{}, fmt.Errorf("compiling the rules of gitleaks: %w", err)
	}
	for _, id := range cfg.OrderedRules {
		leak := leakRule{Rule: cfg.Rules[id], global: cfg.Allowlists}
		if leak.Regex == nil {
			continue // a file name only
		}
		leak.whole = slices.Contains(wholeMatch, id)
		if id == genericRule {
			generic = rule{id: id, keywords: leak.Keywords, find: leak.findGeneric}
			continue
		}
		specific = append(specific, rule{id: id, keywords: leak.Keywords, find: leak.find, named: true})
	}
	return specific, generic, nil
}

// leakRule applies one rule of gitleaks as its detector does.
type leakRule struct {
	config.Rule
	global []*config.Allowlist
	whole  bool
}

func (l leakRule) find(s string, _ *keyInfo, yield func(start, end int)) {
	for _, m := range l.Regex.FindAllStringSubmatchIndex(s, -1) {
		start, end := l.secret(m)
		if l.Entropy != 0 && entropy(s[start:end]) <= l.Entropy {
			continue
		}
		if l.allowed(s, m, s[start:end]) {
			continue
		}
		yield(trim(s, start, tokenEnd(s, end)))
	}
}

func (l leakRule) findGeneric(s string, key *keyInfo, yield func(start, end int)) {
	if key != nil && key.image {
		return // registry/auth-service:1.2.3-4f6a is a name and a tag
	}
	l.find(s, key, func(start, end int) {
		if !ordinaryAssignment(s, start, end) {
			yield(start, end)
		}
	})
}

// secret is the part of a match that is the secret: the group that the rule
// names, else the first that took part, else all of it.
func (l leakRule) secret(m []int) (start, end int) {
	switch {
	case l.whole:
	case l.SecretGroup > 0:
		if i := 2 * l.SecretGroup; m[i] >= 0 {
			return m[i], m[i+1]
		}
	default:
		for i := 2; i < len(m); i += 2 {
			if m[i] < m[i+1] {
				return m[i], m[i+1]
			}
		}
	}
	return m[0], m[1]
}

func (l leakRule) allowed(s string, m []int, secret string) bool {
	match := func(a *config.Allowlist) bool {
		target := secret
		switch a.RegexTarget {
		case "match":
			target = s[m[0]:m[1]]
		case "line":
			target = lines(s, m[0], m[1])
		}
		stopword, _ := a.ContainsStopWord(secret)
		pattern := a.RegexAllowed(target)
		if a.MatchCondition != config.AllowlistMatchAnd {
			return pattern || stopword
		}
		// All conditions have to hold; those on files and commits never do.
		return len(a.Paths) == 0 && len(a.Commits) == 0 &&
			(len(a.Regexes) == 0 || pattern) && (len(a.StopWords) == 0 || stopword)
	}
	return slices.ContainsFunc(l.global, match) || slices.ContainsFunc(l.Allowlists, match)
}

// lines are the whole lines of s around s[start:end], as far as a person's
// lines go: a document may be a single one.
func lines(s string, start, end int) string {
	const longest = 2000
	before, after := s[max(0, start-longest):start], s[end:min(len(s), end+longest)]
	before = before[strings.LastIndexByte(before, '\n')+1:]
	after, _, _ = strings.Cut(after, "\n")
	return before + s[start:end] + after
}

// trim leaves out the white space around a match.
func trim(s string, start, end int) (int, int) {
	start += len(s[start:end]) - len(strings.TrimLeft(s[start:end], " \t\r\n"))
	return start, start + len(strings.TrimRight(s[start:end], " \t\r\n"))
}

var tokenTail = regexp.MustCompile(`^[A-Za-z0-9_+/=-]+`)

// tokenEnd moves the end of a secret to the end of the word it is in: some
// rules know only how a token begins.
func tokenEnd(s string, end int) int {
	if end > 0 && tokenTail.MatchString(s[end-1:end]) {
		end += len(tokenTail.FindString(s[end:]))
	}
	return end
}

// entropy is Shannon's in bits per character, reckoned by the length in bytes
// as gitleaks does: its rules' thresholds were tuned so. The sum runs in a fixed
// order, so that a secret at the threshold is not sometimes one.
func entropy(s string) float64 {
	sorted := []rune(s)
	slices.Sort(sorted)
	sum, n := 0.0, float64(len(s))
	for i := 0; i < len(sorted); {
		run := i
		for i < len(sorted) && sorted[i] == sorted[run] {
			i++
		}
		p := float64(i-run) / n
		sum -= p * math.Log2(p)
	}
	return sum
}
