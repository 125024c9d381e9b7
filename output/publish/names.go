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
	at := len(time.DateOnly)
	if len(r.Name) < at+2 {
		return Names{}, fmt.Errorf("the report's name %.120q is not a date and a slug", r.Name)
	}
	day, err := time.Parse(time.DateOnly, r.Name[:at])
	if err != nil {
		return Names{}, fmt.Errorf("the report's name %.120q does not begin with a date", r.Name)
	}
	n := Names{
		Date: Date{day}, Slug: r.Name[at+1:], Name: r.Name, Title: templates.Headline(r),
		Namespace: r.Incident.Subject.Namespace, Rollout: r.Incident.Subject.Name, Revision: r.Incident.Revision,
	}
	if r.Abort != nil {
		n.Cause = string(r.Abort.Cause)
	}
	return n, nil
}

// parts are the names with nothing in them that could lead out of a folder or
// make a reference invalid, whoever made the bundle.
func (n Names) parts() Names {
	n.Slug, n.Name = repository.SafeName(n.Slug), repository.SafeName(n.Name)
	n.Namespace, n.Rollout = repository.SafeName(n.Namespace), repository.SafeName(n.Rollout)
	n.Cause, n.Title = repository.SafeName(n.Cause), repository.SafeName(n.Title)
	return n
}

// fill fills a template of one line of text. The field is what errors call it.
func fill(field, text string, n Names) (string, error) {
	parsed, err := template.New(field).Option("missingkey=error").Funcs(template.FuncMap{"lower": strings.ToLower}).Parse(text)
	if err != nil {
		return "", fmt.Errorf("template of %s: %w", field, err)
	}
	var out strings.Builder
	if err := parsed.Execute(&out, n); err != nil {
		return "", fmt.Errorf("template of %s: %w", field, err)
	}
	return printable.Line(out.String()), nil
}

// shorten cuts a text that is longer than a number of characters.
func shorten(text string, longest int) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest-3]) + "..."
	}
	return text
}
