package watch

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/klog/v2"
)

// The lease's times are those of Kubernetes's own controllers. A leader stops
// acting renewDeadline after it last renewed, and others wait leaseDuration.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// lead calls act while this watcher holds the lease, again whenever it regains
// it, until ctx ends and act has returned. The lease is held until then, so that
// nobody else acts meanwhile, and given up at once after that.
func (w *Watcher) lead(ctx context.Context, act func(lease context.Context)) error {
	if w.options.Lock == nil {
		act(context.WithoutCancel(ctx))
		return nil
	}
	election, resign := context.WithCancel(context.WithoutCancel(ctx))
	defer resign()
	var acting sync.Mutex
	defer context.AfterFunc(ctx, func() {
		acting.Lock()
		defer acting.Unlock()
		resign()
	})()
	for ctx.Err() == nil {
		if err := w.term(election, func(lease context.Context) {
			acting.Lock()
			defer acting.Unlock()
			act(lease)
		}); err != nil {
			return err
		}
	}
	return nil
}

// term waits for the lease and calls act once it is held. It returns when the
// lease is lost or ctx ends, and act has returned.
func (w *Watcher) term(ctx context.Context, act func(context.Context)) error {
	var begun atomic.Bool // by act, or by its being too late
	ended := make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: w.options.Lock, Name: "debrief",
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(lease context.Context) { // in a goroutine of its own, when it pleases
				if begun.CompareAndSwap(false, true) {
					defer close(ended)
					w.options.Log.Info("leading: acting on incidents", "identity", w.options.Lock.Identity())
					act(lease)
				}
			},
			OnStoppedLeading: func() {},
			OnNewLeader:      func(identity string) { w.options.Log.Info("a watcher leads", "identity", identity) },
		},
	})
	if err != nil {
		return fmt.Errorf("joining the election of a leader: %w", err)
	}
	elector.Run(klog.NewContext(ctx, logr.FromSlogHandler(w.options.Log.Handler())))
	if !begun.CompareAndSwap(false, true) {
		<-ended
		w.options.Log.Info("no longer leading", "identity", w.options.Lock.Identity())
	}
	return nil
}
