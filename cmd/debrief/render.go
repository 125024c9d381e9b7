package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/report"
)

func newRender(env environment) *cobra.Command {
	var docs documentFlags
	var path, configPath string
	c := &cobra.Command{
		Use:   "render --bundle FILE",
		Short: "Write the documents of an evidence bundle, without a network",
		Long: `Render writes the documents of a bundle that generate or collect made. The same
bundle gives the same bytes, on any machine.`,
		Example: `  debrief render --bundle checkout.zip -o postmortems
  debrief render --bundle checkout.zip --format json -o - | jq .measures`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if path == "" {
				return usage("--bundle is required")
			}
			if err := docs.check(); err != nil {
				return err
			}
			cfg, err := loadConfig(configPath)
			if err != nil {
				return err
			}
			bundle, err := evidence.Open(path)
			if err != nil {
				return err
			}
			defer bundle.Close() //nolint:errcheck // it was only read
			if err := writeDocuments(env, bundle, cfg, &docs); err != nil {
				return err
			}
			return gaps(env, bundle.Manifest)
		},
	}
	c.Flags().StringVar(&path, "bundle", "", "evidence bundle to read")
	c.Flags().StringVar(&configPath, "config", "", "configuration file (default: debrief.yaml, if there is one)")
	docs.register(c, ".")
	return c
}

// toStdout is the --out that means standard output.
const toStdout = "-"

// documentFlags say which documents to write, and where.
type documentFlags struct {
	formats []string
	out     string

	chosen []output.Format
}

func (f *documentFlags) register(c *cobra.Command, dir string) {
	c.Flags().StringSliceVar(&f.formats, "format", nil, "documents to write: "+strings.Join(output.Names(), ", ")+" (default: all, or md on standard output)")
	c.Flags().StringVarP(&f.out, "out", "o", dir, "folder to write to, or - for standard output")
}

// check finds mistakes before any work is done.
func (f *documentFlags) check() error {
	names := f.formats
	switch {
	case len(names) > 0:
	case f.out == toStdout:
		names = []string{"md"}
	default:
		names = output.Names()
	}
	var err error
	if f.chosen, err = output.Lookup(names); err != nil {
		return usage("--format: %w", err)
	}
	if f.out == toStdout && len(f.chosen) > 1 {
		return usage("only one format can go to standard output: add --format md, html or json")
	}
	return nil
}

// writeDocuments renders a bundle and tells where the documents are.
func writeDocuments(env environment, bundle *evidence.Bundle, cfg *config.Config, f *documentFlags) error {
	facts, err := collectors.Read(bundle)
	if err != nil {
		return err
	}
	r := report.Build(bundle.Manifest, facts, report.Options{Authors: cfg.Document.Authors})
	if f.out == toStdout {
		return f.chosen[0].Render(env.Stdout, r)
	}
	for _, format := range f.chosen {
		path := filepath.Join(f.out, r.Name+format.Extension)
		if err := output.WriteFile(path, func(w io.Writer) error { return format.Render(w, r) }); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(env.Stdout, path)
	}
	return nil
}
