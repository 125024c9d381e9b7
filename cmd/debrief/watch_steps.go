package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/templates"
	"github.com/debrief-sre/debrief/watch"
	"github.com/debrief-sre/debrief/watch/archive"
)

// steps are what the watcher does about an incident: what a person does with
// generate and publish.
func (w *watcher) steps(settings *collectors.Settings) watch.Steps {
	s := watch.Steps{
		Settled: func(ctx context.Context, in archive.Incident) (string, bool, error) {
			return collectors.Settled(ctx, w.about(settings, in), w.search(in))
		},
		Collect: func(ctx context.Context, in archive.Incident) (string, error) { return w.collect(ctx, settings, in) },
		Render:  w.render,
	}
	if w.cfg.Publish.Repository != "" {
		s.Publish = w.publish
	}
	return s
}

// search finds exactly the incident, even if its revision was aborted again.
func (w *watcher) search(in archive.Incident) collectors.Search {
	s := collectors.Search{Namespace: in.Namespace, Name: in.Name, Revision: in.Key.Revision}
	if in.Key.Trigger == archive.TriggerAbort {
		s.Aborted = in.Key.At
	}
	return s
}

// about are the settings with what the configuration says of the rollout.
func (w *watcher) about(settings *collectors.Settings, in archive.Incident) *collectors.Settings {
	s := *settings
	service, objectives := w.cfg.For(in.Namespace, in.Name)
	s.Objectives, s.PagerDuty.Services = objectives, service.PagerDuty
	s.Archive = archived{w.archive, w.cfg.Watch.Cluster}
	return &s
}

// collect seals the evidence under a name that no other incident has, and that
// a later collection of this one replaces.
func (w *watcher) collect(ctx context.Context, settings *collectors.Settings, in archive.Incident) (string, error) {
	name := fmt.Sprintf("%s-%s-%s-r%d.bundle.zip", in.Key.At.UTC().Format("2006-01-02-150405"), in.Namespace, in.Name, in.Key.Revision)
	path := filepath.Join(w.cfg.Watch.Documents, name)
	if err := w.archive.Flush(ctx); err != nil { // the live answers are worth collecting all the same
		w.log.Warn("the archive is not up to date", "incident", in.ID, "error", err)
	}
	bundle, err := seal(ctx, w.env, w.cfg, w.about(settings, in), w.search(in), func(*collectors.Target) string { return path })
	if err != nil {
		return "", err
	}
	for _, c := range bundle.Manifest.Coverage {
		if c.Gap() {
			w.sourceGaps.WithLabelValues(c.Source, string(c.Status)).Inc()
			w.log.Warn("a source left a gap", "incident", in.ID, "source", c.Source, "status", c.Status, "reason", c.Reason)
		}
	}
	return path, bundle.Close()
}

// openCollected opens what collect sealed, perhaps as another replica.
func openCollected(path string) (*evidence.Bundle, error) {
	bundle, err := evidence.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", watch.ErrNoBundle, err)
	}
	return bundle, err
}

// render writes the documents beside the bundle. Blocks that somebody edited
// there are kept in files of their own: nobody is asked.
func (w *watcher) render(ctx context.Context, in archive.Incident, path string) (document, facts string, err error) {
	bundle, err := openCollected(path)
	if err != nil {
		return "", "", err
	}
	defer bundle.Close() //nolint:errcheck // it was only read
	env := w.env
	env.Stdout, env.Stderr = io.Discard, logLines{w.log.With("incident", in.ID)}
	docs := documentFlags{out: w.cfg.Watch.Documents, bundle: path, template: templates.Names()[0], force: true}
	if err := docs.validate(env); err != nil {
		return "", "", err
	}
	written, err := writeDocuments(ctx, env, bundle, w.cfg, &docs)
	if err != nil {
		return "", "", err
	}
	return filepath.Join(docs.out, written.Report.Name+".md"), output.Facts(written.Markdown), nil
}

// publish opens or updates the request. Where people took a block over, they
// are left alone.
func (w *watcher) publish(ctx context.Context, in archive.Incident, path string) (string, error) {
	bundle, err := openCollected(path)
	if err != nil {
		return "", err
	}
	defer bundle.Close() //nolint:errcheck // it was only read
	log := w.log.With("incident", in.ID)
	result, err := w.to.publishBundle(ctx, w.env, w.cfg, bundle, path)
	var edited *output.EditedError
	switch {
	case errors.As(err, &edited):
		log.Warn("the request stays as it is", "reason", err)
		return in.URL, nil
	case err != nil && result.Status == "":
		return "", err
	case err != nil:
		log.Warn("published, but not everybody was told", "error", err)
	}
	for _, warning := range result.Warnings {
		log.Warn(warning, "request", result.URL)
	}
	log.Info(meaning[result.Status], "request", result.URL, "branch", result.Branch)
	return result.URL, nil
}

// logLines logs what is written for people, line by line.
type logLines struct{ log *slog.Logger }

// Write implements [io.Writer].
func (l logLines) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		l.log.Info(printable.Line(line))
	}
	return len(text), nil
}
