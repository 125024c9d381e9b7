package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/repository"
	"github.com/debrief-sre/debrief/report"
)

// publication is one run.
type publication struct {
	Settings
	in     Incident
	repo   *repository.Repository
	base   string
	branch string        // of the request at hand
	report report.Report // without what the repository adds to it
	names  resolved
	// Of the last commit that was made.
	document output.Document
	edited   []output.Edited
	warnings []string
	begun    bool // the repository was empty
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
	p := &publication{Settings: s, in: in, base: s.Base, report: r}
	return p, p.resolve()
}

// resolve fills the templates for the report.
func (p *publication) resolve() error {
	names, err := namesOf(p.in.Set.Prepare(p.report)) // a public document's names tell nothing either
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
		if *t.to, err = fill(t.field, cmp.Or(t.text, t.fallback), t.names); err != nil {
			return err
		}
	}
	return p.check()
}

// place takes the next names while those at hand are another incident's: a
// revision that was aborted, retried and aborted again on one day.
func (p *publication) place(ctx context.Context) error {
	name := p.report.Name
	for n := 1; ; n++ {
		before := p.names
		p.report.Name = output.Numbered(name, n)
		if err := p.resolve(); err != nil {
			return err
		}
		if n > 1 && (p.names.path == before.path || p.names.branch == before.branch) {
			return fmt.Errorf("%s is another incident's document: put .Slug or .Name into publish.path and publish.branch", p.names.path)
		}
		taken, err := p.taken(ctx)
		if err != nil || !taken {
			return err
		}
	}
}

// taken tells whether the names at hand are another incident's, by the document
// on the branch or else on the base, or else by the newest request: people may
// have closed it and deleted its branch.
func (p *publication) taken(ctx context.Context) (bool, error) {
	branch := p.names.branch
	has, err := p.repo.HasBranch(ctx, branch)
	if err != nil {
		return false, err
	}
	if !has {
		branch = p.base
	}
	existing, err := p.on(ctx, branch)
	if err != nil || existing != nil {
		return output.Another(existing, p.report), err
	}
	request, err := p.request(ctx, p.names.branch)
	if err != nil || request == nil {
		return false, err
	}
	return output.Another(frontIn(request.Body), p.report), nil
}

// on is the document that a branch has; nil without one.
func (p *publication) on(ctx context.Context, branch string) ([]byte, error) {
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
	if p.begun = p.repo.Empty(); !p.begun {
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
