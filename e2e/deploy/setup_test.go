// Package deploy_test checks what the folder deploy offers: manifests against a
// real API server, the rights in them one by one, the pipelines' steps as they
// are written, rules by promtool, the image by ko.
package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/debrief-sre/debrief/e2e/product"
	"github.com/debrief-sre/debrief/e2e/servers"
)

// root is the repository's.
const root = "../.."

var deployDir = filepath.Join(root, "deploy")

// command runs a command and returns what it printed.
func command(ctx context.Context, name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(name), err, stderr.String())
	}
	return stdout.Bytes(), nil
}

// kustomized is what kustomize makes of a folder.
func kustomized(t *testing.T, dir string) []byte {
	t.Helper()
	kustomize, err := servers.Kustomize(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	out, err := command(t.Context(), kustomize, "build", filepath.Join(deployDir, "kustomize", dir))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A chart is an installation by Helm.
type chart struct {
	name      string
	namespace string
	set       []string
}

const image = "image.repository=registry.local/debrief"

var (
	chartDefault = chart{"default", "debrief", []string{image}}
	chartHA      = chart{"ha", "debrief", []string{
		image, "secret=debrief", "replicas=2", "persistence.accessMode=ReadWriteMany",
		"config.watch.archive.urlFile=/var/run/secrets/debrief/archive-url", "networkPolicy.egressPorts={443,6443,9090,5432}",
	}}
	chartNamespaced = chart{"namespaced", "sre", []string{
		image, "image.tag=1.2.3", "namespaces={sre,shop}", "secret=debrief", "persistence.existingClaim=ours",
		"networkPolicy.enabled=false", "serviceMonitor.enabled=true", "serviceMonitor.labels.release=prometheus",
		"podAnnotations.team=sre", "nodeSelector.disk=ssd", "config.prometheus.url=http://prometheus.monitoring.svc:9090",
		"config.watch.listen=:8080",
	}}
)

// render is what Helm makes of the chart.
func (c chart) render(ctx context.Context) ([]byte, error) {
	helm, err := servers.Helm(ctx, func(string, ...any) {})
	if err != nil {
		return nil, err
	}
	args := []string{"template", "debrief", filepath.Join(deployDir, "helm/debrief"), "--namespace", c.namespace}
	for _, value := range c.set {
		args = append(args, "--set", value)
	}
	return command(ctx, helm, args...)
}

// objects are those of a manifest.
func objects(t *testing.T, manifest []byte) []*unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	for {
		var o unstructured.Unstructured
		err := documents.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, manifest)
		}
		if o.Object != nil {
			found = append(found, &o)
		}
	}
}

// debrief is the built program.
var debrief = sync.OnceValues(func() (string, error) {
	cache, err := servers.CacheDir()
	if err != nil {
		return "", err
	}
	return product.Build(context.Background(), filepath.Join(cache, "deploy-test"))
})

func debriefBinary(t *testing.T) string {
	t.Helper()
	bin, err := debrief()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}
