package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/debrief-sre/debrief/watch/archive"
)

// Store keeps what was observed and the incidents' states. *archive.Archive is
// one; its Run must be running until Watcher.Run has returned.
type Store interface {
	Record(archive.Observation) (kept bool) // never blocks
	RecordGap(archive.Gap)                  // never blocks
	RecordPosition(archive.Position)        // never blocks
	Flush(context.Context) error
	Span(ctx context.Context, cluster string) (from, to time.Time, err error)
	Position(ctx context.Context, cluster, resource, namespace string) (archive.Position, error)
	Stats() archive.Stats

	AddIncident(context.Context, archive.Incident) (added bool, err error)
	Incident(ctx context.Context, id int64) (archive.Incident, error)
	DueIncidents(ctx context.Context, cluster string, now time.Time, limit int) ([]archive.Incident, error)
	NextDue(ctx context.Context, cluster string) (time.Time, bool, error)
	SaveIncident(context.Context, *archive.Incident) error
	HastenIncidents(ctx context.Context, cluster, namespace, name string, due time.Time) (n int, err error)
}

// ErrNoBundle says that the evidence is not there any more, as when it lies with
// another replica, or lay with a pod that is gone. It is collected again then.
var ErrNoBundle = errors.New("the collected evidence is not here")

// Steps do what an incident needs. Each may be called again after it succeeded,
// when the watcher was killed before it could note that; each gets a context
// with a deadline, and a panic in it is an error of the step.
type Steps struct {
	// Settled tells whether the incident is over for its users, and why it
	// thinks so. After Settle.Max nobody is asked any more. Nil: only the
	// maximum counts.
	Settled func(context.Context, archive.Incident) (why string, settled bool, err error)
	// Collect seals the evidence and returns the bundle's path.
	Collect func(context.Context, archive.Incident) (bundle string, err error)
	// Render writes the documents. Facts is a digest of what they state: while
	// it stays the same, nothing is published again.
	Render func(ctx context.Context, in archive.Incident, bundle string) (document, facts string, err error)
	// Publish opens or updates the incident's request. Nil: there is no
	// repository, and a rendered incident counts as published.
	Publish func(ctx context.Context, in archive.Incident, bundle string) (url string, err error)
}

// Triggers say what makes an incident.
type Triggers struct {
	Abort    bool // status.abortedAt of a Rollout is set
	Analysis bool // an AnalysisRun or Experiment of a Rollout failed, and no abort followed
	Degraded bool // a Rollout's phase stays Degraded, without an abort
	Page     bool // Watcher.Page was called

	AnalysisGrace time.Duration // how long an abort may take to follow an analysis; default 30 s
	DegradedAfter time.Duration // default 15 min
	Missed        time.Duration // how old what is found at the start may be; default 1 h
}

// Settle says when the evidence of an incident is collected first: when
// Steps.Settled says so, between Min and Max after it began.
type Settle struct {
	Min  time.Duration // default 0
	Max  time.Duration // default 15 min
	Poll time.Duration // how often Steps.Settled is asked; default 5 s
}

// Options of a Watcher. Client, Store, Steps.Collect, Steps.Render, Now and one
// trigger must be given.
type Options struct {
	Cluster string // as the configuration calls it
	Client  dynamic.Interface
	// Namespaces to watch. Empty: all; where a resource may not be listed in
	// all of them, OwnNamespace alone.
	Namespaces   []string
	OwnNamespace string

	Store    Store
	Steps    Steps
	Triggers Triggers
	Settle   Settle

	Follow      time.Duration // how long after it was seen an incident is acted on; default 24 h
	FollowEvery time.Duration // how often a published one is collected again; default 5 min
	StepTimeout time.Duration // of one step of one incident; default 5 min
	Grace       time.Duration // for running steps and the archive when Run is to end; default 20 s
	Workers     int           // incidents acted on at once; default 4

	// Lock makes one of several watchers act. They must share the archive. Nil:
	// this one acts.
	Lock resourcelock.Interface
	// RecordAlways lets those that do not act record as well. Otherwise a
	// watcher records from when it first acted.
	RecordAlways bool

	Now     func() time.Time
	Log     *slog.Logger        // nil: none
	Redact  func(string) string // keeps secrets out of the incidents' errors; nil: as they are
	Metrics *Metrics            // nil: none are kept for others

	watchFor time.Duration // how long one watch request lasts; default 5 min
}

// withDefaults fills in what was left out, and refuses what cannot work.
func (o Options) withDefaults() (Options, error) {
	switch {
	case o.Client == nil, o.Store == nil, o.Now == nil:
		return o, errors.New("creating watcher: Client, Store and Now are required")
	case o.Steps.Collect == nil, o.Steps.Render == nil:
		return o, errors.New("creating watcher: Steps.Collect and Steps.Render are required")
	case !o.Triggers.Abort && !o.Triggers.Analysis && !o.Triggers.Degraded && !o.Triggers.Page:
		return o, errors.New("creating watcher: every trigger is switched off; switch one on")
	}
	o.Triggers.AnalysisGrace = cmp.Or(o.Triggers.AnalysisGrace, 30*time.Second)
	o.Triggers.DegradedAfter = cmp.Or(o.Triggers.DegradedAfter, 15*time.Minute)
	o.Triggers.Missed = cmp.Or(o.Triggers.Missed, time.Hour)
	o.Settle.Max = cmp.Or(o.Settle.Max, 15*time.Minute)
	o.Settle.Poll = cmp.Or(o.Settle.Poll, 5*time.Second)
	o.Follow = cmp.Or(o.Follow, 24*time.Hour)
	o.FollowEvery = cmp.Or(o.FollowEvery, 5*time.Minute)
	o.StepTimeout = cmp.Or(o.StepTimeout, 5*time.Minute)
	o.Grace = cmp.Or(o.Grace, 20*time.Second)
	o.Workers = cmp.Or(o.Workers, 4)
	o.watchFor = cmp.Or(o.watchFor, 5*time.Minute)
	if o.Settle.Min > o.Settle.Max {
		return o, fmt.Errorf("creating watcher: settling takes at least %v but at most %v", o.Settle.Min, o.Settle.Max)
	}
	for name, d := range map[string]time.Duration{
		"Settle.Min": o.Settle.Min, "Settle.Max": o.Settle.Max, "Settle.Poll": o.Settle.Poll, "Follow": o.Follow, "FollowEvery": o.FollowEvery,
		"StepTimeout": o.StepTimeout, "Grace": o.Grace, "AnalysisGrace": o.Triggers.AnalysisGrace, "DegradedAfter": o.Triggers.DegradedAfter,
	} {
		if d < 0 {
			return o, fmt.Errorf("creating watcher: %s is negative", name)
		}
	}
	if o.Workers < 0 {
		return o, errors.New("creating watcher: Workers is negative")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Redact == nil {
		o.Redact = func(s string) string { return s }
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(prometheus.NewRegistry())
	}
	return o, nil
}
