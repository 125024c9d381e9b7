package redact

import (
	"regexp"
	"strings"
)

var (
	secretKind  = regexp.MustCompile(`(?m)^[ \t-]*kind:[ \t]*["']?(?:Secret|SecretList)["']?[ \t]*(?:#.*)?$`)
	dataField   = regexp.MustCompile(`^([ \t]*)(?:data|stringData):[ \t]*(.*)$`)
	memberField = regexp.MustCompile(`^[ \t]*["']?[\w./-]+["']?:[ \t]*(.*)$`)
)

// secretManifests finds the data of Kubernetes Secrets in YAML, as people paste
// it: every value below data and stringData of a document of that kind.
func secretManifests(s string, _ *keyInfo, yield func(start, end int)) {
	offset := 0
	for document := range strings.SplitSeq(s, "\n---") {
		if secretKind.MatchString(document) {
			secretManifest(document, func(start, end int) { yield(offset+start, offset+end) })
		}
		offset += len(document) + len("\n---")
	}
}

func secretManifest(document string, yield func(start, end int)) {
	const outside = -1
	data := outside // the indent of the data field that we are in
	offset := 0
	value := func(line, value string) {
		start := offset + len(line) - len(value)
		value = strings.TrimRight(value, " \t\r")
		if !noSecret(value) && value != "|" && value != "|-" && value != ">" && value != ">-" && value != "{}" {
			yield(start, start+len(value))
		}
	}
	for line := range strings.SplitAfterSeq(document, "\n") {
		body := strings.TrimSuffix(line, "\n")
		indent := len(body) - len(strings.TrimLeft(body, " \t"))
		switch m := dataField.FindStringSubmatch(body); {
		case strings.TrimSpace(body) == "":
		case data != outside && indent > data:
			if m := memberField.FindStringSubmatch(body); m != nil {
				value(body, m[1])
			} else { // a line of a block
				value(body, body[indent:])
			}
		case m != nil:
			data = indent
			value(body, m[2]) // {password: ...}
		default:
			data = outside
		}
		offset += len(line)
	}
}
