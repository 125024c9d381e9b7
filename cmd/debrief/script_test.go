package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/debrief-sre/debrief/internal/golden"
)

// TestMain lets scripts run debrief itself as a program.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"debrief": func() {
		os.Exit(run(context.Background(), environment{
			Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
			Now: func() time.Time { return collected },
		}, os.Args[1:]))
	}})
}

// TestScripts runs command lines. A script that needs a cluster has the recorded
// one: $KUBE and $CONFIG are the files of its user.
func TestScripts(t *testing.T) {
	w := newWorld(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: golden.Updating(),
		Setup: func(env *testscript.Env) error {
			env.Setenv("KUBE", w.kubeconfig)
			env.Setenv("CONFIG", w.config)
			return nil
		},
	})
}
