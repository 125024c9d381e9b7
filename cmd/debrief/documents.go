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
	"github.com/debrief-sre/debrief/report/review"
	"github.com/debrief-sre/debrief/timeline"
)

// writeDocuments renders a bundle and tells where the documents are. Onto an
// existing Markdown document it renews only the blocks that debrief owns.
func writeDocuments(ctx context.Context, env environment, bundle *evidence.Bundle, cfg *config.Config, f *documentFlags) (document output.Document, err error) {
	earlier, err := f.earlier(env)
	if err != nil {
		return document, err
	}
	build, err := env.reporter(bundle, cfg)
	if err != nil {
		return document, err
	}
	r, err := build(earlier, f.reference(bundle))
	if err != nil {
		return document, err
	}
	if f.out == toStdout {
		return document, f.print(ctx, env.Stdout, r)
	}
	r, base, existing, err := f.place(r)
	if err != nil {
		return document, err
	}
	if r, err = review.ApplyBeside(base, os.ReadFile, r, env.redactReport); err != nil {
		return document, err
	}
	var replaced []output.Edited
	document, replaced, err = output.New(f.set, r, existing, f.force)
	if err != nil {
		return document, fmt.Errorf("%s.md: %w", base, err)
	}
	document.Printer = f.printer(ctx)
	if f.check {
		return document, checkFiles(f.out, document.Files(f.chosen))
	}
	for _, edited := range replaced {
		path := base + ".edited-" + edited.Name + ".md"
		if err := output.WriteFile(path, writes([]byte(edited.Body))); err != nil {
			return document, err
		}
		_, _ = fmt.Fprintf(env.Stderr, "the edited block %q is kept in %s\n", edited.Name, path)
	}
	for _, file := range document.Files(f.chosen) {
		path := filepath.Join(f.out, file.Name)
		if err := output.WriteFile(path, file.Render); err != nil {
			return document, err
		}
		_, _ = fmt.Fprintln(env.Stdout, path)
	}
	return document, nil
}

// reporter reads a bundle, and makes its report as often as that is asked for:
// with the earlier postmortems, and the bundle's file if the document names it.
func (env environment) reporter(bundle *evidence.Bundle, cfg *config.Config) (func([]report.Earlier, *report.Bundle) (report.Report, error), error) {
	facts, err := collectors.Read(bundle)
	if err != nil {
		return nil, err
	}
	return func(earlier []report.Earlier, reference *report.Bundle) (report.Report, error) {
		return env.redactReport(report.Build(bundle.Manifest, facts, report.Options{
			Authors: cfg.Document.Authors, Names: timeline.Naming(cfg.Names), Earlier: earlier,
			AckTarget: time.Duration(cfg.Targets.Ack), Bundle: reference,
		}))
	}, nil
}

// reference names the bundle in the document; with the way to it, if it lies
// beside the document.
func (f *documentFlags) reference(bundle *evidence.Bundle) *report.Bundle {
	reference := &report.Bundle{SHA256: bundle.SHA256}
	if f.bundle != "" && f.out != toStdout && filepath.Clean(filepath.Dir(f.bundle)) == filepath.Clean(f.out) {
		reference.URL = filepath.Base(f.bundle)
	}
	return reference
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

// place finds where the documents go: the report under the name that they take,
// their path without extension, and the Markdown document that is there already.
// A document of that name may be another incident's; then the next name is taken.
func (f *documentFlags) place(r report.Report) (named report.Report, base string, existing []byte, err error) {
	name := r.Name
	for n := 1; ; n++ {
		r.Name = output.Numbered(name, n)
		path := filepath.Join(f.out, f.set.Prepare(r).Name) // a public document's name tells nothing either
		if path == base {
			return r, "", nil, fmt.Errorf("%s.md is another incident's document: choose another folder", path)
		}
		base = path
		existing, err = os.ReadFile(base + ".md")
		switch {
		case errors.Is(err, os.ErrNotExist):
			return r, base, nil, nil
		case err != nil:
			return r, "", nil, fmt.Errorf("reading the existing document: %w", err)
		case !output.Another(existing, r):
			return r, base, existing, nil
		}
	}
}

// checkFiles compares what a run would write into a folder with what is there.
func checkFiles(dir string, files []output.File) error {
	var stale []error
	for _, file := range files {
		if !file.Stable {
			continue
		}
		var want bytes.Buffer
		if err := file.Render(&want); err != nil {
			return err
		}
		path := filepath.Join(dir, file.Name)
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
