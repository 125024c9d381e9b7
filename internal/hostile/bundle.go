package hostile

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
)

// structure are the keys whose strings no source is free to choose: they would
// not be read at all, or make the bundle another one.
var structure = map[string]bool{
	"apiVersion": true, "role": true, "budget": true, // of an entry
	"range": true, "step": true, "window": true, // durations
}

// vocabulary are the keys whose words decide what a thing is.
var vocabulary = map[string]bool{
	"kind": true, "type": true, "phase": true, "status": true, "state": true, "reason": true, "alertstate": true, "__name__": true,
	"uid": true, "operation": true, "manager": true, "matchedBy": true, "rollout-type": true,
}

// freeMaps are the keys of objects whose own keys a source is free to choose.
var freeMaps = map[string]bool{"labels": true, "annotations": true, "details": true, "custom_details": true}

// Bundle writes to w the contents of b with every field filled, and returns the
// manifest to seal it with and the names of the fields.
func Bundle(w *evidence.Writer, b *evidence.Bundle, f Filling) (evidence.Manifest, []string, error) {
	c := &copier{filling: f, fields: map[string]bool{}, entries: map[string]string{}}
	for _, e := range b.Manifest.Entries {
		c.entries[e.Name] = c.entryName(e.Name)
	}
	for _, e := range b.Manifest.Entries {
		if err := c.entry(w, b, e.Name); err != nil {
			return evidence.Manifest{}, nil, err
		}
	}
	m, err := c.manifest(b.Manifest)
	if err != nil {
		return m, nil, err
	}
	w.Cover(m.Coverage...)
	return m, slices.Sorted(maps.Keys(c.fields)), nil
}

type copier struct {
	filling Filling
	fields  map[string]bool
	entries map[string]string // new names by old
}

// entry copies one entry, line by line if it has lines.
func (c *copier) entry(w *evidence.Writer, b *evidence.Bundle, name string) error {
	out, err := w.Create(c.entries[name])
	if err != nil {
		return err
	}
	if strings.HasSuffix(name, ".json") {
		var v any
		if err := b.ReadJSON(name, &v); err != nil {
			return err
		}
		return out.Append(c.value(name, "", v))
	}
	for line, err := range evidence.Lines[any](b, name) {
		if err != nil {
			return err
		}
		if err := out.Append(c.value(name, "", line.Value)); err != nil {
			return err
		}
	}
	return nil
}

// entryName fills the names of those entries that another one names: debrief
// chose them, but whoever makes a bundle may choose others.
func (c *copier) entryName(name string) string {
	if !strings.HasPrefix(name, "prometheus/0-") {
		return name
	}
	filled := "prometheus/" + c.filling.Fill(strings.TrimPrefix(name, "prometheus/"))
	filled = filled + "-" + strings.TrimPrefix(path.Base(name), "0-") // they stay apart
	usable := fs.ValidPath(filled) && !strings.ContainsAny(filled, "\\:#") && !strings.ContainsFunc(filled, unicode.IsControl)
	if !usable {
		return name
	}
	return filled
}

// value fills all that lies below a JSON value. Field is its path, with
// nothing for the places in lists.
func (c *copier) value(field, key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		filled := map[string]any{}
		for k, below := range v {
			filled[k] = c.value(field+"/"+k, k, below)
		}
		if freeMaps[key] {
			c.fields[field+"/*"] = true
			if text := c.filling.Fill("label"); text != "" {
				filled[text] = text
			}
		}
		return filled
	case []any:
		filled := make([]any, len(v))
		for i, below := range v {
			filled[i] = c.value(field, key, below)
		}
		return filled
	case string:
		return c.text(field, key, v)
	default:
		return v
	}
}

// text fills one string. Numbers and times stay, whatever they are of, so that
// the story that the bundle tells stays the same.
func (c *copier) text(field, key, old string) string {
	if renamed, ok := c.entries[old]; ok {
		return renamed
	}
	if structure[key] || vocabulary[key] && !c.filling.Vocabulary {
		return old
	}
	if _, err := strconv.ParseFloat(old, 64); err == nil || old == "" || isTime(old) || isDuration(old) {
		return old
	}
	c.fields[field] = true
	return c.filling.Fill(old)
}

func isTime(s string) bool {
	_, err := time.Parse(time.RFC3339Nano, s)
	return err == nil
}

func isDuration(s string) bool {
	_, err := model.ParseDuration(s)
	return err == nil
}

// manifest fills the manifest's strings, among them one coverage record of a
// source that could not answer.
func (c *copier) manifest(m evidence.Manifest) (evidence.Manifest, error) {
	m.Notes = append(slices.Clone(m.Notes), "a note")
	m.Coverage = append(slices.Clone(m.Coverage), evidence.Coverage{
		Source: "kubernetes/pods", Status: evidence.StatusPartial, Reason: "a reason", Asked: "a question", Warnings: []string{"a warning", "another"},
	})
	data, err := json.Marshal(m)
	if err != nil {
		return m, fmt.Errorf("encoding manifest: %w", err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		return m, fmt.Errorf("decoding manifest: %w", err)
	}
	delete(v, "entries")
	filled, err := json.Marshal(c.value("manifest", "", v))
	if err != nil {
		return m, fmt.Errorf("encoding manifest: %w", err)
	}
	var out evidence.Manifest
	if err := json.Unmarshal(filled, &out); err != nil {
		return m, fmt.Errorf("decoding filled manifest: %w", err)
	}
	return out, nil
}
