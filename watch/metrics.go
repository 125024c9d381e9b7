package watch

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/debrief-sre/debrief/watch/archive"
)

// Metrics are a watcher's measurements. docs/metrics.md lists them.
type Metrics struct {
	registry prometheus.Registerer

	triggers    *prometheus.CounterVec
	incidents   *prometheus.GaugeVec
	ended       *prometheus.CounterVec
	durations   *prometheus.HistogramVec
	stageErrors *prometheus.CounterVec
	published   *prometheus.CounterVec
	gaps        *prometheus.CounterVec
	watchErrors *prometheus.CounterVec
	leader      prometheus.Gauge
}

// NewMetrics registers the metrics of one watcher. It panics if they are
// registered already.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		registry: r,
		triggers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "debrief_triggers_total", Help: "Incidents noted, by what triggered them.",
		}, []string{"trigger"}),
		incidents: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "debrief_incidents", Help: "Open incidents by state, as the leader counted them last.",
		}, []string{"state"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "debrief_incidents_ended_total", Help: "Incidents that were closed, or failed to be published.",
		}, []string{"state"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "debrief_stage_duration_seconds", Help: "How long an attempt at a stage took. Exemplars name the incident.",
			Buckets:                     []float64{0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300},
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
		}, []string{"stage"}),
		stageErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "debrief_stage_errors_total", Help: "Attempts at a stage that failed.",
		}, []string{"stage"}),
		published: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "debrief_publish_total", Help: "Documents published, unchanged since, or failed to be published.",
		}, []string{"result"}),
		gaps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "debrief_gaps_total", Help: "Gaps that the watcher noted in the archive.",
		}, []string{"source"}),
		watchErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "debrief_watch_errors_total", Help: "Requests to the API server for a resource that failed or were refused.",
		}, []string{"resource"}),
		leader: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "debrief_leader", Help: "1 while this watcher acts on incidents.",
		}),
	}
	r.MustRegister(m.triggers, m.incidents, m.ended, m.durations, m.stageErrors, m.published, m.gaps, m.watchErrors, m.leader)
	m.begin()
	return m
}

// begin gives counters that alerts rest on a value before they first count: an
// increase from nothing is none.
func (m *Metrics) begin() {
	for _, stage := range []string{"settle", "collect", "render", "publish"} {
		m.stageErrors.WithLabelValues(stage)
	}
	for _, trigger := range []string{triggerAbort, triggerAnalysis, triggerDegraded, triggerPage} {
		m.triggers.WithLabelValues(trigger)
	}
	for _, result := range []string{"published", "unchanged", "failed"} {
		m.published.WithLabelValues(result)
	}
	for _, state := range []archive.State{archive.Closed, archive.Failed} {
		m.ended.WithLabelValues(string(state))
	}
	m.gaps.WithLabelValues("incidents")
	for _, resource := range resources {
		m.gaps.WithLabelValues(resource.Resource)
		m.watchErrors.WithLabelValues(resource.Resource)
	}
}

// stage measures one attempt from now until the returned function is called.
func (m *Metrics) stage(name string, incident int64, now func() time.Time) (done func()) {
	start := now()
	return func() {
		exemplar := prometheus.Labels{"incident": strconv.FormatInt(incident, 10)}
		m.durations.WithLabelValues(name).(prometheus.ExemplarObserver).ObserveWithExemplar(max(0, now().Sub(start)).Seconds(), exemplar)
	}
}

// archive registers what the archive tells of itself when it is asked.
func (m *Metrics) archive(stats func() archive.Stats, now func() time.Time) {
	gauge := func(name, help string, value func(archive.Stats) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(stats()) }))
	}
	counter := func(name, help string, value func(archive.Stats) int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value(stats())) }))
	}
	gauge("debrief_archive_waiting", "Observations that wait to be written.",
		func(s archive.Stats) float64 { return float64(s.Waiting) })
	gauge("debrief_archive_waiting_bytes", "Memory that waiting observations take.",
		func(s archive.Stats) float64 { return float64(s.WaitingBytes) })
	gauge("debrief_archive_lag_seconds", "How long the oldest waiting observation has waited.", func(s archive.Stats) float64 {
		if s.Oldest.IsZero() {
			return 0
		}
		return max(0, now().Sub(s.Oldest)).Seconds()
	})
	counter("debrief_archive_written_total", "Observations written.", func(s archive.Stats) int64 { return s.Written })
	counter("debrief_archive_duplicates_total", "Observations that the archive had already.", func(s archive.Stats) int64 { return s.Duplicate })
	counter("debrief_archive_dropped_total", "Observations for which there was no room. They are gaps.", func(s archive.Stats) int64 { return s.Dropped })
	counter("debrief_archive_failed_writes_total", "Attempts to write to the database that failed.", func(s archive.Stats) int64 { return s.Failed })
}
