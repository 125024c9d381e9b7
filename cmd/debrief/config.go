package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/output"
)

func newConfig(env environment) *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Write and check configuration files",
		Args:  cobra.NoArgs,
		RunE:  showHelp,
	}
	c.AddCommand(newConfigInit(env), newConfigCheck(env))
	return c
}

func newConfigInit(env environment) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a commented configuration to start from",
		Example: `  debrief config init
  debrief config init -o - | less`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if out == toStdout {
				_, err := io.WriteString(env.Stdout, config.Example)
				return err
			}
			if _, err := os.Lstat(out); !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("%s is already there; remove it first or choose another with -o", out)
			}
			err := output.WriteFile(out, func(w io.Writer) error {
				_, err := io.WriteString(w, config.Example)
				return err
			})
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(env.Stdout, out)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "out", "o", defaultConfig, "file to write, or - for standard output")
	return c
}

func newConfigCheck(env environment) *cobra.Command {
	return &cobra.Command{
		Use:     "check [FILE]",
		Short:   "Check a configuration file",
		Example: `  debrief config check debrief.yaml`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := defaultConfig
			if len(args) == 1 {
				path = args[0]
			}
			if _, err := config.Load(path); err != nil {
				return err
			}
			_, _ = fmt.Fprintln(env.Stdout, path+": ok")
			return nil
		},
	}
}
