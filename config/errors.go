package config

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
)

// Error is a mistake in the configuration.
type Error struct {
	File    string
	Line    int    // 0 when the mistake is not in a line, such as a missing file
	Field   string // such as slos[0].target; empty for the file as a whole
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

// problems gathers the mistakes in a file, for a person to fix them all at once.
type problems struct {
	file  string
	lines map[string]int // of the fields that are set
	found []*Error
}

// at notes a mistake in a line.
func (p *problems) at(line int, field, message string) {
	p.found = append(p.found, &Error{File: p.file, Line: line, Field: field, Message: message})
}

// in notes a mistake in a field, in the line of the field if it is set and else
// of what it should be in.
func (p *problems) in(parent, key, message string) {
	field := join(parent, key)
	line, set := p.lines[field]
	if !set {
		line = p.lines[parent]
	}
	p.at(line, field, message)
}

// err joins the mistakes in the order of their lines; it is nil without any.
func (p *problems) err() error {
	slices.SortStableFunc(p.found, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(p.found))
	for i, e := range p.found {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// join gives the path of a key within a field.
func join(parent, key string) string {
	if parent == "" || key == "" {
		return parent + key
	}
	return parent + "." + key
}

// item gives the path of an element of a list.
func item(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
