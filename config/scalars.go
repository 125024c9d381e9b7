package config

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
)

// scalars are the checks of types that are written as one word. Each tells what
// is wrong with a node, or nothing.
var scalars = map[reflect.Type]func(ast.Node) string{
	reflect.TypeFor[model.Duration]():        wantDuration,
	reflect.TypeFor[promconfig.URL]():        wantURL,
	reflect.TypeFor[promconfig.TLSVersion](): wantTLSVersion,
	reflect.TypeFor[Names]():                 wantNames,
}

// wantText wants a string. A number is none: 0123 and 1.10 would lose digits,
// and a file that quotes them says what it means.
func wantText(node ast.Node, secret bool) string {
	switch n := node.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return ""
	case *ast.NullNode:
		return "has no value: write text or leave the key out"
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return describe(node) + ", not text"
	default:
		if secret {
			return describe(node) + ", not text: write it in quotes"
		}
		return fmt.Sprintf("%s %s, not text: write it in quotes", n.GetToken().Value, describe(node))
	}
}

func wantNumber(node ast.Node) string {
	switch node.Type() {
	case ast.IntegerType, ast.FloatType:
		return ""
	case ast.NanType, ast.InfinityType:
		return node.GetToken().Value + " is not a finite number"
	case ast.StringType:
		return fmt.Sprintf("%q is text, not a number", text(node))
	default:
		return describe(node) + ", not a number"
	}
}

func wantDuration(node ast.Node) string {
	const allowed = "is not a duration: write one such as 30d, 4w or 720h"
	if _, text := node.(*ast.StringNode); !text {
		return word(node) + allowed
	}
	if d, err := model.ParseDuration(text(node)); err != nil || d == 0 {
		return word(node) + allowed
	}
	return ""
}

func wantURL(node ast.Node) string {
	if problem := wantText(node, true); problem != "" {
		return problem
	}
	return urlProblem(text(node), true)
}

func wantTLSVersion(node ast.Node) string {
	if _, ok := promconfig.TLSVersions[text(node)]; ok {
		return ""
	}
	return instead(word(node)+"is not a version of TLS", text(node), slices.Sorted(maps.Keys(promconfig.TLSVersions)))
}

func wantNames(node ast.Node) string {
	allowed := []string{string(KeepNames), string(NamesAsRoles), string(NamesPseudonyms)}
	if slices.Contains(allowed, text(node)) {
		return ""
	}
	return instead(word(node)+"is not one of the words allowed here", text(node), allowed)
}

// urlProblem says why a text is no address to ask, without repeating it: it
// may hold a password.
func urlProblem(address string, credentials bool) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "is not an address: write one such as https://example.com"
	case u.User != nil && !credentials:
		return "holds a name or password: those have keys of their own"
	case u.RawQuery != "" || u.Fragment != "":
		return "has a query or fragment: leave them out"
	}
	return ""
}

// text is a scalar's own text, without quotes.
func text(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	default:
		return ""
	}
}

// word begins a message with a scalar's text, or with what else the node is.
func word(node ast.Node) string {
	switch node.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return strconv.Quote(node.GetToken().Value) + " "
	default:
		return describe(node) + ", which "
	}
}
