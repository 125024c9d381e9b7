package lint

import (
	"strings"
	"unicode"
)

// people knows who is a person, the denied names included.
type people struct {
	names []denied
}

// denied is a name, or a part of one, that a document should not say.
type denied struct {
	words   []string
	proper  bool // matches only in upper case, away from a sentence's start
	capital bool // matches only in upper case
}

// newPeople prepares a deny list. Besides each whole name its parts count, as
// documents call people by their first names; parts that are also English
// words do not, or every "Mark" and "Will" would.
func newPeople(names []string) *people {
	p := &people{}
	seen := map[string]bool{}
	add := func(d denied) {
		key := strings.Join(d.words, " ")
		if len(d.words) > 0 && !seen[key] {
			seen[key] = true
			p.names = append(p.names, d)
		}
	}
	for _, name := range names {
		words := nameWords(name)
		if len(words) == 1 {
			add(denied{words: words, proper: ordinary[words[0]]})
			continue
		}
		add(denied{words: words})
		if local, _, ok := strings.Cut(name, "@"); ok {
			if parts := nameWords(local); len(parts) == 1 && strings.ContainsAny(parts[0], "._0123456789") {
				add(denied{words: parts})
			} else {
				add(denied{words: append([]string{"@"}, parts...)})
			}
			continue
		}
		if len(words) == 2 {
			add(denied{words: []string{words[1], ",", words[0]}})
		}
		for _, w := range words {
			if len([]rune(w)) >= 3 && unicode.IsLetter([]rune(w)[0]) && !ordinary[w] {
				add(denied{words: []string{w}, capital: true})
			}
		}
	}
	return p
}

// ordinary are names that are also words.
var ordinary = set(`will mark grace rich bill page hope art rose summer april may june august drew chase chance frank max min pat
	ray rob sue grant lance miles wade dean king young long short green brown black white grey gray baker cook bush hill wood
	stone fields banks rivers day knight price case cash best good gold silver holland jack john josh dale glen heath iris ivy
	joy lee penny pearl robin ruby sandy sunny violet faith charity carol dawn eve autumn amber jade crystal star angel prince
	major west north south east park lane ford bridge mill church field moore bell rice berry ash reed cross power powers
	sharp small little love lord bishop pope carter mason cooper fisher hunter gardener porter potter sailor taylor turner
	walker ward weaver wright smith miller shepherd the and van von der del dos des bin ibn jira ops sre team call support
	admin root user service platform oncall bot ci test dev prod system alert pager`)

// nameWords takes a name apart just as documents are.
func nameWords(name string) []string {
	p := &passage{prose: []byte(name), at: make([]int, len(name))}
	for i := range p.at {
		p.at[i] = i
	}
	var words []string
	for _, t := range tokenize(p) {
		words = append(words, t.word)
	}
	return words
}

// name is the length of the denied name at i, 0 when there is none.
func (p *people) name(s sentence, i int) int {
	longest := 0
	for _, d := range p.names {
		if len(d.words) <= longest || !s.has(i, d.words...) {
			continue
		}
		first := []rune(s.tokens[i].raw)[0]
		if (d.capital || d.proper) && !unicode.IsUpper(first) || d.proper && i == 0 {
			continue
		}
		longest = len(d.words)
	}
	return longest
}

// actor is a person, or a group of them, in a sentence.
type actor struct {
	start, end int  // tokens
	we         bool // the author's own side, not somebody
}

// actors finds the people in a sentence.
func (p *people) actors(s sentence) []actor {
	var list []actor
	for i := 0; i < len(s.tokens); {
		n, a := p.actor(s, i)
		if n == 0 {
			i++
			continue
		}
		list = append(list, a)
		i += n
	}
	return list
}

// actor recognizes the person whose noun is at i; n is the noun's length.
func (p *people) actor(s sentence, i int) (n int, a actor) {
	if n := p.name(s, i); n > 0 {
		return n, actor{start: i, end: i + n}
	}
	w := s.word(i)
	switch {
	case w == "he" || w == "she":
		return 1, actor{start: i, end: i + 1}
	case w == "i" && s.tokens[i].raw == "I" && (isAdverb(s.word(i+1)) || s.isWord(i+1)) && !s.tokens[i].glued:
		return 1, actor{start: i, end: i + 1}
	case w == "we":
		return 1, actor{start: i, end: i + 1, we: true}
	case w == "call" && s.tokens[i].glued && s.word(i-1) == "on":
		start := nounPhrase(s, i-1, false)
		if s.word(start-1) == "no" || !(determiners[s.word(start)] || start == 0) {
			return 0, a
		}
		return 1, actor{start: start, end: i + 1}
	}
	strict := strictHeads[w]
	start := i
	switch {
	case roleHeads[w] != nil:
		// a team member, or a member of the team
		if !roleHeads[w][s.word(i-1)] && !(strings.HasPrefix(w, "member") && s.word(i+1) == "of" && s.teamWithin(i+2)) {
			return 0, a
		}
		start = nounPhrase(s, i, false)
	case persons[w]:
		start = nounPhrase(s, i, strict)
	case groups[w]:
		start = nounPhrase(s, i, false)
		if start == i { // Teams is also a product
			return 0, a
		}
	default:
		return 0, a
	}
	if strict && !strictly(s, start, i) {
		return 0, a
	}
	if s.word(start-1) == "no" || s.word(start-1) == "non" {
		return 0, a
	}
	return 1, actor{start: start, end: i + 1}
}

// nounPhrase finds where the phrase around the noun at i begins.
func nounPhrase(s sentence, i int, strict bool) int {
	start := i
	for start > 0 && beforePeople[s.word(start-1)] {
		start--
	}
	for n, j := 0, start-1; j >= 0 && n < 4; n, j = n+1, j-1 {
		w := s.word(j)
		if determiners[w] {
			return j
		}
		if w == "'s" || w == "'" { // the team's engineer
			n--
			continue
		}
		if strict || !s.isWord(j) && w != opaque || isFunction(w) && !isAdverb(w) {
			break
		}
	}
	return start
}

// strictly tells whether a noun that may also be a program's name is used for
// a person: "the on-call operator", but not "the Kafka operator" or "The
// Prometheus Operator".
func strictly(s sentence, start, i int) bool {
	if i > 0 && unicode.IsUpper([]rune(s.tokens[i].raw)[0]) {
		return false
	}
	for j := start; j < i; j++ {
		w := s.word(j)
		if !determiners[w] && !plainBefore[w] && !beforePeople[w] {
			return false
		}
	}
	before := s.word(i - 1)
	if start == i && i > 0 && s.isWord(i-1) && !isFunction(before) {
		return false // an unknown word belongs to it
	}
	return before != opaque && before != "'s"
}

// teamWithin tells whether a team stands shortly behind i.
func (s sentence) teamWithin(i int) bool {
	for j := i; j < i+5; j++ {
		if groups[s.word(j)] || s.word(j) == "staff" {
			return true
		}
	}
	return false
}
