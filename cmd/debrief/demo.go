package main

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/evidence"
)

// demoBundle is the evidence of a real incident, collected from a recording.
// `go test ./cmd/debrief -run TestDemoBundle -update` makes it anew.
//
//go:embed demo/checkout-canary-abort.zip
var demoBundle []byte

func newDemo(env environment) *cobra.Command {
	var docs documentFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Write the postmortem of a recorded incident, without a cluster",
		Long: `Demo renders an evidence bundle that comes with debrief: a canary of the rollout
shop/checkout whose analysis failed and that Argo Rollouts aborted, recorded on
a real control plane. Its PagerDuty part was written by hand.`,
		Example: `  debrief demo
  debrief demo --format md -o -`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := docs.validate(env); err != nil {
				return err
			}
			bundle, err := evidence.Read(bytes.NewReader(demoBundle), int64(len(demoBundle)))
			if err != nil {
				return fmt.Errorf("embedded bundle: %w", err)
			}
			_, err = writeDocuments(c.Context(), env, bundle, config.Default(), &docs)
			return err
		},
	}
	docs.register(c, "debrief-demo")
	docs.registerCheck(c)
	return c
}
