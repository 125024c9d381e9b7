package browser

import (
	"fmt"
	"path/filepath"
)

// Mermaid is Mermaid itself in a tab.
type Mermaid struct {
	tab   *Tab
	drawn map[string]Diagram // by text: the same one comes again and again
}

// Diagram is what Mermaid makes of a text.
type Diagram struct {
	Type  string `json:"type"`
	Tasks int    `json:"tasks"` // of a gantt
	Links int    `json:"links"` // in the picture, which should have none
	Error string `json:"error"`
}

// OpenMermaid loads the package, from the npm packages in the folder modules,
// into a tab.
func OpenMermaid(tab *Tab, modules string) (*Mermaid, error) {
	if err := tab.Load(filepath.Join(modules, "mermaid", "dist", "mermaid.min.js")); err != nil {
		return nil, fmt.Errorf("loading Mermaid: %w", err)
	}
	return &Mermaid{tab, map[string]Diagram{}}, nil
}

// Draw parses and draws a diagram as GitHub does, with Mermaid's own settings.
func (m *Mermaid) Draw(text string) (Diagram, error) {
	if d, ok := m.drawn[text]; ok {
		return d, nil
	}
	d, err := Call[Diagram](m.tab, `async (text) => {
		const found = { type: "", tasks: 0, links: 0, error: "" };
		try {
			found.type = (await mermaid.parse(text)).diagramType;
			const { svg } = await mermaid.render("diagram", text);
			const picture = new DOMParser().parseFromString(svg, "text/html");
			found.tasks = picture.querySelectorAll("rect.task").length;
			found.links = picture.querySelectorAll("a, image, img, script, foreignObject iframe").length;
		} catch (error) {
			found.error = String(error);
		}
		return found;
	}`, text)
	if err != nil {
		return d, fmt.Errorf("asking Mermaid: %w", err)
	}
	m.drawn[text] = d
	return d, nil
}
