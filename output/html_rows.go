package output

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"github.com/debrief-sre/debrief/report"
)

// row is a table's row that tells of an event of the report.
type row struct {
	node  ast.Node
	event int
}

// findRows finds the rows of debrief's own tables that tell of events, links
// them with the pictures' marks and with each other, and puts a filter before
// the full timeline. The document may be of any template and edited: rows that
// match no event stay as they are.
func (s *sheet) findRows() {
	byTime := map[string][]int{}
	for i, e := range s.events {
		at := e.Time.UTC().Format(time.TimeOnly)
		byTime[at] = append(byTime[at], i)
	}
	named := map[string]ast.Node{} // rows by their ids
	var found []row
	s.inBlocks(func(_ string, n ast.Node) {
		table, ok := n.(*extast.Table)
		if !ok {
			return
		}
		rows := s.rowsOf(table, byTime)
		for _, r := range rows {
			s.nameRow(r, named)
		}
		found = append(found, rows...)
		if s.filter.empty() && s.hasMinor(rows) {
			s.addFilter(table, rows)
		}
	})
	for _, r := range found {
		s.linkRow(r)
	}
}

var clockTime = regexp.MustCompile(`\d\d:\d\d:\d\d`)

// rowsOf matches a table's rows with events, by time and title, each event once.
func (s *sheet) rowsOf(table *extast.Table, byTime map[string][]int) []row {
	var rows []row
	used := map[int]bool{}
	for n := table.FirstChild(); n != nil; n = n.NextSibling() {
		if n.Kind() != extast.KindTableRow || n.FirstChild() == nil {
			continue
		}
		for _, i := range byTime[clockTime.FindString(s.words(n.FirstChild()))] {
			if !used[i] && s.tells(n, s.events[i]) {
				used[i] = true
				rows = append(rows, row{n, i})
				break
			}
		}
	}
	return rows
}

// tells is whether a cell of the row holds the event's title. A role in
// parentheses may follow it.
func (s *sheet) tells(n ast.Node, e report.Event) bool {
	title := bare(e.Title)
	for cell := n.FirstChild().NextSibling(); title != "" && cell != nil; cell = cell.NextSibling() {
		if words := bare(s.words(cell)); words == title || strings.HasPrefix(words, title+" (") {
			return true
		}
	}
	return false
}

// bare takes away what escaping adds to text or replaces in it.
func bare(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp), r == unicode.ReplacementChar:
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// usableID are events' ids that need no escaping in an address; the pictures'
// marks have the same rule.
var usableID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// nameRow gives a row its id: an event's first row in the document is the one
// that the pictures link to.
func (s *sheet) nameRow(r row, named map[string]ast.Node) {
	id := s.events[r.event].ID
	if !usableID.MatchString(id) {
		return
	}
	for _, prefix := range []string{"row-", "event-"} {
		if name := prefix + id; named[name] == nil {
			named[name], s.ids[name] = r.node, true
			r.node.SetAttributeString("id", name)
			return
		}
	}
}

// linkRow makes a link of the row's time: to the mark in the picture, or to
// the event's other row.
func (s *sheet) linkRow(r row) {
	own, id := attribute(r.node, "id"), s.events[r.event].ID
	targets := []string{"mark-" + id, "event-" + id}
	if strings.HasPrefix(own, "event-") {
		targets = []string{"row-" + id}
	}
	for _, target := range targets {
		if own == "" || !s.ids[target] {
			continue
		}
		cell, link := r.node.FirstChild(), ast.NewLink()
		link.Destination = []byte("#" + target)
		for child := cell.FirstChild(); child != nil; child = cell.FirstChild() {
			link.AppendChild(link, child)
		}
		cell.AppendChild(cell, link)
		return
	}
}

// hasMinor is whether the rows are more than the key moments: whether they are
// the full timeline.
func (s *sheet) hasMinor(rows []row) bool {
	for _, r := range rows {
		if !s.events[r.event].Key {
			return true
		}
	}
	return false
}

// addFilter puts the filter before the table, and on its rows what the filter
// goes by.
func (s *sheet) addFilter(table *extast.Table, rows []row) {
	for _, r := range rows {
		e := s.events[r.event]
		source, kind := plainValue(e.Source), plainValue(string(e.Kind))
		s.filter.add(source, kind)
		r.node.SetAttributeString("data-source", source)
		r.node.SetAttributeString("data-kind", kind)
		r.node.SetAttributeString("data-key", strconv.FormatBool(e.Key))
	}
	parent := table.Parent()
	parent.InsertBefore(parent, table, &markup{html: s.filter.form()})
	parent.InsertAfter(parent, table, &markup{html: `<p class="count"></p>` + "\n"})
}
