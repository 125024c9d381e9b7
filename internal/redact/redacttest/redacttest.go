// Package redacttest makes secrets for tests: for each rule of gitleaks a text
// in which gitleaks' own detector finds a secret by that rule. They are made
// anew in each run, so that no repository holds anything that looks like one.
package redacttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/zricethezav/gitleaks/v8/detect"
)

// Random gives a number from 0 to n-1, as the method IntN of math/rand's Rand.
type Random func(n int) int

// Secret is a text with a secret in it.
type Secret struct {
	Text  string // what the rule's expression finds, or that after a word that the rule wants to see
	Match string // what the rule's expression found
	Value string // what of it is the secret, by gitleaks' word
}

// Maker makes secrets by gitleaks' default rules.
type Maker struct{ detector *detect.Detector }

// NewMaker loads the rules.
func NewMaker(tb testing.TB) *Maker {
	tb.Helper()
	detector, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		tb.Fatal(err)
	}
	if n := len(detector.Config.Rules); n < 200 {
		tb.Fatalf("gitleaks knows %d rules: is its configuration read?", n)
	}
	return &Maker{detector}
}

// withoutSecret are the rules for which no secret can be made, and why.
var withoutSecret = map[string]string{
	"pkcs12-file": "matches the name of a file (*.p12, *.pfx) and no text; no bundle holds such files",
}

// fileOf names a file for gitleaks' rules that are bound to kinds of them.
var fileOf = map[string]string{
	"freemius-secret-key":    "plugin.php",
	"hashicorp-tf-password":  "main.tf",
	"kubernetes-secret-yaml": "secret.yaml",
	"nuget-config-password":  "nuget.config",
}

// Rules are the ids of the rules for which secrets can be made, in gitleaks' order.
func (m *Maker) Rules() []string {
	return slices.DeleteFunc(slices.Clone(m.detector.Config.OrderedRules), func(id string) bool { return withoutSecret[id] != "" })
}

// Make makes a secret that gitleaks finds by the rule.
func (m *Maker) Make(tb testing.TB, id string, random Random) Secret {
	tb.Helper()
	rule := m.detector.Config.Rules[id]
	for range 20_000 {
		text, err := generate(rule.Regex.String(), random)
		if err != nil {
			tb.Fatal(err)
		}
		text = strings.TrimSpace(text)
		double, single := strings.Count(text, `"`), strings.Count(text, "'")
		if double%2 == 1 || single%2 == 1 || double > 0 && single > 0 {
			continue // an open quote would quote the rest of the sentence
		}
		lower := strings.ToLower(text)
		if !slices.ContainsFunc(rule.Keywords, func(k string) bool { return strings.Contains(lower, k) }) {
			text = rule.Keywords[0] + " " + text // the rule wants the word somewhere
		}
		//lint:ignore SA1019 its replacement comes with v9
		fragment := detect.Fragment{Raw: "failed with " + text + " after deploy", FilePath: fileOf[id]}
		for _, finding := range m.detector.Detect(fragment) {
			if finding.RuleID == id {
				return Secret{Text: text, Match: finding.Match, Value: finding.Secret}
			}
		}
	}
	tb.Fatalf("no secret made for %s", rule.Regex)
	return Secret{}
}

// Telling is the longest stretch of a secret that no escaping changes.
func Telling(secret string) string {
	unescaped := func(r rune) bool { return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' }
	longest := ""
	for run := range strings.FieldsFuncSeq(secret, func(r rune) bool { return !unescaped(r) }) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	if len(longest) < 8 {
		return secret
	}
	return longest
}
