package redact

import (
	"strings"
	"sync"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
)

// rule finds one kind of secret. Without one of its keywords, which are in
// lower case, its find function need not be asked.
type rule struct {
	id       string
	keywords []string
	// find yields the places of secrets in the text.
	find func(s string, key *keyInfo, yield func(start, end int))
	// named tells that the rule wants the name of a field before the secret, so
	// that a field's value has to be looked at together with its key.
	named bool
}

// ruleSet is the rules in the order of precedence and their keywords.
type ruleSet struct {
	rules  []rule
	trie   *ahocorasick.Trie
	owners [][]int // the rules by keyword
}

// loadRules compiles the rules once per process: that takes some milliseconds.
var loadRules = sync.OnceValues(func() (*ruleSet, error) {
	specific, generic, err := gitleaksRules()
	if err != nil {
		return nil, err
	}
	// What names the secret best comes first: a GitHub token in a field called
	// password is counted as a GitHub token.
	rules := append(localRules(), specific...)
	rules = append(rules, assignmentRules()...)
	return newRuleSet(append(rules, generic)), nil
})

func newRuleSet(rules []rule) *ruleSet {
	set := &ruleSet{rules: rules}
	index := map[string]int{}
	var keywords []string
	for i, rule := range rules {
		for _, keyword := range rule.keywords {
			k, seen := index[keyword]
			if !seen {
				k = len(keywords)
				index[keyword] = k
				keywords = append(keywords, keyword)
				set.owners = append(set.owners, nil)
			}
			set.owners[k] = append(set.owners[k], i)
		}
	}
	set.trie = ahocorasick.NewTrieBuilder().AddStrings(keywords).Build()
	return set
}

// active calls yield with each rule that has a keyword in s, in order.
func (set *ruleSet) active(s string, yield func(i int)) {
	lower := []byte(strings.ToLower(s))
	var hit []bool
	set.trie.Walk(lower, func(_, _, keyword int64) bool {
		if hit == nil {
			hit = make([]bool, len(set.rules))
		}
		for _, i := range set.owners[keyword] {
			hit[i] = true
		}
		return true
	})
	for i := range hit {
		if hit[i] {
			yield(i)
		}
	}
}

// find appends what the rules find in s, which is the value of the field key
// if key is not nil.
func (set *ruleSet) find(spans []span, s string, key *keyInfo) []span {
	set.active(s, func(i int) {
		set.rules[i].find(s, key, func(start, end int) {
			spans = append(spans, span{start: start, end: end, rank: i + 1, rule: set.rules[i].id})
		})
	})
	if key == nil || !key.hot {
		return spans
	}
	// gitleaks reads files, where the name of a field stands before its value.
	before := key.text + `: "`
	joint := before + s + `"`
	set.active(joint, func(i int) {
		if !set.rules[i].named {
			return
		}
		set.rules[i].find(joint, nil, func(start, end int) {
			start, end = start-len(before), end-len(before)
			if start >= 0 && end <= len(s) {
				spans = append(spans, span{start: start, end: end, rank: i + 1, rule: set.rules[i].id})
			}
		})
	})
	return spans
}

// hot tells whether a rule that wants a field's name may find one in name.
func (set *ruleSet) hot(name string) bool {
	hot := false
	set.active(name, func(i int) { hot = hot || set.rules[i].named })
	return hot
}
