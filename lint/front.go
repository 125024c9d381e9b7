package lint

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/debrief-sre/debrief/internal/actionitem"
)

// front is a document's YAML front matter.
type front struct {
	end    int  // where the document's body begins
	exists bool // there is an opening line
	closed bool
	yaml   []byte
	start  int // of the YAML
	fields map[string]any
	err    error
}

// A document's states, as PagerDuty has them.
const (
	draft    = "Draft"
	inReview = "In review"
	reviewed = "Reviewed"
	closed   = "Closed"
)

var states = []string{draft, inReview, reviewed, closed}

// splitFront finds the front matter. One that is never closed is no front
// matter to a renderer either, so that the whole text stays the body.
func splitFront(source []byte) front {
	const mark = "---\n"
	if !bytes.HasPrefix(source, []byte(mark)) {
		return front{}
	}
	f := front{exists: true, start: len(mark)}
	at := f.start
	for line := range bytes.Lines(source[at:]) {
		trimmed := strings.TrimRight(string(line), " \t\n")
		if trimmed == "---" || trimmed == "..." {
			f.closed, f.yaml, f.end = true, source[f.start:at], at+len(line)
			f.fields, f.err = decode(f.yaml)
			return f
		}
		at += len(line)
	}
	// A thematic break at the top of a text is no front matter.
	next, _, _ := bytes.Cut(source[f.start:], []byte("\n"))
	key, _, found := strings.Cut(string(next), ":")
	f.exists = found && key != "" && !strings.ContainsAny(key, " \t#*")
	return f
}

// decode reads the fields. The recover is for the YAML library: a document
// that it cannot take must be a finding, not the end of the run.
func decode(data []byte) (fields map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			fields, err = nil, fmt.Errorf("cannot be read: %v", r)
		}
	}()
	const most = 64 << 10
	if len(data) > most {
		return nil, errors.New("is too large")
	}
	if bytes.ContainsAny(data, "&*") && bytes.Count(data, []byte("*")) > 100 {
		return nil, errors.New("has too many aliases")
	}
	if err := yaml.Unmarshal(data, &fields); err != nil {
		first, _, _ := strings.Cut(yaml.FormatError(err, false, false), "\n")
		return nil, errors.New(first)
	}
	return fields, nil
}

// field is a field's text, empty when it is missing or no scalar.
func (f front) field(name string) string {
	switch v := f.fields[name].(type) {
	case nil, []any, map[string]any:
		return ""
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	default:
		return strings.TrimSpace(fmt.Sprint(v))
	}
}

// line is where a field stands, for findings about it.
func (f front) line(name string) (start, end int) {
	at := f.start
	for line := range bytes.Lines(f.yaml) {
		if bytes.HasPrefix(line, []byte(name+":")) {
			return at, at + len(bytes.TrimRight(line, "\n"))
		}
		at += len(line)
	}
	return 0, len("---")
}

// status is the document's state: the front matter's, or that of a line
// "Status: Draft" where there is none. It is empty when neither tells.
func (d *document) status() string {
	if s := canonical(d.front.field("status")); s != "" {
		return s
	}
	_, _, s := d.statusLine()
	return canonical(s)
}

// statusLine finds the status that the text itself states.
func (d *document) statusLine() (start, end int, status string) {
	for _, p := range d.passages {
		if p.quoted || p.kind == heading {
			continue
		}
		for _, s := range p.sentences {
			for i := range s.tokens {
				if s.word(i) != "status" || s.word(i+1) != ":" || i > 0 && s.word(i-1) != "\n" && s.tokens[i].raw != "Status" {
					continue
				}
				for _, state := range states {
					words := strings.Fields(strings.ToLower(state))
					if s.has(i+2, words...) {
						return s.tokens[i].start, s.tokens[i+1+len(words)].end, state
					}
				}
			}
		}
	}
	return 0, 0, ""
}

func canonical(status string) string {
	for _, s := range states {
		if strings.EqualFold(s, strings.Join(strings.Fields(strings.ReplaceAll(status, "-", " ")), " ")) {
			return s
		}
	}
	return ""
}

func frontMatter(p *pass) {
	f := p.doc.front
	switch {
	case !f.exists:
		return
	case !f.closed:
		p.report(0, len("---"), "the front matter is never closed with ---")
		return
	case f.err != nil:
		p.report(0, len("---"), "the front matter is no valid YAML: %v", f.err)
		return
	}
	for _, name := range []string{"title", "date", "status"} {
		if f.field(name) == "" {
			start, end := f.line(name)
			p.report(start, end, "the front matter has no %s, which the index of postmortems is made of", name)
		}
	}
	status := f.field("status")
	if status != "" && canonical(status) == "" {
		start, end := f.line("status")
		p.report(start, end, "status %q is none of %s", status, strings.Join(states, ", "))
	}
	if start, end, said := p.doc.statusLine(); said != "" && canonical(status) != "" && said != canonical(status) {
		p.report(start, end, "the text says %s and the front matter says %s", said, canonical(status))
	}
	if date := f.field("date"); date != "" {
		if _, ok := moment(date); !ok {
			start, end := f.line("date")
			p.report(start, end, "date %q is not in the form 2006-01-02", date)
		}
	}
	p.times(f)
}

// times checks the order in which an incident can go.
func (p *pass) times(f front) {
	start, ok := moment(f.field("start"))
	if !ok {
		return
	}
	for _, name := range []string{"mitigated", "resolved"} {
		if t, ok := moment(f.field(name)); ok && t.Before(start) {
			from, to := f.line(name)
			p.report(from, to, "%s is before start", name)
		}
	}
}

func moment(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02 15:04:05 -0700 MST"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// unfilled reports prompts by how far the document has come: an open question
// is what a draft is for, and a mistake in a document that was reviewed.
func unfilled(p *pass) {
	status := p.doc.status()
	severity := Warning
	switch status {
	case draft:
		severity = Note
	case reviewed, closed:
		severity = Error
	}
	state := "without a status"
	if status != "" {
		state = "with status " + status
	}
	for _, q := range p.doc.prompts {
		p.reportAs(severity, q.start, q.end, "unanswered in a document %s: %s", state, excerpt([]byte(q.question)))
	}
}

// required are the sections that every kind of postmortem has, with the words
// by which the known kinds head them.
var required = []struct {
	name  string
	words []string
}{
	{"Summary", []string{"summary", "overview", "abstract", "what happened", "tl dr"}},
	{"Impact", []string{"impact", "user impact", "customer impact"}},
	{"Root Causes", []string{"cause", "causes", "contributing factors", "trigger", "fault", "five whys", "what went wrong"}},
	{"Timeline", []string{"timeline", "chronology", "sequence of events"}},
	{"Lessons Learned", []string{"lessons", "learned", "learnings", "what went well", "retrospective"}},
	{"Action Items", actionitem.Headings},
}

func sectionMissing(p *pass) {
	for _, r := range required {
		if !slices.ContainsFunc(p.doc.sections, func(s *section) bool { return in(s.path, r.words...) }) {
			p.report(p.doc.title, p.doc.title, "there is no section %q", r.name)
		}
	}
}
