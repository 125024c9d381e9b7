package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/internal/redact"
	"github.com/debrief-sre/debrief/report/review"
)

// environment is all that the commands know of the world around them.
type environment struct {
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time
	Terminal       bool // Stderr is one: show progress

	// redactor is the run's only one. It is made when first needed, which takes
	// some milliseconds; run sets it.
	redactor func() (*redact.Redactor, error)
}

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitGaps   = 3 // done, but a source left something out
)

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// errGaps ends a command that did its work, with gaps in the evidence.
var errGaps = errors.New("some sources left gaps in the evidence, as told above; documents name them in their coverage table")

// run executes one command line and returns its exit code.
func run(ctx context.Context, env environment, args []string) int {
	env.redactor = sync.OnceValues(func() (*redact.Redactor, error) { return redact.New() })
	root := newRoot(env)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		_, _ = fmt.Fprintln(env.Stderr, "debrief:", env.redactText(err.Error()))
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var badUsage *usageError
	var badConfig *config.Error
	var badReview *review.Error
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errGaps):
		return exitGaps
	case errors.As(err, &badUsage), errors.As(err, &badConfig), errors.As(err, &badReview):
		return exitUsage
	default:
		return exitFailed
	}
}

func newRoot(env environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "debrief",
		Short: "Write a blameless postmortem of an aborted rollout from the evidence",
		Long: `debrief collects what Kubernetes, Argo Rollouts, Prometheus and PagerDuty know of
an incident, seals it in an evidence bundle, and writes a postmortem whose every
statement cites its evidence.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done but some
source left a gap in the evidence.`,
		Example: `  # the newest aborted rollout that your kubeconfig may read
  debrief generate

  # try it without a cluster, on a recorded incident
  debrief demo`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          showHelp,
	}
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%w\nsee %s --help", err, c.CommandPath())
	})
	root.AddCommand(
		newGenerate(env),
		newCollect(env),
		newRender(env),
		newPublish(env),
		newIndex(env),
		newWatch(env),
		newVerify(env),
		newLint(env),
		newTemplates(env),
		newDemo(env),
		newConfig(env),
		newVersion(env),
	)
	checkArguments(root)
	return root
}

// showHelp is for commands that only group others. Without it, cobra would not
// look at their arguments, and a mistyped command would end with 0.
func showHelp(c *cobra.Command, _ []string) error { return c.Help() }

// checkArguments makes wrong positional arguments usage errors, for every command.
func checkArguments(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usage("%w\nsee %s --help", err, c.CommandPath())
			}
			return nil
		}
	}
	for _, child := range c.Commands() {
		checkArguments(child)
	}
}

// logger writes errors to standard error, plainly: a person is watching.
func (env environment) logger() (*slog.Logger, error) {
	return env.redacted(slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{
		Level: slog.LevelError, // gaps are told in the summary
	}))
}

// jsonLogger writes everything to standard error as JSON lines: a machine reads
// them.
func (env environment) jsonLogger() (*slog.Logger, error) {
	return env.redacted(slog.NewJSONHandler(env.Stderr, nil))
}

// progress tells a person at a terminal what goes on.
func (env environment) progress(format string, args ...any) {
	if env.Terminal {
		_, _ = fmt.Fprintf(env.Stderr, format+"\n", args...)
	}
}
