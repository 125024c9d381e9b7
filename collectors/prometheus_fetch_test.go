package collectors

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/replay"
	"github.com/debrief-sre/debrief/slo"
)

var promRows = []string{"prometheus/alerts", "prometheus/metrics", "prometheus/slo"}

func TestPrometheusGaps(t *testing.T) {
	tests := map[string]struct {
		fail   replay.Failure
		status evidence.Status
		reason string
	}{
		"unreachable":  {replay.Failure{Unreachable: true}, evidence.StatusUnreachable, "EOF"},
		"unauthorized": {replay.Failure{Status: 401}, evidence.StatusDenied, "Unauthorized"},
		"forbidden":    {replay.Failure{Status: 403}, evidence.StatusDenied, "Forbidden"},
		"limited":      {replay.Failure{Status: 429, Header: http.Header{"Retry-After": {"60"}}}, evidence.StatusUnreachable, "Too Many Requests"},
		"not one":      {replay.Failure{Status: 200, Body: "<html>"}, evidence.StatusUnreachable, "invalid character '<'"},
		"refusing":     {replay.Failure{Status: 422, Body: `{"status":"error","errorType":"execution","error":"no"}`}, evidence.StatusPartial, "execution: no"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPromCase(t)
			test.fail.API = replay.Prometheus
			p.server.Fail(test.fail)
			b, facts := p.collect(t)
			for _, row := range promRows {
				if c := coverageOf(t, b, row); c.Status != test.status || !strings.Contains(c.Reason, test.reason) {
					t.Errorf("%s is %s: %s", row, c.Status, c.Reason)
				}
			}
			if len(facts.Events) != 0 || len(facts.Metrics) != 0 {
				t.Errorf("facts from nowhere: %+v", facts)
			}
			// A server that is down is asked once, not once for each question.
			if n := len(p.server.Requests()); test.status != evidence.StatusPartial && n > 2 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestPrometheusAddressFrom(t *testing.T) {
	p := newPromCase(t)
	p.settings.Prometheus.URL = ""
	b, facts := p.collect(t)
	if c := coverageOf(t, b, "prometheus/metrics"); c.Status != evidence.StatusOK || !slices.Contains(c.Warnings, "address taken from the AnalysisRun") {
		t.Errorf("coverage: %+v", c)
	}
	if len(facts.Events) != 5 {
		t.Errorf("%d events", len(facts.Events))
	}
	p.target.Metrics = nil
	b, _ = p.collect(t)
	if c := coverageOf(t, b, "prometheus"); c.Status != evidence.StatusAbsent || c.Reason != "no Prometheus address configured and no Prometheus analysis to take it from" {
		t.Errorf("coverage: %+v", c)
	}
	p.settings.Prometheus.URL = "http://me:s3cret@[bad"
	b, _ = p.collect(t)
	if c := coverageOf(t, b, "prometheus"); c.Status == evidence.StatusOK || strings.Contains(c.Reason, "s3cret") {
		t.Errorf("coverage: %+v", c)
	}
}

// A wrong objective spoils its own figures, not those of the others.
func TestPrometheusBadObjective(t *testing.T) {
	p := newPromCase(t)
	good := slo.Objective{Name: "fine", Target: 0.99, Window: model.Duration(6 * time.Hour), Good: `nginx_http_requests_total{app="checkout",status="200"}`, Total: `nginx_http_requests_total{app="checkout"}`}
	bad := slo.Objective{Name: "latency", Target: 0.99, Window: model.Duration(time.Hour), Bad: `avg(x)`, Total: `nginx_http_requests_total`}
	p.settings.Objectives = []slo.Objective{bad, good}
	b, facts := p.collect(t)
	c := coverageOf(t, b, "prometheus/slo")
	if c.Status != evidence.StatusPartial || !strings.Contains(c.Reason, `latency: bad: "avg(x)" counts no events`) {
		t.Errorf("coverage: %+v", c)
	}
	if len(facts.SLIs) != 2 || len(facts.SLIs[0].Total) != 0 || len(facts.SLIs[1].Total) != 4 || len(facts.SLIs[1].Good) != 2 {
		t.Fatalf("SLIs: %+v", facts.SLIs)
	}
	if budget := facts.SLIs[1].Budget; budget.Bad == nil || *budget.Bad < 1200 || *budget.Bad > 1300 {
		t.Errorf("budget: %+v", budget)
	}
}

func TestPrometheusOtherAlertsAreCounted(t *testing.T) {
	p := newPromCase(t)
	p.target.Scope.Subject.Name, p.target.App = "sre-demo", "sre-demo"
	b, facts := p.collect(t)
	c := coverageOf(t, b, "prometheus/alerts")
	if c.Objects != 0 || !slices.Contains(c.Warnings, "1 other alert in the window is not shown") {
		t.Errorf("coverage: %+v", c)
	}
	for line := range evidence.Lines[rawLine](b, alertsEntry) {
		if line.Value.Metric != nil {
			t.Errorf("stored %v", line.Value.Metric)
		}
	}
	for _, e := range facts.Events {
		if strings.HasPrefix(string(e.Kind), "alert.") {
			t.Errorf("event %s", e.Title)
		}
	}
}

// promStub answers queries by the first of its texts that the query contains.
type promStub []struct{ query, answer string }

func (s promStub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for _, rule := range s {
		if strings.Contains(r.FormValue("query"), rule.query) {
			if strings.Contains(rule.answer, `"error"`) {
				w.WriteHeader(http.StatusUnprocessableEntity)
			}
			_, _ = io.WriteString(w, rule.answer) // to a test's client
			return
		}
	}
	kind := "vector"
	if strings.HasSuffix(r.URL.Path, "query_range") || strings.HasSuffix(r.FormValue("query"), "]") {
		kind = "matrix"
	}
	_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[]}}`, kind)
}

func (p *promCase) serve(t *testing.T, s http.Handler) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	p.settings.Prometheus.URL = server.URL
}

func TestPrometheusRefusesNativeHistograms(t *testing.T) {
	p := newPromCase(t)
	p.serve(t, promStub{{"nginx", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1795377155,{"count":"1","sum":"1","buckets":[[0,"1","2","1"]]}]]}]}}`}})
	b, facts := p.collect(t)
	if c := coverageOf(t, b, "prometheus/slo"); c.Status != evidence.StatusPartial || !strings.Contains(c.Reason, "native histograms") {
		t.Errorf("coverage: %+v", c)
	}
	if len(facts.SLIs) != 1 || facts.SLIs[0].Total != nil || facts.SLIs[0].Bad != nil {
		t.Errorf("SLIs: %+v", facts.SLIs)
	}
}

