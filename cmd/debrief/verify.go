package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/evidence"
)

func newVerify(env environment) *cobra.Command {
	return &cobra.Command{
		Use:     "verify FILE...",
		Short:   "Check that evidence bundles are whole and unchanged",
		Example: `  debrief verify checkout.zip`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			for _, path := range args {
				bundle, err := evidence.Open(path)
				if err != nil {
					return err
				}
				m := bundle.Manifest
				_, _ = fmt.Fprintf(env.Stdout, "%s: ok, %d entries about %s at revision %d, collected %s\n",
					path, len(m.Entries), m.Scope.Subject, m.Scope.Revision, m.CollectedAt.Format("2006-01-02 15:04:05 UTC"))
				if err := bundle.Close(); err != nil {
					return fmt.Errorf("closing %s: %w", path, err)
				}
			}
			return nil
		},
	}
}
