package timeline

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Person is somebody whom a source names.
type Person struct {
	ID    string   // the source's own; never shown
	Names []string // full names, addresses and numbers, as they may stand in texts
}

// Naming says what becomes of people in documents.
type Naming string

// The namings.
const (
	AsRoles    Naming = "role"      // "on-call engineer"; "[person]" in texts
	Pseudonyms Naming = "pseudonym" // "Person A", the same throughout a document
	ByName     Naming = "keep"      // as the source names them
)

// somebody stands for a person's name in texts.
const somebody = "[person]"

// NamePeople puts roles, pseudonyms or names in the place of all people that
// the facts mention. An unknown naming counts as [AsRoles]: nobody is named by
// mistake.
func (f *Facts) NamePeople(naming Naming) {
	people := f.people()
	calls := map[string]string{} // what a person is called, by id
	for i, p := range people {
		switch naming {
		case ByName:
			calls[p.ID] = p.Names[0]
		case Pseudonyms:
			calls[p.ID] = "Person " + letters(i)
		}
	}
	replace := func(text string) string { return text }
	if naming != ByName && len(people) > 0 {
		mentions := mentionsOf(people, calls)
		replace = mentions.replace
	}
	for i := range f.Pages {
		f.Pages[i].Title, f.Pages[i].Service = replace(f.Pages[i].Title), replace(f.Pages[i].Service)
	}
	for i := range f.Events {
		e := &f.Events[i]
		e.Title, e.Detail = replace(e.Title), replace(e.Detail)
		for j := range e.Links {
			e.Links[j].Title = replace(e.Links[j].Title)
		}
		if name := calls[e.Actor]; name != "" {
			e.Role = strings.TrimSuffix(name+", "+e.Role, ", ")
		}
	}
}

// people are all that the pages mention, once each, in the order of their ids.
func (f *Facts) people() []Person {
	names := map[string][]string{}
	for _, page := range f.Pages {
		for _, p := range page.People {
			for _, name := range p.Names {
				if !slices.Contains(names[p.ID], name) {
					names[p.ID] = append(names[p.ID], name)
				}
			}
		}
	}
	var people []Person
	for id, list := range names {
		people = append(people, Person{ID: id, Names: list})
	}
	slices.SortFunc(people, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	return people
}

// letters counts A, B, ... Z, AA, AB, as columns of a spreadsheet do.
func letters(i int) string {
	text := string(rune('A' + i%26))
	for i = i/26 - 1; i >= 0; i = i/26 - 1 {
		text = string(rune('A'+i%26)) + text
	}
	return text
}

// mentions finds people in texts.
type mentions struct {
	pattern *regexp.Regexp
	calls   map[string]string // by folded name
}

// mentionsOf prepares to find any of the names, the longest first: one may
// begin another.
func mentionsOf(people []Person, calls map[string]string) mentions {
	m := mentions{calls: map[string]string{}}
	var names []string
	for _, p := range people {
		for _, name := range p.Names {
			if folded := fold(name); folded != "" {
				names = append(names, folded)
				m.calls[folded] = cmp.Or(calls[p.ID], somebody)
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for i, name := range names {
		words := strings.Fields(name)
		for j := range words {
			words[j] = regexp.QuoteMeta(words[j])
		}
		names[i] = strings.Join(words, `\s+`)
	}
	m.pattern = regexp.MustCompile(`(?i)` + strings.Join(slices.Compact(names), "|"))
	return m
}

func fold(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// replace puts what they are called in the place of full names and addresses,
// but not where those are part of another word.
func (m mentions) replace(text string) string {
	var b strings.Builder
	last := 0
	for _, at := range m.pattern.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if at[0] == at[1] || inWord(before) || inWord(after) {
			continue
		}
		b.WriteString(text[last:at[0]])
		b.WriteString(cmp.Or(m.calls[fold(text[at[0]:at[1]])], somebody))
		last = at[1]
	}
	b.WriteString(text[last:])
	return b.String()
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
