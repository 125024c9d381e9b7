package publish_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/debrief-sre/debrief/internal/gittest"
	"github.com/debrief-sre/debrief/output/forge"
)

// double is a forge in memory, beside a git server.
type double struct {
	git *gittest.Server
	// around is told of each call before and after it has an effect. Its error
	// is the call's.
	around func(ctx context.Context, call string) error

	mu       sync.Mutex
	requests []forge.Request // number 1 first
	desired  []forge.Desired // what was asked for
}

func (d *double) call(ctx context.Context, name string, effect func() error) error {
	if d.around != nil {
		if err := d.around(ctx, name); err != nil {
			return err
		}
	}
	d.mu.Lock()
	err := effect()
	d.mu.Unlock()
	if err == nil && d.around != nil {
		return d.around(ctx, name)
	}
	return err
}

func (d *double) Requests(ctx context.Context, head string) (found []forge.Request, err error) {
	err = d.call(ctx, "Requests", func() error {
		for _, r := range slices.Backward(d.requests) {
			if r.Head == head {
				found = append(found, r)
			}
		}
		return nil
	})
	return found, err
}

func (d *double) Open(ctx context.Context, want forge.Desired) (r forge.Request, warnings []string, err error) {
	err = d.call(ctx, "Open", func() error {
		head, base := d.git.Tip(want.Head), d.git.Tip(want.Base)
		switch {
		case head == nil || base == nil || head.TreeHash == base.TreeHash:
			return &forge.Error{Reason: forge.ErrInvalid, Status: 422, Message: "no commits between " + want.Base + " and " + want.Head}
		case slices.ContainsFunc(d.requests, func(r forge.Request) bool {
			return r.State == forge.Open && r.Head == want.Head && r.Base == want.Base
		}):
			return &forge.Error{Reason: forge.ErrExists, Status: 409}
		}
		n := len(d.requests) + 1
		r = forge.Request{
			Number: n, URL: fmt.Sprintf("https://forge.example/pulls/%d", n), State: forge.Open,
			Title: want.Title, Body: want.Body, Head: want.Head, Base: want.Base, Draft: want.Draft,
		}
		d.requests, d.desired = append(d.requests, r), append(d.desired, want)
		warnings = []string{"there is no label such as this"}
		return nil
	})
	return r, warnings, err
}

func (d *double) SetBody(ctx context.Context, number int, body string) error {
	return d.call(ctx, "SetBody", func() error {
		d.requests[number-1].Body = body
		return nil
	})
}

func (d *double) Token(context.Context) (user, password string, err error) { return "", "", nil }

// get is a request as it is now.
func (d *double) get(t testing.TB, number int) forge.Request {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.requests) < number {
		t.Fatalf("there is no request %d", number)
	}
	return d.requests[number-1]
}

// set is what people do to a request.
func (d *double) set(number int, change func(*forge.Request)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.requests[number-1])
}

func (d *double) setState(number int, state forge.State) {
	d.set(number, func(r *forge.Request) { r.State = state })
}

// merge puts what the branch has onto the base, and may delete the branch.
func (d *double) merge(number int, andDelete bool) {
	d.set(number, func(r *forge.Request) {
		merge(d.git, r.Head, r.Base)
		r.State = forge.Merged
		if andDelete {
			d.git.Delete(r.Head)
		}
	})
}

func merge(git *gittest.Server, from, into string) {
	files := git.Files(from)
	for _, f := range git.Files(into) {
		if !slices.ContainsFunc(files, func(other gittest.File) bool { return other.Path == f.Path }) {
			files = append(files, f)
		}
	}
	git.Commit(into, files...)
}
