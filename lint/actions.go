package lint

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/debrief-sre/debrief/internal/actionitem"
)

// action is one action item, from a table's row or a list.
type action struct {
	what       *passage
	id         string // for messages
	owner, due *string
	kind       string // as the Type column says
	done       bool
	ownerOpen  bool // a prompt asks for it, which is another rule's business
	dueOpen    bool
	start, end int
}

// actions collects a document's action items.
func (d *document) actions() []action {
	var list []action
	for _, t := range d.tables {
		if in(t.path, actionitem.Headings...) {
			list = append(list, t.actions()...)
		}
	}
	for _, it := range d.items {
		if !in(it.path, actionitem.Headings...) || it.first.prompt || it.first.plain == "" {
			continue
		}
		a := action{what: it.first, id: fmt.Sprintf("%q", excerpt([]byte(it.first.plain))), start: it.start, end: it.end}
		for _, p := range it.passages {
			a.done = a.done || p.done || strings.HasPrefix(strings.ToLower(p.plain), "done")
			a.readItem(p)
		}
		list = append(list, a)
	}
	return list
}

func (t *table) actions() []action {
	var list []action
	columns := actionitem.ColumnsOf(t.header)
	for i, r := range t.rows {
		c := r.at(columns.What)
		if c == nil || c.plain == "" {
			continue
		}
		a := action{what: c, id: fmt.Sprint(i + 1), start: r.start, end: r.end}
		if o := r.at(columns.Owner); o != nil {
			a.owner, a.ownerOpen = &o.plain, o.prompt
		}
		if d := r.at(columns.Due); d != nil {
			a.due, a.dueOpen = &d.plain, d.prompt
		}
		if k := r.at(columns.Type); k != nil {
			a.kind = strings.ToLower(k.plain)
		}
		if s := r.at(columns.State); s != nil {
			a.done = actionitem.Done(s.plain)
		}
		list = append(list, a)
	}
	return list
}

// readItem finds the owner and the due date in an item's text: "(Owner: web
// team, due 2026-02-01)" or "@web-team by 2026-02-01".
func (a *action) readItem(p *passage) {
	for _, s := range p.sentences {
		for i := range s.tokens {
			w := s.word(i)
			value := s.word(i + 1)
			if value == ":" {
				value = s.word(i + 2)
			}
			switch {
			case in([]string{w}, owning...) && s.word(i+1) == ":":
				if s.tokens[min(i+2, len(s.tokens)-1)].word == opaque {
					value = "named"
				}
				a.owner, a.ownerOpen = &value, p.prompt
			case w == "@" && s.isWord(i+1):
				a.owner = &value
			case w == "due" || w == "deadline" || w == "eta":
				rest := s.text(i+1, s.valueEnd(i+1))
				a.due, a.dueOpen = &rest, p.prompt
			case a.due == nil && isDay(w):
				a.due = &w
			}
		}
	}
}

// valueEnd tells where the value of a label ends.
func (s sentence) valueEnd(i int) int {
	const longest = 7
	j := min(i, len(s.tokens))
	for j < len(s.tokens) && j < i+longest && s.word(j) != ")" && s.word(j) != ";" && s.word(j) != "." {
		j++
	}
	return j
}

// isDay recognizes 2026-02-01 taken apart: the tokens are 2026, 02 and 01.
func isDay(w string) bool {
	return len(w) == 4 && strings.HasPrefix(w, "20") && strings.Trim(w, "0123456789") == ""
}

// noOne are the values that name nobody.
var noOne = set("unassigned none unknown someone somebody everyone everybody anyone nobody")

func actionOwner(p *pass) {
	for _, a := range p.doc.actions() {
		if !a.ownerOpen && (a.owner == nil || blank(*a.owner) || noOne[strings.ToLower(*a.owner)]) {
			p.report(a.start, a.end, "action item %s has no owner", a.id)
		}
	}
}

func actionDueDate(p *pass) {
	for _, a := range p.doc.actions() {
		if a.dueOpen || a.done {
			continue
		}
		switch {
		case a.due == nil || blank(*a.due):
			p.report(a.start, a.end, "action item %s has no due date", a.id)
		case !strings.ContainsFunc(*a.due, unicode.IsDigit):
			p.report(a.start, a.end, "action item %s is due %q, which is no date", a.id, *a.due)
		}
	}
}

