package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Prism installs Prism, which plays a server from its OpenAPI document, into
// the cache and returns its command. The lock file pins every package; none may
// run a script of its own.
func Prism(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	src, err := source("prism")
	if err != nil {
		return "", err
	}
	const pins, lock = "package.json", "package-lock.json"
	key, err := cacheKey(src, pins, lock)
	if err != nil {
		return "", err
	}
	entry := filepath.Join(cache, "prism-"+key)
	err = once(entry, func(tmp string) error {
		start := time.Now()
		progress("installing Prism (once)")
		for _, name := range []string{pins, lock} {
			data, err := os.ReadFile(filepath.Join(src, name))
			if err != nil {
				return fmt.Errorf("reading the pins: %w", err)
			}
			if err := os.WriteFile(filepath.Join(tmp, name), data, 0o644); err != nil {
				return fmt.Errorf("copying the pins: %w", err)
			}
		}
		if _, err := run(ctx, tmp, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
			return err
		}
		progress("installed Prism in %s", time.Since(start).Round(time.Second))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("installing Prism: %w", err)
	}
	return filepath.Join(entry, "node_modules", ".bin", "prism"), nil
}
