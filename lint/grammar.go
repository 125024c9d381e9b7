package lint

import "strings"

// predicate is a verb whose subject is a person.
type predicate struct {
	at      int  // token
	negated bool // the person did not
	modal   bool // could, would, might
	did     bool // the verb is a base form
	slip    string
	meant   bool
	joined  bool // "and broke": shares the subject of a verb before it
}

// predicates finds the verbs that a person is the subject of. It is sure
// rather than complete: where the grammar is in doubt there is none.
func (s sentence) predicates(a actor) []predicate {
	if !s.isSubject(a) {
		return nil
	}
	var list []predicate
	add := func(i int, joined bool) (predicate, bool) {
		p, ok := s.verbAt(i)
		if ok {
			p.joined = joined
			list = append(list, p)
		}
		return p, ok
	}
	i := a.end
	switch w := s.word(i); {
	case w == ",":
		if end := s.aside(i); end > 0 {
			add(end, false)
		}
		return list
	case w == "(":
		for j := i + 1; j < len(s.tokens) && j < i+8; j++ {
			if s.word(j) == ")" {
				add(j+1, false)
				break
			}
		}
		return list
	case w == "who" || w == "that":
		add(i+1, false)
		return list
	case prepositions[w] && w != "to" && w != "by":
		return append(list, s.behindPhrase(i)...)
	}
	main, ok := add(i, false)
	if !ok || !s.looksFinite(i, main.at) {
		return list
	}
	for j := main.at + 1; j < len(s.tokens); j++ {
		w := s.word(j)
		switch {
		case subordinators[w] || w == ";" || w == ":":
			return list
		case w == "and" || w == "but" || w == "then":
			add(j+1, true)
		case w == "," && (s.word(j+1) == "causing" || s.word(j+1) == "breaking" || s.word(j+1) == "crashing"):
			list = append(list, predicate{at: j + 1, negated: main.negated, modal: main.modal, joined: true})
		}
	}
	return list
}

// verbAt skips what may stand before a verb and tells how it changes it.
func (s sentence) verbAt(i int) (p predicate, ok bool) {
	for ; i < len(s.tokens); i++ {
		switch w := s.word(i); {
		case slips[w]:
			p.slip = w
		case meant[w]:
			p.meant = true
		case negations[w]:
			p.negated = true
		case modals[w]:
			p.modal = true
		case w == "did":
			p.did = true
		case auxiliaries[w], isAdverb(w):
		case s.isWord(i):
			p.at = i
			return p, true
		default:
			return p, false
		}
	}
	return p, false
}

// looksFinite tells whether a token is a verb in the past, not the rest of a
// compound as in "the engineer laptop".
func (s sentence) looksFinite(from, at int) bool {
	w := s.word(at)
	return pastVerbs[w] || strings.HasSuffix(w, "ed") || at > from && auxiliaries[s.word(from)]
}

// aside finds the end of an insertion between commas: ", who was new,".
func (s sentence) aside(comma int) int {
	const longest = 14
	first := s.word(comma + 1)
	if !determiners[first] && !prepositions[first] && first != "who" && first != "whose" && first != "then" && !strings.HasSuffix(first, "ing") {
		return 0
	}
	for j := comma + 2; j < len(s.tokens) && j < comma+longest; j++ {
		if s.word(j) == "," {
			return j + 1
		}
	}
	return 0
}

// behindPhrase finds the verb after a phrase that describes the person: "the
// engineer on call broke", "a developer from the payments team caused".
func (s sentence) behindPhrase(i int) []predicate {
	const longest = 6
	var list []predicate
	determined := false
	for j := i + 1; j < len(s.tokens) && j <= i+longest; j++ {
		w := s.word(j)
		if determiners[w] {
			if determined || j != i+1 && !prepositions[s.word(j-1)] {
				return list // another noun phrase begins, perhaps the true subject
			}
			determined = true
			continue
		}
		if prepositions[w] {
			determined = false
			continue
		}
		if w == "s" || w == "'s" || w == opaque || s.tokens[j].number {
			continue
		}
		if !s.isWord(j) || conjunctions[w] {
			return list
		}
		if j > i+1 && !determiners[s.word(j-1)] {
			if p, ok := s.verbAt(j); ok {
				list = append(list, p)
			}
		}
	}
	return list
}

// isSubject tells whether a person stands where the subject of a clause does.
func (s sentence) isSubject(a actor) bool {
	i := a.start - 1
	if i < 0 {
		return true
	}
	w := s.word(i)
	if hypotheses[w] {
		return false
	}
	if w == "of" && amounts[s.word(i-1)] { // one of our engineers
		return s.isSubject(actor{start: i - 1})
	}
	switch {
	case w == "to", w == "by", w == "as" && !conjunctionAs(s, i):
		return false
	case conjunctions[w], clauseMark[w], isAdverb(w), s.tokens[i].number:
		return !s.hypothetical(i)
	case be[w] && s.word(i-1) == "it": // it was the engineer who
		return true
	case w == "utc" || w == "am" || w == "pm" || w == opaque && i == 0:
		return true
	}
	// an adverbial without a comma: During the rollout the engineer broke
	for j, n := i, 0; j >= 0 && n < 5; j, n = j-1, n+1 {
		switch v := s.word(j); {
		case prepositions[v] && v != "to" && v != "by":
			return n > 0 && (j == 0 || clauseMark[s.word(j-1)] || s.word(j-1) == "and")
		case determiners[v], v == opaque, s.tokens[j].number:
		case !s.isWord(j), isFunction(v), strings.HasSuffix(v, "ed"), pastVerbs[v], strings.HasSuffix(v, "s") && n == 0 && s.word(j-1) != "the":
			return false
		}
	}
	return false
}

// conjunctionAs tells "as the engineer broke" from "as an engineer".
func conjunctionAs(s sentence, i int) bool {
	return i == 0 || !be[s.word(i-1)] && s.word(i-1) != "same"
}

// hypothetical tells whether the clause around i begins with an if.
func (s sentence) hypothetical(i int) bool {
	for ; i >= 0; i-- {
		w := s.word(i)
		if hypotheses[w] {
			return true
		}
		if w == "," || w == ";" || w == ":" {
			return false
		}
	}
	return false
}

// agent finds the person who did what the passive participle at i tells: "was
// broken by the engineer". It is none when the person only describes what
// follows, as in "broken by the engineer's tool".
func (s sentence) agent(people []actor, i int) (actor, bool) {
	j := i + 1
	for isAdverb(s.word(j)) {
		j++
	}
	if s.word(j) != "by" {
		return actor{}, false
	}
	for _, a := range people {
		if a.start == j+1 && !a.we && isFunction(s.word(a.end)) {
			return a, true
		}
	}
	return actor{}, false
}
