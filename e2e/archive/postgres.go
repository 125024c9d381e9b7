// Package archive runs the tests of debrief's archive over a real PostgreSQL.
package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/debrief-sre/debrief/e2e/process"
)

// Server is a PostgreSQL on loopback with a data folder of its own.
type Server struct {
	bin, folder string
	port        int
	databases   atomic.Int64
	group       *process.Group // nil: it does not run
	ended       chan error     // holds why it ended by itself
}

// NewServer makes a server's data folder below the given one and starts the server.
func NewServer(ctx context.Context, folder string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, folder: folder, port: ports[0], ended: make(chan error, 1)}
	if err := s.own(); err != nil {
		return nil, err
	}
	command := s.command("initdb", "--username=debrief", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D", s.data())
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, s.Start(ctx)
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

// binaries is the folder of the newest PostgreSQL that Debian has installed.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err == nil && len(found) == 0 {
		err = errors.New("no PostgreSQL in /usr/lib/postgresql: make e2e-setup")
	}
	if err != nil {
		return "", err
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// account is who PostgreSQL runs as: it refuses to run as root.
const account = "postgres"

// own gives the folder to the account, if this process is root.
func (s *Server) own() error {
	if os.Geteuid() != 0 {
		return nil
	}
	owner, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	return os.Chown(s.folder, uid, -1)
}

// command is how one of PostgreSQL's programs is called. A change of accounts
// takes back that a child dies with its parent, so setpriv asks for it again.
func (s *Server) command(name string, args ...string) []string {
	command := append([]string{filepath.Join(s.bin, name)}, args...)
	if os.Geteuid() == 0 {
		command = append([]string{"/usr/bin/setpriv", "--reuid", account, "--regid", account, "--clear-groups", "--pdeathsig", "KILL", "--"}, command...)
	}
	return command
}

// Start starts the server and returns when it answers.
func (s *Server) Start(ctx context.Context) error {
	s.group = process.NewGroup(s.folder, func(err error) {
		select {
		case s.ended <- err:
		default:
		}
	})
	command := s.command("postgres", "-D", s.data(), "-c", "listen_addresses=127.0.0.1", "-p", strconv.Itoa(s.port), "-k", "")
	if err := s.group.Start("postgres", command[0], command[1:]...); err != nil {
		return err
	}
	return process.Poll(ctx, "PostgreSQL", func(ctx context.Context) error {
		select {
		case err := <-s.ended:
			return err
		default:
			return s.Execute(ctx, "postgres", "SELECT 1")
		}
	})
}

// Stop ends the server as for maintenance: clients are cut off.
func (s *Server) Stop(ctx context.Context) error {
	for _, pid := range s.group.PIDs() {
		if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
			return err
		}
	}
	err := process.Poll(ctx, "PostgreSQL's end", func(context.Context) error {
		select {
		case <-s.ended:
			return nil
		default:
			return errors.New("it still runs")
		}
	})
	return errors.Join(err, s.group.Stop())
}

// URL is the address of a database.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://debrief@%s/%s?sslmode=disable", process.Loopback(s.port), database)
}

// NewDatabase creates a database, after which it executes statements in it.
func (s *Server) NewDatabase(ctx context.Context, statements ...string) (name string, err error) {
	name = fmt.Sprintf("archive%d", s.databases.Add(1))
	if err := s.Execute(ctx, "postgres", "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return name, s.Execute(ctx, name, strings.Join(statements, ";\n"))
}

// Execute executes statements in a database.
func (s *Server) Execute(ctx context.Context, database, statements string) error {
	db, err := sql.Open("pgx", s.URL(database))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statements)
	return errors.Join(err, db.Close())
}
