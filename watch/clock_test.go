package watch

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestSteppedClock: the machine's clock is set, in the middle of an incident.
// It is published all the same, and once.
func TestSteppedClock(t *testing.T) {
	for name, step := range map[string]time.Duration{"an hour ahead": time.Hour, "ten minutes back": -10 * time.Minute, "a minute back": -time.Minute, "a day back": -24 * time.Hour} {
		for _, when := range []time.Duration{0, time.Second, 30 * time.Second} {
			t.Run(name+" after "+when.String(), func(t *testing.T) {
				var ahead atomic.Int64
				acting(t, func(o *Options, p *play) {
					o.Settle = Settle{Min: 20 * time.Second, Max: 5 * time.Minute, Poll: 5 * time.Second}
					o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
					p.store.now = o.Now
				}, func(p *play, _ *Watcher) {
					p.rollout("checkout", 2, true)
					time.Sleep(when)
					ahead.Store(int64(step))
					time.Sleep(30 * time.Minute)
					in := p.only()
					if calls := p.takeCalls(); strings.Count(calls, "publish") != 1 || in.URL == "" || in.Error != "" {
						t.Errorf("calls %q, incident %+v", calls, in)
					}
				})
			})
		}
	}
}
