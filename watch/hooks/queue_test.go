package hooks_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/debrief-sre/debrief/watch/hooks"
)

// sink notes hints, and fails while failure is set.
type sink struct {
	mu      sync.Mutex
	hints   []hooks.Hint
	calls   int
	failure error
}

func (s *sink) take(_ context.Context, h hooks.Hint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.failure == nil {
		s.hints = append(s.hints, h)
	}
	return s.failure
}

func (s *sink) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
}

func (s *sink) got() []hooks.Hint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hints)
}

func (s *sink) tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// running runs receivers in a synctest bubble while the test does.
func running(t *testing.T, o hooks.Options, test func(*testing.T, http.Handler)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHooks(t, o)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { h.Run(ctx); close(done) }()
		test(t, h)
		stop()
		<-done
	})
}

func argoRequest(token string) *http.Request {
	return post("/hooks/argo", argoBody, "Authorization", "Bearer "+token)
}

func page(body string) *http.Request {
	return post("/hooks/pagerduty", body, "X-PagerDuty-Signature", sign(body, "pd-new"))
}

func expect(t *testing.T, h http.Handler, r *http.Request, code int) {
	t.Helper()
	if got := answer(h, r).StatusCode; got != code {
		t.Errorf("the answer is %d, want %d", got, code)
	}
}

