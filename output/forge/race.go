package forge

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// racing is an api of a forge that looks for an open request and then opens
// another in two steps. Asked twice at once, it opens two.
type racing interface {
	// withdraw closes a request that is one too many, with the description.
	withdraw(ctx context.Context, number int, body string) error
}

const (
	// raceOver is how long after it was opened a request has surely been seen by
	// those who were opening another, and they by it.
	raceOver = 2 * time.Second

	// withdrawn marks the description of a request that was one too many. It was
	// not people who closed it.
	withdrawn = "<!-- debrief:withdrawn -->"
)

// race makes sure that of requests which were opened at once the first stays,
// and the others are withdrawn. Those who opened these get ErrExists.
func (c *client) race(ctx context.Context, r Request, d Desired) error {
	api, ok := c.api.(racing)
	if !ok {
		return nil
	}
	timer := time.NewTimer(raceOver)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	}
	rs, err := c.requests(ctx, d.Head)
	if err != nil {
		return err
	}
	first := r
	for _, other := range rs {
		if other.State == Open && other.Base == d.Base && other.Number < first.Number {
			first = other
		}
	}
	if first.Number == r.Number {
		return nil
	}
	body := fmt.Sprintf("Opened at the same time as #%d, which stays.\n\n%s\n", first.Number, withdrawn)
	if err := api.withdraw(ctx, r.Number, body); err != nil {
		return err
	}
	return &Error{Reason: ErrExists, Message: fmt.Sprintf("request %d was opened at the same time", first.Number)}
}

// wasWithdrawn tells whether a request was closed because it was one too many.
func wasWithdrawn(r Request) bool {
	return r.State == Closed && strings.Contains(r.Body, withdrawn)
}
