package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/templates"
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
		RunE: func(c *cobra.Command, _ []string) error {
			if path == "" {
				return usage("--bundle is required")
			}
			docs.bundle = path
			if err := docs.validate(env); err != nil {
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
			if _, err := writeDocuments(c.Context(), env, bundle, cfg, &docs); err != nil {
				return err
			}
			return gaps(env, bundle.Manifest)
		},
	}
	c.Flags().StringVar(&path, "bundle", "", "evidence bundle to read")
	c.Flags().StringVar(&configPath, "config", "", "configuration file (default: debrief.yaml, if there is one)")
	docs.register(c, ".")
	docs.registerCheck(c)
	return c
}

// toStdout is the --out that means standard output.
const toStdout = "-"

// documentFlags say which documents to write, and where.
type documentFlags struct {
	formats      []string
	out          string
	past         string // folder of earlier postmortems; empty for out
	template     string // a built-in one's name, or a folder
	force, check bool

	bundle  string // path of the evidence; empty without a file
	chosen  []output.Format
	browser string // to print a PDF with
	set     *templates.Set
}

func (f *documentFlags) register(c *cobra.Command, dir string) {
	c.Flags().StringSliceVar(&f.formats, "format", nil, "documents to write: "+strings.Join(output.Names(), ", ")+" (default: "+strings.Join(output.Defaults(), ", ")+", or md on standard output; pdf takes an installed Chromium)")
	c.Flags().StringVarP(&f.out, "out", "o", dir, "folder to write to, or - for standard output")
	c.Flags().StringVar(&f.past, "past", "", "folder of earlier postmortems, for past incidents like this one (default: the folder of --out)")
	c.Flags().StringVar(&f.template, "template", templates.Names()[0], "template of the document: "+strings.Join(templates.Names(), ", ")+", or a folder of your own")
	c.Flags().BoolVar(&f.force, "force", false, "replace blocks of an existing document that were edited by hand; the edited text is kept beside it")
}

// registerCheck is for commands whose evidence is the same each time.
func (f *documentFlags) registerCheck(c *cobra.Command) {
	c.Flags().BoolVar(&f.check, "check", false, "write nothing; fail if the documents are not up to date")
}

// validate finds mistakes before any work is done.
func (f *documentFlags) validate(env environment) error {
	names := f.formats
	switch {
	case len(names) > 0:
	case f.out == toStdout:
		names = []string{"md"}
	default:
		names = output.Defaults()
	}
	var err error
	if f.chosen, err = output.Lookup(names); err != nil {
		return usage("--format: %w", err)
	}
	if slices.ContainsFunc(f.chosen, func(format output.Format) bool { return format.Name == "pdf" }) {
		if f.browser, err = output.FindBrowser(env.Getenv("DEBRIEF_CHROMIUM")); err != nil {
			return fmt.Errorf("--format pdf: %w", err)
		}
	}
	if f.set, err = templateNamed(f.template); err != nil {
		return usage("--template: %w", err)
	}
	if err := f.validatePast(); err != nil {
		return err
	}
	if f.out == toStdout && f.check {
		return usage("--check compares files: it needs a folder in --out")
	}
	if f.out == toStdout && len(f.chosen) > 1 {
		return usage("only one format can go to standard output: add --format md, html, json or pdf")
	}
	return nil
}
