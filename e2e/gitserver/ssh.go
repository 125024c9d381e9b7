package gitserver

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/debrief-sre/debrief/e2e/process"
)

// An SSH is an sshd on loopback, with keys of its own, at which one key may run
// git's commands and nothing else.
type SSH struct {
	KeyFile        string // the private key that is let in
	KnownHostsFile string // says which host key the server has

	user    string
	port    int
	servers *process.Group
}

// StartSSH starts an sshd with its files in a folder. It serves every
// repository that the user who runs this can read. Close ends it.
func StartSSH(ctx context.Context, dir string) (*SSH, error) {
	s, err := startSSH(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("starting sshd: %w", err)
	}
	return s, nil
}

func startSSH(ctx context.Context, dir string) (*SSH, error) {
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, err
	}
	s := &SSH{
		KeyFile:        filepath.Join(dir, "client"),
		KnownHostsFile: filepath.Join(dir, "known_hosts"),
		user:           me.Username,
		port:           ports[0],
	}
	config, err := s.writeFiles(dir)
	if err != nil {
		return nil, err
	}
	sshd, err := lookSSHD()
	if err != nil {
		return nil, err
	}
	logs := filepath.Join(dir, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	s.servers = process.NewGroup(logs, cancel)
	if err := s.servers.Start("sshd", sshd, "-D", "-e", "-f", config); err != nil {
		return nil, errors.Join(err, s.servers.Stop())
	}
	err = process.Poll(ctx, "sshd", func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", process.Loopback(s.port))
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		return nil, errors.Join(err, s.servers.Stop())
	}
	return s, nil
}

// lookSSHD finds sshd, which insists on being called by its full path and, for
// root, on a folder that Debian makes only when it starts the service.
func lookSSHD() (string, error) {
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		sshd = "/usr/sbin/sshd" // not in everybody's PATH
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return "", err
		}
	}
	return sshd, nil
}

// writeFiles writes both pairs of keys and the configuration, and returns the
// latter's path.
func (s *SSH) writeFiles(dir string) (string, error) {
	hostKeyFile := filepath.Join(dir, "host")
	hostKey, err := newKey(hostKeyFile)
	if err != nil {
		return "", err
	}
	clientKey, err := newKey(s.KeyFile)
	if err != nil {
		return "", err
	}
	config := filepath.Join(dir, "sshd_config")
	authorized := filepath.Join(dir, "authorized_keys")
	files := map[string]string{
		s.KnownHostsFile: fmt.Sprintf("[127.0.0.1]:%d %s", s.port, ssh.MarshalAuthorizedKey(hostKey)),
		authorized:       fmt.Sprintf(`restrict,command="git-shell -c \"$SSH_ORIGINAL_COMMAND\"" %s`, ssh.MarshalAuthorizedKey(clientKey)),
		config: strings.Join([]string{
			"ListenAddress 127.0.0.1:" + strconv.Itoa(s.port),
			"HostKey " + hostKeyFile,
			"AuthorizedKeysFile " + authorized,
			"PidFile none",
			"AuthenticationMethods publickey",
			"PermitRootLogin forced-commands-only",
			"StrictModes no", // the folder may lie in /tmp, where others may write
			"UsePAM no",
			"MaxStartups 100", // many publishers at once
			"",
		}, "\n"),
	}
	for file, content := range files {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	return config, nil
}

// newKey writes a new private key to a file and returns its public half.
func newKey(file string) (ssh.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}

// URL is where a repository is served.
func (s *SSH) URL(r *Repository) string {
	u := url.URL{Scheme: "ssh", User: url.User(s.user), Host: process.Loopback(s.port), Path: r.Dir}
	return u.String()
}

// Env has git use the server's keys.
func (s *SSH) Env() []string {
	return []string{fmt.Sprintf("GIT_SSH_COMMAND=ssh -F none -o IdentitiesOnly=yes -o BatchMode=yes -i '%s' -o UserKnownHostsFile='%s'",
		s.KeyFile, s.KnownHostsFile)}
}

// Close ends sshd.
func (s *SSH) Close() error { return s.servers.Stop() }
