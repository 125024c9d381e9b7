package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
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
	"github.com/debrief-sre/debrief/output/index"
	"github.com/debrief-sre/debrief/output/publish"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

func newPublish(env environment) *cobra.Command {
	var flags publishFlags
	c := &cobra.Command{
		Use:   "publish FILE",
		Short: "Put an incident's postmortem on a branch and open its pull request",
		Long: `Publish puts the postmortem of an evidence bundle, or one that was written
already (NAME.md with NAME.json beside it), on a branch of a git repository and
opens a pull request on GitHub, Gitea or Forgejo, or a merge request on GitLab.
To a plain git server the branch is pushed.

The same incident again updates the same branch and the same request. What
people pushed to the branch and wrote around debrief's blocks stays; nothing is
forced. A merged request is followed by another only if the facts changed, and
a closed one stays closed.

A token is taken from $DEBRIEF_GIT_TOKEN, $GITHUB_TOKEN, $GITLAB_TOKEN or
$GITEA_TOKEN, or from the configuration, which also takes an SSH key or a
GitHub App. Without a key, ssh asks the agent.`,
		Example: `  debrief publish checkout.bundle.zip --repo https://github.com/example/postmortems.git
  debrief publish postmortems/2026-11-22-shop-checkout-r2.md --config debrief.yaml
  debrief publish checkout.bundle.zip --repo git@git.example.com:sre/postmortems.git --forge none`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := loadConfig(flags.config)
			if err != nil {
				return err
			}
			if err := flags.validate(cfg); err != nil {
				return err
			}
			if filepath.Ext(args[0]) == ".md" {
				return env.told(flags.publishDocument(c.Context(), env, cfg, args[0]))
			}
			bundle, err := evidence.Open(args[0])
			if err != nil {
				return err
			}
			defer bundle.Close() //nolint:errcheck // it was only read
			if err := env.told(flags.publishBundle(c.Context(), env, cfg, bundle, args[0])); err != nil {
				return err
			}
			return gaps(env, bundle.Manifest)
		},
	}
	flags.register(c)
	c.Flags().StringVar(&flags.config, "config", "", "configuration file (default: debrief.yaml, if there is one)")
	c.Flags().StringVar(&flags.template, "template", templates.Names()[0], "template of the document: "+strings.Join(templates.Names(), ", ")+", or a folder of your own")
	c.Flags().BoolVar(&flags.force, "force", false, "replace blocks that were edited by hand; the edited text is kept beside the document")
	return c
}

// publishFlags say where to publish. They go before the configuration.
type publishFlags struct {
	config, template  string
	repo, forge, base string
	force, refresh    bool
	set               *templates.Set
	formats           []output.Format
}

// register adds the flags that publish and generate share.
func (f *publishFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.repo, "repo", "", "repository to publish to, as git clones it (default: publish.repository of the configuration)")
	c.Flags().StringVar(&f.forge, "forge", "", "what the repository is on: github, gitlab, gitea (or forgejo), none (default: told from the host)")
	c.Flags().StringVar(&f.base, "base", "", "branch that the request goes to (default: the repository's default branch)")
	c.Flags().BoolVar(&f.refresh, "refresh", false, "renew the documents even if the facts are the same, such as after a change of template")
}

// validate brings flags and configuration together, and finds mistakes before
// any work is done.
func (f *publishFlags) validate(cfg *config.Config) error {
	f.repo, f.base = cmp.Or(f.repo, cfg.Publish.Repository), cmp.Or(f.base, cfg.Publish.Base)
	if f.repo == "" {
		return usage("--repo is required, or publish.repository in the configuration")
	}
	if strings.HasPrefix(f.repo, "-") {
		return usage("--repo: %q is no repository", f.repo)
	}
	f.forge = cmp.Or(f.forge, cfg.Publish.Forge)
	var err error
	if f.set, err = templateNamed(f.template); err != nil {
		return usage("--template: %w", err)
	}
	if f.formats, err = output.Lookup(cfg.Publish.Formats); err != nil {
		return usage("publish.formats: %w", err)
	}
	return nil
}

