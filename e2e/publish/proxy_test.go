package publish_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/debrief-sre/debrief/e2e/gitea"
)

// A proxy stands between debrief and the server and counts turns: each request
// that begins and each answer that does. So a point of publishing is known
// however fast the machine is and however long the answers are.
type proxy struct {
	url    string // of the repository behind it
	target string

	mu     sync.Mutex
	passed int
	stop   int    // turn before which reach is called
	reach  func() // returns when it may pass
}

// newProxy stands before the server of a repository until the test ends.
func newProxy(t *testing.T, repo *gitea.Repository) *proxy {
	t.Helper()
	u, err := url.Parse(repo.URL())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &proxy{target: u.Host}
	u.Host = listener.Addr().String()
	p.url = u.String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go p.serve(client)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	var speaker atomic.Pointer[net.Conn]
	done := make(chan struct{}, 2)
	for _, way := range []struct{ from, to net.Conn }{{client, server}, {server, client}} {
		go func() {
			p.pass(way.to, way.from, func() bool { return speaker.Swap(&way.from) != &way.from })
			done <- struct{}{}
		}()
	}
	<-done // when one of them hangs up, that is it
}

// pass copies what one side says. It asks before each piece whether the other
// side has spoken since the last one.
func (p *proxy) pass(to io.Writer, from io.Reader, isTurn func() bool) {
	piece := make([]byte, 16<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			if isTurn() {
				p.count()
			}
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) count() {
	p.mu.Lock()
	p.passed++
	reach := p.reach
	reached := p.passed == p.stop
	p.mu.Unlock()
	if reached {
		reach()
	}
}

// expect counts from zero on, and calls reach before the turn of that number.
func (p *proxy) expect(stop int, reach func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed, p.stop, p.reach = 0, stop, reach
}

// turns are those that passed since expect.
func (p *proxy) turns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed
}
