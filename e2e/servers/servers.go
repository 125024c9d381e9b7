// Package servers builds the real servers of the lab from pinned modules.
//
// Each folder beside this file is a Go module with nothing but a go.mod and a
// go.sum: its tool lines name the commands, its requirements pin every version
// they are built from. A built set lies in the cache under a name made of the
// server's version and a digest of that go.mod and go.sum, so a set is built
// once, a changed pin builds a new one, and an interrupted build leaves nothing
// that a later run could mistake for a whole one.
package servers

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A Set is one pinned module, and what the lab takes from it.
type Set struct {
	Name    string   // folder of the pinned module beside this file
	Module  string   // module the set is about
	Version string   // its version, as in the go.mod
	Tools   []string // import paths of the commands to build
	Files   []string // files and folders of the module that are read: CRDs, kwok stages
	tags    string   // build tags
	ldflags string   // besides -s -w
}

// All lists every set that the lab runs.
var All = []Set{
	{
		Name:    "etcd",
		Module:  "go.etcd.io/etcd/server/v3",
		Version: "v3.7.3",
		Tools:   []string{"go.etcd.io/etcd/server/v3"},
	},
	{
		Name:    "kubernetes",
		Module:  "k8s.io/kubernetes",
		Version: "v1.37.2",
		Tools: []string{
			"k8s.io/kubernetes/cmd/kube-apiserver",
			"k8s.io/kubernetes/cmd/kube-controller-manager",
			"k8s.io/kubernetes/cmd/kube-scheduler",
		},
		// Without this the servers call themselves v0.0.0-master.
		ldflags: "-X k8s.io/component-base/version.gitVersion=v1.37.2" +
			" -X k8s.io/component-base/version.gitMajor=1" +
			" -X k8s.io/component-base/version.gitMinor=37",
	},
	{
		Name:    "kwok",
		Module:  "sigs.k8s.io/kwok",
		Version: "v0.8.0",
		Tools:   []string{"sigs.k8s.io/kwok/cmd/kwok"},
		Files: []string{
			"kustomize/stage/node/fast/node-initialize.yaml",
			"kustomize/stage/node/heartbeat/node-heartbeat.yaml",
			"kustomize/stage/pod/fast/pod-ready.yaml",
			"kustomize/stage/pod/fast/pod-complete.yaml",
			"kustomize/stage/pod/fast/pod-delete.yaml",
		},
	},
	{
		Name:    "argo-rollouts",
		Module:  "github.com/argoproj/argo-rollouts",
		Version: "v1.9.1",
		Tools:   []string{"github.com/argoproj/argo-rollouts/cmd/rollouts-controller"},
		Files: []string{
			"manifests/crds/analysis-run-crd.yaml",
			"manifests/crds/analysis-template-crd.yaml",
			"manifests/crds/cluster-analysis-template-crd.yaml",
			"manifests/crds/experiment-crd.yaml",
			"manifests/crds/rollout-crd.yaml",
		},
	},
}

// Built says where everything of every set lies.
type Built struct {
	bin   map[string]string
	files map[string][]string
}

// Bin is the path of a command, by its last path element: "kube-apiserver".
// etcd's main package is the module's root, so its command is named "etcd".
func (b *Built) Bin(command string) string { return b.bin[command] }

// Files are the paths of the files taken from a set, in the order of the table.
func (b *Built) Files(set string) []string { return b.files[set] }

// Build builds whatever the cache lacks and says where everything is. It tells
// progress, with the time each set took, only about what it had to build.
func Build(ctx context.Context, progress func(format string, args ...any)) (*Built, error) {
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	b := &Built{bin: map[string]string{}, files: map[string][]string{}}
	for _, set := range All {
		dir, err := set.build(ctx, cache, progress)
		if err != nil {
			return nil, fmt.Errorf("building %s %s: %w", set.Name, set.Version, err)
		}
		for _, tool := range set.Tools {
			name := set.command(tool)
			b.bin[name] = filepath.Join(dir, name)
		}
		for _, file := range set.Files {
			b.files[set.Name] = append(b.files[set.Name], filepath.Join(dir, path.Base(file)))
		}
	}
	return b, nil
}

// command is the name of the binary built from a tool's import path.
func (s Set) command(tool string) string {
	if tool == s.Module {
		return s.Name
	}
	return path.Base(tool)
}

// build returns the folder of the set in the cache, after building it there
// unless it is complete already.
func (s Set) build(ctx context.Context, cache string, progress func(string, ...any)) (string, error) {
	src, err := source(s.Name)
	if err != nil {
		return "", err
	}
	key, err := cacheKey(src, "go.mod", "go.sum", runtime.Version(), runtime.GOARCH, s.ldflags, fmt.Sprint(s.Tools, s.Files)+s.tags)
	if err != nil {
		return "", err
	}
	entry := filepath.Join(cache, fmt.Sprintf("%s-%s-%s", s.Name, s.Version, key))
	return entry, once(entry, func(tmp string) error {
		start := time.Now()
		progress("building %s %s (minutes when cold, once)", s.Name, s.Version)
		for _, tool := range s.Tools {
			if err := s.compile(ctx, src, tool, filepath.Join(tmp, s.command(tool))); err != nil {
				return err
			}
		}
		if err := s.copyFiles(ctx, src, tmp); err != nil {
			return err
		}
		progress("built %s %s in %s", s.Name, s.Version, time.Since(start).Round(time.Second))
		return nil
	})
}

// compile builds one command. It runs nicely: a developer goes on working
// beside a cold build.
func (s Set) compile(ctx context.Context, src, tool, out string) error {
	args := []string{"build", "-tags", s.tags, "-ldflags", strings.TrimSpace("-s -w " + s.ldflags), "-o", out, tool}
	_, err := run(ctx, src, "nice", append([]string{"-n", "19", "go"}, args...)...)
	return err
}

// copyFiles takes the files that are read out of the module, so that a warm
// cache needs nothing else.
func (s Set) copyFiles(ctx context.Context, src, dst string) error {
	if len(s.Files) == 0 {
		return nil
	}
	out, err := run(ctx, src, "go", "mod", "download", "-json", s.Module)
	if err != nil {
		return err
	}
	var module struct{ Dir, Version string }
	if err := json.Unmarshal(out, &module); err != nil {
		return fmt.Errorf("reading the answer of go mod download: %w", err)
	}
	if module.Version != s.Version {
		return fmt.Errorf("the go.mod pins %s %s, the table says %s", s.Module, module.Version, s.Version)
	}
	for _, file := range s.Files {
		if err := keep(filepath.Join(module.Dir, file), filepath.Join(dst, path.Base(file))); err != nil {
			return fmt.Errorf("taking %s out of the module: %w", file, err)
		}
	}
	return nil
}

// keep copies a file, or a folder with all that is in it.
func keep(src, dst string) error {
	info, err := os.Stat(src)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(dst, os.DirFS(src))
	}
	data, err := os.ReadFile(src)
	if err != nil {
		return err
	}
	return os.WriteFile(dst, data, 0o644)
}