// publishBundle publishes the documents of a bundle.
func (f *publishFlags) publishBundle(ctx context.Context, env environment, cfg *config.Config, bundle *evidence.Bundle, path string) (publish.Result, error) {
	build, err := env.reporter(bundle, cfg)
	if err != nil {
		return publish.Result{}, err
	}
	reference, err := f.store(ctx, env, cfg, bundle, path)
	if err != nil {
		return publish.Result{}, err
	}
	return f.publish(ctx, env, cfg, publish.Incident{
		Set: f.set, Bundle: path, Stored: reference, Report: build, Redact: env.redactReport,
	})
}

// publishDocument publishes a document that people may have worked on. Its JSON
// form tells what it is about.
func (f *publishFlags) publishDocument(ctx context.Context, env environment, cfg *config.Config, path string) (result publish.Result, err error) {
	document, err := os.ReadFile(path)
	if err != nil {
		return result, err
	}
	beside := strings.TrimSuffix(path, ".md") + ".json"
	data, err := os.ReadFile(beside)
	if errors.Is(err, fs.ErrNotExist) {
		return result, fmt.Errorf("%s: its report is needed too, but there is no %s: write it with --format md,json, or publish the evidence bundle", path, beside)
	}
	if err != nil {
		return result, err
	}
	var r report.Report
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&r); err != nil {
		return result, fmt.Errorf("%s: not a report of debrief's: %w", beside, err)
	}
	if r.SchemaVersion != report.SchemaVersion {
		return result, fmt.Errorf("%s: schema version %d is not known to this version of debrief", beside, r.SchemaVersion)
	}
	cfg.Publish.Bundle = false // there is none at hand
	return f.publish(ctx, env, cfg, publish.Incident{
		Set: f.set, Document: document, Stored: r.Bundle, Redact: env.redactReport,
		Report: func([]report.Earlier, *report.Bundle) (report.Report, error) { return r, nil },
	})
}

// publish does it, and tells people of a new request. An error with a result
// that has a status is about telling alone.
func (f *publishFlags) publish(ctx context.Context, env environment, cfg *config.Config, in publish.Incident) (publish.Result, error) {
	settings, err := f.settings(ctx, env, cfg)
	if err != nil {
		return publish.Result{}, err
	}
	hooks, err := env.webhooks(cfg)
	if err != nil {
		return publish.Result{}, err
	}
	env.progress("publishing to %s", printable.Line(f.repo))
	result, err := publish.Publish(ctx, settings, in)
	if err != nil || result.Status != publish.Opened {
		return result, err
	}
	return result, env.tell(ctx, cfg, hooks, result)
}

// told says on standard output where the documents are, and on standard error
// what became of them.
func (env environment) told(r publish.Result, err error) error {
	if r.Status == "" {
		return err
	}
	place := r.URL
	if place == "" {
		place = r.Branch + ":" + r.Path
	}
	_, _ = fmt.Fprintln(env.Stdout, printable.Line(place))
	for _, w := range r.Warnings {
		_, _ = fmt.Fprintln(env.Stderr, "warning:", printable.Line(w))
	}
	for _, e := range r.Edited {
		_, _ = fmt.Fprintf(env.Stderr, "the edited block %q is kept beside the document\n", e.Name)
	}
	_, _ = fmt.Fprintln(env.Stderr, meaning[r.Status])
	return err
}

// meaning says what became of the documents.
var meaning = map[publish.Status]string{
	publish.Opened:    "opened a request",
	publish.Updated:   "updated the open request",
	publish.Unchanged: "nothing to do: it is published already, with the same facts",
	publish.Pushed:    "pushed the branch",
	publish.Merged:    "nothing to do: it was merged, with the same facts",
	publish.Closed:    "nothing done: people closed the request; reopen it to have it updated",
}

// settings are those of the configuration and the flags.
func (f *publishFlags) settings(ctx context.Context, env environment, cfg *config.Config) (publish.Settings, error) {
	p := cfg.Publish
	s := publish.Settings{
		Base: f.base, Path: p.Path, Branch: p.Branch, Title: p.Request.Title, Message: p.Commit.Message,
		Formats: f.formats, Bundle: p.Bundle, Labels: p.Request.Labels, Reviewers: p.Request.Reviewers, Draft: p.Request.Draft,
		Force: f.force, Refresh: f.refresh,
	}
	if p.Index != nil {
		s.Index = &index.Options{Title: p.Index.Title, Link: p.Index.Link, Flavor: p.Index.Flavor}
	}
	var err error
	s.Repository, s.Forge, err = f.connect(ctx, env, cfg)
	return s, err
}
