package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/debrief-sre/debrief/watch/archive"
)

// okSteps succeed and do nothing.
func okSteps() Steps {
	return Steps{
		Collect: func(context.Context, archive.Incident) (string, error) { return "bundle.zip", nil },
		Render: func(context.Context, archive.Incident, string) (string, string, error) {
			return "document.md", "facts", nil
		},
	}
}

// play is a cluster, an archive and the outside world, of which any number of
// watchers may act in turn.
type play struct {
	t     *testing.T
	api   *apiServer
	store *memStore

	mu        sync.Mutex
	calls     []string                                      // the steps that were called
	settled   bool                                          // what Settled says
	facts     string                                        // what Render finds
	published map[string]int                                // by incident
	step      func(ctx context.Context, stage string) error // nil: all succeed
	states    []archive.State                               // that were saved, without repetitions
}

func newPlay(t *testing.T) *play {
	p := &play{t: t, api: newAPIServer(), settled: true, facts: "1", published: map[string]int{}}
	p.store = &memStore{now: time.Now, saved: func(in archive.Incident) {
		if len(p.states) == 0 || p.states[len(p.states)-1] != in.State {
			p.states = append(p.states, in.State)
		}
	}}
	return p
}

func (p *play) options() Options {
	call := func(ctx context.Context, stage string) error {
		p.mu.Lock()
		p.calls = append(p.calls, stage)
		step := p.step
		p.mu.Unlock()
		if step == nil {
			return nil
		}
		return step(ctx, stage)
	}
	return Options{
		Cluster: "lab", Client: p.api, Store: p.store, Triggers: allOn, Now: time.Now,
		Steps: Steps{
			Settled: func(ctx context.Context, _ archive.Incident) (string, bool, error) {
				err := call(ctx, "settle")
				p.mu.Lock()
				defer p.mu.Unlock()
				return "canary weight 0", p.settled && err == nil, err
			},
			Collect: func(ctx context.Context, in archive.Incident) (string, error) {
				return fmt.Sprintf("bundle-%d.zip", in.ID), call(ctx, "collect")
			},
			Render: func(ctx context.Context, in archive.Incident, _ string) (string, string, error) {
				err := call(ctx, "render")
				p.mu.Lock()
				defer p.mu.Unlock()
				return fmt.Sprintf("document-%d.md", in.ID), p.facts, err
			},
			Publish: func(ctx context.Context, in archive.Incident, bundle string) (string, error) {
				if err := call(ctx, "publish"); err != nil {
					return "", err
				}
				p.mu.Lock()
				defer p.mu.Unlock()
				p.published[fmt.Sprintf("%s r%d %s %s", in.Name, in.Key.Revision, in.Key.Trigger, in.Key.At.Format(time.TimeOnly))]++
				return "https://git.example/pulls/" + bundle, nil
			},
		},
	}
}

// start runs a watcher; the function ends it and waits for that.
func (p *play) start(o Options) (w *Watcher, end func()) {
	p.t.Helper()
	w, err := New(o)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	synctest.Wait()
	end = sync.OnceFunc(func() {
		p.t.Helper()
		cancel()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	})
	p.t.Cleanup(end) // a bubble waits for all that it holds
	return w, end
}

// rollout puts a Rollout's revision into the cluster, aborted now or not.
func (p *play) rollout(name string, revision int, aborted bool) *unstructured.Unstructured {
	p.t.Helper()
	r := with(p.t, recordedNamed(p.t, "rollouts", "checkout"), fmt.Sprint(revision), "metadata", "annotations", revisionAnnotation)
	r.SetName(name)
	r.SetUID(types.UID("uid-" + name))
	if aborted {
		r = with(p.t, r, time.Now().UTC().Format(time.RFC3339), "status", "abortedAt")
	} else {
		r = with(p.t, with(p.t, r, nil, "status", "abortedAt"), "Progressing", "status", "phase")
	}
	p.api.put("rollouts", r)
	return r
}

// takeCalls are the steps that were called since the last time.
func (p *play) takeCalls() string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := strings.Join(p.calls, " ")
	p.calls = nil
	return calls
}

func (p *play) expectCalls(want string) {
	p.t.Helper()
	if got := p.takeCalls(); got != want {
		p.t.Errorf("steps %q, want %q", got, want)
	}
}

