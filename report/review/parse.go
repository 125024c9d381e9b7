package review

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/debrief-sre/debrief/internal/printable"
)

// Parse reads a review. The name is that of its file: errors state it. An error
// is one [*Error] or several of them, joined. A file whose entries are all
// commented out decides nothing.
func Parse(name string, data []byte) (Review, error) {
	p := &problems{file: name}
	v := Review{File: name}
	for i, entry := range p.entries(data) {
		v.Decisions = append(v.Decisions, p.decision(fmt.Sprintf("[%d]", i), entry))
	}
	p.twice(v.Decisions)
	if err := p.err(); err != nil {
		return Review{}, err
	}
	return v, nil
}

// entries are the items of the file's one list.
func (p *problems) entries(data []byte) []ast.Node {
	if !utf8.Valid(data) {
		p.at(0, "", "is not YAML: its text is not UTF-8")
		return nil
	}
	file, err := parser.ParseBytes(bytes.TrimPrefix(data, []byte("\ufeff")), 0)
	if err != nil {
		p.syntax(err)
		return nil
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil || d.Body.Type() == ast.CommentType })
	switch {
	case len(docs) == 0:
		return nil
	case len(docs) > 1:
		p.at(lineOf(docs[1].Body), "", "a second YAML document begins here: one is allowed")
		return nil
	}
	list, ok := docs[0].Body.(*ast.SequenceNode)
	if !ok {
		p.at(lineOf(docs[0].Body), "", "is not a list of decisions: begin each with \"- event: ID\" or \"- add:\"")
		return nil
	}
	return list.Values
}

func (p *problems) syntax(err error) {
	line, message := 0, err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		message = at.GetMessage()
		if token := at.GetToken(); token != nil {
			line = token.Position.Line
		}
	}
	p.at(line, "", "is not YAML: "+printable.Line(message))
}

// decision reads one item of the list.
func (p *problems) decision(field string, node ast.Node) Decision {
	before := len(p.found)
	f := p.fields(field, node, "event", "pin", "hide", "title", "reason", "add")
	d := Decision{Line: lineOf(node)}
	if add, ok := f.values["add"]; ok {
		for _, other := range []string{"event", "pin", "hide", "title", "reason"} {
			if value, ok := f.values[other]; ok {
				p.at(lineOf(value), field+"."+other, "stands beside add, which has its own fields: time, title, role, source, pin")
			}
		}
		addition := p.addition(field+".add", add)
		d.Add = &addition
		return d
	}
	if len(f.values) == 0 {
		if f.mapping {
			p.at(d.Line, field, "is empty: give event or add")
		}
		return d
	}
	d.Event, d.Title, d.Reason = f.required("event"), f.text("title"), f.text("reason")
	d.Pin, d.Hide = f.truth("pin"), f.truth("hide")
	if len(p.found) == before { // else it would be told of twice
		p.sense(field, d)
	}
	return d
}

// sense notes a decision that says nothing, or two things at once.
func (p *problems) sense(field string, d Decision) {
	switch {
	case !d.Pin && !d.Hide && d.Title == "":
		p.at(d.Line, field, "decides nothing: give pin: true, hide: true with a reason, or a title")
	case d.Hide && (d.Pin || d.Title != ""):
		p.at(d.Line, field+".hide", "stands beside pin or title: what is hidden has neither")
	case d.Hide && d.Reason == "":
		p.at(d.Line, field+".reason", "is missing: say why the event is hidden, for readers of the document")
	case !d.Hide && d.Reason != "":
		p.at(d.Line, field+".reason", "is only for hide")
	}
}

func (p *problems) addition(field string, node ast.Node) Addition {
	f := p.fields(field, node, "time", "title", "role", "source", "pin")
	if !f.mapping {
		return Addition{}
	}
	a := Addition{Title: f.required("title"), Role: f.text("role"), Source: f.required("source"), Pin: f.truth("pin")}
	if text := f.required("time"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			p.at(lineOf(f.values["time"]), field+".time", strconv.Quote(text)+" is no time: write it as 2026-01-15T14:33:05Z")
		}
		a.Time = at.UTC()
	}
	return a
}

// twice notes events that are decided on more than once.
func (p *problems) twice(decisions []Decision) {
	first := map[string]int{}
	for i, d := range decisions {
		if d.Event == "" {
			continue
		}
		if line, ok := first[d.Event]; ok {
			p.at(d.Line, fmt.Sprintf("[%d].event", i), fmt.Sprintf("%s is decided on in line %d: put all of it there", d.Event, line))
			continue
		}
		first[d.Event] = d.Line
	}
}

// fields are the values of a mapping by their keys.
type fields struct {
	problems *problems
	field    string
	line     int
	mapping  bool
	values   map[string]ast.Node
}

// fields reads a mapping that may have these keys and no others.
func (p *problems) fields(field string, node ast.Node, allowed ...string) fields {
	f := fields{problems: p, field: field, line: lineOf(node), values: map[string]ast.Node{}}
	mapping, ok := node.(ast.MapNode)
	if !ok {
		p.at(f.line, field, "is not a mapping: it may have "+strings.Join(allowed, ", "))
		return f
	}
	f.mapping = true
	for i := mapping.MapRange(); i.Next(); {
		key := i.Key().GetToken().Value
		switch _, again := f.values[key]; {
		case !slices.Contains(allowed, key):
			p.at(lineOf(i.Key()), field+"."+printable.Line(key), "unknown key (allowed: "+strings.Join(allowed, ", ")+")")
		case again:
			p.at(lineOf(i.Key()), field+"."+key, "stands here twice")
		default:
			f.values[key] = i.Value()
		}
	}
	return f
}

func (f fields) required(key string) string {
	if _, ok := f.values[key]; !ok {
		f.problems.at(f.line, f.field+"."+key, "is missing")
		return ""
	}
	return f.text(key)
}

// text reads one line of text; "" for a key that is not there. A time is text
// as well.
func (f fields) text(key string) string {
	value, ok := f.values[key]
	if !ok {
		return ""
	}
	text := ""
	switch n := value.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.LiteralNode:
		text = strings.TrimRight(n.Value.Value, "\n")
	default:
		f.problems.at(lineOf(value), f.field+"."+key, "is not text: write it in quotes")
		return ""
	}
	if text == "" || printable.Line(text) != text {
		f.problems.at(lineOf(value), f.field+"."+key, "is not one line of text")
		return ""
	}
	return text
}

func (f fields) truth(key string) bool {
	value, ok := f.values[key]
	if !ok {
		return false
	}
	truth, ok := value.(*ast.BoolNode)
	if !ok || !truth.Value {
		f.problems.at(lineOf(value), f.field+"."+key, "may only be true: leave the key out otherwise")
		return false
	}
	return true
}

func lineOf(node ast.Node) int {
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		node = m.Values[0].Key // the mapping's own token is its first colon
	}
	if m, ok := node.(*ast.MappingValueNode); ok {
		node = m.Key
	}
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}