func TestPrometheusKeepsRemarks(t *testing.T) {
	p := newPromCase(t)
	p.serve(t, promStub{{"ALERTS", `{"status":"success","warnings":["store 1 is gone."],"infos":["PromQL info: maybe no counter"],"data":{"resultType":"matrix","result":[]}}`}})
	b, _ := p.collect(t)
	if c := coverageOf(t, b, "prometheus/alerts"); !slices.Equal(c.Warnings, []string{"store 1 is gone", "PromQL info: maybe no counter"}) {
		t.Errorf("warnings: %q", c.Warnings)
	}
	if c := coverageOf(t, b, "prometheus/metrics"); !slices.Equal(c.Warnings, []string{"metric error-rate: no data in the window"}) {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

func TestPrometheusDataBegins(t *testing.T) {
	up := func(clock string) string {
		return fmt.Sprintf(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[%d,"1"]]}]}}`, onTheDay(t, clock).Unix())
	}
	const (
		none   = `{"status":"success","data":{"resultType":"matrix","result":[]}}`
		nobody = `{"status":"success","data":{"resultType":"vector","result":[]}}`
		is     = `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1795381000,"1"]}]}}`
	)
	tests := map[string]struct {
		over, end, now string
		aborted        string
		status         evidence.Status
		oldest         string
		warns          bool
	}{
		"before the window":           {up("19:44:15"), is, is, "19:55:08", evidence.StatusOK, "", false},
		"in the window":               {up("19:50:00"), is, is, "19:55:08", evidence.StatusOK, "19:50:00", true},
		"after the abort":             {up("20:00:00"), is, is, "19:55:08", evidence.StatusExpired, "20:00:00", false},
		"after the grid":              {none, is, is, "20:10:03", evidence.StatusOK, "20:10:08", true},
		"after the grid and abort":    {none, is, is, "19:55:08", evidence.StatusExpired, "20:10:08", false},
		"after the window":            {none, nobody, is, "19:55:08", evidence.StatusExpired, "", false},
		"not of servers that hide up": {none, nobody, nobody, "19:55:08", evidence.StatusOK, "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPromCase(t)
			p.target.Scope.Window.End = onTheDay(t, "20:10:08")
			p.target.Aborted = onTheDay(t, test.aborted)
			p.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := test.now
				if strings.HasSuffix(r.URL.Path, "query_range") {
					answer = test.over
				} else if r.FormValue("time") == fmt.Sprint(p.target.Scope.Window.End.Unix()) {
					answer = test.end
				}
				promStub{{"count(up)", answer}}.ServeHTTP(w, r)
			}))
			b, _ := p.collect(t)
			c := coverageOf(t, b, "prometheus/alerts")
			if c.Status != test.status || len(c.Warnings) > 0 != test.warns {
				t.Errorf("coverage: %+v", c)
			}
			if got := c.Oldest; test.oldest == "" && !got.IsZero() || test.oldest != "" && !got.Equal(onTheDay(t, test.oldest)) {
				t.Errorf("oldest: %s", got)
			}
		})
	}
}

// greedyProm refuses questions that are too large, as a server's limits do.
type greedyProm struct {
	finest time.Duration // of steps
	widest time.Duration // of range selectors
	asked  []string
}

func (g *greedyProm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	g.asked = append(g.asked, query)
	var tooMuch bool
	if step, err := time.ParseDuration(r.FormValue("step") + "s"); err == nil && strings.Contains(query, "rate") {
		tooMuch = step < g.finest
	}
	if i := strings.LastIndexByte(query, '['); i >= 0 && strings.HasSuffix(query, "]") {
		d, err := model.ParseDuration(query[i+1 : len(query)-1])
		tooMuch = err == nil && time.Duration(d) > g.widest
	}
	if tooMuch {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory in query execution"}`) // to a test's client
		return
	}
	promStub{}.ServeHTTP(w, r)
}

