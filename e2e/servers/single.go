package servers

import (
	"context"
	"fmt"
	"path/filepath"
)

// gitea is a git server with pull requests. Its SQLite needs a C compiler.
var gitea = Set{
	Name:    "gitea",
	Module:  "code.gitea.io/gitea",
	Version: "v1.25.5",
	Tools:   []string{"code.gitea.io/gitea"},
	Files:   []string{"options", "public", "templates"},
	tags:    "sqlite sqlite_unlock_notify",
	ldflags: "-X main.Version=1.25.5",
}

// s3 is an S3 server that keeps its objects as files.
var s3 = Set{
	Name:    "versitygw",
	Module:  "github.com/versity/versitygw",
	Version: "v1.8.0",
	Tools:   []string{"github.com/versity/versitygw/cmd/versitygw"},
}

// Gitea builds Gitea into the cache and returns its command. The folder of the
// command is its STATIC_ROOT_PATH: all that Gitea serves lies there.
func Gitea(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	return gitea.single(ctx, progress)
}

// S3 builds the Versity S3 Gateway into the cache and returns its command.
func S3(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	return s3.single(ctx, progress)
}

// single builds a set of one command and returns the command.
func (s Set) single(ctx context.Context, progress func(string, ...any)) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	dir, err := s.build(ctx, cache, progress)
	if err != nil {
		return "", fmt.Errorf("building %s %s: %w", s.Name, s.Version, err)
	}
	return filepath.Join(dir, s.command(s.Tools[0])), nil
}
