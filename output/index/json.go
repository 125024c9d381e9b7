package index

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// SchemaVersion is the version of index.json. Fields may be added to a version.
const SchemaVersion = 1

// jsonOf writes the collection and its statistics.
func jsonOf(c Collection, s Statistics, o Options) ([]byte, error) {
	index := struct {
		SchemaVersion int        `json:"schemaVersion"`
		Title         string     `json:"title"`
		Updated       *time.Time `json:"updated"` // the latest time in any document; null without one
		Statistics
		Incidents []Incident `json:"incidents"` // newest first
		Skipped   []Skipped  `json:"skipped"`
	}{SchemaVersion: SchemaVersion, Title: o.Title, Statistics: s, Incidents: []Incident{}, Skipped: []Skipped{}}
	if at := c.updated(); !at.IsZero() {
		index.Updated = &at
	}
	index.Incidents = append(index.Incidents, c.Incidents...)
	for _, skipped := range c.Skipped {
		if !skipped.Foreign {
			index.Skipped = append(index.Skipped, skipped)
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(index); err != nil {
		return nil, fmt.Errorf("encoding the index: %w", err)
	}
	return out.Bytes(), nil
}
