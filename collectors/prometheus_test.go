package collectors

import (
	"bytes"
	"log/slog"
	"math"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/replay"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

const (
	canaryErrorRate = `sum(rate(nginx_http_requests_total{status=~"5..", service="checkout-canary"}[1m])) / sum(rate(nginx_http_requests_total{service="checkout-canary"}[1m]))`
	recordingDir    = "../testdata/recordings/checkout-canary-abort"
)

func onTheDay(t testing.TB, clock string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, "2026-11-22T"+clock+"Z")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// promCase is a server with the recording, and what to ask it.
type promCase struct {
	server   *replay.Server
	settings Settings
	target   Target
}

func newPromCase(t *testing.T) *promCase {
	t.Helper()
	server, err := replay.New(os.DirFS(recordingDir))
	if err != nil {
		t.Fatal(err)
	}
	now := onTheDay(t, "20:55:08")
	server.Now = func() time.Time { return now }
	http := httptest.NewServer(server)
	t.Cleanup(http.Close)
	return &promCase{
		server:   server,
		settings: Settings{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Prometheus: PrometheusSettings{URL: http.URL + replay.PrometheusPath}},
		target: Target{
			Scope: evidence.Scope{
				Subject: evidence.Object{Kind: "Rollout", Namespace: "shop", Name: "checkout"}, Revision: 2,
				Window: evidence.Window{Start: onTheDay(t, "19:44:08"), End: onTheDay(t, "20:55:08")},
			},
			Aborted: onTheDay(t, "19:55:08"), App: "checkout",
			Metrics: []TargetMetric{{Name: "error-rate", Address: http.URL + replay.PrometheusPath, Query: canaryErrorRate, Success: "result[0] < 0.05"}},
		},
	}
}

// collect asks the server and reads the answers back from a sealed bundle.
func (p *promCase) collect(t *testing.T) (*evidence.Bundle, timeline.Facts) {
	t.Helper()
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard() //nolint:errcheck // temporary
	if err := Prometheus.Fetch(t.Context(), &p.settings, &p.target, w); err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	if err := w.WriteTo(&sealed, evidence.Manifest{Scope: p.target.Scope, Objectives: p.settings.Objectives}); err != nil {
		t.Fatal(err)
	}
	b, err := evidence.Read(bytes.NewReader(sealed.Bytes()), int64(sealed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	facts := timeline.Facts{Rollout: timeline.Rollout{
		Subject: p.target.Scope.Subject, App: "checkout", CanaryService: "checkout-canary", StableService: "checkout-stable",
		Started: onTheDay(t, "19:54:08"),
	}}
	if err := Prometheus.Read(b, &facts); err != nil {
		t.Fatal(err)
	}
	return b, facts
}

func coverageOf(t *testing.T, b *evidence.Bundle, source string) evidence.Coverage {
	t.Helper()
	for _, c := range b.Manifest.Coverage {
		if c.Source == source {
			return c
		}
	}
	t.Fatalf("no coverage of %s in %+v", source, b.Manifest.Coverage)
	return evidence.Coverage{}
}

func TestPrometheusRecordedEvents(t *testing.T) {
	_, facts := newPromCase(t).collect(t)
	var got []string
	for _, e := range facts.Events {
		got = append(got, strings.Join([]string{e.Time.Format("15:04:05.000"), string(e.Kind), e.Title, e.Precision.String()}, " | "))
		if len(e.Evidence) == 0 || e.Source != "prometheus" || e.Clock != "prometheus" || e.Subject.Name != "checkout" {
			t.Errorf("event lacks its origin: %+v", e)
		}
	}
	want := []string{
		"19:54:20.000 | alert.pending | Alert ErrorBudgetBurn pending | 1s",
		"19:54:50.755 | alert.firing | Alert ErrorBudgetBurn firing (severity critical) | 5s",
		"19:55:55.755 | alert.resolved | Alert ErrorBudgetBurn resolved | 5s",
		"19:54:15.000 | sli.breached | error-rate 0.489 violates `result[0] < 0.05` | 5s",
		"19:56:10.000 | sli.recovered | Analysis metric error-rate: no more canary traffic | 5s",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func TestPrometheusRecordedCounters(t *testing.T) {
	p := newPromCase(t)
	_, facts := p.collect(t)
	if len(facts.SLIs) != 1 {
		t.Fatalf("%d SLIs", len(facts.SLIs))
	}
	data := facts.SLIs[0]
	if !data.FromAnalysis || data.Objective.Name != "error-rate (analysis metric)" || data.Objective.Target != 0 {
		t.Errorf("objective: %+v", data.Objective)
	}
	impact := slo.Assess(data, onTheDay(t, "19:54:00"), onTheDay(t, "19:57:00"), nil)
	if impact.Bad.Value != 1192 || impact.Total.Value != 2336 {
		t.Errorf("bad %v of %v", impact.Bad, impact.Total)
	}
	if len(data.Queries) != 2 || data.Queries[0].PromQL != `nginx_http_requests_total{service="checkout-canary",status=~"5.."}[1h11m]` ||
		data.Queries[0].Evidence != "prometheus/0-bad.jsonl:1" {
		t.Errorf("queries: %+v", data.Queries)
	}
	if len(facts.Metrics) != 1 || facts.Metrics[0].Step != 5*time.Second || len(facts.Metrics[0].Series) != 1 {
		t.Fatalf("metrics: %+v", facts.Metrics)
	}
	if first := facts.Metrics[0].Series[0].Samples[0]; !math.IsNaN(first.Value) {
		t.Errorf("first sample is %v, want NaN: no traffic", first)
	}
}

func TestPrometheusRecordedObjective(t *testing.T) {
	p := newPromCase(t)
	p.settings.Objectives = []slo.Objective{{
		Name: "availability", Target: 0.999, Window: model.Duration(30 * 24 * time.Hour),
		Bad: `sum(rate(nginx_http_requests_total{app="checkout",status=~"5.."}[5m]))`, Total: `nginx_http_requests_total{app="checkout"}`,
	}}
	p.target.Scope.Window.End = onTheDay(t, "19:57:55")
	b, facts := p.collect(t)
	if len(facts.SLIs) != 1 || facts.SLIs[0].FromAnalysis {
		t.Fatalf("SLIs: %+v", facts.SLIs)
	}
	budget := facts.SLIs[0].Budget
	// The counters rose by 1,205 and 63,997; increase extrapolates a little.
	if budget.Total == nil || budget.Bad == nil || math.Abs(*budget.Bad-1205) > 20 || math.Abs(*budget.Total-63997) > 20 {
		t.Fatalf("budget: %+v", budget)
	}
	if !budget.Oldest.Equal(time.UnixMilli(1795377155587)) || budget.Coverage != 1.0/720 || !budget.At.Equal(p.target.Scope.Window.End) {
		t.Errorf("budget: %+v", budget)
	}
	if n := len(facts.SLIs[0].Queries); n != 5 {
		t.Errorf("%d queries", n)
	}
	c := coverageOf(t, b, "prometheus/slo")
	if c.Status != evidence.StatusOK || c.Objects != 6 || c.ClockOffset == nil || *c.ClockOffset != 0.5 {
		t.Errorf("coverage: %+v", c)
	}
}

// The same server and clock give the same bundle, byte for byte.
func TestPrometheusCollectsTheSameTwice(t *testing.T) {
	p := newPromCase(t)
	first, _ := p.collect(t)
	second, _ := p.collect(t)
	if !reflect.DeepEqual(first.Manifest, second.Manifest) {
		t.Errorf("first\n%+v\nsecond\n%+v", first.Manifest, second.Manifest)
	}
}
