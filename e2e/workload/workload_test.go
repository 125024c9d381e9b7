package workload

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/debrief-sre/debrief/e2e/argo"
)

// rollout is a canary of an image at a weight.
func rollout(image string, weight int) *argo.Rollout {
	var r argo.Rollout
	r.Name = "checkout"
	r.Spec.Template.Spec.Containers = append(r.Spec.Template.Spec.Containers, corev1.Container{Image: image})
	r.Spec.Strategy.Canary = &argo.CanaryStrategy{CanaryService: "checkout-canary", StableService: "checkout-stable"}
	r.Status.Canary.Weights = &argo.Weights{}
	r.Status.Canary.Weights.Canary.Weight = weight
	return &r
}

func TestCountersFollowTheWeight(t *testing.T) {
	w := &Workload{apps: map[string]*app{}}
	w.Observe(rollout("checkout:1.0.0", 0))
	w.add(10)
	w.Observe(rollout("checkout:1.1.0-bad", 20))
	for range 1000 {
		w.add(0.01)
	}
	w.Observe(rollout("checkout:1.1.0-bad", 0))
	w.add(10)

	seconds := 10.0
	want := Counts{Total: int64(seconds * RequestsPerSecond * 0.20), Bad: int64(seconds * RequestsPerSecond * 0.20 * 0.5)}
	if got := w.Canary("checkout"); !within(got.Total, want.Total, 1) || !within(got.Bad, want.Bad, 1) {
		t.Errorf("the canary counted %+v, want %+v", got, want)
	}
	if got, want := w.All("checkout").Total, int64(3*seconds*RequestsPerSecond); !within(got, want, 2) {
		t.Errorf("both services counted %d, want %d", got, want)
	}
	var weights []int
	for _, s := range w.Shifts("checkout") {
		weights = append(weights, s.Weight)
	}
	if len(weights) != 3 || weights[1] != 20 {
		t.Errorf("the weights were %v, want 0, 20, 0", weights)
	}
}

func within(got, want, tolerance int64) bool { return got >= want-tolerance && got <= want+tolerance }

func TestEverySeriesIsThereFromTheStart(t *testing.T) {
	w := &Workload{apps: map[string]*app{}}
	w.Observe(rollout("checkout:1.0.0", 0))
	var out strings.Builder
	w.Export(&out)
	want := `# HELP nginx_http_requests_total Requests by service and status.
# TYPE nginx_http_requests_total counter
nginx_http_requests_total{app="checkout",service="checkout-canary",status="200"} 0
nginx_http_requests_total{app="checkout",service="checkout-canary",status="500"} 0
nginx_http_requests_total{app="checkout",service="checkout-stable",status="200"} 0
nginx_http_requests_total{app="checkout",service="checkout-stable",status="500"} 0
`
	if out.String() != want {
		t.Errorf("exported:\n%s\nwant:\n%s", &out, want)
	}
}
