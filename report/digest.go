package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Bundle names the file of evidence that a report was made from.
type Bundle struct {
	SHA256 string `json:"sha256"`        // in hexadecimal
	URL    string `json:"url,omitempty"` // where it is kept, if that is known; absolute, or relative to the document
}

// incidental are the fields, at any depth, that differ between two collections
// which found the same: by whom, how, when and how completely it was asked, and
// where in the bundle the answer stands. Actions follow from the facts.
var incidental = map[string]bool{
	"tool": true, "authors": true, "collected": true, "bundle": true, "past": true, "warnings": true, "actions": true,
	"window": true, "series": true, "queries": true, "evidence": true, "reason": true, "asked": true, "objects": true,
	"oldest": true, "clockOffset": true, "duration": true, "redactions": true,
}

// Digest is a hash, in hexadecimal, of the facts that the report states: of
// what happened, what it cost, and which sources left gaps. Evidence that was
// collected again and says the same gives the same digest.
func (r Report) Digest() (string, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("encoding report: %w", err)
	}
	var facts any
	if err := json.Unmarshal(data, &facts); err != nil {
		return "", fmt.Errorf("decoding report: %w", err)
	}
	if data, err = json.Marshal(withoutIncidental(facts)); err != nil {
		return "", fmt.Errorf("encoding facts: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16]), nil
}

func withoutIncidental(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			if incidental[key] {
				delete(v, key)
			} else {
				v[key] = withoutIncidental(field)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutIncidental(v[i])
		}
	}
	return value
}
