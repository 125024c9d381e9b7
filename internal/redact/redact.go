package redact

import (
	"log/slog"
	"maps"
	"strings"
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
	rules *ruleSet
	known []string
	clean *cleanSet
	keys  *keyCache
}

// New prepares a redactor. The known secrets, such as the credentials that this
// run itself uses, are redacted wherever they occur, whatever they look like.
func New(known ...string) (*Redactor, error) {
	rules, err := loadRules()
	if err != nil {
		return nil, err
	}
	return &Redactor{rules: rules, known: knownForms(known), clean: newCleanSet(), keys: newKeyCache()}, nil
}

// String redacts a text: an event's message, a query, a note, a whole document.
// A text that is a JSON object or array is treated as JSON does.
func (r *Redactor) String(s string) (string, Counts) { return r.text(s, nil, 0) }

// Attr redacts a log attribute; it is made for slog.HandlerOptions.ReplaceAttr.
func (r *Redactor) Attr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString, slog.KindAny:
		if text, counts := r.field(a.Value.String(), r.key(a.Key, 0), 0); len(counts) > 0 {
			a.Value = slog.StringValue(text)
		}
	default: // numbers, times and groups, whose members are passed one by one
	}
	return a
}

// text redacts s, the value of a field called key if that is known.
func (r *Redactor) text(s string, key *keyInfo, depth int) (string, Counts) {
	if len(s) < shortest && len(r.known) == 0 {
		return s, nil
	}
	if r.clean.has(s, key) {
		return s, nil
	}
	if out, counts, ok := r.nestedJSON(s, depth); ok {
		if len(counts) == 0 {
			r.clean.add(s, key)
		}
		return out, counts
	}

	original, counts := s, Counts(nil)
	for range maxRounds {
		spans := r.find(s, key, depth)
		if len(spans) == 0 {
			if counts == nil {
				r.clean.add(original, key)
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
func (r *Redactor) find(s string, key *keyInfo, depth int) []span {
	var spans []span
	for _, secret := range r.known {
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
	spans = r.findEncoded(spans, s, depth)
	return settle(spans, s)
}
