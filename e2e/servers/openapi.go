package servers

import (
	"context"
	"fmt"
	"path/filepath"
)

// GitHubAPI installs GitHub's own OpenAPI document into the cache and returns
// its file, of 13 MB.
func GitHubAPI(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	entry, err := npm(ctx, "openapi", progress)
	if err != nil {
		return "", fmt.Errorf("installing GitHub's OpenAPI document: %w", err)
	}
	return filepath.Join(entry, "node_modules", "@octokit", "openapi", "generated", "api.github.com.json"), nil
}
