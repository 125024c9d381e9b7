package browser

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Finding is something that keeps people from using a page, as axe-core sees it.
type Finding struct {
	Rule    string   `json:"id"`
	Impact  string   `json:"impact"` // minor, moderate, serious or critical
	Help    string   `json:"help"`
	Targets []string `json:"targets"` // selectors
}

func (f Finding) String() string {
	return fmt.Sprintf("%s (%s): %s: %s", f.Rule, f.Impact, f.Help, strings.Join(f.Targets, ", "))
}

// Serious tells whether the finding must be mended.
func (f Finding) Serious() bool { return f.Impact == "serious" || f.Impact == "critical" }

// Accessibility has axe-core, from the npm packages in the folder modules, look
// at the open page.
func (t *Tab) Accessibility(modules string) ([]Finding, error) {
	if err := t.Load(filepath.Join(modules, "axe-core", "axe.min.js")); err != nil {
		return nil, fmt.Errorf("loading axe-core: %w", err)
	}
	findings, err := Call[[]Finding](t, `async () => (await axe.run({ resultTypes: ["violations"] })).violations
		.map(({ id, impact, help, nodes }) => ({ id, impact: impact ?? "", help, targets: nodes.slice(0, 5).map((n) => String(n.target)) }))`)
	if err != nil {
		return nil, fmt.Errorf("asking axe-core: %w", err)
	}
	return findings, nil
}
