package collectors

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/debrief-sre/debrief/timeline"
)

// pdObject is an object as PagerDuty gave it. Its fields are taken as they
// come, for now and then one has another type than the documentation says: a
// channel without a type, a number where text belongs, no agent at all. What
// is not as expected counts as missing.
type pdObject map[string]any

// at follows a path of keys.
func (o pdObject) at(path ...string) any {
	var value any = map[string]any(o)
	for _, key := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

func (o pdObject) text(path ...string) string {
	text, _ := o.at(path...).(string)
	return text
}

func (o pdObject) number(path ...string) int {
	switch n := o.at(path...).(type) {
	case json.Number:
		i, _ := strconv.Atoi(n.String())
		return i
	case float64:
		return int(n)
	default:
		return 0
	}
}

// time is in UTC, whatever zone it was given in, and zero if it is missing.
func (o pdObject) time(path ...string) time.Time {
	t, err := time.Parse(time.RFC3339, o.text(path...))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func (o pdObject) object(path ...string) pdObject {
	object, _ := o.at(path...).(map[string]any)
	return object
}

func (o pdObject) list(path ...string) []pdObject {
	values, _ := o.at(path...).([]any)
	var objects []pdObject
	for _, v := range values {
		if object, ok := v.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// links leads to the object in PagerDuty's own interface.
func (o pdObject) links() []timeline.Link { return pdLink("PagerDuty", o.text("html_url")) }

// pdLink is a link, or none: an address may be anything, a script even.
func pdLink(title, address string) []timeline.Link {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil
	}
	return []timeline.Link{{Title: title, URL: address}}
}

// pdKeys are what the API repeats of the keys with which integrations send
// events. They are credentials.
var pdKeys = []string{"routing_key", "service_key", "integration_key"}

// raw is the object as it is stored: all of it but credentials.
func (o pdObject) raw() any { return withoutKeys(map[string]any(o), pdKeys) }

// withoutKeys copies a JSON value and leaves out the keys wherever they stand.
func withoutKeys(value any, keys []string) any {
	switch v := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(v))
		for key, inner := range v {
			if !slices.Contains(keys, key) {
				kept[key] = withoutKeys(inner, keys)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i, inner := range v {
			kept[i] = withoutKeys(inner, keys)
		}
		return kept
	default:
		return value
	}
}

// UnmarshalJSON keeps numbers as they were written.
func (o *pdObject) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode((*map[string]any)(o))
}

// pdStoredRecord is a line that wraps an object of the API.
type pdStoredRecord struct {
	Incident  string `json:"incident,omitempty"`  // that it was listed for
	MatchedBy string `json:"matchedBy,omitempty"` // for incidents
	Object    any    `json:"object"`
}

// pdRecord is a line read back, wrapped or not.
type pdRecord struct {
	incident  string // id
	matchedBy string
	pdObject
}

// UnmarshalJSON reads either form. No object of the API has a field "object"
// beside an incident that is mere text.
func (r *pdRecord) UnmarshalJSON(data []byte) error {
	var line pdObject
	if err := json.Unmarshal(data, &line); err != nil {
		return err
	}
	r.incident, r.matchedBy = line.text("incident"), line.text("matchedBy")
	if r.incident == "" && r.matchedBy == "" {
		r.pdObject, r.incident = line, line.text("incident", "id")
		return nil
	}
	r.pdObject = line.object("object")
	return nil
}
