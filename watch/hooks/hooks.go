// Package hooks receives webhooks as hints to look sooner.
//
// A hint says where news may be and never what it is: no word of a webhook gets
// into a document. So a forged, repeated or late one costs one look at most, and
// a lost one costs time, as the watcher looks by itself as well.
//
// # What it promises
//
// A request is answered at once: 202 when its hints have been taken or there was
// nothing to hint at, 503 with Retry-After when there is no room for them. The
// hints are passed on afterwards, and tried again for five minutes when that
// fails. They are in memory: those not yet passed on are lost when the process
// is killed.
//
// A request's body is read up to 1 MiB, and never logged. Secrets are compared
// in constant time, and read anew for each request, so that they can be changed
// in place.
package hooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Hint says where to look.
type Hint struct {
	Source string // the receiver's name
	// Namespace and Name of the Rollout. Both are empty when they are not known.
	Namespace, Name string
	// PagerDutyService and PagerDutyIncident are ids. Some events do not name
	// their service.
	PagerDutyService, PagerDutyIncident string
	// Paged says that somebody was just paged, because of the incident that
	// began At. Another delivery about the same incident has the same At.
	Paged bool
	At    time.Time // zero if nobody was paged
	Why   string    // the sender's word for what happened, for the log
}

// Sink acts on a hint. It is called several times at once, and again with a hint
// for which it failed; it returns soon after its context ends.
type Sink func(context.Context, Hint) error

// Secrets gives the secrets of one receiver: several while one is replaced by
// another.
type Secrets func() ([]string, error)

// Options of Hooks. Secrets, Sink and Now must be given.
type Options struct {
	// Secrets by the name of a receiver. A receiver without is off.
	Secrets map[string]Secrets
	Sink    Sink
	// FirstDelivery remembers deliveries, and tells whether one is new. Nil:
	// each is taken for new.
	FirstDelivery func(ctx context.Context, source, id string) (bool, error)
	// MaxAge of a signed event; older ones are dropped. It must not be longer
	// than FirstDelivery remembers. Default 48 h, in which PagerDuty has long
	// stopped to deliver again.
	MaxAge time.Duration
	// NamespaceLabel and RolloutLabel name an alert's Rollout. Defaults
	// "namespace" and "rollout".
	NamespaceLabel, RolloutLabel string

	Capacity int // hints taken and not yet passed on; default 1000
	Workers  int // hints passed on at once; default 4

	Now     func() time.Time
	Log     *slog.Logger          // nil: none
	Metrics prometheus.Registerer // nil: none are kept for others
}

// Hooks is the handler of the paths of the receivers that are on.
type Hooks struct {
	mux   *http.ServeMux
	queue *queue
}

// New makes the receivers that have secrets. Run must run for their hints to be
// passed on.
func New(o Options) (*Hooks, error) {
	if o.Sink == nil || o.Now == nil {
		return nil, errors.New("creating webhook receivers: Sink and Now are required")
	}
	for name := range o.Secrets {
		if !known(name) {
			return nil, fmt.Errorf("creating webhook receivers: there is none named %q", name)
		}
	}
	o = o.withDefaults()
	m := newMetrics(o.Metrics)
	h := &Hooks{mux: http.NewServeMux(), queue: newQueue(o, m)}
	for _, r := range All {
		if secrets := o.Secrets[r.Name]; secrets != nil {
			h.mux.Handle(r.Path, &endpoint{receiver: r, protocol: r.new(o), secrets: secrets, queue: h.queue, log: o.Log.With("receiver", r.Name), metrics: m})
		}
	}
	return h, nil
}

func known(name string) bool {
	return slices.ContainsFunc(All, func(r Receiver) bool { return r.Name == name })
}

// ServeHTTP answers a webhook.
func (h *Hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Run passes hints on until ctx ends, and then those that wait, for five
// seconds at most. Hints that come later are refused.
func (h *Hooks) Run(ctx context.Context) { h.queue.run(ctx) }

func (o Options) withDefaults() Options {
	o.MaxAge = cmp.Or(o.MaxAge, 48*time.Hour)
	o.NamespaceLabel = cmp.Or(o.NamespaceLabel, "namespace")
	o.RolloutLabel = cmp.Or(o.RolloutLabel, "rollout")
	o.Capacity = cmp.Or(o.Capacity, 1000)
	o.Workers = cmp.Or(o.Workers, 4)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	return o
}
