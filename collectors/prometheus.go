package collectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
)

// Prometheus is Prometheus or a server with its API: the analysis's own
// queries, the counters of the service level objectives and the alerts.
var Prometheus = Collector{
	Name:  promSource,
	Doc:   "Prometheus: analysis queries, counters of the SLOs, alerts",
	Fetch: fetchPrometheus,
	Read:  readPrometheus,
}

// promSource names the source, and the clock that stamps samples.
const promSource = "prometheus"

func fetchPrometheus(ctx context.Context, s *Settings, t *Target, w *evidence.Writer) error {
	address, found, err := prometheusAddress(s, t)
	if err != nil {
		return ask(s, w, evidence.Coverage{Source: promSource}, func(*evidence.Coverage) error { return err })
	}
	if address.url == nil {
		w.Cover(evidence.Coverage{
			Source: promSource, Status: evidence.StatusAbsent,
			Reason: "no Prometheus address configured and no Prometheus analysis to take it from",
		})
		return nil
	}
	client, err := newPromClient(address, s.Now)
	if err != nil {
		return ask(s, w, evidence.Coverage{Source: promSource}, func(*evidence.Coverage) error { return err })
	}
	f := &promFetch{client: client, target: t, window: wholeSeconds(t.Scope.Window), w: w, found: found, log: s.Log}
	f.probe(ctx)
	for _, part := range f.parts(s) {
		if err := ask(s, w, evidence.Coverage{Source: part.source, Asked: part.asked}, func(c *evidence.Coverage) error {
			return f.cover(c, func() error { return part.fetch(ctx, c) })
		}); err != nil {
			return err
		}
	}
	return nil
}

// prometheusAddress is the configured address, else the analysis's own; found
// tells that it is the latter.
func prometheusAddress(s *Settings, t *Target) (a promAddress, found bool, err error) {
	if s.Prometheus.URL != "" {
		a, err = configuredAddress(s.Prometheus)
		return a, false, err
	}
	for _, m := range t.Metrics {
		if m.Address != "" {
			a, err = foundAddress(m.Address)
			return a, true, err
		}
	}
	return promAddress{}, false, nil
}

// promFetch is what the questions to one server have in common.
type promFetch struct {
	client *promClient
	target *Target
	window evidence.Window
	w      *evidence.Writer
	found  bool // the address is the analysis's own
	log    *slog.Logger

	down   error     // the server did not answer at all
	oldest time.Time // of its data, zero when unknown
	// dataFrom is when its data begins if that is after the window's start.
	dataFrom time.Time
	expired  bool // it has data, but none of the window
}

// promPart is the questions that one coverage record is about.
type promPart struct {
	source, asked string
	fetch         func(ctx context.Context, c *evidence.Coverage) error
}

func (f *promFetch) parts(s *Settings) []promPart {
	objectives := objectivesFor(s.Objectives, f.target.Metrics)
	parts := []promPart{
		{"prometheus/slo", fmt.Sprintf("raw samples of the counters of %s", plural(len(objectives), "objective")), func(ctx context.Context, c *evidence.Coverage) error {
			return f.fetchObjectives(ctx, c, objectives)
		}},
		{"prometheus/alerts", "raw samples of ALERTS and ALERTS_FOR_STATE", f.fetchAlerts},
	}
	if n := len(f.target.Metrics); n > 0 {
		parts = append(parts, promPart{"prometheus/metrics", "analysis queries: " + metricNames(f.target.Metrics), f.fetchMetrics})
	}
	return parts
}

// cover asks a part's questions unless the server is known to be down, and
// adds what is known of its data as a whole.
func (f *promFetch) cover(c *evidence.Coverage, fetch func() error) error {
	if f.found {
		warn(c, "address taken from the AnalysisRun")
	}
	c.ClockOffset = f.client.clock.last()
	if f.down != nil {
		return f.down
	}
	c.Oldest = f.oldest
	if f.expired {
		c.Status = evidence.StatusExpired
		c.Reason = "the server's data does not reach back to the window"
		return nil
	}
	if !f.dataFrom.IsZero() {
		warn(c, "the server's data begins at about %s", f.dataFrom.UTC().Format(time.RFC3339))
	}
	err := fetch()
	var broken *bundleError
	if err == nil || errors.As(err, &broken) || !refusal(err) {
		return err
	}
	c.Status, c.Reason = evidence.StatusPartial, reason(err)
	f.log.Warn("source left a gap", "source", c.Source, "status", c.Status, "reason", c.Reason)
	return nil
}

// probe finds out whether the server answers and how far back its data goes.
// Its own up series tell: they are there as long as it scrapes. A server
// without any, such as a front end that hides them, leaves that unsaid: that
// the incident's own series begin late may be their nature.
func (f *promFetch) probe(ctx context.Context) {
	const points, coarse = 200, 15 * time.Second
	step := max(coarse, (f.window.Duration() / points).Truncate(time.Second))
	scratch := &evidence.Coverage{}
	grid := gridOver(f.window, step)
	answer, err := f.client.queryRange(ctx, scratch, "count(up)", v1.Range{Start: grid.first, End: grid.last, Step: step})
	if err != nil {
		if !refusal(err) {
			f.down = err
		}
		return
	}
	first := firstTimestamp(answer)
	if first.IsZero() && f.scraped(ctx, f.window.End) { // after the grid's last point
		first = f.window.End
	}
	f.oldest = f.lowest(ctx)
	switch {
	case first.IsZero():
		f.expired = f.scraped(ctx, f.client.clock.now())
	case first.Sub(grid.first) > 2*step:
		f.dataFrom, f.oldest = first, first
		// The grid is coarse: the data may begin up to a step before.
		f.expired = !f.target.Aborted.IsZero() && first.Add(-step).After(f.target.Aborted)
	}
}

// scraped tells whether the server was scraping at a time, for all it says.
func (f *promFetch) scraped(ctx context.Context, at time.Time) bool {
	answer, err := f.client.query(ctx, &evidence.Coverage{}, "count(up)", at)
	vector, ok := answer.(model.Vector)
	return err == nil && ok && len(vector) > 0
}

// lowest is the oldest data the server has by its own account, if exactly one
// server gives one.
func (f *promFetch) lowest(ctx context.Context) time.Time {
	value, err := f.client.query(ctx, &evidence.Coverage{}, "prometheus_tsdb_lowest_timestamp_seconds", f.window.End)
	vector, ok := value.(model.Vector)
	if err != nil || !ok || len(vector) != 1 || vector[0].Value <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(vector[0].Value), 0).UTC()
}

func firstTimestamp(m model.Matrix) time.Time {
	var first time.Time
	for _, stream := range m {
		if len(stream.Values) == 0 {
			continue
		}
		if t := stream.Values[0].Timestamp.Time().UTC(); first.IsZero() || t.Before(first) {
			first = t
		}
	}
	return first
}

func metricNames(metrics []TargetMetric) string {
	var names []string
	for _, m := range metrics {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// wholeSeconds widens a window to them: PromQL's durations stay readable.
func wholeSeconds(w evidence.Window) evidence.Window {
	return evidence.Window{
		Start: w.Start.UTC().Truncate(time.Second),
		End:   w.End.UTC().Add(time.Second - 1).Truncate(time.Second),
	}
}

// joined makes one error of several that let the others be asked. The first
// that is none of the server's refusals ends the asking.
type joined []error

// add keeps a refusal and returns any other error.
func (j *joined) add(what string, err error) error {
	if err == nil || !refusal(err) {
		return err
	}
	*j = append(*j, fmt.Errorf("%s: %w", what, err))
	return nil
}

func (j joined) err() error { return errors.Join(j...) }
