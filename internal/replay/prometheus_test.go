package replay_test

import (
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/internal/replay"
)

const (
	canaryErrors   = `nginx_http_requests_total{status=~"5..", service="checkout-canary"}`
	canaryRequests = `nginx_http_requests_total{service="checkout-canary"}`
	errorRate      = `sum(rate(` + canaryErrors + `[1m])) / sum(rate(` + canaryRequests + `[1m]))`
)

func prometheusAPI(t *testing.T, address string) v1.API {
	t.Helper()
	client, err := api.NewClient(api.Config{Address: address + replay.PrometheusPath})
	if err != nil {
		t.Fatal(err)
	}
	return v1.NewAPI(client)
}

func clock(s string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-11-22T"+s+"Z")
	if err != nil {
		panic(err)
	}
	return t
}

// The recorded AnalysisRun measured these values some time in the seconds given,
// which is why the last digits may differ.
func TestPrometheusMeasuresAsTheAnalysisDid(t *testing.T) {
	_, address := serve(t)
	client := prometheusAPI(t, address)
	for at, want := range map[string]float64{"19:54:48": 0.5145172180958811, "19:54:58": 0.514069264069264, "19:55:08": 0.5135477706869692} {
		value, _, _, err := client.Query(t.Context(), errorRate, clock(at).Add(500*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		vector, ok := value.(model.Vector)
		if !ok || len(vector) != 1 || math.Abs(float64(vector[0].Value)-want) > 1e-5 {
			t.Errorf("at %s: %v, want %v", at, value, want)
		}
	}
}

func TestPrometheusRawSamples(t *testing.T) {
	_, address := serve(t)
	value, _, _, err := prometheusAPI(t, address).Query(t.Context(), `ALERTS{alertstate="firing"}[1h]`, clock("20:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	matrix := value.(model.Matrix)
	if len(matrix) != 1 || len(matrix[0].Values) != 13 || matrix[0].Values[0].Timestamp != 1795377290755 {
		t.Errorf("firing: %v", matrix)
	}
}

func TestPrometheusRange(t *testing.T) {
	_, address := serve(t)
	client := prometheusAPI(t, address)
	value, _, _, err := client.QueryRange(t.Context(), errorRate, v1.Range{Start: clock("19:53:30"), End: clock("19:57:00"), Step: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	values := value.(model.Matrix)[0].Values
	if len(values) != 8 || !math.IsNaN(float64(values[0].Value)) || values[2].Value < 0.5 || !math.IsNaN(float64(values[7].Value)) {
		t.Errorf("error rate: %v", values)
	}
	_, _, _, err = client.QueryRange(t.Context(), "up", v1.Range{Start: clock("19:00:00"), End: clock("20:00:00"), Step: 100 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "exceeded maximum resolution of 11,000 points") {
		t.Errorf("too many points: %v", err)
	}
	if _, _, _, err := client.Query(t.Context(), "sum(", clock("19:00:00")); err == nil || !strings.Contains(err.Error(), "bad_data") {
		t.Errorf("bad query: %v", err)
	}
}

func TestPrometheusFailures(t *testing.T) {
	s, address := serve(t)
	s.Fail(replay.Failure{API: replay.Prometheus, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"1"}}, Times: 1})
	ask := func() int {
		response, err := http.PostForm(address+replay.PrometheusPath+"/api/v1/query", url.Values{"query": {"1"}})
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close() //nolint:errcheck // only its status counts
		return response.StatusCode
	}
	if first, second := ask(), ask(); first != http.StatusServiceUnavailable || second != http.StatusOK {
		t.Errorf("answers: %d, %d", first, second)
	}
	if n := len(s.Requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}
