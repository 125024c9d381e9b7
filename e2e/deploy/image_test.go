package deploy_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/e2e/process"
	"github.com/debrief-sre/debrief/e2e/servers"
)

// The image is built with the configuration in deploy, but on an empty base
// from a registry on loopback: no other can be counted on to be reached.
func TestImage(t *testing.T) {
	ko, crane, err := servers.Ko(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	registry := startRegistry(t, crane)
	base := registry + "/empty"
	platform := "linux/" + runtime.GOARCH
	layer := filepath.Join(t.TempDir(), "layer.tar")
	write(t, layer, string(make([]byte, 1024))) // the end of an archive of nothing
	for _, args := range [][]string{
		{"append", "--oci-empty-base", "-f", layer, "-t", base},
		{"mutate", base, "--set-platform", platform, "--user", "65532", "-t", base},
	} {
		if _, err := command(t.Context(), crane, args...); err != nil {
			t.Fatal(err)
		}
	}

	config, err := filepath.Abs(filepath.Join(deployDir, "ko.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), ko, "build", "--bare", "--platform="+platform, "--sbom=none", "./cmd/debrief")
	build.Dir = root
	build.Env = append(os.Environ(), "KO_CONFIG_PATH="+config, "KO_DEFAULTBASEIMAGE="+base, "KO_DOCKER_REPO="+registry+"/debrief")
	var stderr bytes.Buffer
	build.Stderr = &stderr
	out, err := build.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	image := strings.TrimSpace(string(out))

	out, err = command(t.Context(), crane, "config", image)
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		Config struct {
			Entrypoint []string
			User       string
		}
	}
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatal(err)
	}
	if len(made.Config.Entrypoint) != 1 || made.Config.User != "65532" {
		t.Fatalf("entrypoint %q as user %q", made.Config.Entrypoint, made.Config.User)
	}
	content, err := command(t.Context(), crane, "export", image, "-")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "debrief")
	if err := os.WriteFile(binary, fileIn(t, content, made.Config.Entrypoint[0]), 0o755); err != nil {
		t.Fatal(err)
	}
	version, err := command(t.Context(), binary, "version")
	if err != nil || !strings.HasPrefix(string(version), "debrief ") {
		t.Errorf("version %q, %v", version, err)
	}
}

// startRegistry runs a registry until the test ends.
func startRegistry(t *testing.T, crane string) (address string) {
	t.Helper()
	ports, err := process.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	address = process.Loopback(ports[0])
	cmd := exec.Command(crane, "registry", "serve", "--address", address, "--disk", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if err := process.Poll(t.Context(), "the registry", func(context.Context) error {
		_, err := get(fmt.Sprintf("http://%s/v2/", address))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return address
}

// fileIn is a file of an image's content.
func fileIn(t *testing.T, content []byte, name string) []byte {
	t.Helper()
	files := tar.NewReader(bytes.NewReader(content))
	for {
		header, err := files.Next()
		if err != nil {
			t.Fatalf("looking for %s: %v", name, err)
		}
		if strings.TrimPrefix(header.Name, "/") == strings.TrimPrefix(name, "/") {
			data, err := io.ReadAll(files)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
}
