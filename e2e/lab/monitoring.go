package lab

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"text/template"

	"github.com/debrief-sre/debrief/e2e/process"
	"github.com/debrief-sre/debrief/e2e/workload"
)

//go:embed manifests/prometheus.yaml
var prometheusConfig string

//go:embed manifests/alerts.yaml
var alertRules string

// startMonitoring starts the workload and the Prometheus that scrapes it.
func (l *Lab) startMonitoring(ctx context.Context) error {
	bin, err := exec.LookPath("prometheus")
	if err != nil {
		return fmt.Errorf("prometheus is missing: install Debian's package of that name, as make e2e does: %w", err)
	}
	if l.Workload, err = workload.Start(l.ctx); err != nil {
		return err
	}
	l.observe.Go(l.observeRollouts)

	config, err := render(prometheusConfig, map[string]string{
		"Target": l.Workload.Addr(),
		"Rules":  l.path("alerts.yaml"),
	})
	if err != nil {
		return err
	}
	for name, content := range map[string]string{"prometheus.yaml": config, "alerts.yaml": alertRules} {
		if err := os.WriteFile(l.path(name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("configuring Prometheus: %w", err)
		}
	}
	l.PrometheusURL = "http://" + process.Loopback(l.ports.prometheus)
	err = l.procs.Start("prometheus", bin,
		"--config.file="+l.path("prometheus.yaml"),
		"--storage.tsdb.path="+l.path("prometheus"),
		"--web.listen-address="+process.Loopback(l.ports.prometheus),
	)
	if err != nil {
		return err
	}
	return pollHTTP(ctx, "Prometheus", l.PrometheusURL+"/-/ready")
}

// render fills a manifest's placeholders; one without a value is an error.
func render(text string, data any) (string, error) {
	t, err := template.New("manifest").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", fmt.Errorf("parsing a manifest: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return "", fmt.Errorf("filling a manifest: %w", err)
	}
	return out.String(), nil
}
