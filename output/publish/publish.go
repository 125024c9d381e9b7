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
	"errors"
	"fmt"
	"io/fs"
	"strings"

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
	Report report.Report // as the document states it
}

// maxRequests of one incident are looked through.
const maxRequests = 100

// Publish publishes an incident. Its errors are those of repository and forge,
// an [output.EditedError], or mistakes in the settings' templates.
func Publish(ctx context.Context, s Settings, in Incident) (Result, error) {
	p, err := prepare(s, in)
	if err != nil {
		return Result{}, err
	}
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
	for n := 1; n <= maxRequests; n++ {
		p.branch = following(p.names.branch, n)
		request, err := p.request(ctx)
		if err != nil {
			return Result{}, err
		}
		switch {
		case request == nil || request.State == forge.Open:
			return p.put(ctx, request)
		case request.State == forge.Closed:
			return p.result(Closed, request), nil
		}
		same, err := p.isMerged(ctx, *request)
		if err != nil {
			return Result{}, err
		}
		if same {
			return p.result(Merged, request), nil
		}
	}
	return Result{}, fmt.Errorf("%d merged requests of this incident: that cannot be right", maxRequests)
}

// following is the branch of the incident's nth request: those before it were
// merged.
func following(branch string, n int) string {
	if n == 1 {
		return branch
	}
	return fmt.Sprintf("%s-update%d", branch, n)
}

// publication is one run.
type publication struct {
	Settings
	in     Incident
	repo   *repository.Repository
	base   string
	branch string // of the request at hand
	name   string // of the report
	names  resolved
	// Of the last commit that was made.
	document output.Document
	edited   []output.Edited
}

// resolved is what the templates say.
type resolved struct{ path, branch, title, message string }

// prepare works out all that does not depend on the repository, and so finds
// mistakes in the settings before anything is asked.
func prepare(s Settings, in Incident) (*publication, error) {
	r, err := in.Report(nil, in.Stored)
	if err != nil {
		return nil, err
	}
	p := &publication{Settings: s, in: in, base: s.Base}
	return p, p.resolve(r)
}

// resolve fills the templates for a report.
func (p *publication) resolve(r report.Report) error {
	p.name = r.Name
	names, err := namesOf(p.in.Set.Prepare(r)) // a public document's names tell nothing either
	if err != nil {
		return err
	}
	for _, t := range []struct {
		field, text, fallback string
		names                 Names
		to                    *string
	}{
		{"publish.path", p.Path, DefaultPath, names.parts(), &p.names.path},
		{"publish.branch", p.Branch, DefaultBranch, names.parts(), &p.names.branch},
		{"publish.request.title", p.Title, DefaultTitle, names, &p.names.title},
		{"publish.commit.message", p.Message, DefaultMessage, names, &p.names.message},
	} {
		parsed, err := parseLine(t.field, cmp.Or(t.text, t.fallback))
		if err != nil {
			return err
		}
		if *t.to, err = parsed.of(t.names); err != nil {
			return err
		}
	}
	return p.check()
}

// place takes the next names while those at hand are another incident's: a
// revision that was aborted, retried and aborted again on one day.
func (p *publication) place(ctx context.Context) error {
	r, err := p.in.Report(nil, p.in.Stored)
	if err != nil {
		return err
	}
	name := r.Name
	for n := 1; ; n++ {
		r.Name = output.Numbered(name, n)
		before := p.names
		if err := p.resolve(r); err != nil {
			return err
		}
		if n > 1 && (p.names.path == before.path || p.names.branch == before.branch) {
			return fmt.Errorf("%s is another incident's document: put .Slug or .Name into publish.path and publish.branch", p.names.path)
		}
		existing, err := p.existing(ctx)
		if err != nil || !output.Another(existing, r) {
			return err
		}
	}
}

// existing is the document on its branch or else on the base; nil without one.
func (p *publication) existing(ctx context.Context) ([]byte, error) {
	branch := p.names.branch
	has, err := p.repo.HasBranch(ctx, branch)
	if err != nil {
		return nil, err
	}
	if !has {
		if branch = p.base; branch == "" {
			return nil, nil
		}
	}
	tree, err := p.repo.Tree(ctx, branch)
	if err != nil {
		return nil, err
	}
	return readFile(tree, p.names.path)
}

// check refuses names that a repository must not get.
func (p *publication) check() error {
	if err := repository.CheckPath(p.names.path); err != nil {
		return fmt.Errorf("publish.path: %w", err)
	}
	if !strings.HasSuffix(p.names.path, ".md") {
		return errors.New("publish.path: the document is Markdown: end the path with .md")
	}
	if err := repository.CheckRef(p.names.branch); err != nil {
		return fmt.Errorf("publish.branch: %w", err)
	}
	if p.base != "" {
		if err := repository.CheckRef(p.base); err != nil {
			return fmt.Errorf("publish.base: %w", err)
		}
	}
	if p.names.branch == p.base {
		return errors.New("publish.branch: it must not be the base")
	}
	return nil
}

