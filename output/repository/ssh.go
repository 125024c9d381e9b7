package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/crypto/ssh"
	"golang.org/x/net/proxy"
)

// sshAuth is how to log in at one ssh server whose key is known.
type sshAuth struct {
	gitssh.AuthMethod
	algorithms []string // of the known keys; servers may have others, which nobody knows
}

// ClientConfig is part of [gitssh.AuthMethod].
func (a sshAuth) ClientConfig() (*ssh.ClientConfig, error) {
	config, err := a.AuthMethod.ClientConfig()
	if err != nil {
		return nil, err
	}
	config.HostKeyAlgorithms = a.algorithms
	config.Timeout = 30 * time.Second
	return config, nil
}

// newSSHAuth reads the keys. The known hosts are written to a file because
// their only reader wants one; private keys never are.
func newSSHAuth(a Auth, endpoint *transport.Endpoint, knownHosts string) (gitssh.AuthMethod, error) {
	if a.User == "" {
		a.User = gitssh.DefaultUsername
	}
	var files []string // none: the user's and the system's
	if len(a.KnownHosts) > 0 {
		if err := os.WriteFile(knownHosts, a.KnownHosts, 0o600); err != nil {
			return nil, fmt.Errorf("writing the known host keys: %w", err)
		}
		files = []string{knownHosts}
	}
	known, err := gitssh.NewKnownHostsDb(files...)
	if err != nil {
		return nil, fmt.Errorf("reading known_hosts: %w", err)
	}
	helper := gitssh.HostKeyCallbackHelper{HostKeyCallback: known.HostKeyCallback()}
	auth := sshAuth{algorithms: known.HostKeyAlgorithms(sshAddress(endpoint))}
	if len(a.SSHKey) > 0 {
		keys, err := gitssh.NewPublicKeys(a.User, a.SSHKey, string(a.SSHPassphrase))
		if err != nil {
			return nil, fmt.Errorf("reading the ssh key: %w", err)
		}
		keys.HostKeyCallbackHelper = helper
		auth.AuthMethod = keys
		return auth, nil
	}
	agent, err := gitssh.NewSSHAgentAuth(a.User)
	if err != nil {
		return nil, fmt.Errorf("asking the ssh agent for keys: %w", err)
	}
	agent.HostKeyCallbackHelper = helper
	auth.AuthMethod = agent
	return auth, nil
}

// sshAddress is where to dial, by the user's ssh configuration as go-git reads it.
func sshAddress(endpoint *transport.Endpoint) string {
	host, port := strings.Trim(endpoint.Host, "[]"), strconv.Itoa(gitssh.DefaultPort)
	if endpoint.Port > 0 {
		port = strconv.Itoa(endpoint.Port)
	}
	if config := gitssh.DefaultSSHConfig; config != nil {
		if name := config.Get(endpoint.Host, "Hostname"); name != "" {
			host = name
			if configured := config.Get(endpoint.Host, "Port"); configured != "" {
				port = configured
			}
		}
	}
	return net.JoinHostPort(host, port)
}

// sshPush is git-receive-pack on an ssh server. Go-git's hangs up when it has
// the report; the hooks that run after it, by which forges learn of a push,
// would be killed by some servers. This one waits for the end.
type sshPush struct {
	client *ssh.Client
	run    *ssh.Session
	in     io.WriteCloser
	out    io.Reader
	words  bytes.Buffer // of standard error
	stop   func() bool  // the context's end hangs up
}

var _ transport.ReceivePackSession = (*sshPush)(nil)

func newSSHPush(ctx context.Context, endpoint *transport.Endpoint, auth gitssh.AuthMethod) (*sshPush, error) {
	config, err := auth.ClientConfig()
	if err != nil {
		return nil, err
	}
	addr := sshAddress(endpoint)
	dialing, cancel := context.WithTimeout(ctx, config.Timeout)
	defer cancel()
	conn, err := proxy.Dial(dialing, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &sshPush{stop: context.AfterFunc(ctx, func() { _ = conn.Close() })}
	c, channels, requests, err := ssh.NewClientConn(conn, addr, config)
	if err != nil {
		s.stop()
		return nil, errors.Join(err, conn.Close())
	}
	s.client = ssh.NewClient(c, channels, requests)
	if err := s.start("git-receive-pack " + shellQuote(endpoint.Path)); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *sshPush) start(command string) (err error) {
	if s.run, err = s.client.NewSession(); err != nil {
		return err
	}
	if s.in, err = s.run.StdinPipe(); err != nil {
		return err
	}
	if s.out, err = s.run.StdoutPipe(); err != nil {
		return err
	}
	s.run.Stderr = &ceiling{to: &s.words, left: 16 << 10}
	return s.run.Start(command)
}

// shellQuote quotes as git does for the shell at the other end.
func shellQuote(path string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(path) + "'"
}

// AdvertisedReferences is part of [transport.Session].
func (s *sshPush) AdvertisedReferences() (*packp.AdvRefs, error) {
	advertised := packp.NewAdvRefs()
	err := advertised.Decode(s.out)
	if err == nil || errors.Is(err, packp.ErrEmptyAdvRefs) {
		return advertised, nil
	}
	return nil, s.explain(err)
}

// AdvertisedReferencesContext is part of [transport.Session].
func (s *sshPush) AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error) {
	return s.AdvertisedReferences()
}

// ReceivePack is part of [transport.ReceivePackSession].
func (s *sshPush) ReceivePack(_ context.Context, request *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	if err := errors.Join(request.Encode(s.in), s.in.Close()); err != nil {
		return nil, s.explain(err)
	}
	out := demultiplex(request.Capabilities, s.out, request.Progress)
	report := packp.NewReportStatus()
	if err := report.Decode(out); err != nil {
		return nil, s.explain(err)
	}
	_, _ = io.Copy(io.Discard, out) // the push is reported: what breaks now breaks nothing
	_ = s.run.Wait()
	return report, report.Error()
}

// explain prefers the words of a server that hangs up.
func (s *sshPush) explain(err error) error {
	_ = s.in.Close()
	_, _ = io.Copy(io.Discard, s.out)
	_ = s.run.Wait()
	if words := oneLine(s.words.String()); words != "" {
		return errors.New(words)
	}
	return err
}

// Close is part of [io.Closer].
func (s *sshPush) Close() error {
	s.stop()
	return s.client.Close()
}
