// Package serve is the watcher's HTTP server: metrics, health and webhooks.
//
// TLS, basic authentication and security headers come from a web configuration
// file in Prometheus's form, which is read again for each connection and
// request. Basic authentication is then asked for on every path.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
)

// Server serves
//
//	/metrics      in the text, OpenMetrics and protobuf formats
//	/healthz      200 while the process runs
//	/readyz       200 when Ready gives no error, else 503
//	/hooks/NAME   Hooks
//	/debug/pprof/ if Pprof is on
//
// Metrics, Ready and Log must be given.
type Server struct {
	Metrics   prometheus.Gatherer
	Ready     func() error // called several times at once; its error is logged only
	Hooks     http.Handler // nil: none
	Pprof     bool
	WebConfig string        // the web configuration file; empty: plain HTTP
	Grace     time.Duration // for requests being answered when Serve is to end; default 10 s
	Log       *slog.Logger
}

// ListenAndServe serves on a TCP address until ctx ends.
func (s *Server) ListenAndServe(ctx context.Context, address string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("serving metrics and webhooks: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve serves on a listener, which it closes, until ctx ends: then nil, or an
// error if requests had to be cut off.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer func() { _ = l.Close() }() // it is closed already but for a wrong web configuration
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second, // pprof extends it by the time asked for
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(l, server, &web.FlagConfig{WebConfigFile: &s.WebConfig}, s.Log) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving metrics and webhooks: %w", err)
	case <-ctx.Done():
	}
	return s.shutDown(ctx, server, ended)
}

func (s *Server) shutDown(ctx context.Context, server *http.Server, ended <-chan error) error {
	grace := s.Grace
	if grace == 0 {
		grace = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("ending the HTTP server: requests were cut off after %v: %w", grace, err)
		_ = server.Close()
	}
	if end := <-ended; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{
		EnableOpenMetrics: true, // exemplars need it; native histograms come by protobuf
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelError),
		// What can be gathered is worth more than nothing.
		ErrorHandling: promhttp.ContinueOnError,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.Handle("GET /readyz", &readiness{ready: s.Ready, log: s.Log})
	if s.Hooks != nil {
		mux.Handle("/hooks/", s.Hooks)
	}
	if s.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	}
	return mux
}

// readiness answers probes. Why it is not ready may name hosts, so it goes to
// the log, and once.
type readiness struct {
	ready func() error
	log   *slog.Logger

	mu   sync.Mutex
	last string
}

func (r *readiness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	err := r.ready()
	r.note(err)
	if err != nil {
		answer(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	answer(w, http.StatusOK, "ok")
}

func (r *readiness) note(err error) {
	why := ""
	if err != nil {
		why = err.Error()
	}
	r.mu.Lock()
	changed := why != r.last
	r.last = why
	r.mu.Unlock()
	if changed && err != nil {
		r.log.Warn("not ready", "error", err)
	}
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text + "\n")) // the prober has gone
}
