package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/printable"
)

func newCollect(env environment) *cobra.Command {
	var flags sourceFlags
	var out string
	c := &cobra.Command{
		Use:   "collect [NAMESPACE/NAME]",
		Short: "Seal what the sources know of an incident in an evidence bundle",
		Long: `Collect asks every source about an incident and seals the raw answers in one
file, before they expire. Render makes documents of it later, without a network.`,
		Example: `  debrief collect shop/checkout -o checkout.zip
  debrief render --bundle checkout.zip`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := flags.loadConfig()
			if err != nil {
				return err
			}
			path := out
			bundle, err := collect(c.Context(), env, cfg, &flags, args, func(t *collectors.Target) string {
				if path == "" {
					path = bundleName(t)
				}
				return path
			})
			if err != nil {
				return err
			}
			defer bundle.Close() //nolint:errcheck // it was only read
			_, _ = fmt.Fprintln(env.Stdout, path)
			return gaps(env, bundle.Manifest)
		},
	}
	flags.register(c)
	c.Flags().StringVarP(&out, "out", "o", "", "file to write (default: named after the incident)")
	return c
}

// bundleName names a bundle after its incident, by its abort's day.
func bundleName(t *collectors.Target) string {
	day := t.Aborted
	if day.IsZero() {
		day = t.Scope.Window.End
	}
	return fmt.Sprintf("%s-%s-%s-r%d.bundle.zip", day.UTC().Format(time.DateOnly), t.Scope.Subject.Namespace, t.Scope.Subject.Name, t.Scope.Revision)
}

// collect finds the incident, asks the sources and seals the bundle at the
// path that place gives.
func collect(ctx context.Context, env environment, cfg *config.Config, flags *sourceFlags, args []string, place func(*collectors.Target) string) (*evidence.Bundle, error) {
	search, err := flags.search(args, env.Now())
	if err != nil {
		return nil, err
	}
	settings, err := flags.settings(env, cfg, &search)
	if err != nil {
		return nil, err
	}
	kept, closeArchive, err := flags.kept(ctx, env, cfg)
	if err != nil {
		return nil, err
	}
	defer closeArchive()
	settings.Archive, settings.ArchiveAlone = kept, true
	return seal(ctx, env, cfg, settings, search, place)
}

// seal collects the incident that the search finds.
func seal(ctx context.Context, env environment, cfg *config.Config, settings *collectors.Settings, search collectors.Search, place func(*collectors.Target) string) (*evidence.Bundle, error) {
	target, err := collectors.Locate(ctx, settings, search)
	if err != nil {
		return nil, err
	}
	scope := target.Scope
	env.progress("collecting %s, revision %d, from %s to %s", scope.Subject, scope.Revision, scope.Window.Start.Format(time.RFC3339), scope.Window.End.Format(time.RFC3339))

	service, objectives := cfg.For(scope.Subject.Namespace, scope.Subject.Name)
	settings.Objectives, settings.PagerDuty.Services = objectives, service.PagerDuty
	w, err := evidence.NewWriter()
	if err != nil {
		return nil, err
	}
	defer w.Discard() //nolint:errcheck // a temporary folder
	if w.Filter, err = env.redactAnswers(); err != nil {
		return nil, err
	}
	if err := collectors.Collect(ctx, settings, target, w); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("stopped while collecting: %w", err)
	}
	path := place(target)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("creating folder: %w", err)
	}
	err = w.Seal(path, evidence.Manifest{
		Tool: toolName(), Scope: scope, CollectedAt: env.Now().UTC().Truncate(time.Second), Objectives: objectives,
	})
	if err != nil {
		return nil, err
	}
	return evidence.Open(path)
}

// gaps tells of every gap on standard error and ends the command accordingly.
func gaps(env environment, m evidence.Manifest) error {
	for _, c := range m.Coverage {
		if c.Gap() {
			_, _ = fmt.Fprintln(env.Stderr, printable.Line(env.redactText(fmt.Sprintf("gap: %s %s: %s", c.Source, c.Status, c.Reason))))
		}
	}
	if m.Gaps() {
		return errGaps
	}
	return nil
}