// begin gives an empty repository the branch that requests go to.
func (p *publication) begin(ctx context.Context) error {
	if !p.repo.Empty() {
		return nil
	}
	const readme = "README.md"
	_, err := p.repo.Update(ctx, repository.Update{Branch: p.base, Base: p.base, Change: func(tree fs.FS) (repository.Change, error) {
		if there, err := readFile(tree, readme); err != nil || there != nil {
			return repository.Change{}, err
		}
		return repository.Change{Message: "Begin", Files: []repository.File{{Path: readme, Data: []byte("# Postmortems\n")}}}, nil
	}})
	if err != nil {
		return fmt.Errorf("branch %s: %w", p.base, err)
	}
	return nil
}

// request is the newest request from the branch; nil without one.
func (p *publication) request(ctx context.Context) (*forge.Request, error) {
	if p.Forge == nil {
		return nil, nil
	}
	found, err := p.Forge.Requests(ctx, p.branch)
	if err != nil {
		return nil, fmt.Errorf("looking for the request: %w", err)
	}
	for _, r := range found {
		if r.State == forge.Open {
			return &r, nil
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

// isMerged tells whether a merged request, or by now the base branch, states
// the facts at hand.
func (p *publication) isMerged(ctx context.Context, request forge.Request) (bool, error) {
	tree, err := p.repo.Tree(ctx, p.base)
	if err != nil {
		return false, err
	}
	document, err := readFile(tree, p.names.path)
	if err != nil {
		return false, err
	}
	r, err := p.in.Report(nil, p.in.Stored)
	if err != nil {
		return false, err
	}
	if r, err = p.reviewed(tree, r); err != nil {
		return false, err
	}
	digest, err := p.in.Set.Prepare(r).Digest()
	if err != nil {
		return false, err
	}
	return digest == factsIn(request.Body) || document != nil && digest == output.Facts(document), nil
}

func (p *publication) result(status Status, request *forge.Request) Result {
	r := Result{Status: status, Branch: p.branch, Path: p.names.path, Edited: p.edited, Report: p.document.Report}
	if request != nil {
		r.URL = request.URL
	}
	return r
}

// put brings the documents onto the branch, and the request up to date with them.
func (p *publication) put(ctx context.Context, request *forge.Request) (Result, error) {
	pushed, err := p.repo.Update(ctx, repository.Update{Branch: p.branch, Base: p.base, Change: p.change})
	if err != nil {
		return Result{}, fmt.Errorf("branch %s: %w", p.branch, err)
	}
	exists := pushed.Changed
	if !exists {
		if exists, err = p.repo.HasBranch(ctx, p.branch); err != nil {
			return Result{}, err
		}
	}
	result := p.result(Unchanged, request)
	result.Commit = pushed.Commit
	switch {
	case p.Forge == nil && pushed.Changed:
		result.Status = Pushed
	case p.Forge == nil || !exists: // the base has it all
	case request != nil:
		if pushed.Changed {
			result.Status = Updated
		}
		result.Warnings, err = p.describe(ctx, *request)
	default:
		err = p.open(ctx, &result)
	}
	return result, err
}

// open asks for the review. Somebody else may have been faster: theirs is as good.
func (p *publication) open(ctx context.Context, result *Result) error {
	body, err := description(p.document.Report, p.document.Markdown, p.names.path)
	if err != nil {
		return err
	}
	request, warnings, err := p.Forge.Open(ctx, forge.Desired{
		Head: p.branch, Base: p.base, Title: p.names.title, Body: body,
		Labels: p.Labels, Reviewers: p.Reviewers, Draft: p.Draft,
	})
	result.Warnings = warnings
	switch {
	case errors.Is(err, forge.ErrExists):
		found, err := p.request(ctx)
		if err != nil {
			return err
		}
		if found == nil {
			return fmt.Errorf("the forge says there is a request for %s already, but shows none", p.branch)
		}
		result.URL, result.Status = found.URL, Updated
	case err != nil:
		return fmt.Errorf("the branch %s is pushed, but no request could be opened: %w", p.branch, err)
	default:
		result.URL, result.Status = request.URL, Opened
	}
	return nil
}

// describe renews the block of the request's description that debrief owns. What
// people did to it is theirs: then it stays, with a warning.
func (p *publication) describe(ctx context.Context, request forge.Request) (warnings []string, err error) {
	fresh, err := description(p.document.Report, p.document.Markdown, p.names.path)
	if err != nil {
		return nil, err
	}
	body, _, err := output.Update([]byte(request.Body), []byte(fresh), false)
	switch {
	case err != nil:
		return []string{fmt.Sprintf("the request's description stays as it is: %v", err)}, nil
	case string(body) == request.Body:
		return nil, nil
	}
	return nil, p.Forge.SetBody(ctx, request.Number, string(body))
}
