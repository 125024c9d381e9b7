package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/lint"
)

func newLint(env environment) *cobra.Command {
	var flags lintFlags
	c := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check postmortems for blame, gaps and action items that nobody can finish",
		Long: `Lint reads postmortems in Markdown and reports what keeps them from being
blameless, complete and useful. Use - for standard input.

A finding is suppressed, with a reason, on its line or the line before:
  <!-- debrief:ignore RULE reason -->

Exit codes: 0 no error was found, 1 there are errors (with --strict: or
warnings), 2 wrong usage.`,
		Example: `  debrief lint postmortems/*.md
  debrief lint --bundle checkout.zip --strict postmortems/2026-01-15-checkout.md
  debrief lint --format sarif postmortems/*.md > lint.sarif`,
		RunE: func(c *cobra.Command, args []string) error {
			if flags.rules {
				return lint.WriteRules(env.Stdout)
			}
			if len(args) == 0 {
				return usage("name at least one file, or - for standard input\nsee %s --help", c.CommandPath())
			}
			return flags.run(env, c.InOrStdin(), args)
		},
	}
	c.Flags().StringVar(&flags.format, "format", lint.Formats[0].Name, "form of the findings: "+strings.Join(lint.FormatNames(), ", "))
	c.Flags().BoolVar(&flags.strict, "strict", false, "fail on warnings too")
	c.Flags().StringArrayVar(&flags.bundles, "bundle", nil, "evidence bundle whose people must not be named (repeatable)")
	c.Flags().StringArrayVar(&flags.denied, "deny-names", nil, "file of names that must not appear, one a line (repeatable)")
	c.Flags().BoolVar(&flags.rules, "rules", false, "print the rules")
	return c
}

type lintFlags struct {
	format  string
	strict  bool
	bundles []string
	denied  []string
	rules   bool
}

func (f *lintFlags) run(env environment, stdin io.Reader, files []string) error {
	format, err := lint.FormatNamed(f.format)
	if err != nil {
		return usage("--format: %w", err)
	}
	names, err := f.names()
	if err != nil {
		return err
	}
	var results []lint.Result
	for _, file := range files {
		name, source, err := readDocument(stdin, file)
		if err != nil {
			return err
		}
		results = append(results, lint.Check(name, source, lint.Options{Names: names}))
	}
	version := strings.TrimPrefix(toolName(), "debrief ")
	if err := format.Write(env.Stdout, results, version); err != nil {
		return err
	}
	if s := lint.Summarize(results); s.Failed(f.strict) {
		return fmt.Errorf("lint found %s", s)
	}
	return nil
}

func readDocument(stdin io.Reader, file string) (name string, source []byte, err error) {
	if file == "-" {
		source, err = io.ReadAll(stdin)
		return "stdin", source, err
	}
	source, err = os.ReadFile(file)
	return file, source, err
}

// names is the deny list: the people of the bundles, and the files' lines.
func (f *lintFlags) names() ([]string, error) {
	var names []string
	for _, path := range f.bundles {
		people, err := bundlePeople(path)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		names = append(names, people...)
	}
	for _, path := range f.denied {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		for lines.Scan() {
			name, _, _ := strings.Cut(lines.Text(), "#")
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
	}
	return names, nil
}

func bundlePeople(path string) ([]string, error) {
	bundle, err := evidence.Open(path)
	if err != nil {
		return nil, err
	}
	defer bundle.Close() //nolint:errcheck // it was only read
	facts, err := collectors.Read(bundle)
	if err != nil {
		return nil, err
	}
	var people []string
	for _, page := range facts.Pages {
		for _, person := range page.People {
			people = append(people, person.Names...)
		}
	}
	return people, nil
}
