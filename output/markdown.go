package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// Markdown writes the document in GitHub Flavored Markdown, headed by YAML
// front matter for site generators and indexes.
func Markdown(w io.Writer, d Document) error {
	_, err := w.Write(d.Markdown)
	return err
}

// freshMarkdown renders the document as it is before people add to it.
func freshMarkdown(r report.Report) ([]byte, error) {
	front, err := frontMatter(r)
	if err != nil {
		return nil, err
	}
	body, err := markdownBody(r)
	if err != nil {
		return nil, err
	}
	return seal(fmt.Appendf(nil, "---\n%s---\n\n%s", front, body))
}

// withoutFrontMatter is the document's text alone.
func withoutFrontMatter(markdown []byte) []byte {
	const fence = "---"
	first := true
	rest := markdown
	for line := range bytes.Lines(markdown) {
		rest = rest[len(line):]
		if isFence := string(bytes.TrimRight(line, "\r\n")) == fence; first && !isFence {
			return markdown
		} else if isFence && !first {
			return rest
		}
		first = false
	}
	return markdown // never closed: it is text
}

// markdownBody renders the template. Actions leave runs of blank lines behind,
// which mean nothing in Markdown outside code and are folded to one.
func markdownBody(r report.Report) ([]byte, error) {
	var buf bytes.Buffer
	if err := templates.Default(&buf, r); err != nil {
		return nil, err
	}
	return tidy(buf.Bytes()), nil
}

// tidy folds runs of blank lines outside fenced blocks and ends the text with
// one line break.
func tidy(text []byte) []byte {
	var out bytes.Buffer
	fence, blank := "", true // no blank line at the top
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimRight(line, " \n")
		switch {
		case fence != "":
			if trimmed == fence {
				fence = ""
			}
			trimmed = strings.TrimSuffix(line, "\n")
		case strings.HasPrefix(trimmed, "```"):
			fence = trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, "`"))]
		case trimmed == "" && blank:
			continue
		}
		out.WriteString(trimmed + "\n")
		blank = trimmed == "" && fence == ""
	}
	return append(bytes.TrimRight(out.Bytes(), "\n"), '\n')
}

// front is the document's front matter. Its fields are what indexes need.
type front struct {
	Title      string     `yaml:"title"`
	Date       string     `yaml:"date"`
	Slug       string     `yaml:"slug"`
	IncidentID string     `yaml:"incident_id,omitempty"`
	Status     string     `yaml:"status"`
	Severity   string     `yaml:"severity,omitempty"`
	Services   []string   `yaml:"services"`
	Tags       []string   `yaml:"tags"`
	Start      *time.Time `yaml:"start,omitempty"`
	Detected   *time.Time `yaml:"detected,omitempty"`
	Mitigated  *time.Time `yaml:"mitigated,omitempty"`
	Resolved   *time.Time `yaml:"resolved,omitempty"`
	SLO        []string   `yaml:"slo,omitempty"`
	Generator  string     `yaml:"generator"`
}

func frontMatter(r report.Report) ([]byte, error) {
	f := front{
		Title: templates.Headline(r), Date: r.Name[:len(time.DateOnly)], Slug: r.Name, Status: "Draft",
		Services: []string{r.Incident.Subject.Namespace + "/" + r.Incident.Subject.Name},
		Tags:     []string{"postmortem", "rollout"},
		Start:    r.Incident.Started, Detected: r.Incident.Detected, Mitigated: r.Incident.Mitigated, Resolved: r.Incident.Resolved,
		Generator: r.Tool,
	}
	if r.Abort != nil {
		f.Tags = append(f.Tags, "abort", string(r.Abort.Cause))
	}
	if len(r.Pages) > 0 {
		f.IncidentID, f.Severity = r.Pages[0].ID, r.Pages[0].Priority
	}
	for _, i := range r.Impact {
		if i.Target != nil {
			f.SLO = append(f.SLO, i.Objective)
		}
	}
	data, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encoding front matter: %w", err)
	}
	return data, nil
}
