package index

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/picture"
	"github.com/debrief-sre/debrief/templates"
)

// blockName names the part of the Markdown that debrief owns.
const blockName = "index"

// markdownOf writes the sections in GitHub Flavored Markdown, as a block in a
// document that is otherwise people's.
func markdownOf(sections []section, drawn []picture.SVG, flavor Flavor, o Options) ([]byte, error) {
	var out strings.Builder
	if flavor.front {
		title, err := json.Marshal(words(o.Title)) // which is YAML, too
		if err != nil {
			return nil, fmt.Errorf("encoding the title: %w", err)
		}
		fmt.Fprintf(&out, "---\ntitle: %s\n---\n\n", title)
	} else {
		fmt.Fprintf(&out, "# %s\n\n", templates.Text(words(o.Title)))
	}
	fmt.Fprintf(&out, "<!-- debrief:begin %s -->\n", blockName)
	for i, s := range sections {
		if i > 0 { // the document's own heading is that of the first
			fmt.Fprintf(&out, "\n## %s\n", templates.Text(s.Title))
		}
		for _, text := range s.Text {
			fmt.Fprintf(&out, "\n%s\n", templates.Text(text))
		}
		for _, t := range s.Tables {
			writeTable(&out, t, flavor)
		}
		if s.Pictures {
			for _, svg := range drawn {
				fmt.Fprintf(&out, "\n![%s](%s.svg)\n", templates.Text(svg.Alt()), svg.Name)
			}
		}
	}
	fmt.Fprintf(&out, "\n[Feed](%s) · [Data](index.json)\n<!-- debrief:end %s -->\n", feedName, blockName)
	fresh := []byte(out.String())
	sealed, _, err := output.Update(fresh, fresh, true) // which adds the sum
	if err != nil {
		return nil, fmt.Errorf("sealing the index: %w", err)
	}
	return sealed, nil
}

func writeTable(out *strings.Builder, t table, flavor Flavor) {
	if len(t.Rows) == 0 {
		return
	}
	names, rules := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i], rules[i] = templates.Text(c.Name), "---"
		if c.Right {
			rules[i] = "---:"
		}
	}
	fmt.Fprintf(out, "\n| %s |\n| %s |\n", strings.Join(names, " | "), strings.Join(rules, " | "))
	for _, r := range t.Rows {
		cells := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			cells[i] = cellText(c, flavor)
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
}

func cellText(c cell, flavor Flavor) string {
	if len(c.Links) == 0 {
		return templates.Text(c.Text)
	}
	parts := make([]string, len(c.Links))
	for i, l := range c.Links {
		parts[i] = templates.Link(l.Text, reference(flavor.link(*l.To)))
	}
	if c.More != "" {
		parts = append(parts, templates.Text(c.More))
	}
	return strings.Join(parts, ", ")
}

// reference is a slashed path as a relative reference, whatever is in it.
func reference(path string) string { return (&url.URL{Path: path}).String() }
