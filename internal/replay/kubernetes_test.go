package replay_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/debrief-sre/debrief/internal/replay"
)

const recording = "../../testdata/recordings/checkout-canary-abort"

func serve(t *testing.T) (*replay.Server, string) {
	t.Helper()
	s, err := replay.New(os.DirFS(recording))
	if err != nil {
		t.Fatal(err)
	}
	s.Now = func() time.Time { return time.Date(2026, time.November, 22, 20, 0, 0, 0, time.UTC) }
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

func core(t *testing.T, address string) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: address, ContentConfig: rest.ContentConfig{
		ContentType:        runtime.ContentTypeProtobuf,
		AcceptContentTypes: runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestKubernetesSelectors(t *testing.T) {
	_, address := serve(t)
	client := core(t, address)
	tests := map[string]struct {
		namespace, labels, fields string
		want                      int
	}{
		"all events":         {"", "", "", 106},
		"default namespace":  {"default", "", "", 2},
		"by involved object": {"shop", "", "involvedObject.kind=AnalysisRun,involvedObject.name=checkout-666689f855-2-2", 2},
		"by reason":          {"shop", "", "reason=RolloutAborted", 2},
		"by source":          {"shop", "", "source=rollouts-controller,reason=TrafficWeightUpdated,involvedObject.name=checkout", 3},
		"not":                {"", "", "involvedObject.namespace!=shop,reason!=x", 2},
		"by absent label":    {"", "app=none", "", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := client.CoreV1().Events(test.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: test.labels, FieldSelector: test.fields})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Items) != test.want {
				t.Errorf("%d events, want %d", len(got.Items), test.want)
			}
		})
	}
	pods, err := client.CoreV1().Pods("shop").List(t.Context(), metav1.ListOptions{LabelSelector: "app=checkout"})
	if err != nil || len(pods.Items) != 5 {
		t.Errorf("%d pods of checkout, %v", len(pods.Items), err)
	}
	if _, err := client.CoreV1().Pods("shop").List(t.Context(), metav1.ListOptions{FieldSelector: "spec.moon=full"}); !apierrors.IsBadRequest(err) {
		t.Errorf("unknown field selector: %v", err)
	}
}

func TestKubernetesPages(t *testing.T) {
	_, address := serve(t)
	client := core(t, address)
	seen := map[string]bool{}
	pages := 0
	for next := ""; ; pages++ {
		got, err := client.CoreV1().Events("").List(t.Context(), metav1.ListOptions{Limit: 40, Continue: next})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got.Items {
			seen[e.Namespace+"/"+e.Name] = true
		}
		if next = got.Continue; next == "" {
			break
		}
	}
	if pages != 2 || len(seen) != 106 {
		t.Errorf("%d events after %d more pages", len(seen), pages)
	}
}

func TestKubernetesDynamicAndDiscovery(t *testing.T) {
	_, address := serve(t)
	config := &rest.Config{Host: address}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	rollouts := schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}
	list, err := client.Resource(rollouts).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 2 {
		t.Fatalf("rollouts: %v, %v", list, err)
	}
	one, err := client.Resource(rollouts).Namespace("shop").Get(t.Context(), "checkout", metav1.GetOptions{})
	if err != nil || one.GetKind() != "Rollout" {
		t.Fatalf("rollout: %v, %v", one, err)
	}
	if _, err := client.Resource(rollouts).Namespace("shop").Get(t.Context(), "none", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("missing rollout: %v", err)
	}
	rollouts.Resource = "experiments"
	if list, err := client.Resource(rollouts).List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) != 0 {
		t.Errorf("experiments: %v, %v", list, err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	_, resources, err := disco.ServerGroupsAndResources()
	if err != nil || len(resources) != 3 {
		t.Errorf("discovery: %v, %v", resources, err)
	}
}

func TestKubernetesFailures(t *testing.T) {
	s, address := serve(t)
	client := core(t, address)
	s.Fail(replay.Failure{API: replay.Kubernetes, Resource: "events", Status: http.StatusForbidden})
	_, err := client.CoreV1().Events("shop").List(t.Context(), metav1.ListOptions{})
	const words = `events is forbidden: User "debrief" cannot list resource "events" in API group "" in the namespace "shop"`
	if !apierrors.IsForbidden(err) || err.Error() != words {
		t.Errorf("events: %v", err)
	}
	if _, err := client.CoreV1().Pods("shop").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("pods: %v", err)
	}
	s.Recover()
	if _, err := client.CoreV1().Events("shop").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("recovered: %v", err)
	}
	s.Fail(replay.Failure{API: replay.Kubernetes, ClusterWide: true, Status: http.StatusForbidden})
	if _, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("cluster-wide: %v", err)
	}
	if _, err := client.CoreV1().Pods("shop").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("in the namespace: %v", err)
	}
	s.Recover()
	s.Fail(replay.Failure{API: replay.Kubernetes, Unreachable: true})
	// Without client-go, which would try for ten seconds.
	if response, err := http.Get(address + "/api/v1/pods"); err == nil {
		t.Errorf("unreachable answered %s", response.Status)
		response.Body.Close() //nolint:errcheck // only its status counts
	}
}
