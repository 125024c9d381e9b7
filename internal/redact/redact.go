package redact

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Counts is the number of redactions by rule.
type Counts map[string]int

// Add adds other to c.
func (c Counts) Add(other Counts) {
	for rule, n := range other {
		c[rule] += n
	}
}

// Total is the number of redactions by all rules.
func (c Counts) Total() int {
	total := 0
	for n := range maps.Values(c) {
		total += n
	}
	return total
}

const (
	// shortest is the length below which no rule can find anything.
	shortest = 6
	// maxRounds bounds the search for what a first replacement lays open. Texts
	// settle in two or three; one that does not is made to defeat the rules.
	maxRounds = 64
	// maxDepth bounds how often encoded text is looked for in encoded text.
	maxDepth = 3
)

// Redactor finds and replaces secrets. It may be used concurrently.
type Redactor struct {
	rules    *ruleSet
	learning sync.Mutex // of Know
	memory   atomic.Pointer[memory]
}

// memory is the known secrets, and what was found to hold neither them nor others.
type memory struct {
	known []string
	clean *cleanSet
	keys  *keyCache
}

// New prepares a redactor that knows some secrets; see [Redactor.Know].
func New(known ...string) (*Redactor, error) {
	rules, err := loadRules()
	if err != nil {
		return nil, err
	}
	r := newWith(rules)
	r.Know(known...)
	return r, nil
}

func newWith(rules *ruleSet) *Redactor {
	r := &Redactor{rules: rules}
	r.memory.Store(&memory{clean: newCleanSet(), keys: newKeyCache()})
	return r
}

// Know adds secrets, such as the credentials that this run itself uses. From
// then on they are redacted wherever they occur, whatever they look like.
func (r *Redactor) Know(secrets ...string) {
	r.learning.Lock()
	defer r.learning.Unlock()
	known := slices.Clone(r.memory.Load().known)
	for _, form := range knownForms(secrets) {
		if !slices.Contains(known, form) {
			known = append(known, form)
		}
	}
	if len(known) > len(r.memory.Load().known) {
		r.memory.Store(&memory{known: known, clean: newCleanSet(), keys: newKeyCache()})
	}
}

// String redacts a text: an event's message, a query, a note, a whole document.
// A text that is a JSON object or array is treated as JSON does.
func (r *Redactor) String(s string) (string, Counts) { return r.text(s, nil, 0) }

// text redacts s, the value of a field called key if that is known.
func (r *Redactor) text(s string, key *keyInfo, depth int) (string, Counts) {
	memory := r.memory.Load()
	if len(s) < shortest && len(memory.known) == 0 {
		return s, nil
	}
	if memory.clean.has(s, key) {
		return s, nil
	}
	if out, counts, ok := r.nestedJSON(s, depth); ok {
		if len(counts) == 0 {
			memory.clean.add(s, key)
		}
		return out, counts
	}

	original, counts := s, Counts(nil)
	for range maxRounds {
		spans := r.find(s, memory.known, key, depth)
		if len(spans) == 0 {
			if counts == nil {
				memory.clean.add(original, key)
			}
			return s, counts
		}
		if counts == nil {
			counts = Counts{}
		}
		s = replace(s, spans, counts)
	}
	return marker(ruleUnsettled), Counts{ruleUnsettled: 1}
}

// find returns what the rules find in s: merged, in order, without what is
// redacted already.
func (r *Redactor) find(s string, known []string, key *keyInfo, depth int) []span {
	var spans []span
	for _, secret := range known {
		for start := 0; ; {
			i := strings.Index(s[start:], secret)
			if i < 0 {
				break
			}
			spans = append(spans, span{start: start + i, end: start + i + len(secret), rule: ruleKnown})
			start += i + len(secret)
		}
	}
	spans = r.rules.find(spans, s, key)
	spans = settle(r.findEncoded(spans, s, depth), s)
	if len(spans) == 0 {
		spans = settle(r.findQuoted(s, depth), s)
	}
	return spans
}
