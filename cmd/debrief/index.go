package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/output/index"
)

func newIndex(env environment) *cobra.Command {
	var o index.Options
	c := &cobra.Command{
		Use:   "index DIR",
		Short: "Write the index of a folder of postmortems",
		Long: `Index reads the postmortems in a folder and below it and writes their index
there: a page in Markdown and in HTML, index.json, a feed and two pictures. It
tells incidents by date, service and cause, what they cost each month, how long
detection and recovery took, and which action items are open.

In a Markdown page that is there already, only the block of debrief is renewed.
What is not known is said to be unknown; documents that cannot be read are listed.`,
		Example: `  debrief index postmortems
  debrief index docs/postmortems --flavor mkdocs --link https://example.com/postmortems`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFlavor(o.Flavor); err != nil {
				return err
			}
			written, skipped, err := index.Write(args[0], o)
			for _, path := range written {
				_, _ = fmt.Fprintln(env.Stdout, path)
			}
			for _, s := range skipped {
				if !s.Foreign {
					_, _ = fmt.Fprintf(env.Stderr, "left out of the index: %s\n", printable.Line(s.File+" "+s.Reason))
				}
			}
			if errors.Is(err, fs.ErrNotExist) {
				return usage("there is no folder %s", args[0])
			}
			return err
		},
	}
	var flavors []string
	for _, f := range index.Flavors {
		flavors = append(flavors, f.Name)
	}
	c.Flags().StringVar(&o.Title, "title", "", "title of the index (default: "+index.DefaultTitle+")")
	c.Flags().StringVar(&o.Link, "link", "", "address at which the folder is published, for the feed")
	c.Flags().StringVar(&o.Flavor, "flavor", index.Flavors[0].Name, "what reads the folder: "+strings.Join(flavors, ", "))
	c.Flags().BoolVar(&o.Force, "force", false, "replace the index even if it was edited by hand; the edited text is kept beside it")
	return c
}

func checkFlavor(name string) error {
	var known []string
	for _, f := range index.Flavors {
		if f.Name == name {
			return nil
		}
		known = append(known, f.Name)
	}
	return usage("--flavor: %q is unknown: there are %s", name, strings.Join(known, ", "))
}
