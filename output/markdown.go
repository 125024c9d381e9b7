package output

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
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
func freshMarkdown(set *templates.Set, r report.Report, pictures []templates.Picture) ([]byte, error) {
	front, err := frontMatter(r)
	if err != nil {
		return nil, err
	}
	body, err := markdownBody(set, r, pictures)
	if err != nil {
		return nil, err
	}
	digest, err := r.Digest()
	if err != nil {
		return nil, err
	}
	return seal(fmt.Appendf(nil, "---\n%s---\n\n%s\n%s", front, body, factsBlock(digest)))
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
func markdownBody(set *templates.Set, r report.Report, pictures []templates.Picture) ([]byte, error) {
	var buf bytes.Buffer
	if err := set.Render(&buf, templates.View{Report: r, Pictures: pictures}); err != nil {
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
		line = strings.TrimSuffix(line, "\n")
		inside := fence != ""
		fence = fenceAfter(fence, line)
		if !inside {
			line = strings.TrimRight(line, " ")
			if line == "" && blank {
				continue
			}
		}
		out.WriteString(line + "\n")
		blank = line == "" && !inside
	}
	return append(bytes.TrimRight(out.Bytes(), "\n"), '\n')
}

// front is the document's front matter. Its fields are what indexes need.
type front struct {
	Title      scalar     `yaml:"title"`
	Date       string     `yaml:"date"`
	Slug       string     `yaml:"slug"`
	IncidentID scalar     `yaml:"incident_id,omitempty"`
	Status     string     `yaml:"status"`
	Severity   scalar     `yaml:"severity,omitempty"`
	Services   []scalar   `yaml:"services"`
	Tags       []string   `yaml:"tags"`
	Start      *time.Time `yaml:"start,omitempty"`
	Detected   *time.Time `yaml:"detected,omitempty"`
	Mitigated  *time.Time `yaml:"mitigated,omitempty"`
	Resolved   *time.Time `yaml:"resolved,omitempty"`
	// What later postmortems recognise the incident by; see package past.
	Revision int64      `yaml:"revision,omitempty"`
	Aborted  *time.Time `yaml:"aborted,omitempty"`
	Images   []scalar   `yaml:"images,omitempty"`
	Metrics  []scalar   `yaml:"metrics,omitempty"`
	SLO      []scalar   `yaml:"slo,omitempty"`
	// What indexes add up; see package index. Shares are in the objectives' order.
	Cause          string     `yaml:"cause,omitempty"`
	TTD            string     `yaml:"ttd,omitempty"`
	TTA            string     `yaml:"tta,omitempty"`
	TTM            string     `yaml:"ttm,omitempty"`
	TTR            string     `yaml:"ttr,omitempty"`
	BudgetConsumed []*float64 `yaml:"budget_consumed,omitempty,flow"`
	RequestsSaved  *float64   `yaml:"requests_saved,omitempty"`

	Generator scalar `yaml:"generator"`
}

// scalar is a collected string. Unless it is plain words it is quoted, so that
// every reader of YAML takes it for the same string, on one line.
type scalar string

var plainWords = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9 ._/()-]*[A-Za-z0-9._/()-])?$`)

// MarshalYAML implements [yaml.BytesMarshaler].
func (s scalar) MarshalYAML() ([]byte, error) {
	if plainWords.MatchString(string(s)) {
		return yaml.Marshal(string(s)) // quotes words such as true and 1e3
	}
	return strconv.AppendQuote(nil, strings.ToValidUTF8(string(s), "\ufffd")), nil
}

func frontMatter(r report.Report) ([]byte, error) {
	f := front{
		Title: scalar(templates.Headline(r)), Date: r.Name[:len(time.DateOnly)], Slug: r.Name, Status: "Draft",
		Services: []scalar{scalar(serviceOf(r))},
		Tags:     []string{"postmortem", "rollout"},
		Start:    utc(r.Incident.Started), Detected: utc(r.Incident.Detected), Mitigated: utc(r.Incident.Mitigated), Resolved: utc(r.Incident.Resolved),
		Revision: r.Incident.Revision, Generator: scalar(r.Tool),
	}
	if r.Abort != nil {
		f.Tags = append(f.Tags, "abort", string(r.Abort.Cause))
		f.Aborted, f.Cause = utc(&r.Abort.Time), string(r.Abort.Cause)
	}
	f.TTD, f.TTA, f.TTM, f.TTR = span(r.Measures.TTD), span(r.Measures.TTA), span(r.Measures.TTM), span(r.Measures.TTR)
	for _, image := range r.NewImages() {
		f.Images = append(f.Images, scalar(image))
	}
	for _, metric := range r.FailedMetrics() {
		f.Metrics = append(f.Metrics, scalar(metric))
	}
	if len(r.Pages) > 0 {
		f.IncidentID, f.Severity = scalar(r.Pages[0].ID), scalar(r.Pages[0].Priority)
	}
	for _, i := range r.Impact {
		if i.Target != nil {
			f.SLO, f.BudgetConsumed = append(f.SLO, scalar(i.Objective)), append(f.BudgetConsumed, i.Consumed)
		}
		// Objectives may count the same requests: the largest figure counts all.
		if c := i.Canary; c != nil && (f.RequestsSaved == nil || c.Saved > *f.RequestsSaved) {
			f.RequestsSaved = &c.Saved
		}
	}
	data, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encoding front matter: %w", err)
	}
	return data, nil
}

// serviceOf is the service as namespace and name; a public report has none but
// a pseudonym.
func serviceOf(r report.Report) string {
	if r.Incident.Subject.Namespace == "" {
		return r.Incident.Subject.Name
	}
	return r.Service()
}

// span writes seconds as Go does, such as 1m5s; nothing for an unknown number.
func span(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	return time.Duration(*seconds * float64(time.Second)).String()
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