func TestHintsArePassedOn(t *testing.T) {
	var s sink
	running(t, options(s.take), func(t *testing.T, h http.Handler) {
		expect(t, h, argoRequest("argo-new"), 202)
		synctest.Wait()
		want := hooks.Hint{Source: "argo", Namespace: "shop", Name: "checkout", Why: "on-rollout-aborted"}
		if got := s.got(); !slices.Equal(got, []hooks.Hint{want}) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// TestAnswerDoesNotWait has a sink that never returns by itself.
func TestAnswerDoesNotWait(t *testing.T) {
	o := options(func(ctx context.Context, _ hooks.Hint) error { <-ctx.Done(); return ctx.Err() })
	running(t, o, func(t *testing.T, h http.Handler) {
		begun := time.Now()
		for range 100 {
			expect(t, h, argoRequest("argo-new"), 202)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the answers took %v", took)
		}
	})
}

// TestFullQueue refuses, and takes the same delivery when it comes again.
func TestFullQueue(t *testing.T) {
	s := sink{failure: errors.New("the database is down")}
	o := options(s.take)
	o.Capacity, o.FirstDelivery = 2, remember(nil)
	running(t, o, func(t *testing.T, h http.Handler) {
		expect(t, h, argoRequest("argo-new"), 202)
		expect(t, h, argoRequest("argo-new"), 202)
		full := answer(h, page(pageBody))
		if full.StatusCode != 503 || full.Header.Get("Retry-After") != "5" {
			t.Errorf("a full queue answers %d, Retry-After %q", full.StatusCode, full.Header.Get("Retry-After"))
		}
		expect(t, h, page(pingBody), 202) // which takes no room
		s.fail(nil)
		time.Sleep(time.Minute)
		expect(t, h, page(pageBody), 202)
		synctest.Wait()
		if got := s.got(); len(got) != 3 || got[2].PagerDutyIncident != "PGR0VU2" {
			t.Errorf("got %+v", got)
		}
	})
}

// remember is a FirstDelivery in memory, that fails with err.
func remember(err error) func(context.Context, string, string) (bool, error) {
	var mu sync.Mutex
	seen := map[string]bool{}
	return func(_ context.Context, source, id string) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		first := !seen[source+id]
		seen[source+id] = true
		return first && err == nil, err
	}
}

// TestRepeatedDelivery also changes the header that is not signed, and has the
// first attempt fail, which must not make its repetition a second delivery.
func TestRepeatedDelivery(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{"known": {nil, 1}, "not known": {errors.New("the database is down"), 2}} {
		t.Run(name, func(t *testing.T) {
			s := sink{failure: errors.New("not now")}
			o := options(s.take)
			o.FirstDelivery = remember(test.err)
			running(t, o, func(t *testing.T, h http.Handler) {
				expect(t, h, page(pageBody), 202)
				synctest.Wait()
				s.fail(nil)
				time.Sleep(2 * time.Second)
				again := page(pageBody)
				again.Header.Set("X-Webhook-Id", "another")
				expect(t, h, again, 202)
				synctest.Wait()
				if got := len(s.got()); got != test.want {
					t.Errorf("%d hints, want %d", got, test.want)
				}
			})
		})
	}
}

func TestAge(t *testing.T) {
	for name, test := range map[string]struct {
		now  time.Time
		want int
	}{
		"fresh":                {now, 1},
		"delivered late":       {now.Add(47 * time.Hour), 1},
		"older than 48 h":      {now.Add(48 * time.Hour), 0},
		"clock stepped back":   {now.Add(-24 * time.Hour), 1},
		"clock of another age": {now.AddDate(5, 0, 0), 0},
	} {
		t.Run(name, func(t *testing.T) {
			var s sink
			o := options(s.take)
			o.Now = func() time.Time { return test.now }
			running(t, o, func(t *testing.T, h http.Handler) {
				expect(t, h, page(pageBody), 202)
				synctest.Wait()
				if got := len(s.got()); got != test.want {
					t.Errorf("%d hints, want %d", got, test.want)
				}
			})
		})
	}
}

// TestGivesUp counts what becomes of a hint that nobody takes.
func TestGivesUp(t *testing.T) {
	s := sink{failure: errors.New("no")}
	o := options(s.take)
	registry := prometheus.NewRegistry()
	o.Metrics, o.Capacity = registry, 1
	running(t, o, func(t *testing.T, h http.Handler) {
		expect(t, h, argoRequest("argo-new"), 202)
		time.Sleep(5 * time.Minute)
		expect(t, h, argoRequest("argo-new"), 503)
		time.Sleep(time.Minute)
		if tries := s.tries(); tries != 11 {
			t.Errorf("tried %d times, want 11", tries)
		}
		s.fail(nil)
		expect(t, h, page(pageBody), 202) // there is room again
		synctest.Wait()
	})
	want := `# HELP debrief_webhook_hints_total Hints of webhooks, by what became of them.
# TYPE debrief_webhook_hints_total counter
debrief_webhook_hints_total{receiver="argo",result="dropped"} 1
debrief_webhook_hints_total{receiver="pagerduty",result="passed"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "debrief_webhook_hints_total"); err != nil {
		t.Error(err)
	}
}

// TestEnd passes on what waits, for a while, and takes nothing more.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sink
		slow := func(ctx context.Context, h hooks.Hint) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(2 * time.Second):
				return s.take(ctx, h)
			}
		}
		o := options(slow)
		o.Workers = 1
		h := newHooks(t, o)
		for range 10 {
			expect(t, h, argoRequest("argo-new"), 202)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { h.Run(ctx); close(done) }()
		synctest.Wait()
		stop()
		begun := time.Now()
		synctest.Wait()
		expect(t, h, argoRequest("argo-new"), 503)
		<-done
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("ending took %v, want the grace of 5 s", took)
		}
		if got := len(s.got()); got != 2 {
			t.Errorf("%d hints were passed on in the grace, want 2", got)
		}
	})
}

// TestManyAtOnce is for the race detector: no hint is lost or passed on twice.
func TestManyAtOnce(t *testing.T) {
	var s sink
	h := newHooks(t, options(s.take))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { h.Run(ctx); close(done) }()
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for range 50 {
				expect(t, h, argoRequest("argo-old"), 202)
			}
		})
	}
	senders.Wait()
	stop()
	<-done
	if got := len(s.got()); got != 400 {
		t.Errorf("%d hints, want 400", got)
	}
}
