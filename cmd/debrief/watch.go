package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promcollectors "github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/templates"
	"github.com/debrief-sre/debrief/watch"
	"github.com/debrief-sre/debrief/watch/archive"
)

// The places in force without a configuration.
const (
	defaultArchive   = "debrief.db"
	defaultDocuments = "postmortems"
	defaultCluster   = "default"
	defaultLease     = "debrief"
)

func newWatch(env environment) *cobra.Command {
	var flags sourceFlags
	c := &cobra.Command{
		Use:   "watch",
		Short: "Watch a cluster, and write a postmortem when a rollout aborts",
		Long: `Watch keeps what expires - events, AnalysisRuns, the states of rollouts - in an
archive, and writes the postmortem of every incident by itself: when a rollout
aborts, when an analysis fails, when a rollout stays Degraded, when a page comes.
It waits until the incident is over, collects the evidence, writes the documents
and, with publish.repository configured, opens a pull request; later, when the
page resolves or a note is added, it updates them.

Without a configuration it watches what it may read, keeps its archive in
debrief.db and writes documents to postmortems. It may be stopped and killed at
any time: it goes on where it was. Logs are JSON lines on standard error.`,
		Example: `  debrief watch
  debrief watch --config debrief.yaml
  debrief watch -n shop --context staging`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := flags.loadConfig()
			if err != nil {
				return err
			}
			log, err := env.jsonLogger()
			if err != nil {
				return err
			}
			klog.SetSlogLogger(log) // client-go's own words
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			return runReloading(c.Context(), hangup, log, &flags, cfg, func(ctx context.Context, cfg *config.Config) error {
				return (&watcher{env: env, cfg: cfg, flags: &flags, log: log}).watch(ctx)
			})
		},
	}
	flags.registerCluster(c)
	return c
}

// watcher is what the commands of a watch share.
type watcher struct {
	env     environment
	cfg     *config.Config
	flags   *sourceFlags
	to      publishFlags
	log     *slog.Logger
	archive *archive.Archive
	metrics *watch.Metrics

	sourceGaps *prometheus.CounterVec // in the evidence of incidents
}

// watch brings the parts together and runs them until the context ends.
func (w *watcher) watch(ctx context.Context) error {
	if err := w.prepare(); err != nil {
		return err
	}
	var search collectors.Search
	settings, err := w.flags.settings(w.env, w.cfg, &search)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(promcollectors.NewGoCollector(), promcollectors.NewProcessCollector(promcollectors.ProcessCollectorOpts{}))
	w.metrics = watch.NewMetrics(registry)
	w.sourceGaps = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "debrief_source_gaps_total", Help: "Gaps that sources left in the evidence of incidents.",
	}, []string{"source", "status"})
	registry.MustRegister(w.sourceGaps)

	place, err := archivePlace(w.env, w.cfg, "", defaultArchive)
	if err != nil {
		return err
	}
	if w.archive, err = openArchive(ctx, w.env, w.cfg, w.log, place); err != nil {
		return err
	}
	options, err := w.options(settings, search)
	if err != nil {
		return errors.Join(err, w.archive.Close())
	}
	engine, err := watch.New(options)
	if err != nil {
		return errors.Join(err, w.archive.Close())
	}
	w.log.Info("watching", "cluster", options.Cluster, "version", buildVersion(), "api", settings.Kubernetes.Host)
	return errors.Join(w.run(ctx, engine, registry), w.archive.Close())
}

// run runs the archive for longer than the watcher, which writes to it until
// its end. An archive that cannot be written any more ends the watch: whoever
// restarts it sees why.
func (w *watcher) run(ctx context.Context, engine *watch.Watcher, registry *prometheus.Registry) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	var archiving errgroup.Group
	archiving.Go(func() error {
		err := w.archive.Run(writing)
		stop(err)
		return err
	})
	group, watching := errgroup.WithContext(ctx)
	group.Go(func() error { return engine.Run(watching) })
	group.Go(func() error { return w.serve(watching, engine, registry) })
	err := group.Wait()
	stopWriting()
	return errors.Join(err, archiving.Wait())
}

// prepare finds mistakes in the configuration before anything runs.
func (w *watcher) prepare() error {
	w.cfg.Watch.Cluster = clusterName(w.cfg)
	w.cfg.Watch.Documents = cmp.Or(w.cfg.Watch.Documents, defaultDocuments)
	if w.cfg.Publish.Repository == "" {
		return nil
	}
	w.to.template = templates.Names()[0]
	return w.to.validate(w.cfg)
}

// options are those of the engine.
func (w *watcher) options(settings *collectors.Settings, search collectors.Search) (watch.Options, error) {
	c := w.cfg.Watch
	// The watch of one cluster must not wait for its own requests' turn.
	rest := *settings.Kubernetes
	rest.QPS, rest.Burst, rest.Timeout = 50, 100, 0
	client, err := dynamic.NewForConfig(&rest)
	if err != nil {
		return watch.Options{}, fmt.Errorf("creating client: %w", err)
	}
	o := watch.Options{
		Cluster: c.Cluster, Client: client, Namespaces: c.Namespaces, OwnNamespace: search.Fallback,
		Store: w.archive, Steps: w.steps(settings),
		Triggers: watch.Triggers{
			Abort: c.Triggers.Abort, Analysis: c.Triggers.Analysis, Degraded: c.Triggers.Degraded, Page: c.Triggers.Page,
			DegradedAfter: time.Duration(c.Triggers.DegradedAfter),
		},
		Settle: watch.Settle{Min: time.Duration(c.Settle.Min), Max: time.Duration(c.Settle.Max)},
		Follow: time.Duration(c.Follow), FollowEvery: time.Duration(c.FollowEvery), Workers: int(c.Workers),
		Now: w.env.Now, Log: w.log, Redact: w.env.redactText, Metrics: w.metrics,
	}
	if w.flags.namespace != "" {
		o.Namespaces = []string{w.flags.namespace}
	}
	if e := c.LeaderElection; e != nil {
		o.RecordAlways = e.Record == "all"
		o.Lock, err = lease(settings, cmp.Or(e.Namespace, search.Fallback, "default"), cmp.Or(e.Name, defaultLease))
	}
	return o, err
}

// lease is held by the replica that acts. Its identity is the pod's name, which
// a restarted container keeps: it takes its own lease up again at once.
func lease(settings *collectors.Settings, namespace, name string) (resourcelock.Interface, error) {
	client, err := kubernetes.NewForConfig(settings.Kubernetes)
	if err != nil {
		return nil, fmt.Errorf("creating client: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("finding this replica's name: %w", err)
	}
	identity := fmt.Sprintf("%s-%d", strings.ToLower(host), os.Getpid())
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, namespace, name, client.CoreV1(), client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: identity})
	if err != nil {
		return nil, fmt.Errorf("preparing the lease: %w", err)
	}
	return lock, nil
}
