package store

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// cutAfter stands before a server and calls cut once, when that many bytes
// have gone to it.
func cutAfter(t *testing.T, server string, bytes int64, cut func()) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		sent    atomic.Int64
		once    sync.Once
		running sync.WaitGroup
	)
	count := writer(func(p []byte) (int, error) {
		if sent.Add(int64(len(p))) >= bytes {
			once.Do(cut)
		}
		return len(p), nil
	})
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { forward(client, server, count) })
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return l.Addr().String()
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func forward(client net.Conn, address string, count io.Writer) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	go func() { io.Copy(server, io.TeeReader(client, count)); done <- struct{}{} }()
	go func() { io.Copy(client, server); done <- struct{}{} }()
	<-done
}
