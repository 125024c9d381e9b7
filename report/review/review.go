// Package review applies what people decided about a timeline: events pinned as
// key moments, hidden, retitled, or added to what the sources told. Their
// decisions stand in a file beside the document, by the events' stable ids, and
// so survive that the document is written anew.
//
// Nothing is lost or passed off as evidence: what is hidden stays in the report
// with the reason, a retitled event keeps its own title beside the new one, and
// an added event says that a reviewer states it. A decision that can no longer
// be carried out is an error, never silently dropped.
package review

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// Suffix ends the name of a document's review: that of the document without
// its extension, followed by this.
const Suffix = ".timeline.yaml"

// Review is the decisions of one file, in its order.
type Review struct {
	File      string // where it was read, for errors
	Decisions []Decision
}

// Decision is about one event of the report, or adds one.
type Decision struct {
	Line   int    // in the file
	Event  string // the id of the event; empty if Add is set
	Pin    bool   // make it a key moment
	Hide   bool   // take it from the timeline, for Reason
	Title  string // replaces the event's; empty keeps it
	Reason string // why it is hidden
	Add    *Addition
}

// Addition is an event that no source told of.
type Addition struct {
	Time   time.Time // UTC
	Title  string
	Role   string // who acted, as a role; may be empty
	Source string // what the reviewer's statement rests on, such as "incident channel"
	Pin    bool   // make it a key moment
}

// Error is a mistake in a review.
type Error struct {
	File    string
	Line    int    // 0 for the file as a whole
	Field   string // such as [2].add.time, counted from 0; empty for the file as a whole
	Message string // what is wrong and what is allowed
}

// Error gives all of it in one line, as compilers do.
func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += ":" + strconv.Itoa(e.Line)
	}
	if e.Field != "" {
		text += ": " + e.Field
	}
	return text + ": " + e.Message
}

// problems gathers the mistakes in a file, for a person to mend them all at once.
type problems struct {
	file  string
	found []*Error
}

func (p *problems) at(line int, field, message string) {
	p.found = append(p.found, &Error{File: p.file, Line: line, Field: field, Message: message})
}

// err joins the mistakes in the order of their lines; it is nil without any.
func (p *problems) err() error {
	slices.SortStableFunc(p.found, func(a, b *Error) int { return a.Line - b.Line })
	errs := make([]error, len(p.found))
	for i, e := range p.found {
		errs[i] = e
	}
	return errors.Join(errs...)
}
