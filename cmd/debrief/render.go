package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/output"
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
			if err := docs.validate(); err != nil {
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
	formats      []string
	out          string
	force, check bool

	chosen []output.Format
}

func (f *documentFlags) register(c *cobra.Command, dir string) {
	c.Flags().StringSliceVar(&f.formats, "format", nil, "documents to write: "+strings.Join(output.Names(), ", ")+" (default: all, or md on standard output)")
	c.Flags().StringVarP(&f.out, "out", "o", dir, "folder to write to, or - for standard output")
	c.Flags().BoolVar(&f.force, "force", false, "replace blocks of an existing document that were edited by hand; the edited text is kept beside it")
	c.Flags().BoolVar(&f.check, "check", false, "write nothing; fail if the documents are not up to date")
}

// validate finds mistakes before any work is done.
func (f *documentFlags) validate() error {
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
	if f.out == toStdout && f.check {
		return usage("--check compares files: it needs a folder in --out")
	}
	if f.out == toStdout && len(f.chosen) > 1 {
		return usage("only one format can go to standard output: add --format md, html or json")
	}
	return nil
}
