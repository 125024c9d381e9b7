package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	promconfig "github.com/prometheus/common/config"
)

// check compares the syntax tree with the type that it is to fill, and notes
// every key that does not exist and every value of another type. The decoder
// is strict too, but it stops at the first mistake, knows neither fields nor
// suggestions, and its errors speak of Go types.
func (p *problems) check(node ast.Node, t reflect.Type, field string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[promconfig.Headers]() { // a struct around the map that takes its place
		t = reflect.TypeFor[map[string]promconfig.Header]()
	}
	if _, set := p.lines[field]; !set {
		p.lines[field] = lineOf(node)
	}
	if what := refused[node.Type()]; what != "" {
		p.at(lineOf(node), field, what)
		return
	}
	if check, ok := scalars[t]; ok {
		p.note(node, field, check(node))
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		p.checkStruct(node, t, field)
	case reflect.Map:
		p.checkMap(node, t, field)
	case reflect.Slice:
		p.checkList(node, t, field)
	case reflect.Interface: // anything goes
	case reflect.String:
		p.note(node, field, wantText(node, t == reflect.TypeFor[Secret]()))
	case reflect.Bool:
		if node.Type() != ast.BoolType {
			p.at(lineOf(node), field, describe(node)+", not true or false")
		}
	case reflect.Int64:
		if node.Type() != ast.IntegerType {
			p.at(lineOf(node), field, describe(node)+", not a whole number")
		}
	case reflect.Float64:
		p.note(node, field, wantNumber(node))
	default:
		panic("config: no check for values of type " + t.String())
	}
}

// refused are the parts of YAML that the file cannot have.
var refused = map[ast.NodeType]string{
	ast.AnchorType:   "is a YAML anchor: write values out where they belong",
	ast.AliasType:    "is a YAML alias: write the value out",
	ast.MergeKeyType: "is a YAML merge key: write the values out",
	ast.TagType:      "is a YAML tag: write the value without it",
}

func (p *problems) note(node ast.Node, field, problem string) {
	if problem != "" {
		p.at(lineOf(node), field, problem)
	}
}

func (p *problems) checkStruct(node ast.Node, t reflect.Type, field string) {
	known := keysOf(t)
	p.eachKey(node, field, func(key string, keyNode, value ast.Node) {
		in := join(field, key)
		if t, ok := known.types[key]; ok {
			p.check(value, t, in)
			return
		}
		p.at(lineOf(keyNode), in, instead("unknown key", key, slices.Sorted(slices.Values(known.order))))
	})
}

func (p *problems) checkMap(node ast.Node, t reflect.Type, field string) {
	p.eachKey(node, field, func(key string, _, value ast.Node) { p.check(value, t.Elem(), join(field, key)) })
}

func (p *problems) checkList(node ast.Node, t reflect.Type, field string) {
	switch list := node.(type) {
	case *ast.SequenceNode:
		for i, value := range list.Values {
			p.check(value, t.Elem(), item(field, i))
		}
	case *ast.NullNode: // all of it is commented out
		if t.Elem().Kind() != reflect.Struct {
			p.at(lineOf(node), field, "has no value: write a list or leave the key out")
		}
	default:
		p.at(lineOf(node), field, describe(node)+", not a list")
	}
}

// eachKey visits the keys of a mapping, or notes that the node is none. A
// section may be empty, as when all of it is commented out.
func (p *problems) eachKey(node ast.Node, field string, visit func(key string, keyNode, value ast.Node)) {
	mapping, ok := node.(ast.MapNode)
	switch {
	case !ok && node.Type() == ast.NullType && !strings.HasSuffix(field, "]"):
		return
	case !ok && field == "":
		p.at(lineOf(node), "", describe(node)+", not a mapping of keys to values")
		return
	case !ok:
		p.at(lineOf(node), field, describe(node)+", not a mapping of keys to values")
		return
	}
	for i := mapping.MapRange(); i.Next(); {
		key := i.Key()
		if what := refused[key.Type()]; what != "" {
			p.at(lineOf(key), field, what)
			continue
		}
		name := key.GetToken().Value
		if _, text := key.(*ast.StringNode); !text {
			p.at(lineOf(key), join(field, name), "keys are text: write it in quotes")
			continue
		}
		p.lines[join(field, name)] = lineOf(key)
		visit(name, key, i.Value())
	}
}

// keys are those that a struct's mapping may have, in the struct's order.
type keys struct {
	order []string
	types map[string]reflect.Type
}

func (k *keys) add(name string, t reflect.Type) {
	k.order = append(k.order, name)
	k.types[name] = t
}

// keysOf reads the keys from the tags, as the decoder does.
func keysOf(t reflect.Type) keys {
	found := keys{types: map[string]reflect.Type{}}
	for f := range fields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name != "":
			found.add(name, f.Type)
		case options == "inline":
			inner := keysOf(f.Type)
			for _, name := range inner.order {
				found.add(name, inner.types[name])
			}
		}
	}
	return found
}

func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !yield(f) {
				return
			}
		}
	}
}

// describe names what a node is, without its value: that may be a secret in
// the wrong place.
func describe(node ast.Node) string {
	switch node.Type() {
	case ast.NullType:
		return "has no value"
	case ast.MappingType, ast.MappingValueType:
		return "is a mapping"
	case ast.SequenceType:
		return "is a list"
	case ast.BoolType:
		return "is true or false"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "is a number"
	default:
		return "is text"
	}
}
