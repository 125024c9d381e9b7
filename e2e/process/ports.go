package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range from which the kernel hands out the
// ports of outgoing connections: one of those could otherwise take a port
// between our finding it free and the server's listening on it.
const (
	lowestPort  = 20000
	highestPort = 32000
)

// FreePorts finds n different free ports on loopback.
func FreePorts(n int) ([]int, error) {
	held := make([]net.Listener, 0, n) // held together, so that all differ
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	ports := make([]int, 0, n)
	for try := 0; len(ports) < n; try++ {
		if try == 100*n {
			return nil, fmt.Errorf("finding %d free ports on loopback: only %d after %d tries", n, len(ports), try)
		}
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		l, err := net.Listen("tcp", Loopback(port))
		if err != nil {
			continue // taken: try another
		}
		held = append(held, l)
		ports = append(ports, port)
	}
	return ports, nil
}

// Loopback is the address of a port on this machine alone.
func Loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
