package lint

import (
	"fmt"
	"strings"
	"unicode"
)

// ignoreMark begins a suppression:
//
//	<!-- debrief:ignore RULE reason -->
//
// Alone on its line it is about the next line that is not blank, otherwise
// about the line that it stands on.
const ignoreMark = "debrief:ignore"

// The rules about suppressions themselves.
const (
	ruleReason  = "suppress/reason"
	ruleUnknown = "suppress/unknown-rule"
	ruleUnused  = "suppress/unused"
)

type suppression struct {
	comment
	rule, reason string
	first, last  int // the lines it is about
	used         bool
}

// suppress sets aside the findings that the author gave a reason for, and
// adds those about suppressions that are wrong or of no use.
func suppress(d *document, found []Finding, named bool) Result {
	r := Result{Findings: []Finding{}, Suppressed: []Finding{}}
	report := func(rule string, c comment, format string, args ...any) {
		r.Findings = append(r.Findings, d.finding(rule, lookup(rule).Severity, c.start, c.end, fmt.Sprintf(format, args...)))
	}
	var valid []*suppression
	for _, c := range d.comments {
		rest, ok := strings.CutPrefix(c.text, ignoreMark)
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		switch {
		case len(fields) == 0 || !unicode.IsSpace(rune(rest[0])):
			report(ruleUnknown, c, "the suppression names no rule; write <!-- %s RULE reason -->", ignoreMark)
			continue
		case lookup(fields[0]) == nil || strings.HasPrefix(fields[0], "suppress/"):
			report(ruleUnknown, c, "there is no rule %q that could be suppressed", fields[0])
			continue
		case !strings.ContainsFunc(strings.Join(fields[1:], ""), unicode.IsLetter):
			report(ruleReason, c, "the suppression of %s gives no reason", fields[0])
			continue
		}
		s := &suppression{comment: c, rule: fields[0], reason: strings.Join(fields[1:], " ")}
		s.first, s.last = d.covers(c)
		valid = append(valid, s)
	}
	for _, f := range found {
		if s := covering(valid, f); s != nil {
			s.used = true
			f.Reason = s.reason
			r.Suppressed = append(r.Suppressed, f)
			continue
		}
		r.Findings = append(r.Findings, f)
	}
	for _, s := range valid {
		// Without a deny list nobody can tell whether a name would be found.
		if !s.used && (named || !lookup(s.rule).NeedsNames) {
			report(ruleUnused, s.comment, "nothing here is to be suppressed for %s", s.rule)
		}
	}
	r.Findings, r.Suppressed = order(r.Findings), order(r.Suppressed)
	return r
}

// covers tells which lines a suppression is about.
func (d *document) covers(c comment) (first, last int) {
	first, _ = d.position(c.start)
	last, _ = d.position(c.end)
	if !c.alone {
		return first, last
	}
	for next := last + 1; next <= len(d.lines); next++ {
		start, end := d.lines[next-1], len(d.source)
		if next < len(d.lines) {
			end = d.lines[next]
		}
		if strings.TrimSpace(string(d.source[start:end])) != "" && !d.onlySuppression(start, end) {
			return first, next
		}
	}
	return first, last
}

// onlySuppression lets several suppressions stand above one line.
func (d *document) onlySuppression(start, end int) bool {
	for _, c := range d.comments {
		if c.alone && c.start >= start && c.start < end && strings.HasPrefix(c.text, ignoreMark) {
			return true
		}
	}
	return false
}

func covering(list []*suppression, f Finding) *suppression {
	for _, s := range list {
		if s.rule == f.Rule && f.Line >= s.first && f.Line <= s.last {
			return s
		}
	}
	return nil
}
