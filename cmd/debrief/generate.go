package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/collectors"
)

func newGenerate(env environment) *cobra.Command {
	var sources sourceFlags
	var docs documentFlags
	var to publishFlags
	var publishing bool
	c := &cobra.Command{
		Use:   "generate [NAMESPACE/NAME]",
		Short: "Collect the evidence of an incident and write its postmortem",
		Long: `Generate asks Kubernetes, Argo Rollouts, Prometheus and PagerDuty about an
incident, seals their answers in an evidence bundle and writes the documents.

Without an argument it takes the newest aborted rollout that may be read. The
window is derived: from ten minutes before the update to five minutes after the
last of recovery, scale-down and resolution. Prometheus is found through the
AnalysisRun unless it is configured; PagerDuty is asked when there is a token.

The bundle is kept beside the documents, but not beside public ones: it names
all that they leave out. --bundle FILE keeps it where you choose.`,
		Example: `  # the newest aborted rollout in any namespace
  debrief generate

  # one rollout, into a folder
  debrief generate shop/checkout -o postmortems

  # Markdown to standard output
  debrief generate shop/checkout --format md -o -

  # an earlier revision, with SLOs from a configuration
  debrief generate shop/checkout --revision 7 --config debrief.yaml

  # for customers, with the evidence where only insiders see it
  debrief generate shop/checkout --template public -o status-page --bundle evidence/checkout.zip

  # and open a pull request; see debrief publish --help
  debrief generate shop/checkout --publish --repo https://github.com/example/postmortems.git`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := docs.validate(env); err != nil {
				return err
			}
			cfg, err := sources.loadConfig()
			if err != nil {
				return err
			}
			if publishing {
				to.template, to.force = docs.template, docs.force
				if err := to.validate(cfg); err != nil {
					return err
				}
			}
			dir, remove, err := docs.bundleDir(env)
			if err != nil {
				return err
			}
			defer remove()
			bundle, err := collect(c.Context(), env, cfg, &sources, args, func(t *collectors.Target) string {
				if docs.bundle == "" {
					docs.bundle = filepath.Join(dir, bundleName(t))
				}
				return docs.bundle
			})
			if err != nil {
				return err
			}
			defer bundle.Close() //nolint:errcheck // it was only read
			if _, err := writeDocuments(c.Context(), env, bundle, cfg, &docs); err != nil {
				return err
			}
			if publishing {
				if err := env.told(to.publishBundle(c.Context(), env, cfg, bundle, docs.bundle)); err != nil {
					return err
				}
			}
			return gaps(env, bundle.Manifest)
		},
	}
	sources.register(c)
	docs.register(c, ".")
	to.register(c)
	c.Flags().StringVar(&docs.bundle, "bundle", "", "file for the evidence bundle (default: named after the incident in the folder of --out; on standard output or with a public template it is not kept)")
	c.Flags().BoolVar(&publishing, "publish", false, "put the documents on a branch of a repository and open a pull request")
	return c
}

// bundleDir is where a bundle goes that has no file of its own: beside the
// documents, or to a folder that is removed at the end if those are for
// standard output or the public.
func (f *documentFlags) bundleDir(env environment) (dir string, remove func(), err error) {
	if f.bundle != "" || f.out != toStdout && !f.set.Public() {
		return f.out, func() {}, nil
	}
	if f.out != toStdout {
		_, _ = fmt.Fprintln(env.Stderr, "the evidence bundle is not kept beside public documents; --bundle FILE keeps it")
	}
	dir, err = os.MkdirTemp("", "debrief-")
	if err != nil {
		return "", nil, fmt.Errorf("creating a temporary folder: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
