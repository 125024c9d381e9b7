package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

// writeDocuments renders a bundle and tells where the documents are. Onto an
// existing Markdown document it renews only the blocks that debrief owns.
func writeDocuments(ctx context.Context, env environment, bundle *evidence.Bundle, cfg *config.Config, f *documentFlags) error {
	facts, err := collectors.Read(bundle)
	if err != nil {
		return err
	}
	earlier, err := f.earlier(env)
	if err != nil {
		return err
	}
	r, err := redactReport(report.Build(bundle.Manifest, facts, report.Options{
		Authors: cfg.Document.Authors, Names: timeline.Naming(cfg.Names), Earlier: earlier,
		AckTarget: time.Duration(cfg.Targets.Ack),
	}))
	if err != nil {
		return err
	}
	if f.out == toStdout {
		return f.print(ctx, env.Stdout, r)
	}
	base := filepath.Join(f.out, f.set.Prepare(r).Name) // a public document's name tells nothing either
	document, replaced, err := updateDocument(base+".md", r, f)
	if err != nil {
		return err
	}
	document.Printer = f.printer(ctx)
	if f.check {
		return checkFiles(f.files(base, document))
	}
	for _, edited := range replaced {
		path := base + ".edited-" + edited.Name + ".md"
		if err := output.WriteFile(path, writes([]byte(edited.Body))); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(env.Stderr, "the edited block %q is kept in %s\n", edited.Name, path)
	}
	for _, file := range f.files(base, document) {
		if err := output.WriteFile(file.path, file.render); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(env.Stdout, file.path)
	}
	return nil
}

// print writes the one document that goes to standard output. A page holds its
// pictures itself, Markdown has none there.
func (f *documentFlags) print(ctx context.Context, w io.Writer, r report.Report) error {
	format := f.chosen[0]
	document, _, err := output.New(f.set, r, nil, false)
	if format.Pictures {
		document, err = output.Lone(f.set, r)
	}
	if err != nil {
		return err
	}
	document.Printer = f.printer(ctx)
	return format.Render(w, document)
}

// printer prints with the browser that was found, if one was looked for.
func (f *documentFlags) printer(ctx context.Context) output.Printer {
	return func(w io.Writer, page []byte) error { return output.Print(ctx, f.browser, w, page) }
}

// file is one of those that a run writes.
type file struct {
	path   string
	render func(io.Writer) error
	stable bool // the same bytes each time
}

// files are the chosen documents and the pictures that they show.
func (f *documentFlags) files(base string, document output.Document) []file {
	var files []file
	for _, format := range f.chosen {
		files = append(files, file{base + format.Extension, func(w io.Writer) error { return format.Render(w, document) }, !format.OnRequest})
		if !format.Pictures {
			continue
		}
		for _, p := range output.Pictures(document.Report) {
			files = append(files, file{filepath.Join(f.out, p.File), p.Write, true})
		}
	}
	return files
}

// updateDocument renders the report onto the Markdown document at the path, if
// there is one.
func updateDocument(path string, r report.Report, f *documentFlags) (output.Document, []output.Edited, error) {
	existing, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return output.Document{}, nil, fmt.Errorf("reading the existing document: %w", err)
	}
	document, replaced, err := output.New(f.set, r, existing, f.force)
	if err != nil {
		return document, nil, fmt.Errorf("%s: %w", path, err)
	}
	return document, replaced, nil
}

// checkFiles compares what a run would write with the files there are.
func checkFiles(files []file) error {
	var stale []error
	for _, file := range files {
		if !file.stable {
			continue
		}
		var want bytes.Buffer
		if err := file.render(&want); err != nil {
			return err
		}
		switch have, err := os.ReadFile(file.path); {
		case errors.Is(err, os.ErrNotExist):
			stale = append(stale, fmt.Errorf("%s does not exist", file.path))
		case err != nil:
			return fmt.Errorf("reading the existing document: %w", err)
		case !bytes.Equal(have, want.Bytes()):
			stale = append(stale, fmt.Errorf("%s is out of date", file.path))
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
