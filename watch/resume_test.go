package watch

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/watch/archive"
)

// checkKept holds what is recorded against what should be, in this order and
// however often.
func (p *play) checkKept(resource string, want ...string) {
	p.t.Helper()
	synctest.Wait()
	var got []string
	for _, version := range (&recorder{p.api, p.store}).versions(resource) {
		if !slices.Contains(got, version) {
			got = append(got, version)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.t.Errorf("%s (-want +got):\n%s", resource, diff)
	}
}

func (p *play) checkGaps(resource string, want int) []archive.Gap {
	p.t.Helper()
	(&recorder{p.api, p.store}).checkGaps(p.t, resource, want)
	return p.store.gapsOf(resource)
}

// TestNextWatcherGoesOn lets things come, change and go while nobody watches, and
// before that while one did.
func TestNextWatcherGoesOn(t *testing.T) {
	for _, away := range []time.Duration{0, time.Second, 5 * time.Hour} {
		t.Run(away.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				p.api.compact() // no API server's first version is 0
				run := recordedNamed(t, "analysisruns", checkoutRun)
				_, end := p.start(p.options())
				p.rollout("checkout", 1, false)
				p.rollout("payments", 1, false)
				p.api.put("events", event(1))
				end()
				p.rollout("checkout", 2, true)
				p.rollout("checkout", 2, false) // retried
				p.api.put("analysisruns", run)
				p.api.remove("analysisruns", run)
				p.api.put("events", event(1))
				p.api.put("events", event(1))
				time.Sleep(away)
				_, end = p.start(p.options())
				p.rollout("payments", 1, false)
				p.checkKept("rollouts", "checkout@2", "payments@3", "checkout@5", "checkout@6", "payments@11")
				p.checkKept("analysisruns", checkoutRun+"@7", checkoutRun+"@8 deleted")
				p.checkKept("events", "checkout.1@4", "checkout.1@9", "checkout.1@10")
				for _, resource := range resources {
					p.checkGaps(resource.Resource, 0)
				}
				end()
				if incidents := p.store.all(); away < time.Hour && len(incidents) != 1 || away > time.Hour && len(incidents) != 0 {
					t.Errorf("incidents %+v", incidents) // Triggers.Missed is an hour
				}
			})
		})
	}
}

// TestNextWatcherCannotGoOn: the API server has forgotten, which is a gap from
// where the one before it was known to be.
func TestNextWatcherCannotGoOn(t *testing.T) {
	for name, test := range map[string]struct {
		away         time.Duration
		changed      bool
		runs, events int
	}{
		"changed":             {3 * time.Minute, true, 1, 0},
		"as it was":           {3 * time.Minute, false, 0, 0},
		"as it was, for long": {13 * time.Minute, false, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				run := recordedNamed(t, "analysisruns", checkoutRun)
				p.api.put("analysisruns", run)
				p.api.put("events", event(1))
				_, end := p.start(p.options())
				time.Sleep(3 * time.Hour) // of which nobody has to say anything
				end()
				ended := time.Now()
				if test.changed {
					p.api.put("analysisruns", run)
					p.api.put("analysisruns", run)
				}
				p.api.compact()
				time.Sleep(test.away)
				_, end = p.start(p.options())
				time.Sleep(time.Minute)
				gaps := p.checkGaps("analysisruns", test.runs)
				p.checkGaps("events", test.events)
				for _, g := range gaps {
					if early := ended.Sub(g.From); early < 0 || early > 5*time.Minute+deadConnection || g.To.Before(ended.Add(test.away)) {
						t.Errorf("the gap from %v to %v does not hold the time from %v", g.From, g.To, ended)
					}
				}
				if test.changed {
					p.checkKept("analysisruns", checkoutRun+"@1", checkoutRun+"@4")
				}
				end()
			})
		})
	}
}

// TestPositionsThatAreNone are of servers whose versions have no order, and of a
// cluster that was restored since from a backup.
func TestPositionsThatAreNone(t *testing.T) {
	for _, version := range []string{"v1-abc", "4711"} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				p.rollout("checkout", 1, false)
				p.store.RecordPosition(archive.Position{Resource: "rollouts", ResourceVersion: version, At: time.Now().Add(-time.Minute)})
				_, end := p.start(p.options())
				p.rollout("checkout", 2, false)
				p.checkKept("rollouts", "checkout@1", "checkout@2")
				p.checkGaps("rollouts", 1)
				end()
			})
		})
	}
}

// TestUndecidedIsSeenAgain kills the watcher that saw an abort before it could
// note that. The Rollout is retried before the next one lists it.
func TestUndecidedIsSeenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		l := &life{memStore: p.store}
		o := p.options()
		o.Store = l
		_, l.end = p.start(o)
		p.rollout("checkout", 1, false)
		synctest.Wait()
		p.store.setDown(true) // for incidents alone
		p.rollout("checkout", 2, true)
		time.Sleep(5 * time.Second)
		p.rollout("checkout", 2, false)
		p.api.put("events", event(1))
		time.Sleep(5 * time.Second)
		l.over.Store(true)
		p.store.setDown(false)
		l.kill()
		_, end := p.start(p.options())
		synctest.Wait()
		if in := p.only(); in.Key.Revision != 2 || in.Key.Trigger != triggerAbort {
			t.Errorf("incident %+v", in)
		}
		p.checkKept("rollouts", "checkout@1", "checkout@2", "checkout@3")
		// Once it is noted, there is nothing to go back to.
		p.rollout("checkout", 3, false)
		synctest.Wait()
		if at, _ := p.store.Position(t.Context(), "lab", "rollouts", ""); at.ResourceVersion != fmt.Sprint(5) {
			t.Errorf("the position is %+v", at)
		}
		end()
	})
}
