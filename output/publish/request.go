package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/forge"
	"github.com/debrief-sre/debrief/output/repository"
)

// publish finds the request that the documents belong to: the last one of those
// that follow each other, unless it was merged and the facts have changed.
func (p *publication) publish(ctx context.Context) (Result, error) {
	var merged *forge.Request // the one before
	for n := 1; n <= maxRequests; n++ {
		p.branch = following(p.names.branch, n)
		request, err := p.request(ctx, p.branch)
		if err != nil {
			return Result{}, err
		}
		switch {
		case request == nil && merged != nil:
			same, err := p.isMerged(ctx, *merged)
			if err != nil {
				return Result{}, err
			}
			if same {
				p.branch = following(p.names.branch, n-1)
				return p.result(Merged, merged), nil
			}
			return p.put(ctx, nil)
		case request == nil || request.State == forge.Open:
			return p.put(ctx, request)
		case request.State == forge.Closed:
			return p.result(Closed, request), nil
		}
		merged = request
	}
	return Result{}, fmt.Errorf("%d merged requests of this incident: that cannot be right", maxRequests)
}

// following is the branch of the incident's nth request: those before it were
// merged.
func following(branch string, n int) string {
	if n == 1 {
		return branch
	}
	return fmt.Sprintf("%s-update%d", branch, n)
}

// request is the open request from a branch, or else the newest; nil without one.
// Of several that are open the first stays: see [forge.Forge.Open].
func (p *publication) request(ctx context.Context, branch string) (*forge.Request, error) {
	if p.Forge == nil {
		return nil, nil
	}
	var found []forge.Request
	err := p.poll(ctx, func() (bool, error) {
		var err error
		found, err = p.Forge.Requests(ctx, branch)
		return !p.begun || !errors.Is(err, forge.ErrNotFound), err // Gitea takes a moment to see the first push
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the request: %w", err)
	}
	for _, r := range slices.Backward(found) {
		if r.State == forge.Open {
			return &r, nil
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

// poll asks until it is answered, or patience is over. It asks less and less
// often: many may be waiting for one, whom the forge is to serve first.
func (p *publication) poll(ctx context.Context, ask func() (answered bool, err error)) error {
	pause := min(p.Patience, 500*time.Millisecond)
	for waited := time.Duration(0); ; {
		answered, err := ask()
		if answered || waited >= p.Patience {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		waited += pause
		pause = min(2*pause, p.Patience-waited)
	}
}

// isMerged tells whether a merged request, or by now the base branch, states
// the facts at hand.
func (p *publication) isMerged(ctx context.Context, request forge.Request) (bool, error) {
	tree, err := p.repo.Tree(ctx, p.base)
	if err != nil {
		return false, err
	}
	document, err := readFile(tree, p.names.path)
	if err != nil {
		return false, err
	}
	r, err := p.reviewed(tree, p.report)
	if err != nil {
		return false, err
	}
	digest, err := p.in.Set.Prepare(r).Digest()
	if err != nil {
		return false, err
	}
	return digest == factsIn(request.Body) || document != nil && digest == output.Facts(document), nil
}

func (p *publication) result(status Status, request *forge.Request) Result {
	r := Result{Status: status, Branch: p.branch, Path: p.names.path, Edited: p.edited, Report: p.document.Report}
	if request != nil {
		r.URL = request.URL
	}
	return r
}

// put brings the documents onto the branch, and the request up to date with them.
func (p *publication) put(ctx context.Context, request *forge.Request) (Result, error) {
	pushed, err := p.repo.Update(ctx, repository.Update{Branch: p.branch, Base: p.base, Change: p.change})
	if err != nil {
		return Result{}, fmt.Errorf("branch %s: %w", p.branch, err)
	}
	exists := pushed.Changed
	if !exists {
		if exists, err = p.repo.HasBranch(ctx, p.branch); err != nil {
			return Result{}, err
		}
	}
	result := p.result(Unchanged, request)
	result.Commit = pushed.Commit
	switch {
	case p.Forge == nil && pushed.Changed:
		result.Status = Pushed
	case p.Forge == nil || !exists: // it is there, or the base has it all
	case request != nil && !pushed.Created: // a branch that was deleted meanwhile took its request along
		if pushed.Changed {
			result.Status = Updated
		}
		result.Warnings, err = p.describe(ctx, *request)
	default:
		err = p.ask(ctx, pushed.Created, &result)
	}
	if err != nil {
		return Result{}, err
	}
	result.Warnings = append(p.warnings, result.Warnings...)
	return result, nil
}

// ask has the branch reviewed, unless people merged it without a request. Who
// made the branch opens the request; another run only if that does not happen,
// as when the first one was killed.
func (p *publication) ask(ctx context.Context, first bool, result *Result) error {
	onBase, err := p.on(ctx, p.base)
	if err != nil || bytes.Equal(onBase, p.document.Markdown) {
		return err
	}
	if !first {
		var request *forge.Request
		err := p.poll(ctx, func() (answered bool, err error) {
			request, err = p.request(ctx, p.branch)
			return err != nil || request != nil && request.State == forge.Open, err
		})
		if err != nil {
			return err
		}
		if request != nil && request.State == forge.Open {
			result.URL, result.Status = request.URL, Updated
			result.Warnings, err = p.describe(ctx, *request)
			return err
		}
	}
	return p.open(ctx, result)
}

// open opens the request. Somebody else may have been faster: theirs is as good.
func (p *publication) open(ctx context.Context, result *Result) error {
	body, err := description(p.document.Report, p.document.Markdown, p.names.path)
	if err != nil {
		return err
	}
	request, warnings, err := p.Forge.Open(ctx, forge.Desired{
		Head: p.branch, Base: p.base, Title: shorten(p.names.title, longestTitle), Body: body,
		Labels: p.Labels, Reviewers: p.Reviewers, Draft: p.Draft,
	})
	result.Warnings = warnings
	switch {
	case errors.Is(err, forge.ErrExists):
		found, err := p.request(ctx, p.branch)
		if err != nil {
			return err
		}
		if found == nil || found.State != forge.Open {
			return fmt.Errorf("the forge says there is an open request for %s already, but shows none", p.branch)
		}
		result.URL, result.Status = found.URL, Updated
		result.Warnings, err = p.describe(ctx, *found)
		return err
	case err != nil:
		return fmt.Errorf("the branch %s is pushed, but no request could be opened: %w", p.branch, err)
	default:
		result.URL, result.Status = request.URL, Opened
	}
	return nil
}

// describe renews the block of the request's description that debrief owns. What
// people did to it is theirs: then it stays, with a warning.
func (p *publication) describe(ctx context.Context, request forge.Request) (warnings []string, err error) {
	fresh, err := description(p.document.Report, p.document.Markdown, p.names.path)
	if err != nil {
		return nil, err
	}
	body, _, err := output.Update([]byte(request.Body), []byte(fresh), false)
	switch {
	case err != nil:
		return []string{fmt.Sprintf("the request's description stays as it is: %v", err)}, nil
	case string(body) == request.Body:
		return nil, nil
	}
	return nil, p.Forge.SetBody(ctx, request.Number, string(body))
}
