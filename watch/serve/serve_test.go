package serve_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"golang.org/x/crypto/bcrypt"

	"github.com/debrief-sre/debrief/watch/serve"
)

// running is a server on a port of loopback.
type running struct {
	address string
	client  *http.Client
	stop    context.CancelFunc
	ended   chan error
}

func start(t *testing.T, s serve.Server) *running {
	t.Helper()
	if s.Metrics == nil {
		s.Metrics = prometheus.NewRegistry()
	}
	if s.Ready == nil {
		s.Ready = func() error { return nil }
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{l.Addr().String(), &http.Client{Transport: &http.Transport{}}, stop, make(chan error, 1)}
	go func() { r.ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() { stop(); r.client.CloseIdleConnections() })
	return r
}

func (r *running) get(t *testing.T, url string, change ...func(*http.Request)) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(request)
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

func TestPaths(t *testing.T) {
	hooks := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	all := start(t, serve.Server{Hooks: hooks, Pprof: true})
	few := start(t, serve.Server{})
	for _, test := range []struct {
		path     string
		all, few int
	}{
		{"/metrics", 200, 200},
		{"/healthz", 200, 200},
		{"/readyz", 200, 200},
		{"/hooks/argo", 202, 404},
		{"/debug/pprof/", 200, 404},
		{"/debug/pprof/goroutine?debug=1", 200, 404},
		{"/", 404, 404},
	} {
		for server, want := range map[*running]int{all: test.all, few: test.few} {
			if got, _ := server.get(t, "http://"+server.address+test.path); got.StatusCode != want {
				t.Errorf("%s: the answer is %d, want %d", test.path, got.StatusCode, want)
			}
		}
	}
}

// TestMetrics asks for the formats that exemplars and native histograms need.
func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "debrief_test_seconds", Buckets: []float64{1}, NativeHistogramBucketFactor: 1.1,
	})
	registry.MustRegister(histogram)
	histogram.(prometheus.ExemplarObserver).ObserveWithExemplar(0.5, prometheus.Labels{"incident": "7"})
	s := start(t, serve.Server{Metrics: registry})
	accept := func(format string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Accept", format) }
	}

	_, text := s.get(t, "http://"+s.address+"/metrics", accept("application/openmetrics-text;version=1.0.0"))
	if want := `# {incident="7"} 0.5`; !strings.Contains(string(text), want) {
		t.Errorf("no exemplar %s in\n%s", want, text)
	}

	response, binary := s.get(t, "http://"+s.address+"/metrics",
		accept("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"))
	var family dto.MetricFamily
	if err := expfmt.NewDecoder(bytes.NewReader(binary), expfmt.ResponseFormat(response.Header)).Decode(&family); err != nil {
		t.Fatal(err)
	}
	if got := family.GetMetric()[0].GetHistogram(); len(got.GetPositiveSpan()) == 0 || got.GetSampleCount() != 1 {
		t.Errorf("no native histogram: %v", got)
	}
}

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func TestReady(t *testing.T) {
	var down atomic.Bool
	var log journal
	s := start(t, serve.Server{Log: slog.New(slog.NewJSONHandler(&log, nil)), Ready: func() error {
		if down.Load() {
			return errors.New("db.internal is unreachable")
		}
		return nil
	}})
	for _, step := range []struct {
		down bool
		want int
	}{{false, 200}, {true, 503}, {true, 503}, {false, 200}, {true, 503}} {
		down.Store(step.down)
		response, body := s.get(t, "http://"+s.address+"/readyz")
		if response.StatusCode != step.want || strings.Contains(string(body), "internal") {
			t.Errorf("down %v: the answer is %d %q", step.down, response.StatusCode, body)
		}
	}
	if got := strings.Count(log.String(), "db.internal is unreachable"); got != 2 {
		t.Errorf("the reason is logged %d times, want once for each time it began", got)
	}
}

// TestWebConfig turns on TLS and basic authentication, and changes the password.
func TestWebConfig(t *testing.T) {
	dir := t.TempDir()
	pair := httptest.NewUnstartedServer(nil)
	pair.StartTLS()
	defer pair.Close()
	certificate := pair.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tls.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}))
	write("tls.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	password := func(word string) {
		t.Helper()
		hash, err := bcrypt.GenerateFromPassword([]byte(word), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		write("web.yml", []byte("tls_server_config: {cert_file: tls.crt, key_file: tls.key}\nbasic_auth_users: {sre: "+string(hash)+"}\n"))
	}
	password("one")
	s := start(t, serve.Server{WebConfig: filepath.Join(dir, "web.yml")})
	roots := x509.NewCertPool()
	roots.AddCert(pair.Certificate())
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}}}
	defer s.client.CloseIdleConnections()

	as := func(word string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth("sre", word) }
	}
	expect := func(want int, change ...func(*http.Request)) {
		t.Helper()
		if got, _ := s.get(t, "https://"+s.address+"/healthz", change...); got.StatusCode != want {
			t.Errorf("the answer is %d, want %d", got.StatusCode, want)
		}
	}
	expect(401)
	expect(401, as("two"))
	expect(200, as("one"))
	password("two")
	expect(200, as("two"))
	expect(401, as("one"))
}

func TestWrongWebConfig(t *testing.T) {
	name := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(name, []byte("tls: yes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, serve.Server{WebConfig: name})
	if err := <-s.ended; err == nil || !strings.Contains(err.Error(), "serving metrics and webhooks: ") {
		t.Errorf("the server ends with %v", err)
	}
	if _, err := net.Dial("tcp", s.address); err == nil {
		t.Error("the listener is still open")
	}
}

// TestEnd ends a server that answers a request, within its grace and not.
func TestEnd(t *testing.T) {
	for name, test := range map[string]struct {
		grace time.Duration
		whole bool
	}{"in time": {time.Minute, true}, "cut off": {time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			asked, finish := make(chan struct{}), make(chan struct{})
			slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				close(asked)
				<-finish
				w.WriteHeader(http.StatusAccepted)
			})
			s := start(t, serve.Server{Hooks: slow, Grace: test.grace})
			code := make(chan int, 1)
			go func() {
				response, err := s.client.Get("http://" + s.address + "/hooks/x")
				if err != nil {
					code <- 0
					return
				}
				response.Body.Close()
				code <- response.StatusCode
			}()
			<-asked
			s.stop()
			if test.whole {
				close(finish)
			}
			err, got := <-s.ended, <-code
			if !test.whole {
				close(finish)
			}
			if whole := err == nil && got == http.StatusAccepted; whole != test.whole {
				t.Errorf("the server ends with %v, the request with %d", err, got)
			}
		})
	}
}

func TestAddressInUse(t *testing.T) {
	s := start(t, serve.Server{})
	other := serve.Server{Metrics: prometheus.NewRegistry(), Ready: func() error { return nil }, Log: slog.New(slog.DiscardHandler)}
	if err := other.ListenAndServe(t.Context(), s.address); err == nil || !strings.Contains(err.Error(), s.address) {
		t.Errorf("an address in use gives %v", err)
	}
}
