// Package publish_test runs the built debrief's publish command against real
// git servers: Gitea, sshd and git http-backend. People edit, merge, close and
// push beside it, and it is killed on the way.
package publish_test

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/product"
	"github.com/debrief-sre/debrief/e2e/servers"
)

// bot is the user whose tokens debrief gets; alice owns the repositories; carol
// may be asked for reviews.
const bot, alice, carol = "debrief-bot", "alice", "carol"

// ground is what all tests share.
var ground struct {
	debrief string // the built program
	server  *gitea.Gitea
	token   string // with all that publishing needs
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
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "debrief-publish-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	if ground.debrief, err = product.Build(ctx, dir); err != nil {
		return 0, err
	}
	command, err := servers.Gitea(ctx, log.Printf)
	if err != nil {
		return 0, err
	}
	if ground.server, err = gitea.Start(ctx, command, filepath.Join(dir, "gitea")); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ground.server.Close()) }()
	for _, user := range []string{bot, alice, carol} {
		if err := ground.server.AddUser(ctx, user); err != nil {
			return 0, err
		}
	}
	if ground.token, err = ground.server.Token(ctx, bot, "write:repository", "write:issue"); err != nil {
		return 0, err
	}
	return m.Run(), nil
}
