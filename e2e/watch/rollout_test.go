package watch_test

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/debrief-sre/debrief/e2e/argo"
	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/process"
)

//go:embed testdata/rollout.yaml
var manifest string

// A rollout is one that its analysis aborts, every time.
type rollout struct{ app string }

func (r rollout) ref() lab.Ref    { return lab.Ref{Namespace: r.app + "-team", Name: r.app} }
func (r rollout) service() string { return "P" + strings.ToUpper(r.app) } // of PagerDuty

// setStage brings up the healthy first revision, with traffic that is measured.
func (r rollout) setStage(ctx context.Context) error {
	ground.pagerduty.AddService(r.service(), r.app)
	text := strings.NewReplacer("NAMESPACE", r.ref().Namespace, "APP", r.app, "PROMETHEUS", ground.lab.PrometheusURL).Replace(manifest)
	if err := ground.lab.Apply(ctx, text); err != nil {
		return err
	}
	if _, err := ground.lab.WaitRollout(ctx, r.ref(), "healthy at its first revision", lab.IsHealthy); err != nil {
		return err
	}
	return process.Poll(ctx, "the first rates of "+r.app, func(ctx context.Context) error {
		rates, err := query(ctx, `rate(nginx_http_requests_total{app=%q}[5s])`, r.app)
		if err == nil && len(rates) != 4 {
			err = fmt.Errorf("%d of 4 rates are known", len(rates))
		}
		return err
	})
}

// query asks the lab's Prometheus.
func query(ctx context.Context, format string, args ...any) (model.Vector, error) {
	client, err := api.NewClient(api.Config{Address: ground.lab.PrometheusURL})
	if err != nil {
		return nil, err
	}
	value, _, _, err := promv1.NewAPI(client).Query(ctx, fmt.Sprintf(format, args...), time.Now())
	if err != nil {
		return nil, err
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("the answer is a %s", value.Type())
	}
	return vector, nil
}

// deploy rolls out a revision whose requests fail.
func (r rollout) deploy(t *testing.T) {
	t.Helper()
	if err := ground.lab.SetImage(t.Context(), r.ref(), "registry.local/"+r.app+":1.1.0-bad"); err != nil {
		t.Fatal(err)
	}
}

// aborted waits until the controller has aborted the second revision, later
// than a time, and returns when that was.
func (r rollout) aborted(t *testing.T, after time.Time) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	o, err := ground.lab.WaitRollout(ctx, r.ref(), "aborted", func(o *argo.Rollout) bool {
		return lab.IsAborted(o) && o.Status.AbortedAt.After(after)
	})
	if err != nil {
		t.Fatal(err)
	}
	return o.Status.AbortedAt.UTC()
}

// abort rolls out the failing revision and waits for the abort.
func (r rollout) abort(t *testing.T) time.Time {
	t.Helper()
	r.deploy(t)
	return r.aborted(t, time.Time{})
}

// patch changes the rollout or one of its subresources.
func (r rollout) patch(t *testing.T, patch string, subresources ...string) {
	t.Helper()
	_, err := ground.lab.Dynamic.Resource(argo.Rollouts).Namespace(r.ref().Namespace).
		Patch(t.Context(), r.app, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, subresources...)
	if err != nil {
		t.Fatal(err)
	}
}

// retry tries the aborted revision again, by the patch of the kubectl plugin, and
// when the controller is quiet: see [lab.Lab.Abort].
func (r rollout) retry(t *testing.T) {
	t.Helper()
	if err := ground.lab.WaitQuiet(t.Context(), r.ref(), time.Second); err != nil {
		t.Fatal(err)
	}
	r.patch(t, `{"status":{"abort":false}}`, "status")
}

// touch has the API server deliver the rollout again and again, in the state
// that it is in.
func (r rollout) touch(t *testing.T, times int) {
	t.Helper()
	for i := range times {
		r.patch(t, fmt.Sprintf(`{"metadata":{"annotations":{"touched":"%s-%d"}}}`, time.Now().Format(time.RFC3339Nano), i))
	}
}

// isOver waits until no user meets the canary, and the objective was met over
// the last minute, as Prometheus counts.
func (r rollout) isOver(t *testing.T) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	_, err := ground.lab.WaitRollout(ctx, r.ref(), "off the canary", func(o *argo.Rollout) bool { return o.CanaryWeight() == 0 })
	if err != nil {
		t.Fatal(err)
	}
	err = process.Poll(ctx, "the objective of "+r.app, func(ctx context.Context) error {
		ratio, err := query(ctx, `sum(rate(nginx_http_requests_total{app=%[1]q,status=~"5.."}[1m])) / sum(rate(nginx_http_requests_total{app=%[1]q}[1m]))`, r.app)
		if err == nil && (len(ratio) != 1 || ratio[0].Value > 0.001) {
			err = fmt.Errorf("the share of failed requests is %v", ratio)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return time.Now()
}
