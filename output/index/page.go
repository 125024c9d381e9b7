package index

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/picture"
)

//go:embed page.html.tmpl
var bodySource string

var body = template.Must(template.New("index").Parse(bodySource))

// sheet is the page in the making.
type sheet struct {
	Title    string
	Sections []section
	Drawn    []template.HTML
	Filters  []filter

	services, causes []string // in the order by which the filters number them
}

// pageOf writes the sections as a page that needs nothing but itself.
func pageOf(sections []section, drawn []picture.SVG, c Collection, o Options) ([]byte, error) {
	s := sheet{Title: words(o.Title), Sections: printableSections(sections), services: services(c.Incidents)}
	for _, i := range c.Incidents {
		s.causes = append(s.causes, i.Cause)
	}
	slices.Sort(s.causes)
	s.causes = slices.Compact(s.causes)
	s.Filters = []filter{s.serviceFilter(c), s.causeFilter(c)}
	for _, svg := range drawn {
		s.Drawn = append(s.Drawn, template.HTML(svg.Inline())) //nolint:gosec // made by encoding/xml
	}
	var text bytes.Buffer
	if err := body.Execute(&text, s); err != nil {
		return nil, fmt.Errorf("writing page: %w", err)
	}
	page := output.Page{Title: s.Title, Style: s.style(c), Body: template.HTML(text.String())} //nolint:gosec // html/template has escaped it
	for _, section := range sections {
		page.Contents = append(page.Contents, output.Chapter{ID: section.ID, Title: section.Title})
	}
	var out bytes.Buffer
	if err := page.Write(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// printableSections keeps what no page should hold out of the tables' text.
func printableSections(sections []section) []section {
	for _, s := range sections {
		for _, t := range s.Tables {
			for _, r := range t.Rows {
				for i, c := range r.Cells {
					r.Cells[i].Text = printable.Line(c.Text)
					for k, l := range c.Links {
						c.Links[k].Text = printable.Line(l.Text)
					}
				}
			}
		}
	}
	return sections
}

// Address leads to a document's page, or to its Markdown where it has none.
func (sheet) Address(i *Incident) string {
	if i.Page != "" {
		return reference(i.Page)
	}
	return reference(i.Path)
}

// marks are what a row can be chosen by: the numbers of its services and cause.
// Names would be collected text in a style sheet.
type marks struct{ Service, Cause string }

// Marks are a row's; nil for those of other tables.
func (s sheet) Marks(r row) *marks {
	if r.of == nil {
		return nil
	}
	numbers := make([]string, len(r.of.Services))
	for k, service := range r.of.Services {
		numbers[k] = numberIn(s.services, service)
	}
	slices.Sort(numbers)
	return &marks{Service: strings.Join(numbers, " "), Cause: numberIn(s.causes, r.of.Cause)}
}

func numberIn(sorted []string, value string) string {
	i, _ := slices.BinarySearch(sorted, value)
	return strconv.Itoa(i + 1)
}

// filter lets readers choose rows, by style sheet alone, as that of documents'
// timelines does: what is checked in a group is what is shown of it.
type filter struct {
	Name, Title string
	Choices     []choice
}

type choice struct {
	Value, Text string
	Rows        int
}

func (s sheet) serviceFilter(c Collection) filter {
	f := filter{Name: "service", Title: "Services"}
	for i, name := range s.services {
		f.Choices = append(f.Choices, choice{strconv.Itoa(i + 1), printable.Line(name), 0})
	}
	for _, i := range c.Incidents {
		for _, service := range i.Services {
			k, _ := slices.BinarySearch(s.services, service)
			f.Choices[k].Rows++
		}
	}
	return f
}

func (s sheet) causeFilter(c Collection) filter {
	f := filter{Name: "cause", Title: "Causes"}
	for i, name := range s.causes {
		f.Choices = append(f.Choices, choice{strconv.Itoa(i + 1), printable.Line(causeWords(name)), 0})
	}
	for _, i := range c.Incidents {
		k, _ := slices.BinarySearch(s.causes, i.Cause)
		f.Choices[k].Rows++
	}
	return f
}

// style hides rows on screens: one rule for each combination of services and
// for each cause that a row has. Paper has them all.
func (s sheet) style(c Collection) template.CSS {
	groups := map[string][]string{}
	for k := range c.Incidents {
		m := s.Marks(row{of: &c.Incidents[k]})
		groups["service"], groups["cause"] = append(groups["service"], m.Service), append(groups["cause"], m.Cause)
	}
	var out strings.Builder
	out.WriteString("\n.filter fieldset { max-height: 12rem; overflow-y: auto; }\ntr[data-service] td:first-child { white-space: nowrap; }\n@media screen {\n")
	for _, name := range []string{"service", "cause"} {
		slices.Sort(groups[name])
		for _, combination := range slices.Compact(groups[name]) {
			fmt.Fprintf(&out, "main:has(#by-%s :checked)", name)
			for _, value := range strings.Fields(combination) {
				fmt.Fprintf(&out, `:not(:has(#by-%s [value="%s"]:checked))`, name, value)
			}
			fmt.Fprintf(&out, " tr[data-%s=\"%s\"] { display: none; }\n", name, combination)
		}
	}
	out.WriteString("}\n")
	return template.CSS(out.String()) //nolint:gosec // numbers
}

// services are those of all incidents, sorted.
func services(list []Incident) []string {
	var names []string
	for _, i := range list {
		names = append(names, i.Services...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
