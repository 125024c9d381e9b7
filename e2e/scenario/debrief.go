package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/e2e/pagerduty"
)

// debriefTimeout is far more than debrief may need against servers that answer.
const debriefTimeout = 90 * time.Second

// An outcome is what a run of debrief left behind.
type outcome struct {
	exit   int
	stdout string
	stderr string
	dir    string // with the documents
}

// Exit codes of debrief.
const (
	exitDone   = 0
	exitFailed = 1
	exitGaps   = 3
)

// config is what an operator would write: where to ask, and which objective and
// which PagerDuty service belong to the rollout.
const config = `prometheus:
  url: %[1]s
pagerduty:
  url: %[2]s
slos:
  - name: %[3]s-availability
    target: 99.9
    window: 30d
    bad: nginx_http_requests_total{app="%[3]s",status=~"5.."}
    total: nginx_http_requests_total{app="%[3]s"}
services:
  - rollout: %[4]s/%[3]s
    pagerduty: [%[5]s]
    slos: [%[3]s-availability]
`

// generate runs `debrief generate` on the story's rollout.
func (a *Actors) generate(ctx context.Context, dir string) (*outcome, error) {
	return a.debrief(ctx, dir, a.PagerDuty.URL(), "generate", "--format", "md,html,json", "-o", dir)
}

// AskPrism runs `debrief generate` against a PagerDuty that knows nothing of
// the story but whose answers are PagerDuty's own examples, and checks that
// debrief could read them.
func (a *Actors) AskPrism(ctx context.Context, dir string, prism *pagerduty.Prism) error {
	out, err := a.debrief(ctx, dir, prism.URL, "generate", "--format", "json", "-o", dir)
	if err != nil {
		return err
	}
	path, err := out.document(".json")
	if err != nil {
		return err
	}
	report, _, err := readReport(path)
	if err != nil {
		return err
	}
	asked := false
	for _, c := range report.Coverage {
		if !strings.HasPrefix(c.Source, "pagerduty") {
			continue
		}
		asked = true
		if c.Status != "ok" && c.Status != "partial" {
			return fmt.Errorf("debrief calls %s of Prism %s: %s", c.Source, c.Status, c.Reason)
		}
	}
	if !asked {
		return errors.New("debrief's coverage does not mention pagerduty")
	}
	return nil
}

// Record runs `debrief collect` and writes the evidence bundle to a file.
func (a *Actors) Record(ctx context.Context, dir, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("making the folder for the bundle: %w", err)
	}
	out, err := a.debrief(ctx, dir, a.PagerDuty.URL(), "collect", "-o", file)
	if err != nil {
		return err
	}
	if out.exit != exitDone && out.exit != exitGaps {
		return fmt.Errorf("recording %s: debrief collect ended with %d: %s", a.Ref, out.exit, out.stderr)
	}
	return nil
}

// debrief runs a command of debrief on the story's rollout, as a user that may
// only read, with a config file in dir.
func (a *Actors) debrief(ctx context.Context, dir, pagerDutyURL, command string, flags ...string) (*outcome, error) {
	configFile := filepath.Join(filepath.Dir(dir), filepath.Base(dir)+".yaml")
	text := fmt.Sprintf(config, a.Lab.PrometheusURL, pagerDutyURL, a.Story.App, Namespace, serviceID(a.Story.App))
	if err := os.WriteFile(configFile, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("writing debrief's config: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, debriefTimeout)
	defer cancel()
	args := append([]string{
		command, a.Ref.String(),
		"--kubeconfig", a.Lab.ReaderKubeconfig,
		"--config", configFile,
		"--prometheus-url", a.Lab.PrometheusURL,
		"--pagerduty-url", pagerDutyURL,
	}, flags...)
	cmd := exec.CommandContext(ctx, a.Debrief, args...)
	cmd.Env = append(os.Environ(), "PAGERDUTY_TOKEN="+pagerduty.Token)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		return nil, fmt.Errorf("running debrief %s: %w\n%s", command, err, stderr.String())
	}
	return &outcome{exit: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(), dir: dir}, nil
}

// document is the one file with that ending.
func (o *outcome) document(ending string) (string, error) {
	files, err := filepath.Glob(filepath.Join(o.dir, "*"+ending))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("debrief left %d files *%s in its folder, want 1 (exit %d, stderr: %s)", len(files), ending, o.exit, o.stderr)
	}
	return files[0], nil
}
