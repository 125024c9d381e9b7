package servers

import "context"

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
)

// Kustomize builds kustomize into the cache and returns its command.
func Kustomize(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	return kustomize.single(ctx, progress)
}

// Helm builds Helm into the cache and returns its command.
func Helm(ctx context.Context, progress func(format string, args ...any)) (string, error) {
	return helm.single(ctx, progress)
}
