package endurance_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/e2e/process"
	"github.com/debrief-sre/debrief/e2e/product"
)

// A watcher is a place where debrief watch runs, and may be run again.
type watcher struct{ *product.Watch }

// newWatcher makes a place for a watch of one namespace. The archive is the
// configuration's text of where it is; more is further top-level text.
func newWatcher(t *testing.T, namespace, archive, more string) *watcher {
	t.Helper()
	watch, err := product.NewWatch(t.TempDir(), ground.debrief, ground.lab.ReaderKubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{watch}
	text := fmt.Sprintf(`watch:
  cluster: %s
  namespaces: [%s]
  archive: {%s}
  documents: postmortems
  settle: %s
  listen: %s
%s`, namespace, namespace, archive, settling, process.Loopback(w.Port), more)
	if err := os.WriteFile(w.Config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Kill()
		if t.Failed() {
			t.Logf("the watcher's last words:\n%s", tail(w.Log, 40))
		}
	})
	return w
}

// settling is for how long incidents settle, unless a test says otherwise.
const settling = "{max: 1s}"

// settle has incidents settle for another time.
func (w *watcher) settle(t *testing.T, times string) {
	t.Helper()
	text, err := os.ReadFile(w.Config)
	if err == nil {
		err = os.WriteFile(w.Config, bytes.Replace(text, []byte(settling), []byte(times), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *watcher) documents() string { return filepath.Join(w.Dir, "postmortems") }

// begin starts the process and waits until it is ready.
func (w *watcher) begin(t *testing.T) {
	t.Helper()
	if err := w.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// memory is the most that the process has had in memory, in bytes.
func (w *watcher) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.PID))
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
	data, err := os.ReadFile(w.Log)
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
