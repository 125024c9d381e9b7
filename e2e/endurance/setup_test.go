// Package endurance_test kills the built debrief's watch command, takes away
// what it stands on, and floods it. The API server and its etcd are real; the
// test itself writes what Argo Rollouts' controller would, from what that once
// wrote, so that fifty incidents take seconds.
package endurance_test

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/archive"
	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/product"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of all that is left to chance")

// ground is what all tests share.
var ground struct {
	debrief  string // the built program
	lab      *lab.Lab
	postgres *archive.Server
	recorded *recording
}

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

// run prepares the ground, runs the tests and leaves nothing behind.
func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	dir, err := os.MkdirTemp("", "debrief-endurance-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL runs as somebody else
		return 0, err
	}
	if ground.recorded, err = readRecording(filepath.Join("..", "..", "testdata", "recordings", "checkout-canary-abort")); err != nil {
		return 0, err
	}
	if ground.debrief, err = product.Build(ctx, dir); err != nil {
		return 0, err
	}
	if ground.lab, err = lab.Start(ctx, "", lab.WithoutControllers(), lab.WithProgress(log.Printf)); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ground.lab.Close()) }()

	folder := filepath.Join(dir, "postgres")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return 0, err
	}
	if ground.postgres, err = archive.NewServer(ctx, folder); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ground.postgres.Stop(context.WithoutCancel(ctx))) }()
	return m.Run(), nil
}
