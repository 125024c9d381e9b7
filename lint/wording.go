package lint

// The milder rules about words: none of them names a guilty person, all of
// them tell a story other than the one that happened.

func counterfactual(p *pass) {
	const advice = "%q tells what did not happen; say what happened, and why it made sense then"
	for _, s := range p.doc.prose() {
		// Where we got lucky is the section for what could have been.
		if in(s.path, "lucky", "luck") {
			continue
		}
		actors := p.people.actors(s)
		for i := range s.tokens {
			end := s.hindsight(i)
			if end == 0 {
				end = s.unreal(i, actors)
			}
			if end > 0 {
				p.reportTokens(s, i, end, advice, s.text(i, end))
			}
		}
	}
}

// hindsight reads should have, couldn't have, would've.
func (s sentence) hindsight(i int) int {
	w := s.word(i)
	if w != "should" && w != "could" && w != "would" && w != "shoulda" && w != "coulda" && w != "woulda" {
		return 0
	}
	if len(w) > 6 || w == "coulda" || w == "woulda" {
		return i + 1
	}
	j := i + 1
	for isAdverb(s.word(j)) || negations[s.word(j)] {
		j++
	}
	if w == "should" && determiners[s.word(j)] || pronouns[s.word(j)] {
		j++ // should we have
	}
	if s.word(j) != "have" && s.word(j) != "of" {
		return 0
	}
	have := j
	for j++; isAdverb(s.word(j)) || negations[s.word(j)]; j++ {
	}
	v := s.word(j)
	if !isParticiple(v) || adjectival[v] && s.isWord(j+1) && !isFunction(s.word(j+1)) {
		return 0
	}
	if s.has(j, "been", "worse") || w == "would" && s.estimated(i) {
		return 0
	}
	return have + 1
}

// estimated tells whether a number is the subject: "300 more would have
// failed" is arithmetic, not regret.
func (s sentence) estimated(i int) bool {
	for j := i - 1; j >= 0 && j >= i-5; j-- {
		if s.tokens[j].number {
			return true
		}
		if clauseMark[s.word(j)] {
			return false
		}
	}
	return false
}

// unreal reads if only, had we, if the team had.
func (s sentence) unreal(i int, actors []actor) int {
	w := s.word(i)
	switch {
	case w == "if" && s.word(i+1) == "only":
		for j := i + 2; j < len(s.tokens) && j < i+10; j++ {
			if v := s.word(j); v == "had" || v == "'d" || v == "knew" || v == "could" {
				return i + 2
			}
			if clauseMark[s.word(j)] {
				break
			}
		}
	case w == "had":
		if s.word(i+1) == "we" {
			return i + 2
		}
		if i > 0 && !clauseMark[s.word(i-1)] && s.word(i-1) != "and" && s.word(i-1) != "but" {
			return 0
		}
		for _, a := range actors {
			if a.start == i+1 && s.word(a.end) != "'s" {
				return a.end
			}
		}
		if s.word(i+1) == "they" || s.word(i+1) == "anyone" || s.word(i+1) == "anybody" {
			return i + 2
		}
	case w == "if":
		for _, a := range actors {
			if a.start != i+1 || s.word(a.end) != "had" && s.word(a.end) != "'d" {
				continue
			}
			j := a.end + 1
			for isAdverb(s.word(j)) || negations[s.word(j)] {
				j++
			}
			if v := s.word(j); isParticiple(v) && !(adjectival[v] && s.isWord(j+1) && !isFunction(s.word(j+1))) {
				return a.end + 1
			}
		}
	}
	return 0
}

var vigilant = set("careful cautious vigilant diligent attentive mindful alert")

func beCareful(p *pass) {
	for _, s := range p.doc.prose() {
		for i := range s.tokens {
			if end := s.exhortation(i); end > 0 {
				p.reportTokens(s, i, end, "%q asks people to be different; change what they work with", s.text(i, end))
			}
		}
	}
}

func (s sentence) exhortation(i int) int {
	w := s.word(i)
	switch {
	case be[w] || w == "become":
		j := i + 1
		for set("much far even a bit").has(s.word(j)) {
			j++
		}
		if s.word(j) == "more" && vigilant[s.word(j+1)] && isFunction(s.word(j+2)) && (w == "be" || w == "being" || w == "been" || w == "become") {
			return j + 2
		}
	case w == "pay" || w == "paying" || w == "paid":
		if (s.word(i+1) == "more" || s.word(i+1) == "closer" || s.word(i+1) == "better") && s.word(i+2) == "attention" {
			return i + 3
		}
	case w == "take" && (s.has(i+1, "more", "care") || s.has(i+1, "greater", "care")):
		return i + 3
	case s.has(i, "try", "harder"):
		return i + 2
	}
	return 0
}

func minimizer(p *pass) {
	for _, s := range p.doc.prose() {
		for i, t := range s.tokens {
			if t.word != "obviously" && t.word != "simply" {
				continue
			}
			if negations[s.word(i-1)] || s.word(i-1) == "less" || s.word(i-1) == "more" || s.joined(i) {
				continue
			}
			p.reportTokens(s, i, i+1, "%q makes small what was not so at that time; leave it out", s.text(i, i+1))
		}
	}
}

func exclamation(p *pass) {
	for _, s := range p.doc.prose() {
		for i := 0; i < len(s.tokens); i++ {
			j, bangs := i, 0
			for ; (s.word(j) == "!" || s.word(j) == "?") && (j == i || s.tokens[j].start <= s.tokens[j-1].end+1); j++ {
				if s.word(j) == "!" {
					bangs++
				}
			}
			// Documentation tools begin an admonition with !!! at the margin.
			admonition := j-i == 3 && s.tokens[i].start == s.passage.start
			if j-i >= 2 && bangs > 0 && !admonition {
				p.reportTokens(s, i, j, "%q raises the voice; let the facts speak", s.text(i, j))
			}
			i = max(i, j-1)
		}
	}
}

func personNames(p *pass) {
	if len(p.people.names) == 0 {
		return
	}
	for _, s := range p.doc.prose() {
		if in([]string{s.column}, owning...) || in(s.path, owning...) {
			continue
		}
		allowed := false
		for i := 0; i < len(s.tokens); {
			switch w := s.word(i); {
			case (w == ":" || w == "-") && in([]string{s.word(i - 1)}, owning...):
				allowed = true
			case w == ";", w == ")", w == "\n":
				allowed = false
			case w == ":" && i > 0 && s.tokens[i-1].raw != s.word(i-1):
				allowed = false // another label, such as Status:
			}
			n := p.people.name(s, i)
			if n == 0 {
				i++
				continue
			}
			if !allowed {
				p.reportTokens(s, i, i+n, "%q is a person's name; write the role, such as \"on-call engineer\"", s.text(i, i+n))
			}
			i += n
		}
	}
}

// owning are the headings and labels under which names belong.
var owning = []string{"owner", "owners", "author", "authors", "assignee", "assignees", "assigned to", "dri"}