// only is the one incident that there must be.
func (p *play) only() archive.Incident {
	p.t.Helper()
	synctest.Wait()
	all := p.store.all()
	if len(all) != 1 {
		p.t.Fatalf("%d incidents: %+v", len(all), all)
	}
	return all[0]
}

// set changes the world under its lock.
func (p *play) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// acting runs a test against one watcher.
func acting(t *testing.T, change func(*Options, *play), test func(*play, *Watcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		o := p.options()
		if change != nil {
			change(&o, p)
		}
		w, _ := p.start(o)
		test(p, w)
	})
}

func TestAbortBecomesARequest(t *testing.T) {
	acting(t, nil, func(p *play, _ *Watcher) {
		p.rollout("checkout", 2, false)
		p.rollout("checkout", 2, true)
		time.Sleep(time.Second)
		p.expectCalls("settle collect render publish")
		in := p.only()
		if in.State != archive.Published || in.Settled != "canary weight 0" || in.Bundle != "bundle-1.zip" || in.Document != "document-1.md" ||
			in.URL != "https://git.example/pulls/bundle-1.zip" || in.Facts != "1" || in.Attempts != 0 || in.Error != "" {
			t.Errorf("wrong incident: %+v", in)
		}
		want := []archive.State{archive.Seen, archive.Settling, archive.Collected, archive.Rendered, archive.Published}
		if diff := cmp.Diff(want, p.states); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

func TestSettling(t *testing.T) {
	settle := func(o *Options, p *play) {
		o.Settle = Settle{Min: 20 * time.Second, Max: 10 * time.Minute, Poll: 5 * time.Second}
		p.settled = false
	}
	t.Run("not before the minimum", func(t *testing.T) {
		acting(t, settle, func(p *play, _ *Watcher) {
			p.set(func() { p.settled = true })
			p.rollout("checkout", 2, true)
			time.Sleep(19 * time.Second)
			p.expectCalls("")
			time.Sleep(2 * time.Second)
			p.expectCalls("settle collect render publish")
		})
	})
	t.Run("when it is over", func(t *testing.T) {
		acting(t, settle, func(p *play, _ *Watcher) {
			p.rollout("checkout", 2, true)
			time.Sleep(time.Minute)
			if polls := strings.Count(p.takeCalls(), "settle"); polls < 7 || polls > 9 {
				t.Errorf("asked %d times in 40 s", polls)
			}
			p.set(func() { p.settled = true })
			time.Sleep(6 * time.Second)
			if p.takeCalls(); p.only().State != archive.Published {
				t.Errorf("not published within 6 s of settling: %+v", p.only())
			}
		})
	})
	t.Run("at the maximum", func(t *testing.T) {
		acting(t, settle, func(p *play, _ *Watcher) {
			p.rollout("checkout", 2, true)
			time.Sleep(10*time.Minute - time.Second)
			if in := p.only(); in.State != archive.Settling {
				t.Errorf("it did not wait: %+v", in)
			}
			time.Sleep(2 * time.Second)
			if in := p.only(); in.State != archive.Published || in.Settled != "the maximum of 10m0s passed" {
				t.Errorf("it waits on: %+v", in)
			}
		})
	})
	t.Run("a source that is down holds nothing up", func(t *testing.T) {
		acting(t, settle, func(p *play, _ *Watcher) {
			p.set(func() { p.step = failing("settle", errors.New("prometheus is down")) })
			p.rollout("checkout", 2, true)
			time.Sleep(time.Minute)
			if in := p.only(); in.State != archive.Settling || in.Error != "settle: prometheus is down" {
				t.Errorf("the error is not noted: %+v", in)
			}
			time.Sleep(10 * time.Minute)
			if in := p.only(); in.State != archive.Published || in.Error != "" {
				t.Errorf("held up: %+v", in)
			}
		})
	})
	t.Run("nobody to ask", func(t *testing.T) {
		acting(t, func(o *Options, p *play) { settle(o, p); o.Steps.Settled = nil }, func(p *play, _ *Watcher) {
			p.rollout("checkout", 2, true)
			time.Sleep(10*time.Minute + time.Second)
			p.expectCalls("collect render publish")
		})
	})
}

// failing makes one stage fail.
func failing(stage string, err error) func(context.Context, string) error {
	return func(_ context.Context, called string) error {
		if called == stage {
			return err
		}
		return nil
	}
}

// failingOnce fails a stage the first time.
func failingOnce(stage string, err error) func(context.Context, string) error {
	var failed atomic.Bool
	return func(_ context.Context, called string) error {
		if called == stage && failed.CompareAndSwap(false, true) {
			return err
		}
		return nil
	}
}

func TestStepsAreTriedAgain(t *testing.T) {
	for _, stage := range []string{"collect", "render", "publish"} {
		t.Run(stage, func(t *testing.T) {
			acting(t, func(o *Options, p *play) {
				o.Redact = func(s string) string { return strings.ReplaceAll(s, "hunter2", "<secret>") }
				p.step = failing(stage, errors.New("token hunter2 refused"))
			}, func(p *play, _ *Watcher) {
				p.rollout("checkout", 2, true)
				time.Sleep(time.Hour)
				tries := strings.Count(p.takeCalls(), stage)
				if tries < 15 || tries > 21 { // 9 within 5 min, then every 5
					t.Errorf("%d attempts in an hour", tries)
				}
				in := p.only()
				if in.Attempts != tries || in.Error != stage+": token <secret> refused" {
					t.Errorf("wrong incident: %+v", in)
				}
				p.set(func() { p.step = nil })
				time.Sleep(lastRetry)
				if in := p.only(); in.State != archive.Published || in.Attempts != 0 || in.Error != "" {
					t.Errorf("it did not recover: %+v", in)
				}
				if strings.Count(p.takeCalls(), "settle") > 0 {
					t.Error("steps before the failed one were repeated")
				}
			})
		})
	}
}

// TestLostEvidence: what was collected is gone when it is needed. It is collected
// again and published, though the document states what it did before.
func TestLostEvidence(t *testing.T) {
	for _, stage := range []string{"render", "publish"} {
		for what, update := range map[string]bool{"first": false, "update": true} {
			t.Run(stage+"/"+what, func(t *testing.T) {
				acting(t, nil, func(p *play, w *Watcher) {
					lost := func() { p.set(func() { p.step = failingOnce(stage, ErrNoBundle) }) }
					if !update {
						lost()
					}
					p.rollout("checkout", 2, true)
					time.Sleep(time.Minute)
					if update {
						p.takeCalls()
						lost()
						p.set(func() { p.facts = "2" })
						if err := w.Hint(t.Context(), "lab", "shop", "checkout"); err != nil {
							t.Fatal(err)
						}
						time.Sleep(time.Minute)
					}
					want := map[string]string{"render": "collect render collect render publish", "publish": "collect render publish collect render publish"}[stage]
					if !update {
						want = "settle " + want
					}
					p.expectCalls(want)
					if in := p.only(); in.Error != "" || in.URL == "" {
						t.Errorf("wrong incident: %+v", in)
					}
				})
			})
		}
	}
}

func TestPanicsAndHangsAreErrors(t *testing.T) {
	for name, step := range map[string]func(context.Context, string) error{
		"collect: panic: nil map": func(context.Context, string) error { panic("nil map") },
		"collect: collect took longer than 5m0s: context deadline exceeded": func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			acting(t, nil, func(p *play, _ *Watcher) {
				p.set(func() {
					p.step = func(ctx context.Context, stage string) error {
						if stage == "collect" {
							return step(ctx, stage)
						}
						return nil
					}
				})
				p.rollout("checkout", 2, true)
				time.Sleep(5*time.Minute + 500*time.Millisecond)
				if in := p.only(); in.Error != name {
					t.Errorf("error %q", in.Error)
				}
				p.set(func() { p.step = nil })
				time.Sleep(10 * time.Minute)
				if in := p.only(); in.State != archive.Published && in.State != archive.Updated {
					t.Errorf("it did not recover: %+v", in)
				}
			})
		})
	}
}

func TestGivenUp(t *testing.T) {
	acting(t, func(_ *Options, p *play) { p.step = failing("publish", errors.New("no such repository")) }, func(p *play, _ *Watcher) {
		p.rollout("checkout", 2, true)
		time.Sleep(25 * time.Hour)
		if in := p.only(); in.State != archive.Failed || in.Error != "publish: no such repository" {
			t.Errorf("not given up: %+v", in)
		}
		gaps := p.store.gapsOf("incidents")
		if len(gaps) != 1 || gaps[0].Reason != "the incident of shop/checkout at revision 2 was not published: publish: no such repository" {
			t.Errorf("gaps %v", gaps)
		}
		p.takeCalls()
		time.Sleep(time.Hour)
		p.expectCalls("")
	})
}

func TestFollowing(t *testing.T) {
	acting(t, func(o *Options, _ *play) { o.Follow = time.Hour }, func(p *play, w *Watcher) {
		p.rollout("checkout", 2, true)
		time.Sleep(time.Second)
		p.expectCalls("settle collect render publish")

		time.Sleep(5 * time.Minute)
		p.expectCalls("collect render") // no news
		p.set(func() { p.facts = "2" })
		time.Sleep(5 * time.Minute)
		p.expectCalls("collect render publish")
		if in := p.only(); in.State != archive.Updated || in.Facts != "2" {
			t.Errorf("wrong incident: %+v", in)
		}

		p.set(func() { p.facts = "3" })
		for _, about := range []string{"payments", "checkout"} {
			if err := w.Hint(t.Context(), "lab", "shop", about); err != nil {
				t.Fatal(err)
			}
		}
		p.expectCalls("collect render publish") // at once

		time.Sleep(time.Hour)
		if in := p.only(); in.State != archive.Closed {
			t.Errorf("still open: %+v", in)
		}
		p.takeCalls()
		time.Sleep(time.Hour)
		p.expectCalls("")
		if gaps := p.store.gapsOf("incidents"); len(gaps) > 0 {
			t.Errorf("gaps %v", gaps)
		}
	})
}

// TestHintDuringAStep arrives while the evidence is collected, which it may have
// come too late for: the result is kept, and there is another look. So it is when
// the step takes longer than until it would be tried again.
func TestHintDuringAStep(t *testing.T) {
	for _, step := range []time.Duration{500 * time.Millisecond, 4 * time.Second} {
		acting(t, nil, func(p *play, w *Watcher) {
			p.set(func() {
				p.step = func(_ context.Context, stage string) error {
					if stage == "publish" {
						time.Sleep(step)
					}
					return nil
				}
			})
			p.rollout("checkout", 2, true)
			synctest.Wait()
			time.Sleep(step * 3 / 4)
			if err := w.Hint(t.Context(), "lab", "shop", "checkout"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(step)
			p.expectCalls("settle collect render publish collect render")
			if in := p.only(); in.State != archive.Updated || in.URL == "" {
				t.Errorf("wrong incident: %+v", in)
			}
		})
	}
}

func TestAnalysisWaitsForTheAbort(t *testing.T) {
	run := func(p *play) {
		r := recordedNamed(t, "analysisruns", checkoutRun)
		owners := r.GetOwnerReferences()
		owners[0].UID = "uid-checkout"
		r.SetOwnerReferences(owners)
		p.api.put("analysisruns", with(t, r, time.Now().UTC().Format(time.RFC3339), "status", "completedAt"))
	}
	t.Run("which follows", func(t *testing.T) {
		acting(t, nil, func(p *play, _ *Watcher) {
			p.rollout("checkout", 2, false)
			run(p)
			time.Sleep(5 * time.Second)
			p.rollout("checkout", 2, true)
			time.Sleep(time.Minute)
			if in := p.only(); in.Key.Trigger != "abort" {
				t.Errorf("wrong incident: %+v", in)
			}
		})
	})
	t.Run("which does not follow", func(t *testing.T) {
		acting(t, nil, func(p *play, _ *Watcher) {
			p.rollout("checkout", 2, false)
			run(p)
			time.Sleep(time.Minute)
			if in := p.only(); in.Key.Trigger != "analysis" || in.Name != "checkout" || in.State != archive.Published {
				t.Errorf("wrong incident: %+v", in)
			}
		})
	})
	t.Run("which comes late, and supersedes", func(t *testing.T) {
		acting(t, nil, func(p *play, _ *Watcher) {
			p.rollout("checkout", 2, false)
			run(p)
			time.Sleep(time.Minute)
			p.rollout("checkout", 2, true)
			time.Sleep(6 * time.Minute)
			all := p.store.all()
			if len(all) != 2 || all[0].State != archive.Closed || !isOpen(all[1]) || all[1].Key.Trigger != "abort" {
				t.Errorf("wrong incidents: %+v", all)
			}
		})
	})
}

func TestDegraded(t *testing.T) {
	acting(t, nil, func(p *play, _ *Watcher) {
		r := p.rollout("checkout", 3, false)
		stuck := func() *unstructured.Unstructured {
			now := time.Now().UTC().Format(time.RFC3339)
			o := with(t, r, []any{map[string]any{"type": "Progressing", "status": "False", "lastTransitionTime": now}}, "status", "conditions")
			return with(t, o, "Degraded", "status", "phase")
		}
		p.api.put("rollouts", stuck())
		time.Sleep(10 * time.Minute)
		p.api.put("rollouts", r)
		time.Sleep(10 * time.Minute)
		if all := p.store.all(); len(all) != 0 {
			t.Fatalf("it recovered, and is an incident: %+v", all)
		}
		p.api.put("rollouts", stuck())
		time.Sleep(15*time.Minute + time.Second)
		if in := p.only(); in.Key.Trigger != "degraded" || in.Key.Revision != 3 {
			t.Errorf("wrong incident: %+v", in)
		}
	})
}

func TestPage(t *testing.T) {
	acting(t, nil, func(p *play, w *Watcher) {
		p.rollout("checkout", 2, false)
		at := time.Now()
		for range 3 { // deliveries are repeated
			if err := w.Page(t.Context(), "shop", "checkout", at); err != nil {
				t.Fatal(err)
			}
		}
		if in := p.only(); in.Key.Trigger != "page" || in.Key.Revision != 2 || in.Key.UID != "uid-checkout" {
			t.Errorf("wrong incident: %+v", in)
		}
		if err := w.Page(t.Context(), "shop", "checkout", at.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		p.only() // a second page of an open incident is news of it
		if err := w.Page(t.Context(), "shop", "unknown", at); err == nil || !strings.Contains(err.Error(), "shop/unknown") {
			t.Errorf("error %v", err)
		}
	})
}

// TestOneRolloutAtATime has two incidents of one Rollout and one of another:
// the former never run at once, the latter beside them.
func TestOneRolloutAtATime(t *testing.T) {
	var mu sync.Mutex
	running, most, together := map[string]int{}, 0, 0
	acting(t, func(o *Options, _ *play) {
		o.Steps.Collect = func(_ context.Context, in archive.Incident) (string, error) {
			mu.Lock()
			running[in.Name]++
			most, together = max(most, running[in.Name]), max(together, len(running))
			mu.Unlock()
			time.Sleep(10 * time.Second)
			mu.Lock()
			if running[in.Name]--; running[in.Name] == 0 {
				delete(running, in.Name)
			}
			mu.Unlock()
			return "bundle.zip", nil
		}
	}, func(p *play, _ *Watcher) {
		p.rollout("checkout", 2, true)
		p.rollout("checkout", 3, true)
		p.rollout("payments", 1, true)
		time.Sleep(time.Minute)
		if all := p.store.all(); len(all) != 3 || slices.ContainsFunc(all, func(in archive.Incident) bool { return in.State != archive.Published }) {
			t.Errorf("wrong incidents: %+v", all)
		}
		if most != 1 || together != 2 {
			t.Errorf("%d of one rollout at once, %d rollouts at once", most, together)
		}
	})
}

// TestDatabaseDown loses its database before the abort, and in the middle.
func TestDatabaseDown(t *testing.T) {
	acting(t, nil, func(p *play, _ *Watcher) {
		p.store.setDown(true)
		p.rollout("checkout", 2, true)
		time.Sleep(10 * time.Minute)
		p.expectCalls("")
		p.store.setDown(false)
		p.set(func() {
			p.step = func(_ context.Context, stage string) error {
				if stage == "publish" {
					p.store.setDown(true)
				}
				return nil
			}
		})
		time.Sleep(time.Minute + time.Second)
		p.expectCalls("settle collect render publish")
		p.set(func() { p.step = nil })
		time.Sleep(10 * time.Minute)
		p.store.setDown(false)
		time.Sleep(2 * time.Minute)
		if in := p.only(); in.State != archive.Published {
			t.Errorf("it did not recover: %+v", in)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	p := newPlay(t)
	for want, change := range map[string]func(*Options){
		"creating watcher: Client, Store and Now are required":               func(o *Options) { o.Store = nil },
		"creating watcher: Steps.Collect and Steps.Render are required":      func(o *Options) { o.Steps.Render = nil },
		"creating watcher: every trigger is switched off; switch one on":     func(o *Options) { o.Triggers = Triggers{} },
		"creating watcher: settling takes at least 1h0m0s but at most 15m0s": func(o *Options) { o.Settle.Min = time.Hour },
		"creating watcher: Follow is negative":                               func(o *Options) { o.Follow = -1 },
		"creating watcher: Workers is negative":                              func(o *Options) { o.Workers = -1 },
	} {
		o := p.options()
		change(&o)
		if _, err := New(o); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
