package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/process"
)

// TestCluster applies the manifests to a real API server, and runs debrief with
// the rights that they give.
func TestCluster(t *testing.T) {
	l, err := lab.Start(t.Context(), "", lab.WithProgress(t.Logf))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	addVolumes(t, l)
	for _, dir := range []string{"base", "ha"} {
		t.Run("kustomize "+dir, func(t *testing.T) {
			runs(t, l, "debrief", objects(t, kustomized(t, dir)))
			if dir == "ha" {
				return // the rights are tried out below
			}
			removeNamespace(t, l, "debrief")
		})
	}
	t.Run("notifications", func(t *testing.T) { notifications(t, l) })
	t.Run("rights", func(t *testing.T) { rights(t, l) })
	removeNamespace(t, l, "debrief")
	t.Run("chart namespaced", func(t *testing.T) {
		manifest, err := chartNamespaced.render(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		createNamespace(t, l, chartNamespaced.namespace)
		takes(t, l, slices.DeleteFunc(objects(t, manifest), func(o *unstructured.Unstructured) bool {
			return o.GetKind() == "ServiceMonitor" // which the Prometheus Operator brings
		}), true)
	})
	for _, c := range []chart{chartDefault, chartHA} {
		t.Run("chart "+c.name, func(t *testing.T) {
			manifest, err := c.render(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			createNamespace(t, l, c.namespace)
			runs(t, l, c.namespace, objects(t, manifest))
			removeNamespace(t, l, c.namespace)
		})
	}
}

// addVolumes stands in for what provisions volumes.
func addVolumes(t *testing.T, l *lab.Lab) {
	t.Helper()
	for i := range 8 {
		volume := &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("volume-%d", i)},
			Spec: corev1.PersistentVolumeSpec{
				Capacity:    corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")},
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadWriteMany},
				PersistentVolumeSource: corev1.PersistentVolumeSource{
					HostPath: &corev1.HostPathVolumeSource{Path: "/none"}, // no kubelet ever mounts it
				},
			},
		}
		if _, err := l.Kube.CoreV1().PersistentVolumes().Create(t.Context(), volume, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// takes checks that the API server takes the objects without a word.
func takes(t *testing.T, l *lab.Lab, manifest []*unstructured.Unstructured, dryRun bool) {
	t.Helper()
	apply := newApplier(t, l)
	for _, o := range manifest {
		// In a dry run a namespace does not come to be.
		if err := apply.apply(t.Context(), o, dryRun && o.GetKind() != "Namespace"); err != nil {
			t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
	if len(apply.warnings) > 0 {
		t.Errorf("the API server warns: %q", apply.warnings)
	}
}

// runs checks that the API server takes the objects, and that the pods are
// admitted, scheduled and become ready.
func runs(t *testing.T, l *lab.Lab, namespace string, manifest []*unstructured.Unstructured) {
	t.Helper()
	takes(t, l, manifest, true)
	takes(t, l, manifest, false)
	err := process.Poll(t.Context(), "the deployment", func(ctx context.Context) error {
		d, err := l.Kube.AppsV1().Deployments(namespace).Get(ctx, "debrief", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if d.Status.ReadyReplicas != *d.Spec.Replicas {
			return fmt.Errorf("%d of %d replicas are ready: %s", d.Status.ReadyReplicas, *d.Spec.Replicas, words(d))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func words(d *appsv1.Deployment) (all string) {
	for _, c := range d.Status.Conditions {
		all += fmt.Sprintf("%s=%s: %s. ", c.Type, c.Status, c.Message)
	}
	return all
}

func createNamespace(t *testing.T, l *lab.Lab, name string) {
	t.Helper()
	labels := map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	if _, err := l.Kube.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func removeNamespace(t *testing.T, l *lab.Lab, name string) {
	t.Helper()
	namespaces := l.Kube.CoreV1().Namespaces()
	if err := namespaces.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	err := process.Poll(t.Context(), "the end of namespace "+name, func(ctx context.Context) error {
		_, err := namespaces.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("it is still there"))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An applier does what kubectl apply --server-side --validate=strict does.
type applier struct {
	client   dynamic.Interface
	mapper   meta.RESTMapper
	warnings []string
}

func newApplier(t *testing.T, l *lab.Lab) *applier {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", l.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	a := &applier{mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(l.Kube.Discovery()))}
	cfg.WarningHandler = a
	if a.client, err = dynamic.NewForConfig(cfg); err != nil {
		t.Fatal(err)
	}
	return a
}

// HandleWarningHeader implements [rest.WarningHandler].
func (a *applier) HandleWarningHeader(_ int, _, text string) { a.warnings = append(a.warnings, text) }

var _ rest.WarningHandler = (*applier)(nil)

func (a *applier) apply(ctx context.Context, o *unstructured.Unstructured, dryRun bool) error {
	kind := o.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	force := true
	options := metav1.PatchOptions{FieldManager: "kubectl", Force: &force, FieldValidation: metav1.FieldValidationStrict}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	var client dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		client = a.client.Resource(mapping.Resource).Namespace(o.GetNamespace())
	}
	_, err = client.Patch(ctx, o.GetName(), types.ApplyPatchType, data, options)
	return err
}

// asServiceAccount is a kubeconfig with a token of debrief's ServiceAccount, and
// a client with the same.
func asServiceAccount(t *testing.T, l *lab.Lab) (kubeconfig string, client kubernetes.Interface) {
	t.Helper()
	token, err := l.Kube.CoreV1().ServiceAccounts("debrief").CreateToken(t.Context(), "debrief", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := clientcmd.LoadFromFile(l.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range cfg.AuthInfos {
		user.Token = token.Status.Token
	}
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*cfg, kubeconfig); err != nil {
		t.Fatal(err)
	}
	restConfig, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if client, err = kubernetes.NewForConfig(restConfig); err != nil {
		t.Fatal(err)
	}
	return kubeconfig, client
}
