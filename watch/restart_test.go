package watch

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/debrief-sre/debrief/watch/archive"
)

var errKilled = errors.New("killed")

// life is one watcher's, which a kill ends: from then on nothing that it does
// has an effect.
type life struct {
	*memStore
	over atomic.Bool
	end  func()
}

func (l *life) SaveIncident(ctx context.Context, in *archive.Incident) error {
	if l.over.Load() {
		return errKilled
	}
	return l.memStore.SaveIncident(ctx, in)
}

func (l *life) AddIncident(ctx context.Context, in archive.Incident) (bool, error) {
	if l.over.Load() {
		return false, errKilled
	}
	return l.memStore.AddIncident(ctx, in)
}

func (l *life) Record(o archive.Observation) bool { return !l.over.Load() && l.memStore.Record(o) }

func (l *life) RecordPosition(p archive.Position) {
	if !l.over.Load() {
		l.memStore.RecordPosition(p)
	}
}

func (l *life) kill() {
	l.over.Store(true)
	l.end()
}

// history is what happens to watchers that follow each other over one archive.
type history struct {
	*play
	now         *life
	interrupted map[string]int // publications whose end the watcher did not see, by incident
	aborts      map[string]bool
	slow        time.Duration
}

// start begins a life whose steps take time, so that a kill may find it in any.
func (h *history) start() {
	l := &life{memStore: h.store}
	o := h.options()
	o.Store, o.Grace = l, time.Millisecond
	o.Steps.Settled = nil
	o.Settle = Settle{Min: time.Second, Max: 3 * time.Second}
	slowly := func() error {
		time.Sleep(h.slow)
		if l.over.Load() {
			return errKilled
		}
		return nil
	}
	o.Steps.Collect = func(context.Context, archive.Incident) (string, error) { return "bundle.zip", slowly() }
	o.Steps.Render = func(context.Context, archive.Incident, string) (string, string, error) {
		return "document.md", "facts", slowly()
	}
	o.Steps.Publish = func(_ context.Context, in archive.Incident, _ string) (string, error) {
		if err := slowly(); err != nil {
			return "", err
		}
		h.mu.Lock()
		h.published[name(in)]++
		h.mu.Unlock()
		if err := slowly(); err != nil {
			h.mu.Lock()
			h.interrupted[name(in)]++
			h.mu.Unlock()
			return "", err
		}
		return "https://git.example/pulls/1", nil
	}
	_, l.end = h.play.start(o)
	h.now = l
}

func name(in archive.Incident) string {
	return fmt.Sprintf("%s r%d at %s", in.Name, in.Key.Revision, in.Key.At.Format(time.TimeOnly))
}

func (h *history) abort(rollout string, revision int) {
	time.Sleep(time.Second) // so that no two aborts have the same time
	h.aborts[fmt.Sprintf("%s r%d at %s", rollout, revision, time.Now().UTC().Format(time.TimeOnly))] = true
	h.rollout(rollout, revision, true)
}

// event is one thing that happens, and how long after it the next one does.
type happening struct {
	what     string
	rollout  string
	revision int
	then     time.Duration
}

func (h *history) happen(e happening) {
	switch e.what {
	case "abort":
		h.abort(e.rollout, e.revision)
	case "again": // the controller's duplicates
		if o := h.api.find("rollouts", "uid-"+e.rollout); o != nil {
			h.api.put("rollouts", o)
		}
	case "retry":
		h.rollout(e.rollout, e.revision, false)
	case "hint":
		_, _ = h.store.HastenIncidents(context.Background(), "lab", "shop", e.rollout, time.Now())
	case "relist":
		h.api.compact()
		h.api.endWatches()
		time.Sleep(3 * time.Second) // what comes and goes before the list is a gap
	case "restart":
		h.now.end()
		h.start()
	case "kill":
		h.now.kill()
		time.Sleep(e.then)
		h.abort(e.rollout+"-alone", e.revision) // while nobody watches
		if e.revision == 2 {
			h.rollout(e.rollout+"-alone", e.revision, false) // nor sees it retried
		}
		time.Sleep(e.then)
		h.start()
	}
	time.Sleep(e.then)
}

