package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/report"
)

// writeDocuments renders a bundle and tells where the documents are. Onto an
// existing Markdown document it renews only the blocks that debrief owns.
func writeDocuments(env environment, bundle *evidence.Bundle, cfg *config.Config, f *documentFlags) error {
	facts, err := collectors.Read(bundle)
	if err != nil {
		return err
	}
	r, err := redactReport(report.Build(bundle.Manifest, facts, report.Options{Authors: cfg.Document.Authors}))
	if err != nil {
		return err
	}
	if f.out == toStdout {
		document, _, err := output.New(r, nil, false)
		if err != nil {
			return err
		}
		return f.chosen[0].Render(env.Stdout, document)
	}
	base := filepath.Join(f.out, r.Name)
	document, replaced, err := updateDocument(base+".md", r, f.force)
	if err != nil {
		return err
	}
	if f.check {
		return checkDocuments(base, document, f.chosen)
	}
	for _, edited := range replaced {
		path := base + ".edited-" + edited.Name + ".md"
		if err := output.WriteFile(path, writes([]byte(edited.Body))); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(env.Stderr, "the edited block %q is kept in %s\n", edited.Name, path)
	}
	for _, format := range f.chosen {
		path := base + format.Extension
		if err := output.WriteFile(path, func(w io.Writer) error { return format.Render(w, document) }); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(env.Stdout, path)
	}
	return nil
}

// updateDocument renders the report onto the Markdown document at the path, if
// there is one.
func updateDocument(path string, r report.Report, force bool) (output.Document, []output.Edited, error) {
	existing, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return output.Document{}, nil, fmt.Errorf("reading the existing document: %w", err)
	}
	document, replaced, err := output.New(r, existing, force)
	if err != nil {
		return document, nil, fmt.Errorf("%s: %w", path, err)
	}
	return document, replaced, nil
}

// checkDocuments compares the documents with the files there are.
func checkDocuments(base string, document output.Document, formats []output.Format) error {
	var stale []error
	for _, format := range formats {
		path := base + format.Extension
		var want bytes.Buffer
		if err := format.Render(&want, document); err != nil {
			return err
		}
		switch have, err := os.ReadFile(path); {
		case errors.Is(err, os.ErrNotExist):
			stale = append(stale, fmt.Errorf("%s does not exist", path))
		case err != nil:
			return fmt.Errorf("reading the existing document: %w", err)
		case !bytes.Equal(have, want.Bytes()):
			stale = append(stale, fmt.Errorf("%s is out of date", path))
		}
	}
	return errors.Join(stale...)
}

func writes(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}
