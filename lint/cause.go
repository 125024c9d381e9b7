package lint

import "strings"

// A person as the subject of a cause, in the forms that English has for it.

var (
	// causes say by themselves that their subject did harm.
	causes = set(`caused broke broken misconfigured mistyped misapplied mishandled misjudged misread misinterpreted misunderstood
		miscalculated misrouted mistook misused crashed corrupted botched bungled wrecked derailed blundered causing breaking crashing`)
	causesBase = set("cause break misconfigure crash corrupt")
	// shipped verbs do harm when what they bring is bad.
	shipped = set("pushed deployed merged shipped released committed introduced wrote approved published applied rolled")
	// known tells the verbs whose object may be "the bad": with others that is
	// something known already, and dealt with.
	known   = set("pushed deployed merged shipped approved")
	badness = set("bad broken faulty buggy defective untested unreviewed malformed flawed breaking")
	defects = set("bug bugs regression regressions typo typos mistake mistakes error errors misconfiguration defect defects outage vulnerability flaw flaws")
	// acts do harm when they hit the wrong thing.
	acts = set(`ran executed typed entered deleted removed dropped set applied used chose picked selected deployed pushed restarted
		terminated copied pasted passed specified configured drained scaled modified truncated targeted merged uploaded made
		gave took rebooted rolled assumed`)
	wrongness  = set("wrong incorrect erroneous mistaken")
	removals   = set("deleted removed dropped restarted terminated")
	incidents  = set("outage outages incident incidents failure failures crash crashes downtime breakage disruption disaster mess problem degradation error errors")
	production = set("production prod site website service services system systems platform everything cluster database api app application checkout")
	faults     = set("mistake mistakes error errors inattention inexperience oversight misconfiguration typo fault blunder slip slips failing failings misjudgment misjudgement")
	// remedies turn a word of harm into its opposite: a bug fix.
	remedies = set("fix fixes hotfix patch test tests report ticket budget process response page handling handler review template channel bridge rate rates message messages log logs budgets tracker actor actors gateway request requests block blocks sector sectors")
)

func personAsCause(p *pass) {
	for _, s := range p.doc.prose() {
		actors := p.people.actors(s)
		for _, a := range actors {
			p.causedBy(s, a, actors)
		}
		p.passiveCause(s, actors)
	}
}

// causedBy reports the verbs by which a person is said to be the cause.
func (p *pass) causedBy(s sentence, a actor, actors []actor) {
	const advice = "a person is the subject of a cause; say what the system allowed, and which condition led there"
	if s.word(a.end) == "'s" || s.word(a.end) == "'" {
		if end := s.fault(a.end + 1); end > 0 && !s.hypothetical(a.start) && !negations[s.word(a.start-1)] {
			p.reportTokens(s, a.start, end, advice)
		}
		return
	}
	if a.we { // a company owning its deed, not one person
		return
	}
	if s.blamed(a) {
		p.reportTokens(s, a.start, a.end, advice)
		return
	}
	for _, v := range s.predicates(a) {
		if v.negated || v.modal || v.meant {
			continue
		}
		if end := s.harm(v); end > 0 {
			from := a.start
			if v.joined {
				from = v.at
			}
			p.reportTokens(s, from, end, advice)
			return
		}
	}
}

// harm tells whether a predicate is one of causing harm, and where it ends.
func (s sentence) harm(v predicate) int {
	i, w := v.at, s.word(v.at)
	switch {
	case w == "mis" && s.tokens[i].word == "mis" && i+1 < len(s.tokens) && s.tokens[i+1].glued:
		return i + 2
	case v.slip != "" && !faults[w] && s.isWord(i):
		return i + 1
	case causes[w] && s.word(i+1) != "'s":
		// "and crashed pods": the verb may be an adjective there
		if v.joined && strings.HasSuffix(w, "ed") && w != "caused" && !isFunction(s.word(i+1)) {
			return 0
		}
		if (w == "broke" || w == "broken" || w == "breaking") && s.brokeHarmlessly(i) {
			return 0
		}
		return i + 1
	case v.did && causesBase[w]:
		return i + 1
	case be[w]:
		return s.guilt(i)
	case w == "took" || w == "brought" || w == "knocked" || w == "tore":
		return s.tookDown(i)
	case (w == "screwed" || w == "messed" || w == "fouled") && s.word(i+1) == "up":
		return i + 2
	case s.has(i, "dropped", "the", "ball"), s.has(i, "fat", "fingered"):
		return i + 2
	case w == "triggered":
		if end, _ := s.object(i+1, incidents, nil); end > 0 {
			return end
		}
	case w == "made":
		if end, _ := s.object(i+1, faults, nil); end > 0 {
			return end
		}
	}
	if acts[w] || w == "typed" {
		if end, word := s.object(i+1, nil, wrongness); end > 0 && (!removals[w] || word == "wrong") {
			return end
		}
	}
	if shipped[w] && (s.word(i+1) != "the" || known[w]) {
		if end, _ := s.object(i+1, defects, badness); end > 0 {
			return end
		}
	}
	return s.byMistake(i)
}

// brokeHarmlessly knows the other senses of the verb.
func (s sentence) brokeHarmlessly(i int) bool {
	if set("down out up off for away even with through").has(s.word(i + 1)) {
		return true
	}
	for j := i + 1; j < len(s.tokens) && j < i+8; j++ {
		if s.word(j) == "into" || s.word(j) == "freeze" || s.word(j) == "glass" {
			return true
		}
		if clauseMark[s.word(j)] {
			break
		}
	}
	return false
}

