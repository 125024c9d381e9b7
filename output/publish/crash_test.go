package publish_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/debrief-sre/debrief/internal/gittest"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/forge"
	"github.com/debrief-sre/debrief/output/publish"
)

var errKilled = errors.New("killed")

// killed publishes, and stops for good after a number of steps: before or after
// a request to git or to the forge has an effect. It tells whether it came so far.
func (w *world) killed(ctx context.Context, in publish.Incident, steps int) (publish.Result, bool, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	left := atomic.Int64{}
	left.Store(int64(steps))
	step := func() error {
		if left.Add(-1) < 0 {
			cancel(errKilled)
			return errKilled
		}
		return nil
	}
	w.forge.around = func(context.Context, string) error { return step() }
	defer func() { w.forge.around = nil }()
	s := w.settings
	s.Repository.Transport = stopping(step)
	got, err := publish.Publish(ctx, s, in)
	return got, left.Load() < 0, err
}

// stopping is asked before a request is sent and when its answer is there.
type stopping func() error

func (s stopping) RoundTrip(q *http.Request) (*http.Response, error) {
	if err := s(); err != nil {
		return nil, err
	}
	answer, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close(), s()); err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(data))
	return answer, nil
}

// TestKilledAnywhere stops a run at each of its steps in turn. The next one
// leaves what an undisturbed one leaves.
func TestKilledAnywhere(t *testing.T) {
	for name, stage := range map[string]struct {
		empty  bool
		before []publish.Incident // published, and merged, before
		in     publish.Incident
		head   string
	}{
		"an empty repository":  {empty: true, in: small(t), head: branch},
		"a new incident":       {in: small(t), head: branch},
		"after a merge":        {before: []publish.Incident{small(t)}, in: small(t, byHand), head: branch + "-update2"},
		"the day's second one": {before: []publish.Incident{small(t)}, in: small(t, again), head: branch + "-2"},
	} {
		t.Run(name, func(t *testing.T) {
			points := 0
			for killed := true; killed; points++ {
				w := newWorldOf(gittest.New(t))
				if !stage.empty {
					w.git.Commit("main", gittest.Text("LICENSE", "none\n"))
				}
				for i, in := range stage.before {
					w.publish(t, in, publish.Opened)
					w.forge.merge(i+1, true)
				}
				var err error
				if _, killed, err = w.killed(t.Context(), stage.in, points); killed != errors.Is(err, errKilled) {
					t.Fatalf("after %d steps: %v", points, err)
				}
				got, err := publish.Publish(t.Context(), w.settings, stage.in)
				if err != nil || got.Branch != stage.head || got.URL != fmt.Sprintf("https://forge.example/pulls/%d", len(stage.before)+1) {
					t.Fatalf("after %d steps: got %+v, %v", points, got, err)
				}
				if len(w.forge.requests) != len(stage.before)+1 || w.git.Count(stage.head) != w.git.Count("main")+1 {
					t.Errorf("after %d steps: %d requests, %d commits", points, len(w.forge.requests), w.git.Count(stage.head))
				}
				if text := w.file(t, stage.head, got.Path); !strings.Contains(w.forge.get(t, len(w.forge.requests)).Body, output.Facts([]byte(text))) {
					t.Errorf("after %d steps: the request is of other facts", points)
				}
			}
			if points < 10 {
				t.Errorf("there were only %d points to stop at", points)
			}
		})
	}
}

// TestForgeFails: each call's error comes back, with nothing of the result.
func TestForgeFails(t *testing.T) {
	for _, call := range []string{"Requests", "Open", "SetBody"} {
		t.Run(call, func(t *testing.T) {
			w := newWorld(t)
			in := incident(t, demo)
			if call == "SetBody" {
				w.publish(t, in, publish.Opened)
				in = incident(t, demo, byHand)
			}
			w.forge.around = func(_ context.Context, name string) error {
				if name == call {
					return &forge.Error{Reason: forge.ErrScope, Status: 403}
				}
				return nil
			}
			if got, err := publish.Publish(t.Context(), w.settings, in); !errors.Is(err, forge.ErrScope) || got.Status != "" {
				t.Errorf("got %+v, %v", got, err)
			}
			w.forge.around = nil
			if _, err := publish.Publish(t.Context(), w.settings, in); err != nil || len(w.forge.requests) != 1 {
				t.Errorf("then %v, %d requests", err, len(w.forge.requests))
			}
		})
	}
}