var (
	vagueVerbs = set("improve improving enhance enhancing train training retrain educate educating remind reminding consider considering rethink revisit")
	// measured says what an improvement is to reach.
	measured = set("from below under above least most within")
	learners = set("model models classifier classifiers detector predictor network")
)

func actionVague(p *pass) {
	for _, a := range p.doc.actions() {
		if len(a.what.sentences) == 0 {
			continue
		}
		s := a.what.sentences[0] // what is to be done; the rest says how
		if end := s.vague(); end > 0 {
			p.reportTokens(s, 0, end, "action item %s is never done: say what will be different, so that one can tell when it is", a.id)
		}
	}
}

// vague tells where the vague verb of an item ends, 0 when there is none.
func (s sentence) vague() int {
	i := 0
	for ; i < len(s.tokens); i++ { // numbers, ticks, "we should", labels
		if w := s.word(i); s.isWord(i) && w != "we" && !modals[w] && w != "please" && w != "need" && w != "needs" && w != "the" && w != "team" && !isAdverb(w) {
			break
		}
	}
	w := s.word(i)
	numbered := false
	for j := i; j < len(s.tokens); j++ {
		if s.tokens[j].number && (measured[s.word(j-1)] || measured[s.word(j-2)] || s.word(j-1) == "to" || s.word(j+1) == "%") {
			numbered = true
		}
	}
	switch {
	case vagueVerbs[w]:
		for j := i; j < len(s.tokens); j++ {
			if learners[s.word(j)] && strings.HasSuffix(strings.TrimSuffix(w, "ing"), "train") {
				return 0
			}
		}
		if !numbered {
			return i + 1
		}
	case w == "make" || w == "making":
		for j := i + 1; j < len(s.tokens) && j < i+8; j++ {
			if v := s.word(j); (v == "better" || v == "safer" || v == "easier" || v == "robust" || v == "resilient" || v == "reliable") && !numbered {
				return j + 1
			}
		}
	case w == "be" && s.word(i+1) == "more", w == "look" && s.word(i+1) == "into", w == "think" && s.word(i+1) == "about":
		return i + 2
	case w == "do" && s.word(i+1) == "better", w == "try" && s.word(i+1) == "to":
		return i + 2
	}
	return 0
}

var (
	// reacting verbs begin items that see, tell or learn, but prevent nothing.
	reacting = set("investigate document train communicate remind review monitor alert update share educate discuss schedule write improve page notify analyze analyse announce celebrate")
	// reactive things are for seeing an incident, not for preventing it.
	reactive = set("alert alerts alerting alarm alarms dashboard dashboards runbook runbooks playbook monitor monitors monitoring postmortem documentation training page pager wiki meeting")
)

// noPreventive reports a list of items that leaves the cause where it is.
func noPreventive(p *pass) {
	var heading *section
	for _, s := range p.doc.sections {
		if heading == nil && in(s.path[len(s.path)-1:], actionitem.Headings...) {
			heading = s
		}
	}
	if heading == nil {
		return // structure/section-missing says so
	}
	actions := p.doc.actions()
	for _, a := range actions {
		if a.preventive() {
			return
		}
	}
	if len(actions) == 0 {
		for _, q := range p.doc.prompts { // a prompt asks for items
			if q.start > heading.start {
				return
			}
		}
		p.report(heading.start, heading.end, "there is no action item")
		return
	}
	p.report(heading.start, heading.end, "none of %s prevents a recurrence; detection and training leave the cause in place", plural(len(actions), "action item"))
}

// preventive takes the item's type for it and, where there is none, its words.
func (a action) preventive() bool {
	if a.kind != "" && !blank(a.kind) {
		return strings.Contains(a.kind, "prevent")
	}
	if len(a.what.sentences) == 0 {
		return true // code only: nothing to judge by
	}
	s := a.what.sentences[0]
	first := ""
	for i := range s.tokens {
		if s.isWord(i) && first == "" {
			first = s.word(i)
		}
		if reactive[s.word(i)] {
			return false
		}
	}
	return !reacting[first]
}
