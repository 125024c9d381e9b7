package watch

import (
	"io"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// scrape gives the metrics in the OpenMetrics form, as Prometheus gets them.
func scrape(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(response, request)
	body, err := io.ReadAll(response.Body)
	if err != nil || response.Code != 200 {
		t.Fatalf("scraping: %d, %v", response.Code, err)
	}
	return string(body)
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	acting(t, func(o *Options, _ *play) { o.Metrics = NewMetrics(registry) }, func(p *play, _ *Watcher) {
		p.rollout("checkout", 2, true)
		time.Sleep(time.Minute) // the open incidents are counted by then
		got := scrape(t, registry)
		for _, want := range []string{
			`debrief_triggers_total{trigger="abort"} 1.0`,
			`debrief_incidents{state="published"} 1.0`,
			`debrief_incidents{state="seen"} 0.0`,
			`debrief_stage_duration_seconds_count{stage="publish"} 1`,
			`# {incident="1"} 0.0`,
			`debrief_stage_errors_total{stage="publish"} 0.0`,
			`debrief_publish_total{result="published"} 1.0`,
			`debrief_archive_waiting 2.0`, `debrief_archive_waiting_bytes 300.0`, `debrief_archive_lag_seconds 3.0`,
			`debrief_archive_written_total 1.0`, `debrief_archive_duplicates_total 4.0`, `debrief_archive_dropped_total 5.0`, `debrief_archive_failed_writes_total 6.0`,
			`debrief_gaps_total{source="incidents"} 0.0`, `debrief_watch_errors_total{resource="events"} 0.0`,
			`debrief_leader 1.0`, `debrief_incidents_ended_total{state="failed"} 0.0`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %s in\n%s", want, got)
			}
		}
	})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "debrief_stage_duration_seconds" && f.Metric[0].Histogram.GetSchema() == 0 {
			t.Error("the histogram is not a native one")
		}
	}
}

// TestMetricsAreDocumented compares the documentation's table with what there is.
func TestMetricsAreDocumented(t *testing.T) {
	registry := prometheus.NewRegistry()
	p := newPlay(t)
	o := p.options()
	o.Metrics = NewMetrics(registry)
	if _, err := New(o); err != nil {
		t.Fatal(err)
	}
	o.Metrics.incidents.WithLabelValues("seen")
	o.Metrics.durations.WithLabelValues("settle")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName()+" "+strings.ToLower(f.GetType().String()))
		for _, label := range f.Metric[0].Label {
			names[len(names)-1] += " " + label.GetName()
		}
	}
	data, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| (?:`(\\w+)`)?").FindAllStringSubmatch(string(data), -1) {
		documented = append(documented, strings.TrimSpace(strings.Join(row[1:], " ")))
	}
	slices.Sort(names)
	slices.Sort(documented)
	if diff := cmp.Diff(names, documented); diff != "" {
		t.Errorf("docs/metrics.md (-there is +documented):\n%s", diff)
	}
}
