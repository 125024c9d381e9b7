// Package collectors asks the sources what they know about an incident and
// reads their answers back as facts.
//
// A collector has two halves. Fetch talks to its source and stores the raw
// answers in an evidence bundle, with a coverage record for everything it
// asked. Read is pure: it turns the answers in a bundle into facts, so that
// all that follows is the same live and from a bundle. A source that fails
// never keeps the others from answering.
package collectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	promconfig "github.com/prometheus/common/config"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

// Collector is one source.
type Collector struct {
	Name string // the source as events and coverage records name it
	Doc  string // one line

	// Fetch stores the source's answers about the target and covers everything
	// that it asked or could not ask. Its error is for the bundle alone (a
	// full disk, say): a source that fails is a coverage record.
	Fetch func(ctx context.Context, s *Settings, t *Target, w *evidence.Writer) error

	// Read adds what the bundle's answers say to the facts. It needs no
	// network. Collectors read in the order of the table, so one may build on
	// the facts that those before it found.
	Read func(b *evidence.Bundle, f *timeline.Facts) error
}

// All is every source that debrief knows.
var All = []Collector{
	Argo,
	Kubernetes,
	Prometheus,
	PagerDuty,
}

// Settings is what collectors need to know of the world.
type Settings struct {
	Kubernetes *rest.Config
	Prometheus PrometheusSettings
	PagerDuty  PagerDutySettings
	Objectives []slo.Objective // those that apply to the target
	Archive    Archive         // what a watcher kept of the cluster; nil: none
	// ArchiveAlone has the incident found in the archive alone when the API server
	// cannot be asked. It is for whoever wants to know now: a watcher had better
	// ask again later than replace what it has by less.
	ArchiveAlone bool
	Now          func() time.Time
	Log          *slog.Logger
}

// PrometheusSettings says how to reach Prometheus or a server with its API.
type PrometheusSettings struct {
	URL string // empty: take the analysis's own address
	// HTTP holds credentials, TLS and headers. They are only ever sent to URL.
	HTTP promconfig.HTTPClientConfig
}

// PagerDutySettings says how to reach PagerDuty and what to look at there.
type PagerDutySettings struct {
	URL      string // empty: the service's default; EU accounts have their own
	Token    promconfig.Secret
	OAuth    bool     // Token is an OAuth bearer token, not an API key
	Services []string // ids of the services mapped to the rollout; empty: match by name
}

// Collect asks every source at once and stores the answers.
func Collect(ctx context.Context, s *Settings, t *Target, w *evidence.Writer) error {
	if err := coverArchive(s, t, w); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range All {
		group.Go(func() error {
			if err := c.Fetch(ctx, s, t, w); err != nil {
				return fmt.Errorf("collecting from %s: %w", c.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// Read reads every source's answers back.
func Read(b *evidence.Bundle) (timeline.Facts, error) {
	facts := timeline.Facts{Rollout: timeline.Rollout{Subject: b.Manifest.Scope.Subject, Revision: b.Manifest.Scope.Revision}}
	for _, c := range All {
		if err := c.Read(b, &facts); err != nil {
			return facts, fmt.Errorf("reading %s: %w", c.Name, err)
		}
	}
	return facts, nil
}

// ask runs one question to a source and covers it: what counts the objects
// that came back and the error, if any, decides the status.
func ask(s *Settings, w *evidence.Writer, c evidence.Coverage, question func(*evidence.Coverage) error) error {
	start := s.Now()
	err := question(&c)
	c.Duration = s.Now().Sub(start).Seconds()
	var broken *bundleError
	if errors.As(err, &broken) {
		return err
	}
	if err != nil {
		gap := classify(err)
		if c.Objects > 0 && gap != evidence.StatusAbsent {
			gap = evidence.StatusPartial
		}
		c.Status, c.Reason = gap, reason(err)
		s.Log.Warn("source left a gap", "source", c.Source, "status", c.Status, "reason", c.Reason)
	} else if c.Status == "" {
		c.Status = evidence.StatusOK
	}
	w.Cover(c)
	return nil
}

// bundleError is a failure to write the bundle, as opposed to one of a source.
type bundleError struct{ err error }

func (e *bundleError) Error() string { return e.err.Error() }
func (e *bundleError) Unwrap() error { return e.err }

// stored marks an error of the bundle, for ask to tell it from a source's.
func stored(err error) error {
	if err == nil {
		return nil
	}
	return &bundleError{err}
}

// clockOffset is how far the server's clock is ahead of ours by its Date
// header, which has whole seconds: the middle of that second is assumed.
func clockOffset(h http.Header, now time.Time) *float64 {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return nil
	}
	offset := date.Add(500 * time.Millisecond).Sub(now).Round(100 * time.Millisecond).Seconds()
	return &offset
}
