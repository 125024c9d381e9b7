package servers

import (
	"context"
	"path/filepath"
)

// What builds manifests and images from the folder deploy.
var (
	kustomize = Set{
		Name:    "kustomize",
		Module:  "sigs.k8s.io/kustomize/kustomize/v5",
		Version: "v5.8.1",
		Tools:   []string{"sigs.k8s.io/kustomize/kustomize/v5"},
	}
	helm = Set{
		Name:    "helm",
		Module:  "helm.sh/helm/v4",
		Version: "v4.3.1",
		Tools:   []string{"helm.sh/helm/v4/cmd/helm"},
	}
	ko = Set{
		Name:    "ko",
		Module:  "github.com/google/ko",
		Version: "v0.19.1",
		Tools:   []string{"github.com/google/ko", "github.com/google/go-containerregistry/cmd/crane"},
	}
)

// Kustomize builds kustomize into the cache and returns its command.
func Kustomize(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	return kustomize.single(ctx, progress)
}

// Helm builds Helm into the cache and returns its command.
func Helm(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	return helm.single(ctx, progress)
}

// Ko builds ko into the cache, and crane, which serves a registry and reads
// images, and returns their commands.
func Ko(ctx context.Context, progress func(format string, args ...any)) (builder, crane string, err error) {
	builder, err = ko.single(ctx, progress)
	return builder, filepath.Join(filepath.Dir(builder), "crane"), err
}
