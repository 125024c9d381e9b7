package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/report/review"
	"github.com/debrief-sre/debrief/templates"
)

func newVerify(env environment) *cobra.Command {
	var configPath string
	c := &cobra.Command{
		Use:   "verify FILE...",
		Short: "Check that bundles are whole, and that documents say what debrief wrote",
		Long: `Verify checks evidence bundles, and postmortems in Markdown.

A bundle must be whole and unchanged. In a postmortem, the blocks that debrief
owns must be as it wrote them, whatever people wrote around them; and where the
bundle lies beside it (NAME.bundle.zip), they must state that bundle's facts.`,
		Example: `  debrief verify checkout.zip
  debrief verify postmortems/*/*.md`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := loadConfig(configPath)
			if err != nil {
				return err
			}
			var failed []error // all are looked at: a person mends them in one go
			for _, path := range args {
				check := verifyBundle
				if filepath.Ext(path) == ".md" {
					check = func(path string) (string, error) { return env.verifyDocument(path, cfg) }
				}
				found, err := check(path)
				if err != nil {
					failed = append(failed, err)
					continue
				}
				_, _ = fmt.Fprintf(env.Stdout, "%s: ok, %s\n", path, printable.Text(found))
			}
			return errors.Join(failed...)
		},
	}
	c.Flags().StringVar(&configPath, "config", "", "configuration file (default: debrief.yaml, if there is one)")
	return c
}

func verifyBundle(path string) (string, error) {
	bundle, err := evidence.Open(path)
	if err != nil {
		return "", err
	}
	m := bundle.Manifest
	found := fmt.Sprintf("%d entries about %s at revision %d, collected %s",
		len(m.Entries), m.Scope.Subject, m.Scope.Revision, m.CollectedAt.Format("2006-01-02 15:04:05 UTC"))
	return found, bundle.Close()
}

func (env environment) verifyDocument(path string, cfg *config.Config) (string, error) {
	document, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	blocks, err := output.Verify(document)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", path, err)
	case blocks == 0:
		return "no block is debrief's", nil
	}
	found := fmt.Sprintf("%d blocks as debrief wrote them", blocks)
	base := strings.TrimSuffix(path, ".md")
	beside := base + ".bundle.zip"
	switch same, err := env.statesFacts(document, base, beside, cfg); {
	case errors.Is(err, fs.ErrNotExist):
		return found, nil
	case err != nil:
		return "", err
	case !same:
		return "", fmt.Errorf("%s: it does not state the facts of %s: run debrief render --bundle %s", path, filepath.Base(beside), beside)
	}
	return found + ", with the facts of " + filepath.Base(beside), nil
}

// statesFacts tells whether a document states a bundle's facts as reviewed, for
// insiders or for the public. Base is the document's path without extension.
func (env environment) statesFacts(document []byte, base, bundlePath string, cfg *config.Config) (bool, error) {
	bundle, err := evidence.Open(bundlePath)
	if err != nil {
		return false, err
	}
	defer bundle.Close() //nolint:errcheck // it was only read
	build, err := env.reporter(bundle, cfg)
	if err != nil {
		return false, err
	}
	r, err := build(nil, nil)
	if err != nil {
		return false, err
	}
	if r, err = review.ApplyBeside(base, os.ReadFile, r, env.redactReport); err != nil {
		return false, err
	}
	for _, name := range templates.Names() {
		set, err := templates.Builtin(name)
		if err != nil {
			return false, err
		}
		digest, err := set.Prepare(r).Digest()
		if err != nil || digest == output.Facts(document) {
			return err == nil, err
		}
	}
	return false, nil
}