func TestPrometheusAsksForLess(t *testing.T) {
	p := newPromCase(t)
	server := &greedyProm{finest: 20 * time.Second, widest: 20 * time.Minute}
	p.serve(t, server)
	b, facts := p.collect(t)
	for _, row := range promRows {
		if c := coverageOf(t, b, row); c.Status != evidence.StatusOK {
			t.Errorf("coverage: %+v", c)
		}
	}
	if facts.Metrics[0].Step != 20*time.Second {
		t.Errorf("step: %s", facts.Metrics[0].Step)
	}
	var pieces []string
	for _, query := range server.asked {
		if strings.HasPrefix(query, "ALERTS[") {
			pieces = append(pieces, query)
		}
	}
	if got := strings.Join(pieces, " "); got != "ALERTS[1h] ALERTS[15m] ALERTS[15m] ALERTS[15m] ALERTS[15m] ALERTS[11m]" {
		t.Errorf("asked %s", got)
	}
}

func TestTimeGrid(t *testing.T) {
	w := evidence.Window{Start: onTheDay(t, "19:44:08"), End: onTheDay(t, "19:46:00")}
	grid := gridOver(w, 30*time.Second)
	if !grid.first.Equal(onTheDay(t, "19:44:30")) || !grid.last.Equal(onTheDay(t, "19:45:30")) {
		t.Errorf("grid: %+v", grid)
	}
	got := grid.chunks(2)
	want := []v1.Range{
		{Start: grid.first, End: onTheDay(t, "19:45:00"), Step: grid.step},
		{Start: grid.last, End: grid.last, Step: grid.step},
	}
	if !slices.Equal(got, want) {
		t.Errorf("chunks: %v", got)
	}
	for window, want := range map[time.Duration]time.Duration{
		time.Hour: 5 * time.Second, 24 * time.Hour: 8 * time.Second, 30 * 24 * time.Hour: time.Minute,
	} {
		if got := stepFor(window); got != want {
			t.Errorf("step for %s: %s", window, got)
		}
	}
}

func TestMatrixMerger(t *testing.T) {
	at := func(seconds ...int64) model.Matrix {
		stream := &model.SampleStream{Metric: model.Metric{"a": "b"}}
		for _, s := range seconds {
			stream.Values = append(stream.Values, model.SamplePair{Timestamp: model.Time(s * 1000), Value: 1})
		}
		return model.Matrix{stream}
	}
	m := newMatrixMerger(time.Unix(10, 0), time.Unix(50, 0))
	m.add(at(0, 10, 20))
	m.add(at(20, 30))
	m.add(at(40, 50, 60))
	var got []int64
	for _, v := range m.matrix[0].Values {
		got = append(got, v.Timestamp.Unix())
	}
	if len(m.matrix) != 1 || !slices.Equal(got, []int64{10, 20, 30, 40, 50}) {
		t.Errorf("merged: %v", got)
	}
}

// No bad events is a claim that only a server makes that was there to be asked.
func TestPrometheusLostMidway(t *testing.T) {
	p := newPromCase(t)
	p.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch query := r.FormValue("query"); {
		case strings.HasPrefix(query, "nginx"):
			http.Error(w, "down for maintenance", http.StatusInternalServerError)
		default:
			promStub{}.ServeHTTP(w, r)
		}
	}))
	b, facts := p.collect(t)
	if c := coverageOf(t, b, "prometheus/slo"); c.Status != evidence.StatusUnreachable || c.Reason != "Internal Server Error: down for maintenance" {
		t.Errorf("coverage: %+v", c)
	}
	if len(facts.SLIs) != 1 || slo.Assess(facts.SLIs[0], onTheDay(t, "19:54:00"), onTheDay(t, "19:57:00"), nil).Measured {
		t.Errorf("SLIs: %+v", facts.SLIs)
	}
}

func TestPrometheusNothingToCount(t *testing.T) {
	p := newPromCase(t)
	p.target.Metrics[0].Query = `histogram_quantile(0.9, sum by (le) (rate(latency_bucket[1m])))`
	b, facts := p.collect(t)
	if c := coverageOf(t, b, "prometheus/slo"); c.Status != evidence.StatusAbsent || !strings.HasPrefix(c.Reason, "no objective is configured") {
		t.Errorf("coverage: %+v", c)
	}
	if len(facts.SLIs) != 0 {
		t.Errorf("SLIs: %+v", facts.SLIs)
	}
}
