package templates

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Error is a mistake in a template.
type Error struct {
	File   string // as the user named it
	Line   int
	Reason string

	certain bool // no report would make the template work: it names what does not exist
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason) }

// The errors of text/template, which has no types for them.
var (
	located     = regexp.MustCompile(`^(\d+)(?::\d+)?: (?s:(.*))$`)
	executing   = regexp.MustCompile(`^executing ".*?" at <(?s:.*?)>: (?s:(.*))$`)
	noField     = regexp.MustCompile(`^can't evaluate field (\w+) in type (.+)$`)
	nilPointer  = regexp.MustCompile(`^nil pointer evaluating (.+)\.(\w+)$`)
	noFunction  = regexp.MustCompile(`^function "(.*)" not defined$`)
	noTemplate  = regexp.MustCompile(`^(?:executing .*: )?template "(.*)" not defined$`)
	callingFunc = regexp.MustCompile(`^error calling (\w+): (?s:(.*))$`)
)

// explain says what is wrong with a template in its author's words: the file,
// the line, what was asked for and what there is.
func (s *Set) explain(err error) error {
	rest, found := strings.CutPrefix(err.Error(), "template: ")
	if !found {
		return fmt.Errorf("rendering the template %s: %w", s.name, err)
	}
	for _, f := range s.files {
		after, found := strings.CutPrefix(rest, f.Name+":")
		match := located.FindStringSubmatch(after)
		if !found || match == nil {
			continue
		}
		line, _ := strconv.Atoi(match[1])
		e := &Error{File: f.shown, Line: line}
		e.Reason, e.certain = s.reason(match[2], f.line(line))
		return e
	}
	return fmt.Errorf("rendering the template %s: %w", s.name, err)
}

func (f File) line(number int) string {
	lines := strings.Split(f.Source, "\n")
	if number < 1 || number > len(lines) {
		return ""
	}
	return lines[number-1]
}

// reason translates a message of text/template. It is certain when no report
// would make the template work.
func (s *Set) reason(message, line string) (reason string, certain bool) {
	if match := noTemplate.FindStringSubmatch(message); match != nil {
		names := s.partials()
		return fmt.Sprintf("there is no partial %q%s; there are %s", match[1], didYouMean(match[1], names), strings.Join(names, ", ")), true
	}
	if match := executing.FindStringSubmatch(message); match != nil {
		message = match[1]
	}
	if match := noFunction.FindStringSubmatch(message); match != nil {
		names := functionNames()
		return fmt.Sprintf("there is no function %s%s; there are %s, and sprig's", match[1], didYouMean(match[1], names), strings.Join(names, ", ")), true
	}
	if match := noField.FindStringSubmatch(message); match != nil {
		return fieldReason(line, match[1], match[2])
	}
	if match := nilPointer.FindStringSubmatch(message); match != nil {
		expression := expressionOf(line, match[2])
		parent := strings.TrimSuffix(expression, "."+match[2])
		if parent == "" {
			return fmt.Sprintf("%s: the value is unknown in this incident; guard it with {{ with }}", expression), false
		}
		return fmt.Sprintf("%s: %s is unknown in this incident; guard it with {{ with %s }}", expression, parent, parent), false
	}
	if match := callingFunc.FindStringSubmatch(message); match != nil {
		return match[1] + ": " + match[2], false
	}
	return message, false
}

// fieldReason says which fields there are in place of one that there is not.
func fieldReason(line, field, typeName string) (string, bool) {
	expression := expressionOf(line, field)
	t := viewTypes()[strings.TrimLeft(typeName, "*")]
	switch {
	case strings.HasPrefix(typeName, "[]"):
		return fmt.Sprintf("%s: no such field; this is a list: use {{ range }}, or {{ index LIST 0 }}", expression), true
	case t == nil:
		return fmt.Sprintf("%s: no such field in a value of type %s", expression, typeName), false
	}
	names := fieldNames(t)
	reason := fmt.Sprintf("%s: no such field%s; %s has %s", expression, didYouMean(field, names), t.Name(), strings.Join(names, ", "))
	if t == reflect.TypeFor[View]() {
		return reason, true
	}
	// Within range and with, the dot is another one: a common mistake.
	if slices.Contains(fieldNames(reflect.TypeFor[View]()), field) {
		reason += fmt.Sprintf(" (within range or with, the document's field is $.%s, if the partial was given it)", field)
	}
	return reason, true
}

// expressionOf finds the field with what stands before it in a template's line.
func expressionOf(line, field string) string {
	found := regexp.MustCompile(`[$\w.]*\.` + regexp.QuoteMeta(field) + `\b`).FindString(line)
	if found == "" {
		return "." + field
	}
	return found
}

// viewTypes are the types that a template can reach, by the names that
// text/template gives them.
func viewTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || types[t.String()] != nil {
			return
		}
		types[t.String()] = t
		for field := range t.Fields() {
			if field.IsExported() {
				walk(field.Type)
			}
		}
	}
	walk(reflect.TypeFor[View]())
	return types
}

// fieldNames are a type's fields, those of embedded types too, then its
// methods, except those that other packages' interfaces ask for.
func fieldNames(t reflect.Type) []string {
	var names []string
	for _, field := range reflect.VisibleFields(t) {
		if field.IsExported() && !field.Anonymous {
			names = append(names, field.Name)
		}
	}
	for method := range t.Methods() {
		if method.Name != "String" && !strings.HasPrefix(method.Name, "Marshal") {
			names = append(names, method.Name)
		}
	}
	return names
}

// partials are what a template may include by name.
func (s *Set) partials() []string {
	var names []string
	for _, t := range s.root.Templates() {
		if name := t.Name(); name != "" && name != Entry && name != audience && !strings.HasPrefix(name, "partials:") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// functionNames are our functions; sprig's are too many to be of help.
func functionNames() []string {
	names := make([]string, len(ours))
	for i, f := range ours {
		names[i] = f.name
	}
	slices.Sort(names)
	return names
}

// didYouMean is the name that is nearest to a mistyped one, as a question.
func didYouMean(name string, names []string) string {
	best, at := max(1, len(name)/3)+1, ""
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d < best {
			best, at = d, n
		}
	}
	if at == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", at)
}

// distance is Levenshtein's: the edits between two names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
