package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var errNoJSON = errors.New("not one JSON value")

// JSON redacts a document of one JSON value. Only the string literals that hold
// secrets change, keys of objects too; beyond what String finds, these do:
//
//   - the values of fields that are named like a password or token, and of
//     {"name": "DB_PASSWORD", "value": ...};
//   - the data of Kubernetes Secrets, in lists and annotations too;
//   - what follows an argument such as "--password" in an array.
//
// Numbers, true and null stay, but for numbers called password.
func (r *Redactor) JSON(data []byte) ([]byte, Counts, error) {
	if !json.Valid(data) {
		return nil, nil, fmt.Errorf("redacting: %w", errNoJSON) // the text itself may be a secret
	}
	out, counts := r.document(data, 0)
	return out, counts, nil
}

// nestedJSON redacts a text that is a JSON object or array.
func (r *Redactor) nestedJSON(s string, depth int) (string, Counts, bool) {
	trimmed := strings.TrimSpace(s)
	if depth >= maxDepth || len(trimmed) < 2 || trimmed[0] != '{' && trimmed[0] != '[' || !json.Valid([]byte(s)) {
		return "", nil, false
	}
	out, counts := r.document([]byte(s), depth+1)
	if len(counts) == 0 {
		return s, nil, true
	}
	return string(out), counts, true
}

func (r *Redactor) document(data []byte, depth int) ([]byte, Counts) {
	w := walker{redactor: r, tree: parse(data), depth: depth}
	w.value(0, place{})
	if len(w.edits) == 0 {
		return data, nil
	}
	return w.rewritten(), w.counts
}

// walker visits the values of a document in order and notes what to replace.
type walker struct {
	redactor *Redactor
	tree     tree
	depth    int
	edits    []edit
	counts   Counts
}

// edit replaces the text of a node.
type edit struct {
	node int
	text string
}

// place is where a value is.
type place struct {
	key    *keyInfo // of the field whose value, or element of whose value, it is
	secret bool     // in the data of a Secret
	list   bool     // an item of a list of Secrets
}

func (w *walker) value(i int, p place) {
	switch n := w.tree.nodes[i]; n.kind {
	case kindObject:
		w.object(i, p)
	case kindArray:
		previous := ""
		for child := range w.tree.children(i) {
			here := p
			if w.tree.nodes[child].kind == kindString {
				if strings.HasPrefix(previous, "-") && !strings.Contains(previous, "=") {
					here.key = w.redactor.key(previous, w.depth)
				}
				previous = withoutMarkers(w.tree.text(child))
			}
			w.value(child, here)
		}
	case kindString:
		if p.secret {
			w.secretData(i)
			return
		}
		if out, counts := w.redactor.field(w.tree.text(i), p.key, w.depth); len(counts) > 0 {
			w.edit(i, out, counts)
		}
	case kindNumber:
		if p.secret || p.key != nil && p.key.class == strong && strings.HasPrefix(strings.ToLower(lastWord(p.key.text)), "pass") {
			w.edit(i, marker(ruleField), Counts{ruleField: 1})
		}
	}
}

func (w *walker) object(i int, p place) {
	members := w.members(i)
	var kind, typ string
	var named *keyInfo // the value of name or key, for the value of value
	for _, m := range members {
		if w.tree.nodes[m.value].kind != kindString {
			continue
		}
		switch m.key.redacted {
		case "kind":
			kind = w.tree.text(m.value)
		case "type":
			typ = w.tree.text(m.value)
		case "name", "key", "Name", "Key":
			if named == nil || named.class == plain {
				named = w.redactor.key(w.tree.text(m.value), w.depth)
			}
		}
	}
	isSecret := kind == "Secret" || p.list || typ == "Opaque" || strings.HasPrefix(typ, "kubernetes.io/")

	for _, m := range members {
		if len(m.key.counts) > 0 {
			w.edit(m.node, m.key.redacted, m.key.counts)
		}
		here := place{key: m.key, secret: p.secret}
		switch m.key.redacted {
		case "value", "Value":
			if named != nil && m.key.class == plain {
				here.key = named
			}
		case "data", "stringData", "binaryData":
			here.secret = here.secret || isSecret
		case "items":
			here.list = kind == "SecretList"
		}
		w.value(m.value, here)
	}
}

// member is a key of an object and its value.
type member struct {
	node, value int
	key         *keyInfo
}

func (w *walker) members(i int) []member {
	var members []member
	key := -1
	for child := range w.tree.children(i) {
		if key < 0 {
			key = child
			continue
		}
		members = append(members, member{node: key, value: child, key: w.redactor.key(w.tree.text(key), w.depth)})
		key = -1
	}
	return members
}

func (w *walker) secretData(i int) {
	if withoutMarkers(w.tree.text(i)) != "" {
		w.edit(i, marker(ruleSecretData), Counts{ruleSecretData: 1})
	}
}

func (w *walker) edit(node int, text string, counts Counts) {
	w.edits = append(w.edits, edit{node, text})
	if w.counts == nil {
		w.counts = Counts{}
	}
	w.counts.Add(counts)
}

func (w *walker) rewritten() []byte {
	var out bytes.Buffer
	out.Grow(len(w.tree.data))
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	from := 0
	for _, e := range w.edits {
		n := w.tree.nodes[e.node]
		out.Write(w.tree.data[from:n.start])
		_ = enc.Encode(e.text) // a string into memory
		out.Truncate(out.Len() - len("\n"))
		from = n.end
	}
	out.Write(w.tree.data[from:])
	return out.Bytes()
}

// field redacts the value of a field called key, which may be nil.
func (r *Redactor) field(s string, key *keyInfo, depth int) (string, Counts) {
	out, counts := r.text(s, key, depth)
	if key != nil && key.text == "auth" && userAndPassword(out, 0, len(out)) {
		return marker(ruleRegistryAuth), Counts{ruleRegistryAuth: 1}
	}
	if key == nil || key.class == plain || noSecret(out) {
		return out, counts
	}
	if key.class == weak && lastWord(key.text) == "secret" && objectName(out) {
		return out, counts // the name of a Secret, as in kube-state-metrics' labels
	}
	return marker(ruleField), Counts{ruleField: 1}
}

func lastWord(name string) string {
	w := words(name)
	if len(w) == 0 {
		return ""
	}
	return w[len(w)-1]
}

// decode is the string that a literal stands for, as encoding/json reads it: it
// replaces what is not UTF-8, and so what was searched is what is written.
func decode(raw []byte) string {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(raw, &s) // the document is valid
	return s
}
