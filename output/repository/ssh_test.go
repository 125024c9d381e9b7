package repository

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/debrief-sre/debrief/internal/gittest"
)

func newKey() (private []byte, signer ssh.Signer) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must0(err)
	return pem.EncodeToMemory(must(ssh.MarshalPrivateKey(key, ""))), must(ssh.NewSignerFromKey(key))
}

// serveSSH offers a server's repository over ssh to the owner of one key.
func serveSSH(t *testing.T, s *gittest.Server, host ssh.Signer, client ssh.PublicKey) (addr string) {
	t.Helper()
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(client.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveConnection(s, conn, config)
		}
	}()
	return listener.Addr().String()
}

func serveConnection(s *gittest.Server, conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return // a client that is not let in
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		for q := range requests {
			if q.Type == "exec" {
				must0(q.Reply(true, nil))
				exec(s, channel, string(q.Payload[4:]))
				_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
				_ = channel.Close()
			}
		}
	}
}

func exec(s *gittest.Server, channel ssh.Channel, command string) {
	service, path, _ := strings.Cut(command, " ")
	if path != "'/team/postmortems.git'" {
		_, _ = fmt.Fprintln(channel.Stderr(), "ERROR: Repository not found.")
		return
	}
	s.Stream(service, channel)
}

func TestSSH(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a", "a"))
	private, client := newKey()
	stranger, _ := newKey()
	_, host := newKey()
	_, imposter := newKey()
	addr := serveSSH(t, s, host, client.PublicKey())
	known := []byte(knownhosts.Line([]string{addr}, host.PublicKey()) + "\n")
	with := func(path string, key, known []byte) Settings {
		with := settings("ssh://" + addr + path)
		with.Auth = Auth{SSHKey: key, KnownHosts: known, Token: promconfig.Secret("unused")}
		return with
	}
	r, err := Open(t.Context(), with("/team/postmortems.git", private, known))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	got, err := r.Update(t.Context(), Update{Branch: "postmortem/a", Change: write(textFile("b", "b"))})
	if err != nil || !got.Changed || len(files(s, "postmortem/a")) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	s.Refuse = func(string) (string, string) { return "pre-receive hook declined", "not on Fridays" }
	if _, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", "b"))}); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "not on Fridays") {
		t.Errorf("got %v", err)
	}
	s.Refuse = nil
	for i := range 10 { // a client that leaves before the server's last word makes it fail
		if _, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", fmt.Sprint(i)))}); err != nil {
			t.Error(err)
		}
	}
	for name, test := range map[string]struct {
		settings Settings
		want     error
	}{
		"another key":      {with("/team/postmortems.git", stranger, known), ErrCredentials},
		"another server":   {with("/team/postmortems.git", private, []byte(knownhosts.Line([]string{addr}, imposter.PublicKey())+"\n")), ErrHostKey},
		"an unknown one":   {with("/team/postmortems.git", private, []byte(knownhosts.Line([]string{"git.example.com"}, host.PublicKey())+"\n")), ErrHostKey},
		"no repository":    {with("/team/other.git", private, known), ErrNotFound},
		"a key that is no": {with("/team/postmortems.git", []byte("secret"), known), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Open(t.Context(), test.settings)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v, %v", r, err)
			}
		})
	}
}
