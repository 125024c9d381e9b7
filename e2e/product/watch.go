package product

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/debrief-sre/debrief/e2e/process"
)

// A Watch is a place where debrief watch runs, and may be run again.
type Watch struct {
	Program    string // the built debrief
	Kubeconfig string
	Dir        string // where it works
	Config     string // the file to be written there before it starts
	Log        string // the file with all that its processes have said
	Port       int    // where it is to listen on loopback
	PID        int    // of the process that runs, or ran last

	life  *process.Group // of the running process
	ended chan error     // holds why it ended
}

// NewWatch makes a place for a program's watch in an empty folder.
func NewWatch(dir, program, kubeconfig string) (*Watch, error) {
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, err
	}
	logs := filepath.Join(dir, "logs")
	return &Watch{
		Program: program, Kubeconfig: kubeconfig, Port: ports[0],
		Dir: dir, Config: filepath.Join(dir, "debrief.yaml"), Log: filepath.Join(logs, "debrief.log"),
	}, os.Mkdir(logs, 0o700)
}

// URL is the address of a path where it listens.
func (w *Watch) URL(path string) string { return "http://" + process.Loopback(w.Port) + path }

// Start starts the process.
func (w *Watch) Start() error {
	ended := make(chan error, 1)
	life := process.NewGroup(filepath.Dir(w.Log), func(err error) { ended <- err })
	if err := life.Start("debrief", w.Program, "watch", "--config", w.Config, "--kubeconfig", w.Kubeconfig); err != nil {
		return err
	}
	w.life, w.ended, w.PID = life, ended, life.PIDs()[0]
	return nil
}

// Ready returns when the watch has listed everything. The time is from before
// the question that was answered with yes.
func (w *Watch) Ready(ctx context.Context) (time.Time, error) {
	for {
		asked := time.Now()
		if req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL("/readyz"), http.NoBody); err != nil {
			return time.Time{}, err
		} else if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return asked, nil
			}
		}
		select {
		case err := <-w.ended:
			w.ended <- err
			return time.Time{}, err
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("waiting for debrief to be ready: %w", context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Begin starts the process and waits until it is ready, for a minute.
func (w *Watch) Begin(ctx context.Context) error {
	if err := w.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := w.Ready(ctx)
	return err
}

// Kill ends the process as nothing can prevent, if it runs.
func (w *Watch) Kill() { _ = w.end(syscall.SIGKILL) }

// Stop ends the process as Kubernetes does. The error tells that it did not
// succeed, or had ended before.
func (w *Watch) Stop() error {
	if err := w.end(syscall.SIGTERM); !strings.Contains(err.Error(), "exit status 0") {
		return err
	}
	return nil
}

// end ends the process by a signal, and tells how that went.
func (w *Watch) end(by syscall.Signal) error {
	if w.life == nil {
		return errors.New("debrief does not run")
	}
	_ = syscall.Kill(w.PID, by) // it may have ended by itself
	how := <-w.ended
	_ = w.life.Stop() // nothing is left to be stopped
	w.life = nil
	return how
}