func (s wordSet) has(w string) bool { return s[w] }

// object looks at the noun phrase at i, up to its head: end is behind a head
// out of heads, or behind an adjective out of adjectives.
func (s sentence) object(i int, heads, adjectives wordSet) (end int, word string) {
	const longest = 6
	if s.word(i) == "out" { // rolled out
		i++
	}
	for j := i; j < len(s.tokens) && j < i+longest; j++ {
		w := s.word(j)
		switch {
		case adjectives[w] && s.isWord(j+1) && !remedies[s.word(j+1)] && !s.joinedTo(j+1):
			return j + 2, w
		case heads[w] && isFunction(s.word(j+1)) && !s.joinedTo(j+1):
			return j + 1, w
		case determiners[w]:
			if j > i {
				return 0, ""
			}
		case !s.isWord(j) && w != opaque, isFunction(w) && !isAdverb(w):
			return 0, ""
		}
	}
	return 0, ""
}

func (s sentence) joinedTo(i int) bool { return i < len(s.tokens) && s.tokens[i].glued }

// guilt reads "was the cause of", "was responsible for the outage", "was at
// fault", "is to blame".
func (s sentence) guilt(i int) int {
	switch {
	case s.has(i+1, "at", "fault"), s.has(i+1, "to", "blame"):
		return i + 3
	case s.has(i+1, "responsible", "for"):
		if end, _ := s.object(i+3, incidents.plus(defects), nil); end > 0 {
			return end
		}
		return 0
	}
	for j := i + 1; j < len(s.tokens) && j < i+5; j++ {
		if s.word(j) == "cause" || s.word(j) == "culprit" {
			return j + 1
		}
		if !determiners[s.word(j)] && !set("root direct main primary sole real ultimate single").has(s.word(j)) {
			return 0
		}
	}
	return 0
}

// tookDown reads "took production down", "brought down the site", but not
// "took the node down for maintenance".
func (s sentence) tookDown(i int) int {
	hit, down := false, 0
	for j := i + 1; j < len(s.tokens) && j < i+7; j++ {
		w, next := s.word(j), s.word(j+1)
		switch {
		case production[w] && (isFunction(next) || next == "down" || next == "offline" || production[next]):
			hit = true
		case w == "down" || w == "offline":
			if next == "to" || next == "by" || next == "from" {
				return 0
			}
			down = j + 1
		case w == "for" && down > 0 && !determiners[next] && !isNumber(s, j+1):
			return 0 // for maintenance
		case prepositions[w] || clauseMark[w]:
			j = len(s.tokens)
		}
	}
	if hit && down > 0 {
		return down
	}
	return 0
}

// byMistake reads the slip that is told after the deed.
func (s sentence) byMistake(i int) int {
	if w := s.word(i); !pastVerbs[w] && !strings.HasSuffix(w, "ed") || be[w] {
		return 0
	}
	for j := i + 1; j < len(s.tokens) && j < i+12; j++ {
		w := s.word(j)
		switch {
		case subordinators[w] || clauseMark[w]:
			return 0
		case slips[w] && isFunction(s.word(j+1)):
			return j + 1
		case s.has(j, "by", "mistake"), s.has(j, "by", "accident"), s.has(j, "in", "error"):
			return j + 2
		}
	}
	return 0
}

// fault reads what belongs to a person: the engineer's careless mistake.
func (s sentence) fault(i int) int {
	for j := i; j < len(s.tokens) && j < i+4; j++ {
		if faults[s.word(j)] && !remedies[s.word(j+1)] && !s.joinedTo(j+1) {
			return j + 1
		}
		if !s.isWord(j) || isFunction(s.word(j)) {
			return 0
		}
	}
	return 0
}

// blamed reads the forms in which the person comes last: "blamed on the
// developer", "the fault of an operator", "the cause was the engineer who".
func (s sentence) blamed(a actor) bool {
	i := a.start
	if !isFunction(s.word(a.end)) && !strings.HasSuffix(s.word(a.end), "ing") || s.word(a.end) == "'s" {
		return false
	}
	switch {
	case s.has(i-2, "blamed", "on"), s.has(i-2, "fault", "of"), s.has(i-2, "mistake", "of"):
		return !negations[s.word(i-3)] && !negations[s.word(i-4)]
	case s.word(i-1) == "blame" && !negations[s.word(i-2)] && !modals[s.word(i-2)]:
		return true
	case s.has(i-2, "cause", "was"), s.has(i-2, "cause", "is"):
		return true
	}
	return false
}

// passiveCause reports "was broken by the engineer".
func (p *pass) passiveCause(s sentence, actors []actor) {
	for i := range s.tokens {
		w := s.word(i)
		if w == "triggered" || w == "introduced" || w == "created" {
			if !s.nearBefore(i, incidents.plus(defects)) {
				continue
			}
		} else if !causes[w] || w == "causing" || w == "breaking" || w == "crashing" {
			continue
		}
		if a, ok := s.agent(actors, i); ok && !s.nearBefore(i, negations) && !s.hypothetical(i) {
			p.reportTokens(s, i, a.end, "a person is named as the agent of a cause; say what the system allowed, and which condition led there")
		}
	}
}

// nearBefore tells whether one of the words stands shortly before i.
func (s sentence) nearBefore(i int, words wordSet) bool {
	for j := i - 1; j >= 0 && j >= i-6; j-- {
		if words[s.word(j)] {
			return true
		}
	}
	return false
}

func isNumber(s sentence, i int) bool {
	return i < len(s.tokens) && (s.tokens[i].number || amounts[s.word(i)])
}
