package past

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/debrief-sre/debrief/report"
)

// ErrForeign marks a Markdown file that does not mean to be a postmortem.
var ErrForeign = errors.New("is no postmortem")

// Front is what is read of the front matter that package output writes, and
// that people write in its manner: each value's text as it stands there. What
// is missing is empty. Other keys are for others.
type Front struct {
	Title, Slug, Status, Severity, Cause                string
	Date, Start, Detected, Mitigated, Resolved, Aborted string
	TTD, TTA, TTM, TTR                                  string // durations
	RequestsSaved                                       string // a number
	Services, Tags, Images, Metrics                     []string
	SLO, BudgetConsumed, BudgetSaved                    []string // the shares are in the order of the objectives

	// Odd are the keys whose values are neither text nor a list where they
	// should be, sorted. Of those that tell incidents apart this is an error.
	Odd []string
}

// Parse reads a postmortem's front matter from the beginning of its Markdown.
func Parse(document []byte) (report.Earlier, error) {
	f, err := ReadFront(document)
	if err != nil {
		return report.Earlier{}, err
	}
	service := ""
	if len(f.Services) > 0 {
		service = oneLine(f.Services[0])
	}
	f.Title, f.Slug = oneLine(f.Title), oneLine(f.Slug)
	if f.Title == "" || f.Date == "" || service == "" {
		return report.Earlier{}, fmt.Errorf("%w: its front matter lacks one of title, date and services", ErrForeign)
	}
	e := report.Earlier{
		PastIncident: report.PastIncident{Title: f.Title, Slug: f.Slug, Service: service},
		Aborted:      f.Aborted != "" || slices.Contains(f.Tags, "abort"),
		Images:       f.Images, Metrics: f.Metrics,
	}
	e.Date, err = f.Time()
	return e, err
}

// ReadFront reads the front matter from the beginning of a document. One that
// has none is [ErrForeign].
func ReadFront(document []byte) (Front, error) {
	matter, err := frontMatter(document)
	if err != nil {
		return Front{}, err
	}
	return decode(matter)
}

// Time is the moment that the incident is dated by: its abort, else its start,
// else the date. Documents of people, and older ones of ours, state less of it
// than ours do.
func (f Front) Time() (time.Time, error) {
	for _, at := range []string{f.Aborted, f.Start} {
		if at == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return time.Time{}, fmt.Errorf("has a time in its front matter that is none: %.40q", at)
		}
		return t.UTC(), nil
	}
	if len(f.Date) > len(time.DateOnly) { // a date with a time of the day
		f.Date = f.Date[:len(time.DateOnly)]
	}
	day, err := time.Parse(time.DateOnly, f.Date)
	if err != nil {
		return time.Time{}, fmt.Errorf("has a date in its front matter that is none: %.40q", f.Date)
	}
	return day, nil
}

// frontMatter is what stands between the first line, a fence, and the next one.
func frontMatter(document []byte) ([]byte, error) {
	const fence = "---"
	document = bytes.TrimPrefix(document, []byte("\ufeff"))
	var matter []byte
	number, size := 0, 0
	for line := range bytes.Lines(document) {
		number++
		size += len(line)
		switch isFence := string(bytes.TrimRight(line, " \t\r\n")) == fence; {
		case number == 1 && !isFence:
			return nil, fmt.Errorf("%w: it has no front matter", ErrForeign)
		case number == 1:
		case size > frontSize:
			return nil, fmt.Errorf("has front matter of more than %d KiB", frontSize>>10)
		case isFence:
			return matter, nil
		default:
			matter = append(matter, line...)
		}
	}
	if number == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrForeign)
	}
	return nil, errors.New("has front matter that does not end")
}

// decode reads the YAML from its syntax tree: the decoder of the library
// follows anchors, which grow without bounds, and does not survive every tree
// that its parser makes.
func decode(matter []byte) (Front, error) {
	if !utf8.Valid(matter) {
		return Front{}, errors.New("has front matter that is not UTF-8")
	}
	file, err := parser.ParseBytes(matter, 0)
	if err != nil {
		return Front{}, errors.New("has front matter that is not YAML")
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return Front{}, fmt.Errorf("%w: its front matter is not one YAML document", ErrForeign)
	}
	mapping, ok := file.Docs[0].Body.(ast.MapNode)
	if !ok {
		return Front{}, fmt.Errorf("%w: its front matter is not a mapping", ErrForeign)
	}
	var f Front
	for i := mapping.MapRange(); i.Next(); {
		if err := f.set(i.Key().String(), i.Value()); err != nil {
			return Front{}, err
		}
	}
	slices.Sort(f.Odd)
	return f, nil
}

// set takes in one key of the front matter.
func (f *Front) set(key string, value ast.Node) error {
	ok := true
	if field := f.text(key); field != nil {
		*field, ok = text(value)
	} else if field := f.list(key); field != nil {
		*field, ok = list(value)
		if single, is := text(value); !ok && is && slices.Contains(shares, key) {
			*field, ok = []string{single}, true // of the one objective
		}
	}
	switch {
	case ok:
		return nil
	case slices.Contains(telling, key):
		return fmt.Errorf("has front matter whose %s is not what a postmortem has", key)
	default:
		f.Odd = append(f.Odd, key)
		return nil
	}
}

var (
	// telling are the keys by which incidents are told apart.
	telling = []string{"title", "date", "slug", "start", "aborted", "services", "tags", "images", "metrics"}
	shares  = []string{"budget_consumed", "budget_saved"}
)

// text is the field of a key with one value.
func (f *Front) text(key string) *string {
	return map[string]*string{
		"title": &f.Title, "slug": &f.Slug, "status": &f.Status, "severity": &f.Severity, "cause": &f.Cause,
		"date": &f.Date, "start": &f.Start, "detected": &f.Detected, "mitigated": &f.Mitigated, "resolved": &f.Resolved, "aborted": &f.Aborted,
		"ttd": &f.TTD, "tta": &f.TTA, "ttm": &f.TTM, "ttr": &f.TTR, "requests_saved": &f.RequestsSaved,
	}[key]
}

// list is the field of a key with a list.
func (f *Front) list(key string) *[]string {
	return map[string]*[]string{
		"services": &f.Services, "tags": &f.Tags, "images": &f.Images, "metrics": &f.Metrics,
		"slo": &f.SLO, "budget_consumed": &f.BudgetConsumed, "budget_saved": &f.BudgetSaved,
	}[key]
}

// list is a list of texts; nothing counts as an empty one.
func list(node ast.Node) ([]string, bool) {
	if _, null := node.(*ast.NullNode); null {
		return nil, true
	}
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, false
	}
	var values []string
	for _, item := range sequence.Values {
		value, ok := text(item)
		if !ok {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// text is a value's text. Dates and numbers are as they are written.
func text(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return node.GetToken().Value, true
	case *ast.NullNode:
		return "", true
	default:
		return "", false
	}
}

// oneLine makes a value fit for a table's cell: no control character, no
// bidirectional override, no more than a headline.
func oneLine(s string) string {
	const longest = 200
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		default:
			return r
		}
	}, s)
	runes := []rune(strings.Join(strings.Fields(s), " "))
	return string(runes[:min(len(runes), longest)])
}
