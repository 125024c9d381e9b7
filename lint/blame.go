package lint

import "strings"

// prose is every sentence whose words are the author's.
func (d *document) prose() []sentence {
	var list []sentence
	for _, p := range d.passages {
		if !p.quoted {
			list = append(list, p.sentences...)
		}
	}
	return list
}

// denied tells whether the sentence denies what stands at i: "not a human
// error", "rather than human error", "nobody was careless".
func (s sentence) denied(i int) bool {
	for j := i - 1; j >= 0 && j >= i-4; j-- {
		switch w := s.word(j); {
		case w == "but" || w == "," || w == ";" || w == ":":
			return false
		case negations[w]:
			return true
		case w == "than" && (s.word(j-1) == "rather" || s.word(j-1) == "other"), w == "of" && s.word(j-1) == "instead":
			return true
		}
	}
	return s.has(i-3, "no", "one", "was") || s.has(i-2, "blameless", "about")
}

var (
	errorWords = set("error errors mistake mistakes failure failures")
	// afterUserError are what a request's error is: a measurement.
	afterUserError = remedies.plus(set(`ratio ratios count counts counter pages experience code codes class responses reports
		metric metrics dashboard traffic spike percentage threshold volume panel states status prone tolerance toast banner boundary screen`))
	dueTo = set("due caused because attributed blamed result cause causes from classified down")
)

func humanError(p *pass) {
	const advice = "%q ends the search for causes; say what made the mistake easy to make and hard to notice"
	for _, s := range p.doc.prose() {
		for i := range s.tokens {
			n := s.humanErrorAt(i)
			if n == 0 || s.denied(i) {
				continue
			}
			p.reportTokens(s, i, i+n, advice, s.text(i, i+n))
		}
	}
}

// humanErrorAt tells how many tokens at i speak of human error.
func (s sentence) humanErrorAt(i int) int {
	w, next := s.word(i), s.word(i+1)
	if w == "pebkac" || w == "pebcak" {
		return 1
	}
	if w == "fat" && (next == "finger" || next == "fingered" || next == "fingering") {
		return 2
	}
	if !errorWords[next] || next == "failures" && w == "user" {
		return 0
	}
	after := s.word(i + 2)
	switch w {
	case "human":
		if (next == "error" || next == "errors") && after == "rate" && s.word(i+3) == "of" {
			return 0
		}
		return 2
	case "pilot":
		return 2
	case "operator":
		before := s.word(i - 1)
		if programs[before] || before == opaque || s.joined(i) || !operatorAlone(s, i) || afterUserError[after] {
			return 0
		}
		return 2
	case "user":
		if next == "failure" || afterUserError[after] || s.joinedTo(i+2) || s.joined(i) {
			return 0
		}
		if strings.HasSuffix(next, "s") && !s.nearCause(i) {
			return 0 // errors that users saw
		}
		return 2
	}
	return 0
}

func (s sentence) joined(i int) bool { return s.tokens[i].glued }

// operatorAlone tells a person from a program whose name precedes: a word
// that is neither a determiner nor the like makes "operator" a part of it.
func operatorAlone(s sentence, i int) bool {
	before := s.word(i - 1)
	if s.tokens[i].raw[0] == 'O' && i > 0 {
		return false
	}
	return i == 0 || isFunction(before) || plainBefore[before] || !s.isWord(i-1) || strings.HasSuffix(before, "le")
}

func (s sentence) nearCause(i int) bool {
	for j := i - 1; j >= 0 && j >= i-4; j-- {
		if dueTo[s.word(j)] {
			return true
		}
	}
	return false
}

var (
	judgements = set(`careless carelessness carelessly negligent negligence negligently ignorance ignorantly reckless recklessness
		recklessly incompetent incompetence incompetently sloppy sloppiness sloppily stupid stupidity stupidly laziness
		inattentive inattentiveness thoughtless thoughtlessly irresponsible irresponsibly foolish foolishly unprofessional inexcusable`)
	// aboutPeople judge only people: a class may be lazy and a proxy ignorant
	// of a header.
	aboutPeople = set("lazy ignorant clueless")
)

func judgement(p *pass) {
	for _, s := range p.doc.prose() {
		var actors []actor
		for i, t := range s.tokens {
			switch {
			case judgements[t.word]:
			case aboutPeople[t.word]:
				if actors == nil {
					actors = p.people.actors(s)
				}
				if !describes(s, i, actors) {
					continue
				}
			default:
				continue
			}
			if !s.denied(i) {
				p.reportTokens(s, i, i+1, "%q judges a person; describe what was known and visible at that time", s.text(i, i+1))
			}
		}
	}
}

// describes tells whether the adjective at i is said of a person.
func describes(s sentence, i int, actors []actor) bool {
	for _, a := range actors {
		if a.start <= i && i < a.end || a.end == i+2 && a.start == i+1 {
			return true // the lazy engineer
		}
		if a.end <= i && i-a.end <= 3 && be[s.word(a.end)] {
			return true // the engineer was ignorant
		}
	}
	return false
}

var notices = set("ignored ignores overlooked overlooks neglected neglects forgot forgets forgotten")

func humanFailed(p *pass) {
	const advice = "%q measures a person against an outcome known later; say what they saw, or which check was missing"
	for _, s := range p.doc.prose() {
		actors := p.people.actors(s)
		if len(s.tokens) > 1 && s.word(0) == "forgot" {
			p.reportTokens(s, 0, 1, advice, s.text(0, 1))
		}
		for _, a := range actors {
			if (s.word(a.end) == "'s" || s.word(a.end) == "'") && s.has(a.end+1, "failure", "to") {
				p.reportTokens(s, a.start, a.end+3, advice, s.text(a.end+1, a.end+3))
				continue
			}
			for _, v := range s.predicates(a) {
				if end := s.failing(v); end > 0 && !v.negated && !v.modal && !v.meant {
					p.reportTokens(s, a.start, end, advice, s.text(v.at, end))
					break
				}
			}
		}
		for i := range s.tokens {
			if !notices[s.word(i)] {
				continue
			}
			if a, ok := s.agent(actors, i); ok && !s.nearBefore(i, negations) {
				p.reportTokens(s, i, a.end, advice, s.text(i, i+1))
			}
		}
	}
}

func (s sentence) failing(v predicate) int {
	w := s.word(v.at)
	switch {
	case (w == "failed" || w == "fails" || v.did && w == "fail") && s.word(v.at+1) == "to":
		return v.at + 2
	case notices[w], v.did && set("forget ignore neglect overlook").has(w):
		return v.at + 1
	}
	return 0
}
