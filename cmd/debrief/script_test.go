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
			Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: time.Now,
		}, os.Args[1:]))
	}})
}

// TestScripts runs the command lines that need no cluster.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: golden.Updating()})
}
