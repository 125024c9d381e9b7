package lab_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/process"
)

// buildCommand builds the command that keeps a lab running.
func buildCommand(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "lab")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../cmd/lab").CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	return bin
}

// A run is the command with a lab, in a folder for its temporary files.
type run struct {
	cmd    *exec.Cmd
	tmp    string
	pids   []int    // of the lab's servers
	ports  []string // addresses of two of them
	stderr *strings.Builder
}

// startCommand starts the command and returns when its lab is ready.
func startCommand(t *testing.T, bin, tmp string) *run {
	t.Helper()
	r := &run{cmd: exec.Command(bin), tmp: tmp, stderr: new(strings.Builder)}
	r.cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	r.cmd.Stderr = r.stderr
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.cmd.Process.Kill() }) // in vain, unless the test has failed
	if err := r.readEnvironment(stdout); err != nil {
		t.Fatalf("%v\n%s", err, r.stderr)
	}
	if r.pids, err = childrenOf(r.cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if len(r.pids) != 7 {
		t.Fatalf("the lab has %d servers, want etcd, three of Kubernetes, kwok, Argo Rollouts and Prometheus", len(r.pids))
	}
	return r
}

// readEnvironment reads what the command prints, until it is ready.
func (r *run) readEnvironment(stdout io.Reader) error {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "# ready") {
			return nil
		}
		for _, variable := range []string{"export PROMETHEUS_URL=", "export PAGERDUTY_URL="} {
			if value, ok := strings.CutPrefix(line, variable); ok {
				u, err := url.Parse(strings.Fields(value)[0])
				if err != nil {
					return err
				}
				r.ports = append(r.ports, u.Host)
			}
		}
	}
	return fmt.Errorf("the command ended before it was ready: %w", lines.Err())
}

// childrenOf lists the processes whose parent is that one.
func childrenOf(parent int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// PID (NAME) STATE PPID ..., and a name may hold anything.
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				return nil, err
			}
			children = append(children, pid)
		}
	}
	return children, nil
}

// nothingRuns checks that the servers are gone and their ports are free.
func (r *run) nothingRuns(t *testing.T) {
	t.Helper()
	for _, pid := range r.pids {
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("process %d is still there", pid)
		}
	}
	for _, address := range r.ports {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
			t.Errorf("%s still answers", address)
		}
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestALabLeavesNothingBehind(t *testing.T) {
	bin := buildCommand(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			r := startCommand(t, bin, t.TempDir())
			if err := r.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := r.cmd.Wait(); err != nil {
				t.Errorf("the command ended with %v\n%s", err, r.stderr)
			}
			r.nothingRuns(t)
			if left := entries(t, r.tmp); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A process that is killed cannot clean up. Then the kernel ends the servers,
// and the next lab removes the folder.
func TestAKilledLabIsCleanedUpAfter(t *testing.T) {
	bin, tmp := buildCommand(t), t.TempDir()
	r := startCommand(t, bin, tmp)
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.cmd.Wait()
	for _, pid := range r.pids {
		err := process.Poll(t.Context(), "the end of a server", func(ctx context.Context) error {
			if err := syscall.Kill(pid, 0); err == nil {
				return fmt.Errorf("process %d is still there", pid)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	r.nothingRuns(t)
	if left := entries(t, tmp); len(left) != 1 {
		t.Errorf("left behind: %v, want the one folder that nobody was left to remove", left)
	}

	next := startCommand(t, bin, tmp)
	if err := next.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := next.cmd.Wait(); err != nil {
		t.Errorf("the command ended with %v\n%s", err, next.stderr)
	}
	if left := entries(t, tmp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A lab that fails to start, here for want of Prometheus when all else runs,
// ends what it had started.
func TestAFailedStartLeavesNothingBehind(t *testing.T) {
	bin, tmp := buildCommand(t), t.TempDir()
	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "PATH="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "prometheus is missing") {
		t.Errorf("the command ended with %v, want one about Prometheus:\n%s", err, out)
	}
	if left := entries(t, tmp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// What it had started was in its folder, so no process may name that.
	if found, err := exec.Command("pgrep", "-f", tmp).Output(); err == nil {
		t.Errorf("still running: %s", found)
	}
}
