package lint

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// placeholders stand where something is yet to be written. "Unknown" is not
// one of them: it is an answer.
var placeholders = set("tbd tba tbc todo fixme xx xxx xxxx yy yyy zz zzz nn nnn")

// blank tells whether a text says nothing: it is empty or a placeholder.
func blank(s string) bool {
	s = strings.Trim(strings.ToLower(s), " \t\n.?…-–—_*[]()<>:")
	return s == "" || placeholders[s] || s == "n/a" || s == "to be determined" || s == "to be defined"
}

// blankImpact reports what the impact leaves open.
func blankImpact(p *pass) {
	inImpact := func(path []string) bool { return in(path, "impact") }
	for _, s := range p.doc.sections {
		if inImpact(s.path) && s.empty && s.last {
			p.report(s.start, s.end, "the section is empty; state the impact, or that there was none")
		}
	}
	for _, t := range p.doc.tables {
		if !inImpact(t.path) {
			continue
		}
		for _, r := range t.rows {
			for i, c := range r.cells {
				if i > 0 && c.plain == "" && r.cells[0].plain != "" {
					p.report(r.start, r.end, "%q has no value; state it, or that it is unknown", r.cells[0].plain)
					break
				}
			}
		}
	}
	stated, text, first := false, false, (*passage)(nil)
	for _, passage := range p.doc.passages {
		if passage.kind == heading || !inImpact(passage.path) || passage.quoted {
			continue
		}
		if first == nil {
			first = passage
		}
		text = text || passage.plain != ""
		stated = stated || quantified(passage)
		if passage.prompt {
			continue
		}
		if label := strings.TrimSpace(passage.plain); passage.ends && passage.kind != cell && strings.HasSuffix(label, ":") {
			p.report(passage.start, passage.end, "nothing follows %q; state it, or that it is unknown", label)
		}
		p.placeholders(passage)
	}
	if text && !stated {
		p.reportAs(Warning, first.start, first.end, "the impact has no number; say how many and how long, or that it is unknown")
	}
}

// placeholders reports TBD, XX % and a question mark in a number's place.
func (p *pass) placeholders(of *passage) {
	for _, s := range of.sentences {
		for i, t := range s.tokens {
			w := t.word
			next := s.word(i + 1)
			hole := placeholders[w] ||
				(w == "x" || w == "n") && (next == "%" || next == "percent" || next == "minutes" || next == "users" || next == "requests" || next == "customers") ||
				w == "?" && (next == "%" || next == "?" || i > 0 && s.tokens[i-1].end < t.start) ||
				w == "_" && next == "_" && s.word(i-1) != "_" ||
				strings.Trim(w, "_") == "" && len(w) > 1
			if hole {
				p.report(t.start, t.end, "%q stands for a number; state it, or that it is unknown", t.raw)
			}
		}
	}
}

var amounts = set("no none nobody zero unknown unmeasured one two three four five six seven eight nine ten eleven twelve half third quarter dozen hundred thousand million not")

func quantified(p *passage) bool {
	if strings.ContainsFunc(p.plain, unicode.IsDigit) || p.prompt {
		return true
	}
	for _, s := range p.sentences {
		for _, t := range s.tokens {
			if amounts[t.word] {
				return true
			}
		}
	}
	return false
}

var timeHeadings = []string{"time", "when", "timestamp", "date"}

// timelineSource reports what a reader of the timeline cannot check.
func timelineSource(p *pass) {
	for _, t := range p.doc.tables {
		when := t.column(timeHeadings...)
		if !in(t.path, "timeline", "chronology", "sequence of events") || when < 0 {
			continue
		}
		var sources []int
		for i, h := range t.header {
			if in([]string{h}, "source", "sources", "evidence", "link", "links", "data", "reference", "references", "ref") {
				sources = append(sources, i)
			}
		}
		if len(sources) == 0 {
			linked := len(t.rows) > 0
			for _, r := range t.rows {
				linked = linked && anyLink(r.cells)
			}
			if !linked {
				p.report(t.start, t.end, "the timeline has no column that tells each row's source")
			}
			continue
		}
		for _, r := range t.rows {
			known := anyLink(r.cells)
			for _, i := range sources {
				known = known || r.at(i) != nil && !blank(r.at(i).plain)
			}
			if c := r.at(when); !known && c != nil && c.plain != "" {
				p.report(r.start, r.end, "the row of %s has no source", c.plain)
			}
		}
	}
	p.timelineItems()
}

