package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"time"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/watch/archive"
)

// archived is what an archive kept of one cluster, as collectors ask for it.
type archived struct {
	archive *archive.Archive
	cluster string
}

// States implements [collectors.Archive].
func (a archived) States(ctx context.Context, q collectors.ArchiveQuery) iter.Seq2[collectors.State, error] {
	return func(yield func(collectors.State, error) bool) {
		for o, err := range a.archive.Observations(ctx, archive.Query{
			Cluster: a.cluster, Namespace: q.Namespace, Resources: q.Resources, From: q.From, To: q.To,
		}) {
			s := collectors.State{
				Resource: o.Resource, UID: o.UID, ResourceVersion: o.ResourceVersion,
				Deleted: o.Deleted, Observed: o.Observed, Object: o.Object,
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// Gaps implements [collectors.Archive].
func (a archived) Gaps(ctx context.Context, from, to time.Time) ([]collectors.ArchiveGap, error) {
	gaps, err := a.archive.Gaps(ctx, a.cluster, from, to)
	var found []collectors.ArchiveGap
	for _, g := range gaps {
		found = append(found, collectors.ArchiveGap{Resource: g.Resource, From: g.From, To: g.To, Reason: g.Reason})
	}
	return found, err
}

// Span implements [collectors.Archive].
func (a archived) Span(ctx context.Context) (first, last time.Time, err error) {
	return a.archive.Span(ctx, a.cluster)
}

// unreachable stands for an archive that cannot be read: what it would have
// told is a gap, and the live answers stay.
type unreachable struct{ err error }

// States implements [collectors.Archive].
func (u unreachable) States(context.Context, collectors.ArchiveQuery) iter.Seq2[collectors.State, error] {
	return func(yield func(collectors.State, error) bool) { yield(collectors.State{}, u.err) }
}

// Gaps implements [collectors.Archive].
func (u unreachable) Gaps(context.Context, time.Time, time.Time) ([]collectors.ArchiveGap, error) {
	return nil, u.err
}

// Span implements [collectors.Archive].
func (u unreachable) Span(context.Context) (first, last time.Time, err error) {
	return time.Time{}, time.Time{}, u.err
}

// kept opens the archive that a watcher keeps, if there is one to be used: that
// of the flag or else of the configuration. Close it after use.
func (f *sourceFlags) kept(ctx context.Context, env environment, cfg *config.Config) (kept collectors.Archive, closeArchive func(), err error) {
	none := func() {}
	place, err := archivePlace(env, cfg, f.archive, "")
	if err != nil || place == "" {
		return nil, none, err
	}
	if cfg.Watch.Archive.URLFile == "" || f.archive != "" {
		if _, err := os.Stat(place); errors.Is(err, fs.ErrNotExist) { // opening would make one
			return unreachable{fmt.Errorf("there is no archive %s", place)}, none, nil
		}
	}
	log, err := env.logger()
	if err != nil {
		return nil, none, err
	}
	opened, err := openArchive(ctx, env, cfg, log, place)
	if err != nil {
		return unreachable{err}, none, nil
	}
	return archived{opened, clusterName(cfg)}, func() { _ = opened.Close() }, nil
}

// archivePlace is where the archive is: a file, or the URL of a database.
func archivePlace(env environment, cfg *config.Config, flag, fallback string) (string, error) {
	name := cfg.Watch.Archive.URLFile
	if flag != "" || name == "" {
		return cmp.Or(flag, cfg.Watch.Archive.File, fallback), nil
	}
	data, err := cfg.ReadFile("watch.archive.urlFile", name)
	if err != nil {
		return "", err
	}
	return string(data), env.keepSecret(string(data))
}

func openArchive(ctx context.Context, env environment, cfg *config.Config, log *slog.Logger, place string) (*archive.Archive, error) {
	filter, err := env.redactAnswers()
	if err != nil {
		return nil, err
	}
	return archive.Open(ctx, place, archive.Options{
		Log: log, Now: env.Now, Filter: filter, Retention: time.Duration(cfg.Watch.Archive.Retention),
	})
}

// clusterName is what the archive calls the cluster.
func clusterName(cfg *config.Config) string { return cmp.Or(cfg.Watch.Cluster, defaultCluster) }
