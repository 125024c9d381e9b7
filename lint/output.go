package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format is a form in which results are written.
type Format struct {
	Name  string
	Doc   string
	Write func(w io.Writer, results []Result, version string) error
}

// Formats is every form, the usual one first.
var Formats = []Format{
	{Name: "text", Doc: "one line for each finding, as compilers print them", Write: writeText},
	{Name: "json", Doc: "one document for programs", Write: writeJSON},
	{Name: "sarif", Doc: "SARIF 2.1.0, for code scanning", Write: writeSARIF},
}

// FormatNames lists the names of Formats.
func FormatNames() []string {
	var names []string
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	return names
}

// FormatNamed finds a form by its name.
func FormatNamed(name string) (Format, error) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, fmt.Errorf("unknown format %q: use %s", name, strings.Join(FormatNames(), ", "))
	}
	return Formats[i], nil
}

func writeText(w io.Writer, results []Result, _ string) error {
	var b strings.Builder
	for _, r := range results {
		for _, f := range r.Findings {
			fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", printable(r.File), f.Line, f.Column, f.Severity, printable(f.Message), f.Rule)
		}
	}
	s := Summarize(results)
	b.WriteString(s.String())
	if s.Suppressed > 0 {
		fmt.Fprintf(&b, ", %d suppressed", s.Suppressed)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// printable keeps a document's control characters from the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}

// jsonVersion grows when the JSON form changes in a way that breaks readers.
const jsonVersion = 1

func writeJSON(w io.Writer, results []Result, version string) error {
	return encode(w, struct {
		Version int      `json:"version"`
		Tool    string   `json:"tool"`
		Summary Summary  `json:"summary"`
		Files   []Result `json:"files"`
	}{jsonVersion, tool(version), Summarize(results), append([]Result{}, results...)})
}

func tool(version string) string { return strings.TrimSpace("debrief " + version) }

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// WriteRules prints the table of rules for a terminal.
func WriteRules(w io.Writer) error {
	width := 0
	for _, r := range Rules {
		width = max(width, len(r.ID))
	}
	for _, r := range Rules {
		if _, err := fmt.Fprintf(w, "%-*s  %-7s  %s\n", width, r.ID, r.Severity, r.Doc); err != nil {
			return err
		}
	}
	return nil
}
