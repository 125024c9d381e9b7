// Package store runs a real S3 server on loopback, the Versity S3 Gateway, and
// keeps debrief's evidence bundles in it.
package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/debrief-sre/debrief/e2e/process"
)

// The credentials that the server takes.
const (
	accessKey = "e2e-access"
	secretKey = "e2e-secret-key"
)

// region is the server's.
const region = "us-east-1"

// A Server is a running S3 server. Its buckets are folders, so that tests can
// see and damage what it holds.
type Server struct {
	Address string // host:port

	dir     string
	servers *process.Group
}

// Start runs the server, of which command is the binary, with all its files in
// dir. Close ends it; the folder is the caller's to remove.
func Start(ctx context.Context, command, dir string) (*Server, error) {
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, fmt.Errorf("starting the S3 server: %w", err)
	}
	s := &Server{Address: process.Loopback(ports[0]), dir: dir}
	for _, folder := range []string{"logs", "buckets", "metadata"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return nil, fmt.Errorf("starting the S3 server: %w", err)
		}
	}
	s.servers = process.NewGroup(filepath.Join(dir, "logs"), func(error) {}) // tests kill it; else whoever asks next will notice
	err = s.servers.Start("versitygw", command, "--port", s.Address, "--region", region, "--access", accessKey, "--secret", secretKey,
		"posix", "--sidecar", filepath.Join(dir, "metadata"), filepath.Join(dir, "buckets"))
	if err == nil {
		err = s.ready(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the S3 server: %w", err), s.servers.Stop())
	}
	return s, nil
}

func (s *Server) ready(ctx context.Context) error {
	return process.Poll(ctx, "the S3 server", func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Kill ends the server at once, as a power cut would.
func (s *Server) Kill() error { return syscall.Kill(s.servers.PIDs()[0], syscall.SIGKILL) }

// Restart starts the server again as it was.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.servers.Restart("versitygw"); err != nil {
		return err
	}
	return s.ready(ctx)
}

// AddBucket makes a bucket.
func (s *Server) AddBucket(name string) error { return os.Mkdir(s.Path(name), 0o755) }

// Path is where a bucket, or an object in it, lies.
func (s *Server) Path(elem ...string) string {
	return filepath.Join(append([]string{s.dir, "buckets"}, elem...)...)
}

// URL is the address of a bucket for debrief. Through is the address of what
// stands before the server, or empty.
func (s *Server) URL(bucket, prefix, through string) string {
	if through == "" {
		through = s.Address
	}
	query := url.Values{"region": {region}, "endpoint": {"http://" + through}}
	if prefix != "" {
		query.Set("prefix", prefix)
	}
	return (&url.URL{Scheme: "s3", Host: bucket, RawQuery: query.Encode()}).String()
}

// Close ends the server.
func (s *Server) Close() error { return s.servers.Stop() }
