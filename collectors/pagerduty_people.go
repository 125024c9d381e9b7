package collectors

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/debrief-sre/debrief/timeline"
)

// pdForeign are the fields that hold what monitoring sent. A "user" in there is
// not one of PagerDuty's.
var pdForeign = []string{"details", "body", "event_details", "cef_details", "custom_details", "contexts"}

// pdPeople lists everybody whom an object mentions: as agent, assignee,
// acknowledger, author, or anywhere else.
func pdPeople(object pdObject) []timeline.Person {
	var people []timeline.Person
	var visit func(value any)
	visit = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			if p, ok := pdPerson(v); ok {
				people = append(people, p)
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				if !slices.Contains(pdForeign, key) {
					visit(v[key])
				}
			}
		case []any:
			for _, inner := range v {
				visit(inner)
			}
		}
	}
	visit(map[string]any(object))
	return people
}

// pdPerson gives what an object says of one person: a user's name and address,
// or the address or number at which somebody was notified.
func pdPerson(o pdObject) (timeline.Person, bool) {
	var said []string
	switch kind := o.text("type"); {
	case pdIsPerson(kind):
		said = []string{o.text("summary"), o.text("name"), o.text("email")}
	case strings.HasSuffix(kind, "_notification"):
		said = []string{o.text("address")}
	}
	said = slices.DeleteFunc(said, func(s string) bool { return utf8.RuneCountInString(strings.TrimSpace(s)) < 3 })
	if len(said) == 0 {
		return timeline.Person{}, false
	}
	return timeline.Person{ID: cmp.Or(o.text("id"), said[0]), Names: said}, true
}

// pdActor is the id of the person who acted, if it was one.
func pdActor(agent pdObject) string {
	if p, ok := pdPerson(agent); ok && pdIsPerson(agent.text("type")) {
		return p.ID
	}
	return ""
}

// pdIsPerson tells users from services, integrations and the bots in which they
// appear as authors of notes.
func pdIsPerson(kind string) bool { return kind == "user" || kind == "user_reference" }
