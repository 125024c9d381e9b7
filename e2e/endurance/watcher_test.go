package endurance_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/process"
)

// A watcher is a place where debrief watch runs, and may be run again.
type watcher struct {
	dir        string
	kubeconfig string
	config     string
	port       int

	life  *process.Group // of the running process
	pid   int
	ended chan error // holds why it ended
}

// newWatcher makes a place for a watch of one namespace. The archive is the
// configuration's text of where it is; more is further top-level text.
func newWatcher(t *testing.T, namespace, archive, more string) *watcher {
	t.Helper()
	ports, err := process.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{dir: t.TempDir(), kubeconfig: ground.lab.ReaderKubeconfig, port: ports[0]}
	w.config = filepath.Join(w.dir, "debrief.yaml")
	if err := os.Mkdir(filepath.Join(w.dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`watch:
  cluster: %s
  namespaces: [%s]
  archive: {%s}
  documents: postmortems
  settle: {max: 1s}
  listen: %s
%s`, namespace, namespace, archive, process.Loopback(w.port), more)
	if err := os.WriteFile(w.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.kill()
		if t.Failed() {
			t.Logf("the watcher's last words:\n%s", tail(w.log(), 40))
		}
	})
	return w
}

func (w *watcher) log() string       { return filepath.Join(w.dir, "logs", "debrief.log") }
func (w *watcher) documents() string { return filepath.Join(w.dir, "postmortems") }

// start starts the process.
func (w *watcher) start() error {
	w.ended = make(chan error, 1)
	w.life = process.NewGroup(filepath.Join(w.dir, "logs"), func(err error) { w.ended <- err })
	if err := w.life.Start("debrief", ground.debrief, "watch", "--config", w.config, "--kubeconfig", w.kubeconfig); err != nil {
		return err
	}
	w.pid = w.life.PIDs()[0]
	return nil
}

// ready returns when the watcher has listed everything. The time is from before
// the question that was answered with yes.
func (w *watcher) ready(ctx context.Context) (time.Time, error) {
	url := "http://" + process.Loopback(w.port) + "/readyz"
	for {
		asked := time.Now()
		if req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody); err != nil {
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

// begin starts the process and waits until it is ready.
func (w *watcher) begin(t *testing.T) {
	t.Helper()
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := w.ready(ctx); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process as nothing can prevent, if it runs.
func (w *watcher) kill() {
	if w.life == nil {
		return
	}
	_ = syscall.Kill(w.pid, syscall.SIGKILL) // it may have ended by itself
	<-w.ended
	_ = w.life.Stop() // nothing is left to be stopped
	w.life = nil
}

// stop ends the process as Kubernetes does, and tells how that went.
func (w *watcher) stop() error {
	if err := syscall.Kill(w.pid, syscall.SIGTERM); err != nil {
		return err
	}
	err := <-w.ended
	_ = w.life.Stop() // nothing is left to be stopped
	w.life = nil
	if !strings.Contains(err.Error(), "exit status 0") {
		return err
	}
	return nil
}

// memory is the most that the process has had in memory, in bytes.
func (w *watcher) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.pid))
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("/proc tells nothing of the most that was in memory")
}

// logged counts the lines of the log with a text in them.
func (w *watcher) logged(text string) int {
	data, err := os.ReadFile(w.log())
	if err != nil {
		return 0
	}
	return strings.Count(string(data), text)
}

// tail is the last lines of a file.
func tail(path string, lines int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.SplitAfter(string(data), "\n")
	return strings.Join(all[max(len(all)-lines, 0):], "")
}
