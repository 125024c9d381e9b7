package collectors

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/debrief-sre/debrief/timeline"
)

// somebody stands for a person's name.
const somebody = "[person]"

// pdForeign are the fields that hold what monitoring sent. A "user" in there is
// not one of PagerDuty's.
var pdForeign = []string{"details", "body", "event_details", "cef_details", "custom_details", "contexts"}

// pdPeople lists the names and addresses of everybody whom an object mentions:
// as agent, assignee, acknowledger, author, or anywhere else.
func pdPeople(object pdObject) []string {
	var people []string
	var visit func(value any)
	visit = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			people = append(people, pdPerson(v)...)
			for key, inner := range v {
				if !slices.Contains(pdForeign, key) {
					visit(inner)
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
func pdPerson(o pdObject) []string {
	var said []string
	switch kind := o.text("type"); {
	case pdIsPerson(kind):
		said = []string{o.text("summary"), o.text("name"), o.text("email")}
	case strings.HasSuffix(kind, "_notification"):
		said = []string{o.text("address")}
	}
	return slices.DeleteFunc(said, func(s string) bool { return utf8.RuneCountInString(strings.TrimSpace(s)) < 3 })
}

// pdIsPerson tells users from services, integrations and the bots in which they
// appear as authors of notes.
func pdIsPerson(kind string) bool { return kind == "user" || kind == "user_reference" }

// anonymise replaces the names and addresses of the pages' people in all that
// is told of them.
func anonymise(pages []timeline.Page, events []timeline.Event) {
	var people []string
	for _, p := range pages {
		people = append(people, p.People...)
	}
	if len(people) == 0 {
		return
	}
	mentions := pdMentions(people)
	for i := range pages {
		pages[i].Title = withoutPeople(pages[i].Title, mentions)
		pages[i].Service = withoutPeople(pages[i].Service, mentions)
	}
	for i := range events {
		e := &events[i]
		e.Title, e.Detail = withoutPeople(e.Title, mentions), withoutPeople(e.Detail, mentions)
		for j := range e.Links {
			e.Links[j].Title = withoutPeople(e.Links[j].Title, mentions)
		}
	}
}

// withoutPeople replaces full names and addresses in a text, but not where they
// are part of another word.
func withoutPeople(text string, mentions *regexp.Regexp) string {
	var b strings.Builder
	last := 0
	for _, at := range mentions.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if inWord(before) || inWord(after) {
			continue
		}
		b.WriteString(text[last:at[0]])
		b.WriteString(somebody)
		last = at[1]
	}
	b.WriteString(text[last:])
	return b.String()
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// pdMentions finds any of the names, the longest first: one may begin another.
func pdMentions(people []string) *regexp.Regexp {
	sorted := slices.SortedFunc(slices.Values(people), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	quoted := make([]string, len(sorted))
	for i, name := range sorted {
		words := strings.Fields(name)
		for j := range words {
			words[j] = regexp.QuoteMeta(words[j])
		}
		quoted[i] = strings.Join(words, `\s+`)
	}
	return regexp.MustCompile(`(?i)` + strings.Join(slices.Compact(quoted), "|"))
}
