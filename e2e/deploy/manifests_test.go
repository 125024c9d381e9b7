package deploy_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var update = flag.Bool("update", false, "write what the chart gives as what it should give")

func TestChartAgainstGoldenFiles(t *testing.T) {
	for _, c := range []chart{chartDefault, chartHA, chartNamespaced} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.render(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "chart-"+c.name+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("other than %s (-update writes it):\n%s", golden, diff)
			}
		})
	}
}

func TestChartRefuses(t *testing.T) {
	for _, tt := range []struct{ name, set, want string }{
		{"no image", "replicas=1", "/image/repository"},
		{"unknown value", image + ",replica=2", "additional properties 'replica'"},
		{"two replicas on SQLite", image + ",replicas=2", "set config.watch.archive.urlFile"},
		{"two replicas on a volume of one", image + ",replicas=2,config.watch.archive.urlFile=/x", "set persistence.accessMode to ReadWriteMany"},
		{"no replica", image + ",replicas=0", "/replicas"},
		{"broken digest", image + ",image.digest=sha256:12", "/image/digest"},
		{"no namespace", image + ",namespaces={A_b}", "/namespaces/0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := chart{"refused", "debrief", []string{tt.set}}.render(t.Context())
			if err == nil {
				t.Fatalf("rendered:\n%s", out)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

// The two ways to deploy give the same, but for what belongs to Helm.
func TestChartAndKustomizeAgree(t *testing.T) {
	for dir, c := range map[string]chart{
		"base": {"base", "debrief", []string{image, "secret=debrief", "config.watch.cluster=default", "config.watch.archive.retention=30d"}},
		"ha":   {"ha", "debrief", append([]string{"config.watch.cluster=default", "config.watch.archive.retention=30d"}, chartHA.set...)},
	} {
		t.Run(dir, func(t *testing.T) {
			rendered, err := c.render(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			byHelm, byKustomize := normalized(t, rendered), normalized(t, kustomized(t, dir))
			delete(byKustomize, "Namespace") // helm install --create-namespace
			if diff := cmp.Diff(byKustomize, byHelm); diff != "" {
				t.Errorf("kustomize (-) and Helm (+) differ:\n%s", diff)
			}
		})
	}
}

// normalized are the objects of a manifest by kind, without what is Helm's, and
// with the configuration as it is understood.
func normalized(t *testing.T, manifest []byte) map[string]map[string]any {
	t.Helper()
	byKind := map[string]map[string]any{}
	for _, o := range objects(t, manifest) {
		kind := o.GetKind()
		if byKind[kind] != nil {
			kind += " " + o.GetName()
		}
		o.SetLabels(nil)
		o.SetAnnotations(nil)
		remove(o, "spec", "template", "metadata", "labels")
		switch o.GetKind() {
		case "Deployment":
			for _, c := range containers(t, o) {
				delete(c, "image")
				delete(c, "imagePullPolicy")
				for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
					delete(c[probe].(map[string]any)["httpGet"].(map[string]any), "scheme") // HTTP, as where none is given
				}
			}
			for _, v := range slice(t, o, "spec", "template", "spec", "volumes") {
				if secret, ok := v["secret"].(map[string]any); ok {
					delete(secret, "optional") // the chart knows whether there is one
				}
			}
			for _, c := range slice(t, o, "spec", "template", "spec", "topologySpreadConstraints") {
				delete(c["labelSelector"].(map[string]any)["matchLabels"].(map[string]any), "app.kubernetes.io/instance")
			}
			remove(o, "spec", "selector", "matchLabels", "app.kubernetes.io/instance")
		case "ConfigMap":
			o.Object["data"] = parsed(t, o)
		case "ClusterRole", "ClusterRoleBinding":
			o.SetName("debrief") // the chart's names the release's namespace, too
			if o.GetKind() == "ClusterRoleBinding" {
				o.Object["roleRef"].(map[string]any)["name"] = "debrief"
			}
		default:
			remove(o, "spec", "selector", "app.kubernetes.io/instance")
			remove(o, "spec", "selector", "matchLabels", "app.kubernetes.io/instance")
			remove(o, "spec", "podSelector", "matchLabels", "app.kubernetes.io/instance")
		}
		byKind[kind] = o.Object
	}
	return byKind
}

// parsed is the configuration in a ConfigMap, which debrief must accept.
func parsed(t *testing.T, configMap *unstructured.Unstructured) map[string]any {
	t.Helper()
	text, _, err := unstructured.NestedString(configMap.Object, "data", "debrief.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "debrief.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := command(t.Context(), debriefBinary(t), "config", "check", file); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return objects(t, []byte(text))[0].Object
}

func remove(o *unstructured.Unstructured, fields ...string) {
	unstructured.RemoveNestedField(o.Object, fields...)
}

// slice is a list of objects in an object, to be changed in place.
func slice(t *testing.T, o *unstructured.Unstructured, fields ...string) []map[string]any {
	t.Helper()
	value, found, err := unstructured.NestedFieldNoCopy(o.Object, fields...)
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return nil
	}
	var items []map[string]any
	for _, item := range value.([]any) {
		items = append(items, item.(map[string]any))
	}
	return items
}

func containers(t *testing.T, deployment *unstructured.Unstructured) []map[string]any {
	t.Helper()
	found := slice(t, deployment, "spec", "template", "spec", "containers")
	if len(found) != 1 {
		t.Fatalf("%d containers, want 1", len(found))
	}
	return found
}
