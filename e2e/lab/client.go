package lab

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/debrief-sre/debrief/e2e/argo"
)

//go:embed manifests/cluster.yaml
var clusterManifest string

// pluginUserAgent is that of the Argo Rollouts kubectl plugin. The API server
// takes the field manager of a write from it, and that is the only trace a
// person leaves who aborts a rollout.
const pluginUserAgent = "kubectl-argo-rollouts/v1.9.1 (linux/amd64)"

// Ref names a rollout.
type Ref struct {
	Namespace, Name string
}

func (r Ref) String() string { return r.Namespace + "/" + r.Name }

// makeClients makes the clients of the admin.
func (l *Lab) makeClients() error {
	config, err := clientcmd.BuildConfigFromFlags("", l.Kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the admin's kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 200, 400 // many scenarios share these clients
	l.admin = config
	if l.Kube, err = kubernetes.NewForConfig(config); err != nil {
		return fmt.Errorf("making the typed client: %w", err)
	}
	if l.Dynamic, err = dynamic.NewForConfig(config); err != nil {
		return fmt.Errorf("making the dynamic client: %w", err)
	}
	asPlugin := rest.CopyConfig(config)
	asPlugin.UserAgent = pluginUserAgent
	if l.plugin, err = dynamic.NewForConfig(asPlugin); err != nil {
		return fmt.Errorf("making the plugin's client: %w", err)
	}
	l.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(l.Kube.Discovery()))
	return nil
}

// Apply applies the YAML documents of a manifest in their order, as
// kubectl apply --server-side does.
func (l *Lab) Apply(ctx context.Context, manifest string) error {
	documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096)
	for {
		var obj unstructured.Unstructured
		err := documents.Decode(&obj.Object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a manifest: %w", err)
		}
		if obj.Object == nil {
			continue // an empty document
		}
		if err := l.applyObject(ctx, &obj); err != nil {
			return fmt.Errorf("applying %s %s: %w", obj.GetKind(), obj.GetName(), err)
		}
	}
}

func (l *Lab) applyObject(ctx context.Context, obj *unstructured.Unstructured) error {
	gvk := obj.GroupVersionKind()
	mapping, err := l.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	var client dynamic.ResourceInterface = l.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		client = l.Dynamic.Resource(mapping.Resource).Namespace(obj.GetNamespace())
	}
	_, err = client.Apply(ctx, obj.GetName(), obj, metav1.ApplyOptions{FieldManager: "kubectl", Force: true})
	return err
}

// SetImage changes the image of a rollout's first container, as
// `kubectl argo rollouts set image` does.
func (l *Lab) SetImage(ctx context.Context, ref Ref, image string) error {
	return l.PatchTemplate(ctx, ref, image, nil)
}

// PatchTemplate changes the image and, if given, the node selector of a
// rollout's pods. A selector that no node matches keeps them pending.
func (l *Lab) PatchTemplate(ctx context.Context, ref Ref, image string, nodeSelector map[string]string) error {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	operations := []operation{{"replace", "/spec/template/spec/containers/0/image", image}}
	if nodeSelector != nil {
		operations = append(operations, operation{"add", "/spec/template/spec/nodeSelector", nodeSelector})
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return fmt.Errorf("writing a patch: %w", err)
	}
	_, err = l.plugin.Resource(argo.Rollouts).Namespace(ref.Namespace).
		Patch(ctx, ref.Name, types.JSONPatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("changing %s to image %s: %w", ref, image, err)
	}
	return nil
}

// Abort aborts a rollout as a person does with `kubectl argo rollouts abort`:
// the same patch, to the same subresource, by the same field manager; and a moment
// after the controller's last word, as no person is faster. Nor could the
// controller bear it: after each write it puts what it wrote into its own cache,
// and an abort that came in between stays unseen there until the next resync.
func (l *Lab) Abort(ctx context.Context, ref Ref) error {
	if err := l.WaitQuiet(ctx, ref, time.Second); err != nil {
		return err
	}
	_, err := l.plugin.Resource(argo.Rollouts).Namespace(ref.Namespace).
		Patch(ctx, ref.Name, types.MergePatchType, []byte(`{"status":{"abort":true}}`), metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("aborting %s: %w", ref, err)
	}
	return nil
}
