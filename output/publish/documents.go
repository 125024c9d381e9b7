package publish

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/index"
	"github.com/debrief-sre/debrief/output/repository"
	"github.com/debrief-sre/debrief/past"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/report/review"
)

// change works out what to commit on top of a tree. It may be called again,
// with another.
func (p *publication) change(tree fs.FS) (repository.Change, error) {
	earlier, _, err := past.Tree(tree, p.root(), path.Dir(p.names.path))
	if err != nil {
		return repository.Change{}, err
	}
	r, err := p.in.Report(earlier, p.bundleReference())
	if err != nil {
		return repository.Change{}, err
	}
	r.Name = p.report.Name
	if r, err = p.reviewed(tree, r); err != nil {
		return repository.Change{}, err
	}
	prepared := p.in.Set.Prepare(r)
	digest, err := prepared.Digest()
	if err != nil {
		return repository.Change{}, err
	}
	existing, err := readFile(tree, p.names.path)
	if err != nil {
		return repository.Change{}, err
	}
	p.edited, p.warnings = nil, nil
	if output.Facts(existing) == digest && !p.renews(existing) {
		p.document = output.Document{Report: prepared, Markdown: existing}
		return repository.Change{}, nil
	}
	if err := p.render(r, existing); err != nil {
		return repository.Change{}, fmt.Errorf("%s: %w", p.names.path, err)
	}
	files, err := p.files()
	if err != nil {
		return repository.Change{}, err
	}
	if p.Index != nil {
		if files, err = p.withIndex(tree, files); err != nil {
			return repository.Change{}, err
		}
	}
	return repository.Change{Files: files, Message: p.names.message}, nil
}

// renews tells whether a document is made anew although its facts are the same.
func (p *publication) renews(existing []byte) bool {
	_, err := output.Verify(existing)
	_, edited := errors.AsType[*output.EditedError](err)
	return p.Refresh || p.Force && edited
}

// reviewed applies what people decided about the timeline, in a file beside the
// document.
func (p *publication) reviewed(tree fs.FS, r report.Report) (report.Report, error) {
	read := func(name string) ([]byte, error) { return fs.ReadFile(tree, name) }
	return review.ApplyBeside(p.beside(""), read, r, p.in.Redact)
}

// render makes the document, onto the one that is there.
func (p *publication) render(r report.Report, existing []byte) (err error) {
	if p.in.Document == nil {
		p.document, p.edited, err = output.New(p.in.Set, r, existing, p.Force)
		return err
	}
	p.document = output.Document{Report: p.in.Set.Prepare(r), Markdown: p.in.Document}
	if existing != nil {
		p.document.Markdown, p.edited, err = output.Update(existing, p.in.Document, p.Force)
	}
	return err
}

// root is the folder below which all postmortems lie: what the path's template
// has before its first variable part.
func (p *publication) root() string {
	template := p.Path
	if template == "" {
		template = DefaultPath
	}
	fixed, _, _ := strings.Cut(template, "{{")
	return path.Clean(path.Dir(fixed + "x"))
}

// bundleReference is the evidence as the document names it: beside it, if it is
// committed too.
func (p *publication) bundleReference() *report.Bundle {
	if p.in.Stored == nil || !p.Bundle || p.in.Stored.URL != "" {
		return p.in.Stored
	}
	return &report.Bundle{SHA256: p.in.Stored.SHA256, URL: path.Base(p.beside(".bundle.zip"))}
}

// beside is a file's path beside the document, under its name.
func (p *publication) beside(extension string) string {
	return strings.TrimSuffix(p.names.path, ".md") + extension
}

// files are the documents as they shall stand in the repository.
func (p *publication) files() ([]repository.File, error) {
	markdown, err := output.Lookup([]string{"md"})
	if err != nil {
		return nil, err
	}
	formats := markdown
	for _, f := range p.Formats {
		if f.Name != "md" {
			formats = append(formats, f)
		}
	}
	var files []repository.File
	for _, file := range p.document.Files(formats) {
		var data bytes.Buffer
		if err := file.Render(&data); err != nil {
			return nil, err
		}
		// The documents go by the name that the path gives them, the pictures by
		// the one that the documents know.
		if path.Base(file.Name) != file.Name {
			return nil, fmt.Errorf("the report's name makes a path of a file's name: %q", file.Name)
		}
		place := path.Join(path.Dir(p.names.path), file.Name)
		if extension, ok := strings.CutPrefix(file.Name, p.document.Report.Name+"."); ok {
			place = p.beside("." + extension)
		}
		files = append(files, repository.File{Path: place, Data: data.Bytes()})
	}
	for _, e := range p.edited {
		files = append(files, repository.File{Path: p.beside(".edited-" + e.Name + ".md"), Data: []byte(e.Body)})
	}
	if p.Bundle {
		data, err := os.ReadFile(p.in.Bundle)
		if err != nil {
			return nil, fmt.Errorf("reading the bundle: %w", err)
		}
		files = append(files, repository.File{Path: p.beside(".bundle.zip"), Data: data})
	}
	return files, nil
}

// withIndex adds the index of all postmortems, these documents included. One
// that people edited stays as it is: it must not keep a postmortem away.
func (p *publication) withIndex(tree fs.FS, files []repository.File) ([]repository.File, error) {
	folder, err := fs.Sub(overlay(tree, files), p.root())
	if err != nil {
		return nil, fmt.Errorf("reading the folder of postmortems: %w", err)
	}
	options := *p.Index
	options.Force = options.Force || p.Force
	pages, _, err := index.Changes(folder, options)
	if edited, ok := errors.AsType[*output.EditedError](err); ok {
		p.warnings = append(p.warnings, fmt.Sprintf("the index stays as it is: %v", edited))
		return files, nil
	}
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		files = append(files, repository.File{Path: path.Join(p.root(), page.Name), Data: page.Data})
	}
	return files, nil
}

// readFile reads a file that need not be there.
func readFile(tree fs.FS, name string) ([]byte, error) {
	data, err := fs.ReadFile(tree, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s in the repository: %w", name, err)
	}
	return data, nil
}
