package endurance_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A proxy is a network that fails: between debrief and a server.
type proxy struct {
	address, target string

	flow sync.RWMutex // held for writing: nothing flows, and nobody is told

	mu       sync.Mutex
	listener net.Listener // nil: connections are refused
	open     map[net.Conn]bool
}

// newProxy stands before an address until the test ends. It lets all through.
func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{address: "127.0.0.1:0", target: target, open: map[net.Conn]bool{}}
	p.restore(t)
	t.Cleanup(p.cut)
	return p
}

// cut ends every connection, and has new ones refused.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	for conn := range p.open {
		conn.Close()
	}
	clear(p.open)
}

// restore lets connections through, at the same address as before.
func (p *proxy) restore(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go p.serve(client)
		}
	}()
}

// stall holds everything back until resume is called. Connections stay open.
func (p *proxy) stall() (resume func()) {
	p.flow.Lock()
	return p.flow.Unlock
}

// await returns when things flow.
func (p *proxy) await() {
	p.flow.RLock()
	defer p.flow.RUnlock()
}

func (p *proxy) serve(client net.Conn) {
	p.await()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.open[client], p.open[server] = true, true
	p.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(way[1], gate{p, way[0]}) // whoever hangs up first ends both
			done <- struct{}{}
		}()
	}
	<-done
	client.Close()
	server.Close()
	p.mu.Lock()
	delete(p.open, client)
	delete(p.open, server)
	p.mu.Unlock()
}

// gate passes on what it read as soon as the proxy lets things flow.
type gate struct {
	proxy *proxy
	from  io.Reader
}

func (g gate) Read(b []byte) (int, error) {
	n, err := g.from.Read(b)
	g.proxy.await()
	return n, err
}
