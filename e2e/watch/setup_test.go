// Package watch_test lets the built debrief watch a real control plane: real
// rollouts abort there, and pull requests must appear in a real Gitea with no
// hand on the keyboard, one for each abort, whatever happens to the watchers.
package watch_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/debrief-sre/debrief/e2e/archive"
	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/pagerduty"
	"github.com/debrief-sre/debrief/e2e/product"
	"github.com/debrief-sre/debrief/e2e/servers"
)

// The rollouts, one for each test, each in a namespace of its own.
var (
	checkout = rollout{"checkout"}
	cart     = rollout{"cart"}
	search   = rollout{"search"}
	ledger   = rollout{"ledger"}
	mailer   = rollout{"mailer"}

	rollouts = []rollout{checkout, cart, search, ledger, mailer}
)

// bot is the user whose token debrief gets; alice owns the repositories.
const bot, alice = "debrief-bot", "alice"

// ground is what all tests share.
var ground struct {
	debrief   string // the built program
	lab       *lab.Lab
	pagerduty *pagerduty.Server
	postgres  *archive.Server
	gitea     *gitea.Gitea
	token     string // of bot
}

// TestMain lets all tests run at the same time: they wait far more than they
// work.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(len(rollouts))); err != nil {
		log.Fatal(err)
	}
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
	dir, err := os.MkdirTemp("", "debrief-watch-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL runs as somebody else
		return 0, err
	}
	if ground.debrief, err = product.Build(ctx, dir); err != nil {
		return 0, err
	}
	if ground.lab, err = lab.Start(ctx, "", lab.WithProgress(log.Printf)); err != nil {
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

	contract, noContract := pagerduty.LoadContract()
	if errors.Is(noContract, pagerduty.ErrNoContract) {
		log.Printf("PagerDuty's double is not checked: %v", noContract)
	} else if noContract != nil {
		return 0, noContract
	}
	ground.pagerduty = pagerduty.Start(contract)
	defer ground.pagerduty.Close()

	if err := startGitea(ctx, filepath.Join(dir, "gitea")); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ground.gitea.Close()) }()
	if err := setStages(ctx); err != nil {
		return 0, err
	}
	code = m.Run()
	var violations []error
	for _, v := range ground.pagerduty.Violations() {
		violations = append(violations, errors.New(v))
	}
	return code, errors.Join(violations...)
}

func startGitea(ctx context.Context, dir string) error {
	command, err := servers.Gitea(ctx, log.Printf)
	if err != nil {
		return err
	}
	if ground.gitea, err = gitea.Start(ctx, command, dir); err != nil {
		return err
	}
	for _, user := range []string{bot, alice} {
		if err := ground.gitea.AddUser(ctx, user); err != nil {
			return errors.Join(err, ground.gitea.Close())
		}
	}
	if ground.token, err = ground.gitea.Token(ctx, bot, "write:repository", "write:issue"); err != nil {
		return errors.Join(err, ground.gitea.Close())
	}
	return nil
}

// setStages brings up the healthy first revision of every rollout. The tests
// begin as if those were long past.
func setStages(ctx context.Context) error {
	stages, together := errgroup.WithContext(ctx)
	for _, r := range rollouts {
		stages.Go(func() error { return r.setStage(together) })
	}
	if err := stages.Wait(); err != nil {
		return fmt.Errorf("setting the stage: %w", err)
	}
	return ground.lab.RestartArgo(ctx)
}
