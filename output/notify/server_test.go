package notify_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// memory is a network of one server without sockets, so that tests run on
// synctest's clock.
type memory struct {
	conns  chan net.Conn
	done   chan struct{}
	closed sync.Once
}

// Accept implements net.Listener.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (m *memory) Close() error { m.closed.Do(func() { close(m.done) }); return nil }

// Addr implements net.Listener.
func (m *memory) Addr() net.Addr { return &net.TCPAddr{} }

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case m.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// received is a request that a server got.
type received struct {
	method, host, path string
	header             http.Header
	body               string
}

// receiver is a server and what it got.
type receiver struct {
	transport *http.Transport

	mu  sync.Mutex
	got []received
}

// receive serves answers, the last of them again and again. Each connection
// that refused says so about is refused first.
func receive(t *testing.T, refused int, answers ...http.HandlerFunc) *receiver {
	t.Helper()
	m := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
	r := &receiver{}
	r.transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if refused > 0 {
			refused--
			return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError("refused")}
		}
		return m.dial(ctx, network, address)
	}}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		answer := answers[min(len(r.got), len(answers)-1)]
		r.got = append(r.got, received{req.Method, req.Host, req.URL.RequestURI(), req.Header, string(body)})
		r.mu.Unlock()
		answer(w, req)
	})}
	var served sync.WaitGroup
	served.Go(func() { server.Serve(m) })
	t.Cleanup(func() {
		r.transport.CloseIdleConnections()
		server.Close()
		served.Wait()
	})
	return r
}

func (r *receiver) requests() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

// answer answers with a status, and headers as pairs of name and value.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}
