package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

const (
	attempts   = 6           // of one request at most
	firstPause = time.Second // doubled each time the forge is not available
)

// budget is what is left of the time that a call may wait.
type budget struct{ left time.Duration }

type (
	budgetKey struct{}
	onceKey   struct{}
)

// withBudget bounds the waiting of everything that is done under the context.
func withBudget(ctx context.Context, patience time.Duration) context.Context {
	return context.WithValue(ctx, budgetKey{}, &budget{left: patience})
}

// once marks requests that may not be repeated unless the server has surely not
// carried them out: they create something.
func once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

// retrying repeats requests that were not carried out.
type retrying struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (t retrying) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		r.Body.Close() //nolint:errcheck // it was only read
		if err != nil {
			return nil, fmt.Errorf("reading the request: %w", err)
		}
	}
	ctx := r.Context()
	creates, _ := ctx.Value(onceKey{}).(bool)
	for attempt := 1; ; attempt++ {
		again := r.WithContext(ctx)
		if body != nil {
			again.Body = io.NopCloser(bytes.NewReader(body))
		}
		resp, err := t.next.RoundTrip(again)
		var refused *Error
		if !errors.As(err, &refused) || creates && refused.Reason != ErrLimited {
			return resp, err
		}
		if err := pause(ctx, t.log, refused, attempt); err != nil {
			return nil, err
		}
	}
}

// pause waits until it is time to repeat what was refused. It gives the refusal
// back if repeating is no use, or the call has waited enough.
func pause(ctx context.Context, log *slog.Logger, refused *Error, attempt int) error {
	if refused.Reason != ErrLimited && refused.Reason != ErrUnavailable || attempt >= attempts {
		return refused
	}
	wait := max(refused.wait, firstPause<<(attempt-1))
	budget, ok := ctx.Value(budgetKey{}).(*budget)
	if !ok || wait > budget.left {
		impatient := *refused
		impatient.Message = oneLine(fmt.Sprintf("%s (not waiting %s for it)", refused.Message, wait))
		return &impatient
	}
	budget.left -= wait
	log.InfoContext(ctx, "waiting for the forge", "reason", refused.Reason, "status", refused.Status, "wait", wait, "attempt", attempt)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
