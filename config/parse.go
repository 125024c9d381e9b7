package config

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	promconfig "github.com/prometheus/common/config"
)

// Parse reads a configuration. The name is that of its file: errors state it,
// and names of files in the configuration are relative to its folder. An error
// is one [*Error] or several of them, joined.
func Parse(name string, data []byte) (*Config, error) {
	p := &problems{file: name, lines: map[string]int{}}
	body := p.parse(data)
	if body == nil {
		return nil, p.err()
	}
	p.check(body, reflect.TypeFor[Config](), "")
	if err := p.err(); err != nil {
		return nil, err
	}
	c := Default()
	if err := yaml.NodeToValue(body, c, yaml.Strict(), yaml.CustomUnmarshaler(unmarshalHeaders)); err != nil {
		p.decodeError(err)
		return nil, p.err()
	}
	p.validate(c)
	if err := p.err(); err != nil {
		return nil, err
	}
	c.file, c.tokenLine = name, p.lines["pagerduty.tokenFile"]
	c.relativeTo(name)
	return c, nil
}

// parse gives the file's one document, or nil after noting why there is none.
func (p *problems) parse(data []byte) ast.Node {
	if !utf8.Valid(data) {
		p.at(0, "", "is not a YAML file: its text is not UTF-8")
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		p.syntaxError(err)
		return nil
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch {
	case len(bodies) == 0:
		p.at(0, "", "is empty: write at least one of "+strings.Join(keysOf(reflect.TypeFor[Config]()).order, ", ")+"; see debrief config init")
		return nil
	case len(bodies) > 1:
		p.at(lineOf(bodies[1]), "", "a second YAML document begins here: one is allowed")
		return nil
	}
	return bodies[0]
}

func (p *problems) syntaxError(err error) {
	line, message := 0, err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		message = at.GetMessage()
		if token := at.GetToken(); token != nil {
			// The token of a stray tab begins with the end of the line before.
			line = token.Position.Line
		}
	}
	if strings.Contains(message, "tab character") || strings.Contains(message, "'\t'") {
		message = "a tab character: indent with spaces"
	}
	p.at(line, "", "is not YAML: "+oneLine(message))
}

// decodeError notes what only the decoder can find: what Prometheus's own form
// of HTTP settings demands beyond types.
func (p *problems) decodeError(err error) {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p.at(at.GetToken().Position.Line, "", oneLine(at.GetMessage()))
		return
	}
	p.in("prometheus", "http", oneLine(err.Error()))
}

// unmarshalHeaders stands in for the decoder's own way with inline maps, of
// which it knows only structs. The headers have been checked by then.
func unmarshalHeaders(h *promconfig.Headers, data []byte) error {
	if err := yaml.UnmarshalWithOptions(data, &h.Headers, yaml.Strict()); err != nil {
		return err
	}
	return h.Validate()
}

func lineOf(node ast.Node) int {
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		node = m.Values[0].Key // the mapping's own token is its first colon
	}
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
