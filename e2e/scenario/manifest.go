package scenario

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"text/template"
)

//go:embed manifests
var manifests embed.FS

// render writes the manifests of a rollout and of what it needs.
func (m manifest) render(app, image, prometheusURL string) (string, error) {
	strategy := "canary.yaml"
	if m.BlueGreen {
		strategy = "bluegreen.yaml"
	}
	m.Prometheus = cmp.Or(m.Prometheus, prometheusURL)
	m.ProgressDeadlineSeconds = cmp.Or(m.ProgressDeadlineSeconds, 600)
	data := struct {
		manifest
		Namespace, Name, Image string
	}{m, Namespace, app, image}

	t, err := template.ParseFS(manifests, "manifests/*.yaml")
	if err != nil {
		return "", fmt.Errorf("parsing the manifests: %w", err)
	}
	var out bytes.Buffer
	for _, name := range []string{"common.yaml", strategy} {
		if err := t.ExecuteTemplate(&out, name, data); err != nil {
			return "", fmt.Errorf("filling the manifests of %s: %w", app, err)
		}
	}
	return out.String(), nil
}
