// Package output renders a report as documents: Markdown, HTML and JSON, with
// pictures. The same report gives the same bytes, but for PDF, which a browser
// prints.
package output

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// Format is one form of the document.
type Format struct {
	Name      string // as given to --format
	Extension string
	Doc       string
	Render    func(io.Writer, Document) error

	Pictures  bool // shows the files of the report's [Pictures]
	OnRequest bool // made only when asked for, and never compared: its bytes are not the same twice
}

// Formats are all there are.
var Formats = []Format{
	{Name: "md", Extension: ".md", Doc: "Markdown for GitHub and GitLab", Render: Markdown, Pictures: true},
	{Name: "html", Extension: ".html", Doc: "one self-contained page", Render: HTML},
	{Name: "json", Extension: ".json", Doc: "the report itself, for other tools", Render: JSON},
	{Name: "pdf", Extension: ".pdf", Doc: "the page as an installed Chromium prints it; not the same bytes twice", Render: PDF, OnRequest: true},
}

// Document is an incident's document: what debrief states, and what people
// added to it.
type Document struct {
	Report   report.Report
	Markdown []byte  // with front matter
	Printer  Printer // for PDF; nil if there is none
}

// New renders the report by a template. Onto an existing document, it renews
// debrief's blocks and keeps everything else; see [Update] for force and
// replaced. Existing is nil when there is none.
//
// The document holds the report as the template may show it, so that no other
// format tells what a public document must not.
func New(set *templates.Set, r report.Report, existing []byte, force bool) (d Document, replaced []Edited, err error) {
	r = set.Prepare(r)
	d = Document{Report: r}
	fresh, err := freshMarkdown(set, r, picturesOf(r))
	if err != nil {
		return d, nil, err
	}
	if existing == nil {
		d.Markdown = fresh
		return d, nil, nil
	}
	d.Markdown, replaced, err = Update(existing, fresh, force)
	return d, replaced, err
}

// Lone renders the report as Markdown that stands alone: without pictures, as
// there are no files beside it.
func Lone(set *templates.Set, r report.Report) (Document, error) {
	r = set.Prepare(r)
	markdown, err := freshMarkdown(set, r, nil)
	return Document{Report: r, Markdown: markdown}, err
}

// Lookup finds formats by name.
func Lookup(names []string) ([]Format, error) {
	var found []Format
	for _, name := range names {
		i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("unknown format %q: there are %s", name, strings.Join(Names(), ", "))
		}
		if !slices.ContainsFunc(found, func(f Format) bool { return f.Name == Formats[i].Name }) {
			found = append(found, Formats[i])
		}
	}
	return found, nil
}

// WriteFile renders to a temporary file beside the path and renames it, so
// that a document is there whole or not at all.
func WriteFile(path string, render func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("creating folder: %w", err)
	}
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("writing document: %w", err)
	}
	defer file.Cleanup() //nolint:errcheck // the file is gone or of no use
	if err := render(file); err != nil {
		return err
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("writing document: %w", err)
	}
	return nil
}

// Names are the formats' names.
func Names() []string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	return names
}

// Defaults are the names of the formats that are made unless others are asked for.
func Defaults() []string {
	var names []string
	for _, f := range Formats {
		if !f.OnRequest {
			names = append(names, f.Name)
		}
	}
	return names
}
