// Package workload plays the applications behind the lab's rollouts and the
// ingress before them: request counters that follow each Rollout's traffic
// weight, as an nginx ingress would export them.
//
// Nothing here serves a request. Every rollout gets the same steady stream of
// imaginary ones; the controller's own status says how many of them reach the
// canary, and the tag of the canary's image says how many of those fail. The
// counters are whole numbers kept here as well as exported, so that a scenario
// can hold debrief's arithmetic against the truth, to the request.
package workload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/debrief-sre/debrief/e2e/argo"
)

const (
	// RequestsPerSecond is the traffic of every rollout.
	RequestsPerSecond = 200
	// smokeRequestsPerSecond reach a blue-green preview, which users do not.
	smokeRequestsPerSecond = 40
	// tick is how often requests are counted: a fraction of a scrape.
	tick = 50 * time.Millisecond
	// baseline is the error ratio of a sound version: no service is perfect.
	baseline = 0.0002
)

// Ratios of failing requests, by the last word of an image's tag.
var errorRatio = map[string]float64{
	"bad":   0.5,
	"murky": 0.1, // neither clearly good nor clearly bad
}

// Counts are requests and those of them that failed.
type Counts struct {
	Total, Bad int64
}

// Workload counts the requests of every rollout it has been shown.
type Workload struct {
	mu   sync.Mutex
	apps map[string]*app // by the name of the app, which is the rollout's
	stop context.CancelFunc
	done chan struct{}
	srv  *http.Server
	addr string
}

// An app is the traffic of one rollout, to its two services.
type app struct {
	name        string
	stable      *stream
	canary      *stream
	canaryRatio float64 // share of the traffic that reaches the canary, 0 to 1
	smoke       float64 // requests per second to a preview, beside the users'
	shifts      []Shift
}

// A Shift is a change of the canary's weight, when it was seen.
type Shift struct {
	At     time.Time
	Weight int // percent
}

// A stream is the requests to one service. The remainders carry the fractions
// of requests from tick to tick: the ratios hold exactly over time, with no
// dice, and a scenario's numbers do not depend on luck.
type stream struct {
	service    string
	errorRatio float64
	good, bad  int64
	remainder  float64
	badPart    float64
}

// Start counts from now on, and serves the counters on loopback.
func Start(ctx context.Context) (*Workload, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for scrapes: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	w := &Workload{
		apps: map[string]*app{},
		stop: stop,
		done: make(chan struct{}),
		addr: listener.Addr().String(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/plain; version=0.0.4")
		w.Export(rw)
	})
	w.srv = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go w.srv.Serve(listener)
	go w.count(ctx)
	return w, nil
}

// Close stops counting and serving.
func (w *Workload) Close() error {
	w.stop()
	<-w.done
	if err := w.srv.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("closing the workload: %w", err)
	}
	return nil
}

// Addr is the host and port to scrape.
func (w *Workload) Addr() string { return w.addr }

// Observe takes the state of a rollout as the controller just reported it.
func (w *Workload) Observe(r *argo.Rollout) {
	w.mu.Lock()
	defer w.mu.Unlock()

	a, ok := w.apps[r.Name]
	if !ok {
		// Both streams exist from the start, at zero: a counter that first
		// appears with its first error hides that error from every rate().
		a = &app{name: r.Name, stable: &stream{errorRatio: baseline}, canary: &stream{errorRatio: baseline}}
		w.apps[r.Name] = a
	}
	if c := r.Spec.Strategy.Canary; c != nil {
		a.stable.service, a.canary.service = c.StableService, c.CanaryService
		a.shift(r.CanaryWeight())
	}
	if bg := r.Spec.Strategy.BlueGreen; bg != nil {
		a.stable.service, a.canary.service = bg.ActiveService, bg.PreviewService
		a.smoke = 0
		if underPreview(r) {
			a.smoke = smokeRequestsPerSecond
		}
	}
	a.canary.errorRatio = ratioOf(r.Image())
}

// shift sends a share of the traffic, in percent, to the canary from now on.
func (a *app) shift(weight int) {
	if n := len(a.shifts); n == 0 || a.shifts[n-1].Weight != weight {
		a.shifts = append(a.shifts, Shift{At: time.Now(), Weight: weight})
	}
	a.canaryRatio = float64(weight) / 100
}

// underPreview tells whether a blue-green rollout has a preview that runs but
// does not serve users.
func underPreview(r *argo.Rollout) bool {
	s := r.Status
	return s.AbortedAt == nil && s.BlueGreen.PreviewSelector != "" && s.BlueGreen.ActiveSelector != "" &&
		s.BlueGreen.PreviewSelector == s.CurrentPodHash && s.BlueGreen.PreviewSelector != s.BlueGreen.ActiveSelector
}

// ratioOf is the share of failing requests of an image, "app:1.2.3-bad".
func ratioOf(image string) float64 {
	word := image[strings.LastIndexAny(image, ":-")+1:]
	if ratio, ok := errorRatio[word]; ok {
		return ratio
	}
	return baseline
}

// Shifts are the changes of a rollout's canary weight, as they were watched.
// The controller's events tell them too, but events get lost.
func (w *Workload) Shifts(name string) []Shift {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok := w.apps[name]; ok {
		return slices.Clone(a.shifts)
	}
	return nil
}

// Canary returns what has been counted at a rollout's canary (or preview).
func (w *Workload) Canary(name string) Counts {
	return w.counts(name, func(a *app) []*stream { return []*stream{a.canary} })
}

// All returns what has been counted at a rollout's services together.
func (w *Workload) All(name string) Counts {
	return w.counts(name, func(a *app) []*stream { return []*stream{a.canary, a.stable} })
}

func (w *Workload) counts(name string, of func(*app) []*stream) Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	var c Counts
	if a, ok := w.apps[name]; ok {
		for _, s := range of(a) {
			c.Total += s.good + s.bad
			c.Bad += s.bad
		}
	}
	return c
}

// count adds the requests of each tick until the context ends.
func (w *Workload) count(ctx context.Context) {
	defer close(w.done)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			w.add(now.Sub(last).Seconds())
			last = now
		}
	}
}

func (w *Workload) add(seconds float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.apps {
		a.canary.add(seconds * (RequestsPerSecond*a.canaryRatio + a.smoke))
		a.stable.add(seconds * RequestsPerSecond * (1 - a.canaryRatio))
	}
}

func (s *stream) add(requests float64) {
	s.remainder += requests
	whole := int64(s.remainder)
	s.remainder -= float64(whole)

	s.badPart += float64(whole) * s.errorRatio
	bad := min(int64(s.badPart), whole)
	s.badPart -= float64(bad)

	s.bad += bad
	s.good += whole - bad
}

// Export writes the counters in Prometheus's text format, in a fixed order.
func (w *Workload) Export(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make([]string, 0, len(w.apps))
	for name := range w.apps {
		names = append(names, name)
	}
	slices.Sort(names)

	fmt.Fprintln(out, "# HELP nginx_http_requests_total Requests by service and status.")
	fmt.Fprintln(out, "# TYPE nginx_http_requests_total counter")
	for _, name := range names {
		for _, s := range []*stream{w.apps[name].canary, w.apps[name].stable} {
			line(out, name, s.service, "200", s.good)
			line(out, name, s.service, "500", s.bad)
		}
	}
}

func line(out io.Writer, app, service, status string, n int64) {
	fmt.Fprintf(out, "nginx_http_requests_total{app=%q,service=%q,status=%q} %d\n", app, service, status, n)
}
