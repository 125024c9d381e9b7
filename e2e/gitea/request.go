package gitea

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/debrief-sre/debrief/e2e/process"
)

// mergeTimeout bounds the wait until a request can be merged.
const mergeTimeout = 20 * time.Second

// A Request is a pull request.
type Request struct {
	Number int64  `json:"number"`
	URL    string `json:"html_url"`
	Title  string `json:"title"`
	Body   string `json:"body"`
	State  string `json:"state"` // "open" or "closed", merged ones too
	Draft  bool   `json:"draft"`
	Merged bool   `json:"merged"`
	Head   struct {
		Branch string `json:"label"` // also when it was deleted
		SHA    string `json:"sha"`
	} `json:"head"`
	Base struct {
		Branch string `json:"label"`
	} `json:"base"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
	Labels []struct {
		Name string `json:"name"`
	} `json:"labels"`
	Reviewers []struct {
		Login string `json:"login"`
	} `json:"requested_reviewers"`
}

func (r Request) String() string {
	return fmt.Sprintf("#%d %s from %s to %s: %s", r.Number, r.State, r.Head.Branch, r.Base.Branch, r.Title)
}

// Requests lists the requests of any state, the newest first: those from a
// branch, or all if head is empty.
func (r *Repository) Requests(ctx context.Context, head string) ([]Request, error) {
	const perPage = 50
	var found []Request
	for page := 1; ; page++ {
		var requests []Request
		err := r.call(ctx, http.MethodGet, fmt.Sprintf("/pulls?state=all&limit=%d&page=%d", perPage, page), nil, &requests)
		if err != nil {
			return nil, err
		}
		for _, request := range requests {
			if head == "" || request.Head.Branch == head {
				found = append(found, request)
			}
		}
		if len(requests) < perPage {
			return found, nil
		}
	}
}

// Open has a user open a request to merge a branch into another.
func (r *Repository) Open(ctx context.Context, user, head, base, title string) error {
	return r.callAs(ctx, user, http.MethodPost, "/pulls", map[string]string{"head": head, "base": base, "title": title}, nil)
}

// Merge merges a request by a merge commit, as a person would: once Gitea has
// looked for conflicts, which it does some time after a push.
func (r *Repository) Merge(ctx context.Context, number int64) error {
	ctx, cancel := context.WithTimeout(ctx, mergeTimeout)
	defer cancel()
	return process.Poll(ctx, "a merge", func(ctx context.Context) error {
		return r.call(ctx, http.MethodPost, pull(number)+"/merge", map[string]string{"Do": "merge"}, nil)
	})
}

// Close closes a request without merging it.
func (r *Repository) Close(ctx context.Context, number int64) error {
	return r.edit(ctx, number, "state", "closed")
}

// Reopen opens a closed request again.
func (r *Repository) Reopen(ctx context.Context, number int64) error {
	return r.edit(ctx, number, "state", "open")
}

// EditBody replaces the text of a request, as a person would.
func (r *Repository) EditBody(ctx context.Context, number int64, body string) error {
	return r.edit(ctx, number, "body", body)
}

// EditTitle replaces the title of a request.
func (r *Repository) EditTitle(ctx context.Context, number int64, title string) error {
	return r.edit(ctx, number, "title", title)
}

func (r *Repository) edit(ctx context.Context, number int64, field, value string) error {
	return r.call(ctx, http.MethodPatch, pull(number), map[string]string{field: value}, nil)
}

func pull(number int64) string { return "/pulls/" + strconv.FormatInt(number, 10) }
