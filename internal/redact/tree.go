package redact

import "iter"

type kind byte

const (
	kindObject kind = iota
	kindArray
	kindString
	kindNumber
	kindLiteral // true, false, null
)

// node is a value or an object's key. Nodes are in the order of the document: a
// node's children follow it, and the keys of an object are among its children.
type node struct {
	kind       kind
	start, end int
	next       int // the node after this one and its children
}

// tree is a document and where its values are. encoding/json cannot tell that
// and keep the order, and its tokens cost more than all the rules.
type tree struct {
	data  []byte
	nodes []node
}

// parse reads a document that encoding/json finds valid, which also bounds how
// deep it is.
func parse(data []byte) tree {
	t := tree{data: data, nodes: make([]node, 0, len(data)/16+1)}
	t.parse(0)
	return t
}

// parse reads the value that begins at or behind offset i and returns its end.
func (t *tree) parse(i int) int {
	i = t.skip(i)
	n := len(t.nodes)
	t.nodes = append(t.nodes, node{start: i})
	k := kindLiteral
	switch c := t.data[i]; {
	case c == '{' || c == '[':
		k = kindObject
		if c == '[' {
			k = kindArray
		}
		for i = t.skip(i + 1); t.data[i] != '}' && t.data[i] != ']'; i = t.skip(i) {
			if c := t.data[i]; c == ',' || c == ':' {
				i++
				continue
			}
			i = t.parse(i)
		}
		i++
	case c == '"':
		k = kindString
		for i++; t.data[i] != '"'; i++ {
			if t.data[i] == '\\' {
				i++
			}
		}
		i++
	default:
		if c == '-' || '0' <= c && c <= '9' {
			k = kindNumber
		}
		for i < len(t.data) && !delimiter(t.data[i]) {
			i++
		}
	}
	t.nodes[n].kind, t.nodes[n].end, t.nodes[n].next = k, i, len(t.nodes)
	return i
}

func (t *tree) skip(i int) int {
	for t.data[i] == ' ' || t.data[i] == '\n' || t.data[i] == '\t' || t.data[i] == '\r' {
		i++
	}
	return i
}

func delimiter(c byte) bool {
	switch c {
	case ' ', '\n', '\t', '\r', ',', ':', '}', ']':
		return true
	}
	return false
}

// children are the nodes directly below node i.
func (t *tree) children(i int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for child := i + 1; child < t.nodes[i].next; child = t.nodes[child].next {
			if !yield(child) {
				return
			}
		}
	}
}

// text is the string that node i holds.
func (t *tree) text(i int) string { return decode(t.data[t.nodes[i].start:t.nodes[i].end]) }
