// Package actionitem knows how postmortems write action items down: the
// headings above them, the columns of their tables, and what says that one is
// done.
package actionitem

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Headings are the phrases by which a heading announces action items.
var Headings = []string{
	"action items", "action item", "actions", "action", "follow up", "follow ups", "followups", "followup",
	"corrective", "remediation", "remediations", "next steps", "preventive", "preventative",
}

// Columns are the places of an item's parts in a table's rows, counted from 0;
// -1 where the table has no such column.
type Columns struct{ What, Type, Owner, Due, State int }

// ColumnsOf finds the columns by a table's header.
func ColumnsOf(header []string) Columns {
	column := func(phrases ...string) int {
		return slices.IndexFunc(header, func(heading string) bool { return Says(heading, phrases...) })
	}
	c := Columns{
		What:  column("item", "items", "action", "actions", "task", "tasks", "description", "what", "follow up", "followup", "todo", "remediation"),
		Type:  column("type", "kind", "category"),
		Owner: column("owner", "owners", "author", "authors", "assignee", "assignees", "assigned to", "dri"),
		Due:   column("due", "deadline", "eta", "target", "when", "by"),
		State: column("status", "state", "done"),
	}
	if c.Owner < 0 { // beside an owner's, these are somebody else's
		c.Owner = column("responsible", "team", "who")
	}
	return c
}

// Says tells whether a heading has one of the phrases, as whole words. Case,
// numbers and signs do not count: "3. Action items:" says "action items".
func Says(heading string, phrases ...string) bool {
	words := strings.FieldsFunc(strings.ToLower(heading), func(r rune) bool { return !unicode.IsLetter(r) })
	plain := " " + strings.Join(words, " ") + " "
	return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(plain, " "+phrase+" ") })
}

var done = regexp.MustCompile(`(?i)^(?:(?:done|completed?|closed|fixed|resolved|yes|x)\b|[✓✔☑✅])`)

// Done tells whether what stands in the column of states says that the item is
// done, as "Completed 2026-01-03" and a tick do and "not done" does not.
func Done(state string) bool { return done.MatchString(state) }
