package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/templates"
)

func newTemplates(env environment) *cobra.Command {
	c := &cobra.Command{
		Use:   "templates",
		Short: "List, show and copy the templates of documents",
		Long: `A template says which sections a document has and what people are asked in it.
debrief comes with some; a folder of your own begins as a copy of one of them.
docs/templates.md says what templates can use.`,
		Example: `  debrief templates list
  debrief templates init google-sre -o our-template
  debrief demo --template our-template`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	c.AddCommand(newTemplatesList(env), newTemplatesShow(env), newTemplatesInit(env))
	return c
}

func newTemplatesList(env environment) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the templates that come with debrief",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
			for _, style := range templates.Styles {
				_, _ = fmt.Fprintf(table, "%s\t%s\n", style.Name, style.Doc)
			}
			return table.Flush()
		},
	}
}

func newTemplatesShow(env environment) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME|DIR",
		Short: "Print a template with all that it includes",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := templateNamed(args[0])
			if err != nil {
				return usage("%w", err)
			}
			for i, f := range set.Files() {
				if i > 0 {
					_, _ = fmt.Fprintln(env.Stdout)
				}
				_, _ = fmt.Fprintf(env.Stdout, "==> %s <==\n%s", f.Name, f.Source)
			}
			return nil
		},
	}
}

func newTemplatesInit(env environment) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "init NAME -o DIR",
		Short: "Write a template's files to a folder, to be changed",
		Long: `Init writes a built-in template and the partials that it includes to a folder.
Partials that you delete there come from debrief again, and are kept up to date
with it. No file that exists is replaced.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if dir == "" {
				return usage("--out is required: the folder to write to")
			}
			set, err := templates.Builtin(args[0])
			if err != nil {
				return usage("%w", err)
			}
			return writeTemplate(env, set, dir)
		},
	}
	c.Flags().StringVarP(&dir, "out", "o", "", "folder to write to")
	return c
}

// writeTemplate writes a template's files, or none if one of them exists.
func writeTemplate(env environment, set *templates.Set, dir string) error {
	path := func(f templates.File) string { return filepath.Join(dir, filepath.FromSlash(f.Name)) }
	for _, f := range set.Files() {
		if _, err := os.Lstat(path(f)); err == nil {
			return fmt.Errorf("%s exists; choose another folder, or move it away", path(f))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("looking for an existing template: %w", err)
		}
	}
	for _, f := range set.Files() {
		err := output.WriteFile(path(f), func(w io.Writer) error {
			_, err := io.WriteString(w, f.Source)
			return err
		})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(env.Stdout, path(f))
	}
	return nil
}

// templateNamed finds a template: a built-in one by its name, else a folder.
// A folder that is called like a built-in one is chosen as ./NAME.
func templateNamed(name string) (*templates.Set, error) {
	if slices.Contains(templates.Names(), name) {
		return templates.Builtin(name)
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return templates.Load(name)
	case err == nil:
		return nil, fmt.Errorf("%s is a file; a template is a folder with a %s", name, templates.Entry)
	case strings.ContainsAny(name, `/\`):
		return nil, fmt.Errorf("no template: %w", err)
	}
	_, err = templates.Builtin(name) // says which there are
	return nil, fmt.Errorf("%w, or the path of a folder", err)
}
