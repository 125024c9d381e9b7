package servers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// CacheDir is the folder that keeps built servers between runs:
// $DEBRIEF_E2E_CACHE, else debrief-e2e in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv("DEBRIEF_E2E_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return filepath.Join(dir, "debrief-e2e"), nil
}

// once has an entry of the cache made, unless it is there. It is made under
// another name and renamed when complete.
func once(entry string, build func(tmp string) error) error {
	if _, err := os.Stat(entry); err == nil {
		return nil
	}
	cache := filepath.Dir(entry)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	tmp, err := os.MkdirTemp(cache, ".building-")
	if err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := build(tmp); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("opening the build to others: %w", err)
	}
	// Somebody else may have built the same meanwhile; theirs is as good.
	if err := os.Rename(tmp, entry); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("moving the build into the cache: %w", err)
	}
	return nil
}

// source is the folder of the pins of that name, beside this very file: the lab
// always runs from a clone, as there is nothing to import it from elsewhere.
func source(name string) (string, error) {
	_, self, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("finding the pins: no caller information in this binary")
	}
	return filepath.Join(filepath.Dir(self), name), nil
}

// cacheKey is a digest of two files of pins and of all else that a build
// depends on.
func cacheKey(src, pins, sums string, more ...string) (string, error) {
	h := sha256.New()
	for _, name := range []string{pins, sums} {
		data, err := os.ReadFile(filepath.Join(src, name))
		if err != nil {
			return "", fmt.Errorf("reading the pins: %w", err)
		}
		h.Write(data)
	}
	fmt.Fprintln(h, more)
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

// run runs a command in a folder; its error holds what the command said.
func run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, tail(stderr.String(), 4000))
	}
	return []byte(stdout.String()), nil
}

// tail is the end of a long text: the part with the error in it.
func tail(s string, n int) string {
	if len(s) > n {
		return "..." + s[len(s)-n:]
	}
	return s
}
