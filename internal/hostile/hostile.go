// Package hostile puts hostile text into every field of an evidence bundle that
// a source fills: names, messages, queries, values, links, labels and their
// keys, coverage records, notes, objectives. It is for tests.
//
// The payloads are in testdata/hostile/payloads.json at the repository's root,
// in kinds. Each tries to be more than text in some place that a document has.
package hostile

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Payload is a hostile text and what it attacks.
type Payload struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Read reads a file of payloads.
func Read(path string) ([]Payload, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading payloads: %w", err)
	}
	var payloads []Payload
	if err := json.Unmarshal(data, &payloads); err != nil {
		return nil, fmt.Errorf("reading payloads from %s: %w", path, err)
	}
	return payloads, nil
}

// Filling says what becomes of a field.
type Filling struct {
	// Fill gives the new text for the old. The same old text always gets the
	// same new one, so that objects that name each other still do.
	Fill func(old string) string
	// Vocabulary fills also the fields whose words decide what a thing is, such
	// as its kind and phase. The document then has little to tell.
	Vocabulary bool
}

// Instead puts the texts in the place of every old one.
func Instead(texts ...string) Filling {
	return Filling{Fill: func(string) string { return strings.Join(texts, " ") }}
}

// Around puts half of the texts before the old one and half after.
func Around(texts ...string) Filling {
	half := (len(texts) + 1) / 2
	return Filling{Fill: func(old string) string {
		return strings.Join(slices.Concat(texts[:half], []string{old}, texts[half:]), " ")
	}}
}

// Everywhere is like [Instead], for the vocabulary too.
func Everywhere(texts ...string) Filling {
	f := Instead(texts...)
	f.Vocabulary = true
	return f
}
