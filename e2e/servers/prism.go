package servers

import (
	"context"
	"fmt"
	"path/filepath"
)

// Prism installs Prism, which plays a server from its OpenAPI document, into
// the cache and returns its command.
func Prism(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	entry, err := npm(ctx, "prism", progress)
	if err != nil {
		return "", fmt.Errorf("installing Prism: %w", err)
	}
	return filepath.Join(entry, "node_modules", ".bin", "prism"), nil
}
