// Package gitea runs Gitea, a real git server with pull requests, on loopback.
//
//	g, err := gitea.Start(ctx, command, dir)
//	if err != nil { ... }
//	defer g.Close()
//	err = g.AddUser(ctx, "alice")
//	repo, err := g.AddRepository(ctx, "alice", "postmortems", gitserver.Options{Files: files})
//	token, err := g.Token(ctx, "alice", "write:repository", "write:issue")
//	requests, err := repo.Requests(ctx, "postmortem/2026-01-02-checkout")
//
// It speaks to Gitea by its documented API alone, and not by the client that
// debrief uses.
package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/debrief-sre/debrief/e2e/process"
)

// The administrator, who may do everything everywhere.
const admin = "steward"

// password is everybody's, in a server that nobody else can reach.
const password = "correct horse 1"

// startTimeout bounds each start of the server.
const startTimeout = time.Minute

// A Gitea is a running server.
type Gitea struct {
	URL string

	command string
	dir     string
	servers *process.Group
	tokens  atomic.Int64 // made so far: each has a name of its own
}

// Start runs Gitea, of which command is the binary, with all its files in dir.
// When it returns an error nothing runs. Close ends the server; the folder is
// the caller's to remove.
func Start(ctx context.Context, command, dir string) (*Gitea, error) {
	g, err := start(ctx, command, dir)
	if err != nil {
		return nil, fmt.Errorf("starting Gitea: %w", err)
	}
	return g, nil
}

func start(ctx context.Context, command, dir string) (*Gitea, error) {
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, err
	}
	g := &Gitea{URL: "http://" + process.Loopback(ports[0]), command: command, dir: dir}
	if err := os.MkdirAll(g.path("logs"), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(g.path("app.ini"), []byte(g.settings(ports[0])), 0o600); err != nil {
		return nil, err
	}
	if err := g.run(ctx, "migrate"); err != nil {
		return nil, err
	}
	err = g.run(ctx, "admin", "user", "create", "--admin", "--username="+admin, "--password="+password,
		"--email="+admin+"@example.com", "--must-change-password=false")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx) // waits no longer for a server that has ended
	g.servers = process.NewGroup(g.path("logs"), cancel)
	if err := g.servers.Start("gitea", command, g.args("web")...); err != nil {
		return nil, errors.Join(err, g.servers.Stop())
	}
	if err := g.waitReady(ctx); err != nil {
		return nil, errors.Join(err, errors.New(g.Log()), g.servers.Stop())
	}
	return g, nil
}

// path is a path in the server's folder.
func (g *Gitea) path(elem ...string) string {
	return filepath.Join(append([]string{g.dir}, elem...)...)
}

// args are the arguments of a command of Gitea in the server's folder.
func (g *Gitea) args(args ...string) []string {
	return append([]string{"--work-path", g.dir, "--config", g.path("app.ini")}, args...)
}

// run runs one of Gitea's administrative commands.
func (g *Gitea) run(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, g.command, g.args(args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("gitea %s: %w\n%s", strings.Join(args[:min(len(args), 3)], " "), err, out)
	}
	return nil
}

// waitReady returns when the server answers.
func (g *Gitea) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return process.Poll(ctx, "Gitea", func(ctx context.Context) error {
		return g.call(ctx, admin, http.MethodGet, "/version", nil, nil)
	})
}

// Restart ends the server and starts it again where it was.
func (g *Gitea) Restart(ctx context.Context) error {
	if err := g.servers.Restart("gitea"); err != nil {
		return err
	}
	return g.waitReady(ctx)
}

// Log is all that the server has said: each request among other things.
func (g *Gitea) Log() string {
	data, err := os.ReadFile(g.path("logs", "gitea.log"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Close ends the server.
func (g *Gitea) Close() error { return g.servers.Stop() }
