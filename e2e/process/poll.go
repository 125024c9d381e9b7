package process

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pollInterval is how often that is asked which cannot be watched.
const pollInterval = 100 * time.Millisecond

// Poll asks again and again until ask returns nil: for what has no watch, such
// as a health check or a query. Its error holds the last answer.
func Poll(ctx context.Context, what string, ask func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, errors.Join(context.Cause(ctx), err))
		case <-ticker.C:
		}
	}
}
