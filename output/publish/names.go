package publish

import (
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/output/repository"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// Names is what the templates of paths, branches, titles and messages know of
// an incident.
type Names struct {
	Date      Date   // of the abort, in UTC
	Slug      string // such as "shop-checkout-r2"
	Name      string // date and slug
	Namespace string
	Rollout   string // its name
	Revision  int64
	Cause     string // of the abort, such as "analysis"; empty without one
	Title     string // the document's headline
}

// Date is a day that prints as 2026-11-22.
type Date struct{ day time.Time }

func (d Date) String() string { return d.day.Format(time.DateOnly) }

// Year is the year in four digits.
func (d Date) Year() string { return d.day.Format("2006") }

// Month is the month in two digits.
func (d Date) Month() string { return d.day.Format("01") }

// Day is the day of the month in two digits.
func (d Date) Day() string { return d.day.Format("02") }

// namesOf are those of a report as its template shows it.
func namesOf(r report.Report) (Names, error) {
	date, slug, _ := cutDate(r.Name)
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return Names{}, fmt.Errorf("the report's name %q does not begin with a date", r.Name)
	}
	n := Names{
		Date: Date{day}, Slug: slug, Name: r.Name, Title: templates.Headline(r),
		Namespace: r.Incident.Subject.Namespace, Rollout: r.Incident.Subject.Name, Revision: r.Incident.Revision,
	}
	if r.Abort != nil {
		n.Cause = string(r.Abort.Cause)
	}
	return n, nil
}

func cutDate(name string) (date, rest string, ok bool) {
	if len(name) <= len(time.DateOnly) {
		return name, "", false
	}
	return name[:len(time.DateOnly)], name[len(time.DateOnly)+1:], true
}

// parts are the names with nothing in them that could lead out of a folder or
// make a reference invalid, whoever made the bundle.
func (n Names) parts() Names {
	n.Slug, n.Name = repository.SafeName(n.Slug), repository.SafeName(n.Name)
	n.Namespace, n.Rollout = repository.SafeName(n.Namespace), repository.SafeName(n.Rollout)
	n.Cause, n.Title = repository.SafeName(n.Cause), repository.SafeName(n.Title)
	return n
}

// line is a template for one line of text.
type line struct{ parsed *template.Template }

// parseLine reads a template. The field is what errors call it.
func parseLine(field, text string) (line, error) {
	parsed, err := template.New(field).Option("missingkey=error").Funcs(template.FuncMap{"lower": strings.ToLower}).Parse(text)
	if err != nil {
		return line{}, fmt.Errorf("template of %s: %w", field, err)
	}
	// A field that does not exist shows only when the template is used.
	if err := parsed.Execute(new(strings.Builder), Names{}); err != nil {
		return line{}, fmt.Errorf("template of %s: %w", field, err)
	}
	return line{parsed}, nil
}

func (l line) of(n Names) (string, error) {
	var out strings.Builder
	if err := l.parsed.Execute(&out, n); err != nil {
		return "", fmt.Errorf("template of %s: %w", l.parsed.Name(), err)
	}
	return strings.Join(strings.Fields(printable.Text(out.String())), " "), nil
}
