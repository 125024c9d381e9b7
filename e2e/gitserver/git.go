// Package gitserver has git as everybody else has it: bare repositories, working
// copies and servers, all by the git and sshd of the system.
//
//	repo, err := gitserver.Create(ctx, dir, gitserver.Options{Files: files})
//	server, err := gitserver.StartSSH(ctx, dir)
//	copy, err := gitserver.Clone(ctx, server.URL(repo), dir, "alice", server.Env()...)
//	err = copy.Commit(ctx, "say why", map[string]string{"README.md": "..."})
//	err = copy.Push(ctx)
//
// What a repository holds is read from the bare repository itself, so no claim
// of a server or of its client is part of the truth.
package gitserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// git runs git in a folder without any configuration of this machine, and
// returns what it printed.
func git(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(environment(), env...)
	cmd.WaitDelay = 10 * time.Second
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// environment is what git gets: nobody's settings, and nobody to ask.
func environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=/nonexistent",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_TERMINAL_PROMPT=0",
	}
}
