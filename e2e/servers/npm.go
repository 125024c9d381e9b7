package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Readers installs, into the cache, the npm packages that read debrief's
// documents in its place, and returns the folder that holds them.
func Readers(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	entry, err := npm(ctx, "readers", progress)
	if err != nil {
		return "", fmt.Errorf("installing the readers: %w", err)
	}
	return filepath.Join(entry, "node_modules"), nil
}

// npm installs the packages that the folder of that name pins, and returns
// where. The lock file pins every package; none may run a script of its own.
func npm(ctx context.Context, name string, progress func(format string, args ...any)) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	src, err := source(name)
	if err != nil {
		return "", err
	}
	const pins, lock = "package.json", "package-lock.json"
	key, err := cacheKey(src, pins, lock)
	if err != nil {
		return "", err
	}
	entry := filepath.Join(cache, name+"-"+key)
	err = once(entry, func(tmp string) error {
		start := time.Now()
		progress("installing npm packages: %s (once)", name)
		for _, file := range []string{pins, lock} {
			data, err := os.ReadFile(filepath.Join(src, file))
			if err != nil {
				return fmt.Errorf("reading the pins: %w", err)
			}
			if err := os.WriteFile(filepath.Join(tmp, file), data, 0o644); err != nil {
				return fmt.Errorf("copying the pins: %w", err)
			}
		}
		if _, err := run(ctx, tmp, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
			return err
		}
		progress("installed %s in %s", name, time.Since(start).Round(time.Second))
		return nil
	})
	return entry, err
}