// TestEachAbortIsActedOnOnce lets anything happen to a watcher, in any order and
// at any moment, and then asks for one published incident for each abort.
func TestEachAbortIsActedOnOnce(t *testing.T) {
	happenings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) happening {
		return happening{
			what:     rapid.SampledFrom([]string{"abort", "abort", "again", "retry", "hint", "relist", "restart", "kill", "kill"}).Draw(t, "what"),
			rollout:  rapid.SampledFrom([]string{"checkout", "payments", "search"}).Draw(t, "rollout"),
			revision: rapid.IntRange(1, 3).Draw(t, "revision"),
			then:     time.Duration(rapid.IntRange(0, 4000).Draw(t, "then")) * time.Millisecond,
		}
	}), 1, 25)
	rapid.Check(t, func(rt *rapid.T) {
		all := happenings.Draw(rt, "happenings")
		slow := time.Duration(rapid.IntRange(0, 1500).Draw(rt, "slow")) * time.Millisecond
		var wrong []string
		synctest.Test(t, func(t *testing.T) {
			h := &history{play: newPlay(t), interrupted: map[string]int{}, aborts: map[string]bool{}, slow: slow}
			h.api.compact() // no API server's first version is 0
			h.start()
			for _, e := range all {
				h.happen(e)
			}
			time.Sleep(time.Hour)
			h.now.end()
			wrong = h.check()
		})
		if len(wrong) > 0 {
			rt.Fatal(wrong)
		}
	})
}

// check tells what is wrong with the end of the history.
func (h *history) check() (wrong []string) {
	found := map[string]int{}
	for _, in := range h.store.all() {
		found[name(in)]++
		if !wasPublished(in) || in.URL == "" || !h.aborts[name(in)] {
			wrong = append(wrong, fmt.Sprintf("%s is %s, abort %v", name(in), in.State, h.aborts[name(in)]))
		}
	}
	for abort := range h.aborts {
		if found[abort] != 1 || h.published[abort] != 1+h.interrupted[abort] {
			wrong = append(wrong, fmt.Sprintf("%s: %d incidents, published %d times, interrupted %d times", abort, found[abort], h.published[abort], h.interrupted[abort]))
		}
	}
	return wrong
}

// TestKilledInEachStep kills a watcher in each of its steps, and the next one
// goes on from there without repeating those before.
func TestKilledInEachStep(t *testing.T) {
	for stage, want := range map[string]string{
		"settle":  "settle collect render publish",
		"collect": "collect render publish",
		"render":  "render publish",
		"publish": "publish",
	} {
		t.Run(stage, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				p.step = func(ctx context.Context, called string) error {
					if called != stage {
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				}
				l := &life{memStore: p.store}
				o := p.options()
				o.Store, o.Grace = l, time.Second
				_, l.end = p.start(o)
				p.rollout("checkout", 2, true)
				synctest.Wait()
				l.kill()
				p.takeCalls()

				p.step = nil
				killed := time.Now()
				p.start(p.options())
				time.Sleep(2 * time.Second)
				p.expectCalls(want)
				if in := p.only(); in.State != archive.Published || in.Changed.Sub(killed) > time.Second {
					t.Errorf("wrong incident: %+v", in)
				}
			})
		})
	}
}

// TestGracefulEnd lets the running step finish, notes its result, takes up
// nothing more, and cuts off what takes too long.
func TestGracefulEnd(t *testing.T) {
	for takes, want := range map[time.Duration]archive.State{
		15 * time.Second: archive.Rendered, // and not published
		30 * time.Second: archive.Collected,
	} {
		t.Run(takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				p.step = func(ctx context.Context, stage string) error {
					if stage == "render" {
						sleep(ctx, takes)
					}
					return ctx.Err()
				}
				_, end := p.start(p.options()) // the grace is 20 s
				p.rollout("checkout", 2, true)
				synctest.Wait()
				end()
				p.expectCalls("settle collect render")
				if in := p.only(); in.State != want || in.Error != "" {
					t.Errorf("wrong incident: %+v", in)
				}
			})
		})
	}
}
