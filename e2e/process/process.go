// Package process runs servers as children of this process and sees to it that
// none outlives it: not after a failure, not after a Ctrl-C, and on Linux not
// even when this process is killed.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// gracePeriod is how long a server may take to end by itself.
const gracePeriod = 5 * time.Second

// A Group is a set of servers. Each leads a process group of its own, so that a
// Ctrl-C in the terminal reaches this process alone, which then ends them in
// order; and each dies with this process even if that is killed outright.
type Group struct {
	logs   string            // folder with one log per process
	onExit func(err error)   // told when one ends that nobody stopped
	starts chan func() error // carried out by the one thread that forks
	result chan error

	mu      sync.Mutex
	running []*server
}

type server struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and has been reaped

	mu       sync.Mutex
	stopping bool
}

// NewGroup starts the thread that forks. Each server's output goes to a log in
// the folder logs; onExit is told when a server ends that nobody stopped.
//
// That thread is one of its own: the kernel sends a child its "parent has died"
// signal when the thread that forked it ends, and Go ends threads as it likes.
func NewGroup(logs string, onExit func(error)) *Group {
	starts, result := make(chan func() error), make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for start := range starts {
			result <- start()
		}
	}()
	return &Group{logs: logs, onExit: onExit, starts: starts, result: result}
}

// Start runs a server, with its output in a log file named after it.
func (g *Group) Start(name, bin string, args ...string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.starts == nil {
		return fmt.Errorf("starting %s: the group was stopped", name)
	}

	logPath := filepath.Join(g.logs, name+".log")
	out, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	defer out.Close() // the child has its own

	cmd := exec.Command(bin, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Dir = filepath.Dir(g.logs)
	cmd.SysProcAttr = childAttributes()

	g.starts <- cmd.Start
	if err := <-g.result; err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	srv := &server{name: name, log: logPath, cmd: cmd, done: make(chan struct{})}
	g.running = append(g.running, srv)
	go g.reap(srv)
	return nil
}

// reap waits for a process and reports an end that nobody asked for, with the
// last words of its log.
func (g *Group) reap(srv *server) {
	err := srv.cmd.Wait()
	close(srv.done)

	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.stopping {
		return
	}
	if err == nil {
		err = errors.New("exit status 0")
	}
	g.onExit(fmt.Errorf("%s ended by itself: %w\n%s", srv.name, err, logTail(srv.log, 2000)))
}

// Stop ends every process, the last started first, so that no controller
// outlives the API server it talks to. It returns when all are gone.
func (g *Group) Stop() error {
	g.mu.Lock()
	defer g.mu.Unlock()

	var errs []error
	for i := len(g.running) - 1; i >= 0; i-- {
		errs = append(errs, g.running[i].stop())
	}
	if g.starts != nil {
		close(g.starts)
		g.starts = nil
	}
	g.running = nil
	return errors.Join(errs...)
}

// stop asks a process to end, and insists when it does not. Both signals go to
// the whole group: whatever the server has forked ends with it.
func (srv *server) stop() error {
	srv.mu.Lock()
	srv.stopping = true
	srv.mu.Unlock()

	select {
	case <-srv.done:
		return nil
	default:
	}
	group := -srv.cmd.Process.Pid
	if err := syscall.Kill(group, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping %s: %w", srv.name, err)
	}
	grace, cancel := context.WithTimeout(context.Background(), gracePeriod)
	defer cancel()
	select {
	case <-srv.done:
		return nil
	case <-grace.Done():
	}
	if err := syscall.Kill(group, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("killing %s: %w", srv.name, err)
	}
	<-srv.done
	return nil
}

// Restart ends the server of that name and starts it again as it was.
func (g *Group) Restart(name string) error {
	g.mu.Lock()
	i := slices.IndexFunc(g.running, func(srv *server) bool { return srv.name == name })
	if i < 0 {
		g.mu.Unlock()
		return fmt.Errorf("restarting %s: it is not running", name)
	}
	srv := g.running[i]
	g.running = slices.Delete(g.running, i, i+1)
	g.mu.Unlock()
	if err := srv.stop(); err != nil {
		return err
	}
	return g.Start(name, srv.cmd.Path, srv.cmd.Args[1:]...)
}

// PIDs lists the servers that have been started.
func (g *Group) PIDs() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	pids := make([]int, 0, len(g.running))
	for _, srv := range g.running {
		pids = append(pids, srv.cmd.Process.Pid)
	}
	return pids
}

// logTail is the end of a log, for an error message.
func logTail(path string, n int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(data) > n {
		data = data[len(data)-n:]
	}
	return string(data)
}
