// Package publish puts one incident's documents on a branch of a git
// repository and asks for their review: one incident, one pull request.
//
// It may be run again at any time, by anybody, and be interrupted anywhere. The
// branch and the request are found by the incident's name, so a second run
// continues what a first one left; documents are renewed by the rules of
// [output.Update], on top of what people pushed meanwhile; nothing is ever
// forced. A merged request is followed by a new one only if the facts changed,
// and one that people closed stays closed.
package publish

import (
	"cmp"
	"context"
	"time"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/forge"
	"github.com/debrief-sre/debrief/output/index"
	"github.com/debrief-sre/debrief/output/repository"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// The templates in force where the settings have none.
const (
	DefaultPath    = "postmortems/{{ .Date.Year }}/{{ .Date }}-{{ .Slug }}.md"
	DefaultBranch  = "postmortem/{{ .Date }}-{{ .Slug }}"
	DefaultTitle   = "Postmortem: {{ .Title }}"
	DefaultMessage = "Postmortem: {{ .Title }}"
)

// Settings say where documents go and how. Path, Branch, Title and Message are
// templates whose data is [Names].
type Settings struct {
	Repository repository.Settings
	Forge      forge.Forge // nil for a plain git server: the branch is pushed, and that is all
	Base       string      // branch that requests go to; empty: the repository's default branch

	Path, Branch, Title, Message string // empty: the default

	Formats   []output.Format // beside the Markdown, which is always there
	Bundle    bool            // the evidence, too
	Labels    []string
	Reviewers []string
	Draft     bool
	Index     *index.Options // nil: no index

	// Force replaces blocks that people edited; see [output.Update].
	Force bool
	// Patience is how long to wait for what happens at the forge meanwhile: for the
	// request that another run may be opening, and for a repository that was
	// empty to be ready. The default is 15 seconds.
	Patience time.Duration
	// Refresh renews documents whose facts are the same, such as by another
	// template or a newer debrief.
	Refresh bool
}

// Incident is what to publish.
type Incident struct {
	// Report makes the report, given the postmortems that the repository holds
	// and the evidence's file. It is called again when the branch has moved.
	Report func(earlier []report.Earlier, bundle *report.Bundle) (report.Report, error)
	// Redact keeps secrets out of what reviewers added to it. Nil: nothing does.
	Redact func(report.Report) (report.Report, error)
	Set    *templates.Set
	// Document is the Markdown to publish, if people have worked on it already.
	// Nil: it is made of the report.
	Document []byte
	Bundle   string         // path of the evidence bundle; empty without one
	Stored   *report.Bundle // the bundle's hash, and where it is kept if it is
}

// Status is what became of an incident's documents.
type Status string

// What may become of them.
const (
	Opened    Status = "opened"    // a new request is open
	Updated   Status = "updated"   // the open request has new documents
	Unchanged Status = "unchanged" // the open request, or the base branch, has them already
	Pushed    Status = "pushed"    // the branch has them; there is no forge to ask
	Merged    Status = "merged"    // they were merged, and the facts are the same
	Closed    Status = "closed"    // people closed the request: nothing was done
)

// Result is the outcome of publishing.
type Result struct {
	Status   Status
	URL      string // of the request; empty without one
	Branch   string
	Path     string // of the Markdown document in the repository
	Commit   string // that was pushed; empty without one
	Warnings []string
	// Edited are blocks that people had edited and [Settings.Force] replaced.
	// They are kept beside the document.
	Edited []output.Edited
	// Report is as the document states it. It is empty if the document was not
	// looked at: Merged and Closed.
	Report report.Report
}

const (
	maxRequests  = 100 // of one incident that are looked through
	longestTitle = 250 // characters; GitHub takes 256, others 255
)

// Publish publishes an incident. Its errors are those of repository and forge,
// an [output.EditedError], or mistakes in the settings' templates.
func Publish(ctx context.Context, s Settings, in Incident) (Result, error) {
	p, err := prepare(s, in)
	if err != nil {
		return Result{}, err
	}
	p.Patience = cmp.Or(p.Patience, 15*time.Second)
	p.repo, err = repository.Open(ctx, s.Repository)
	if err != nil {
		return Result{}, err
	}
	defer p.repo.Close() //nolint:errcheck // a temporary folder
	if p.base == "" {
		p.base = p.repo.DefaultBranch()
	}
	if err := p.begin(ctx); err != nil {
		return Result{}, err
	}
	if err := p.place(ctx); err != nil {
		return Result{}, err
	}
	return p.publish(ctx)
}
