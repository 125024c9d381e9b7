package output

import (
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
)

// filter lets readers choose the rows of the full timeline, by style sheet
// alone: a page without scripts can have the strictest policy. What is checked
// in a group is what is shown of it; a group without checks shows everything.
type filter struct{ sources, kinds []choice }

type choice struct {
	Value string
	Rows  int
}

var plain = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,39}$`)

// plainValue is a value that can stand in a style sheet. Sources and kinds are
// of a closed vocabulary and all are; but nothing is taken on trust here.
func plainValue(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "other"
}

func (f *filter) empty() bool { return len(f.sources) == 0 }

func (f *filter) add(source, kind string) {
	f.sources, f.kinds = count(f.sources, source), count(f.kinds, kind)
}

// count adds a row to its choice. Choices are sorted: readers look for a name.
func count(choices []choice, value string) []choice {
	i, found := slices.BinarySearchFunc(choices, value, func(c choice, v string) int { return strings.Compare(c.Value, v) })
	if !found {
		choices = slices.Insert(choices, i, choice{Value: value})
	}
	choices[i].Rows++
	return choices
}

// style are the rules that hide rows, on screens: paper has the whole timeline.
func (f *filter) style() string {
	if f.empty() {
		return ""
	}
	var out strings.Builder
	out.WriteString("@media screen {\nmain:has(#only-key:checked) tr[data-key=\"false\"] { display: none; }\n")
	for _, group := range []struct {
		name    string
		choices []choice
	}{{"source", f.sources}, {"kind", f.kinds}} {
		for _, c := range group.choices {
			fmt.Fprintf(&out, "main:has(#by-%[1]s :checked):not(:has(#by-%[1]s [value=\"%[2]s\"]:checked)) tr[data-%[1]s=\"%[2]s\"] { display: none; }\n", group.name, c.Value)
		}
	}
	out.WriteString("}\n")
	return out.String()
}

var filterForm = template.Must(template.New("filter").Parse(`<div class="filter" role="group" aria-label="Filter the timeline">
<fieldset id="by-key">
<legend>Show</legend>
<label><input type="checkbox" id="only-key"> only key moments</label>
</fieldset>
<fieldset id="by-source">
<legend>Sources (none checked: all)</legend>
{{ range .Sources }}<label><input type="checkbox" value="{{ .Value }}"> {{ .Value }} <span class="rows">({{ .Rows }})</span></label>
{{ end }}</fieldset>
<fieldset id="by-kind">
<legend>Kinds (none checked: all)</legend>
{{ range .Kinds }}<label><input type="checkbox" value="{{ .Value }}"> {{ .Value }} <span class="rows">({{ .Rows }})</span></label>
{{ end }}</fieldset>
</div>
`))

func (f *filter) form() string {
	var out strings.Builder
	if err := filterForm.Execute(&out, map[string]any{"Sources": f.sources, "Kinds": f.kinds}); err != nil {
		panic("output: " + err.Error()) // our own template, with strings and numbers
	}
	return out.String()
}