func anyLink(cells []*passage) bool {
	for _, c := range cells {
		if c.link {
			return true
		}
	}
	return false
}

// timelineItems looks at timelines that are lists. Few of those name sources
// at all, so that all entries together make one finding.
func (p *pass) timelineItems() {
	var first *item
	missing, all := 0, 0
	for _, it := range p.doc.items {
		if !in(it.path, "timeline", "chronology", "sequence of events") {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(it.first.plain); !unicode.IsDigit(r) {
			continue
		}
		all++
		if it.link || in([]string{plainWords(it.first.plain)}, "source", "evidence") {
			continue
		}
		missing++
		if first == nil {
			first = it
		}
	}
	if missing > 0 {
		p.report(first.start, first.end, "of %d entries in the timeline %d name no source; a table with a column Source has room for it", all, missing)
	}
}

var affected = set("user users customer customers request requests traffic session sessions checkout checkouts order orders call calls tenant tenants client clients")

// outagePartial reports "outage" where the document itself says that a part
// was affected.
func outagePartial(p *pass) {
	why, total := "", false
	for _, s := range p.doc.prose() {
		if !in(s.path, "summary", "impact", "overview", "abstract") {
			continue
		}
		w, all := s.partial()
		total = total || all
		if why == "" {
			why = w
		}
	}
	if why == "" || total {
		return
	}
	for _, s := range p.doc.prose() {
		for i := range s.tokens {
			if w := s.word(i); w != "outage" && w != "outages" || s.outageMeantOtherwise(i) {
				continue
			}
			p.reportTokens(s, i, i+1, "%q for a partial impact (%s); write degradation, or partial outage", s.text(i, i+1), why)
		}
	}
}

// partial tells by which words a sentence says that a part was affected, and
// whether it says that everything was.
func (s sentence) partial() (why string, total bool) {
	for i := range s.tokens {
		switch w := s.word(i); {
		case w == "slo" || w == "objective" || w == "target" || w == "availability" || w == "budget":
			return "", total // a percentage here is a goal
		case s.has(i, "all", "users"), s.has(i, "all", "customers"), s.has(i, "all", "requests"), s.has(i, "all", "traffic"),
			s.has(i, "every", "request"), s.has(i, "every", "user"), s.has(i, "every", "customer"),
			s.has(i, "complete", "outage"), s.has(i, "full", "outage"), s.has(i, "total", "outage"), s.has(i, "completely", "unavailable"):
			return "", true
		case s.tokens[i].number && (s.word(i+1) == "%" || s.word(i+1) == "percent"):
			if !s.shareOfAffected(i + 2) {
				continue
			}
			if strings.TrimRight(w, ".0") == "1" && len(w) >= 3 {
				return "", true // 100 %
			}
			why = s.text(i, i+2) + " of it"
		case s.has(i, "a", "subset", "of"), s.has(i, "small", "subset"), w == "intermittent", w == "partially", s.has(i, "remained", "available"):
			why = s.text(i, min(i+2, len(s.tokens)))
		}
	}
	return why, total
}

func (s sentence) shareOfAffected(i int) bool {
	for j := i; j < len(s.tokens) && j < i+5; j++ {
		if affected[s.word(j)] {
			return true
		}
		if clauseMark[s.word(j)] {
			return false
		}
	}
	return false
}

// outageMeantOtherwise lets through what is qualified, denied or a term.
func (s sentence) outageMeantOtherwise(i int) bool {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		if w := s.word(j); w == "partial" || negations[w] || w == "minor" || w == "than" || w == "past" || w == "previous" || w == "earlier" || w == "full" {
			return true
		}
	}
	next := s.word(i + 1)
	return s.joinedTo(i+1) || next == "equivalent" || next == "minutes" || next == "window"
}
