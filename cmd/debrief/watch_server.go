package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/debrief-sre/debrief/watch"
	"github.com/debrief-sre/debrief/watch/hooks"
	"github.com/debrief-sre/debrief/watch/serve"
)

// serve answers for metrics, health and webhooks until the context ends.
func (w *watcher) serve(ctx context.Context, engine *watch.Watcher, registry *prometheus.Registry) error {
	c := w.cfg.Watch
	if c.Listen == "" {
		<-ctx.Done()
		return nil
	}
	server := &serve.Server{Metrics: registry, Ready: engine.Ready, Pprof: c.Pprof, WebConfig: c.WebConfigFile, Log: w.log}
	group, ctx := errgroup.WithContext(ctx)
	if secrets := w.hookSecrets(); len(secrets) > 0 {
		received, err := hooks.New(hooks.Options{
			Secrets: secrets, FirstDelivery: w.archive.FirstDelivery, Now: w.env.Now, Log: w.log, Metrics: registry,
			Sink: func(ctx context.Context, h hooks.Hint) error { return w.hint(ctx, engine, h) },
		})
		if err != nil {
			return fmt.Errorf("watch.hooks: %w", err)
		}
		server.Hooks = received
		group.Go(func() error {
			received.Run(ctx)
			return nil
		})
	}
	group.Go(func() error { return server.ListenAndServe(ctx, c.Listen) })
	return group.Wait()
}

// hookSecrets are those of the webhooks that are on. A file may hold several,
// one a line, while one is replaced by another.
func (w *watcher) hookSecrets() map[string]hooks.Secrets {
	secrets := map[string]hooks.Secrets{}
	for _, hook := range []struct{ name, field, file string }{
		{"argo", "watch.hooks.argoTokenFile", w.cfg.Watch.Hooks.ArgoTokenFile},
		{"pagerduty", "watch.hooks.pagerdutySecretFile", w.cfg.Watch.Hooks.PagerDutySecretFile},
		{"alertmanager", "watch.hooks.alertmanagerTokenFile", w.cfg.Watch.Hooks.AlertmanagerTokenFile},
	} {
		if hook.file == "" {
			continue
		}
		secrets[hook.name] = func() ([]string, error) {
			data, err := w.cfg.ReadFile(hook.field, hook.file)
			var lines []string
			for line := range strings.Lines(string(data)) {
				if line = strings.TrimSpace(line); line != "" {
					lines = append(lines, line)
				}
			}
			return lines, errors.Join(err, w.env.keepSecret(lines...))
		}
	}
	return secrets
}

// hint has the watcher look sooner at the rollouts that a webhook is about. One
// that names none may be about any open incident.
func (w *watcher) hint(ctx context.Context, engine *watch.Watcher, h hooks.Hint) error {
	w.log.Info("webhook", "source", h.Source, "about", h.Why)
	rollouts := w.rolloutsOf(h)
	if len(rollouts) == 0 {
		return w.hintAll(ctx, engine)
	}
	var failed []error
	for _, r := range rollouts {
		namespace, name, _ := strings.Cut(r, "/")
		if h.Paged {
			failed = append(failed, engine.Page(ctx, namespace, name, h.At))
		} else {
			failed = append(failed, engine.Hint(ctx, w.cfg.Watch.Cluster, namespace, name))
		}
	}
	return errors.Join(failed...)
}

// rolloutsOf are the rollouts that a hint names, or that the configuration maps
// to its PagerDuty service. A pattern there names none.
func (w *watcher) rolloutsOf(h hooks.Hint) []string {
	if h.Name != "" {
		return []string{h.Namespace + "/" + h.Name}
	}
	var rollouts []string
	for _, s := range w.cfg.Services {
		for _, id := range s.PagerDuty {
			if id == h.PagerDutyService && !strings.Contains(s.Rollout, "*") {
				rollouts = append(rollouts, s.Rollout)
			}
		}
	}
	return rollouts
}

// mostOpen incidents are looked at on one hint.
const mostOpen = 1000

func (w *watcher) hintAll(ctx context.Context, engine *watch.Watcher) error {
	open, err := w.archive.DueIncidents(ctx, w.cfg.Watch.Cluster, w.env.Now().AddDate(100, 0, 0).UTC().Truncate(time.Second), mostOpen)
	if err != nil {
		return err
	}
	var failed []error
	for _, in := range open {
		failed = append(failed, engine.Hint(ctx, in.Key.Cluster, in.Namespace, in.Name))
	}
	return errors.Join(failed...)
}
