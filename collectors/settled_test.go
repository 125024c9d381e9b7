package collectors

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/internal/replay"
	"github.com/debrief-sre/debrief/slo"
)

var checkoutObjective = slo.Objective{
	Name: "availability", Target: 0.999, Window: model.Duration(30 * 24 * time.Hour),
	Bad: `nginx_http_requests_total{app="checkout",status=~"5.."}`, Total: `nginx_http_requests_total{app="checkout"}`,
}

func TestSettled(t *testing.T) {
	ofAbort := Search{Namespace: "shop", Name: "checkout", Revision: 2, Aborted: recordedAbort}
	weights := func(canary int) map[string]any {
		return map[string]any{"weights": map[string]any{"canary": map[string]any{"weight": canary}}}
	}
	good := checkoutObjective
	good.Name, good.Good, good.Bad = "successes", `nginx_http_requests_total{app="checkout",status="200"}`, ""
	idle := checkoutObjective
	idle.Name, idle.Total = "idle", `nginx_http_requests_total{app="nobody"}`
	tests := map[string]struct {
		change     func(object)
		at         string // of asking; empty: when the recording ends
		objectives []slo.Objective
		failure    *replay.Failure
		settled    bool
		why        string
	}{
		"weight 0":                 {settled: true, why: "canary weight 0; that alone counts, for no objective applies"},
		"weight 0, recovered":      {objectives: []slo.Objective{checkoutObjective, good}, settled: true, why: "canary weight 0; error rate of availability over the last minute 0 %, within its target; error rate of successes over the last minute 0 %, within its target"},
		"weight 0, errors go on":   {at: "19:55:10", objectives: []slo.Objective{checkoutObjective, good}, why: "beyond its target"},
		"no traffic":               {objectives: []slo.Objective{idle}, settled: true, why: "canary weight 0; idle could not be judged: no events over the last minute"},
		"no traffic, others judge": {at: "19:55:10", objectives: []slo.Objective{idle, checkoutObjective}, why: "beyond its target"},
		"Prometheus is down": {
			objectives: []slo.Objective{checkoutObjective, good}, failure: &replay.Failure{API: replay.Prometheus, Unreachable: true},
			settled: true, why: "canary weight 0; availability could not be judged: ",
		},
		"Prometheus refuses": {
			objectives: []slo.Objective{checkoutObjective}, failure: &replay.Failure{API: replay.Prometheus, Status: http.StatusForbidden},
			settled: true, why: "canary weight 0; availability could not be judged: Forbidden",
		},
		"weight 20": {change: func(o object) { o.set(weights(20), "status", "canary") }, why: "canary weight 20"},
		"no traffic routing, canary up": {change: func(o object) {
			o.set(map[string]any{}, "status", "canary")
			o.set(2, "status", "updatedReplicas")
		}, why: "canary has 2 pods"},
		"no traffic routing, canary down": {change: func(o object) {
			o.set(map[string]any{}, "status", "canary")
			o.set(0, "status", "updatedReplicas")
		}, settled: true, why: "canary has 0 pods"},
		"blue-green, not switched": {change: func(o object) {
			o.set(map[string]any{}, "status", "canary")
			o.set(map[string]any{"activeSelector": "78558c74c4"}, "status", "blueGreen")
		}, settled: true, why: "the active service selects the stable version"},
		"blue-green, switched": {change: func(o object) {
			o.set(map[string]any{}, "status", "canary")
			o.set(map[string]any{"activeSelector": "666689f855"}, "status", "blueGreen")
		}, why: "the active service selects the new version"},
		"rolled back": {change: func(o object) {
			o.set("3", "metadata", "annotations", "rollout.argoproj.io/revision")
			o.set(weights(10), "status", "canary")
		}, settled: true, why: "revision 3 has taken its place"},
		"retried":       {change: retry, settled: true, why: "the update was retried or promoted"},
		"aborted again": {change: func(o object) { o.set("2026-11-22T19:57:30Z", "status", "abortedAt") }, settled: true, why: "the update was retried or promoted"},
		"deleted":       {change: func(o object) { o.set("renamed", "metadata", "name") }, settled: true, why: "the rollout does not exist any more"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := readRecording(t)
			if test.change != nil {
				test.change(r.checkout())
			}
			settings, server := r.serve(t)
			settings.Objectives = test.objectives
			if test.at != "" {
				now := clock(t, "2026-11-22T"+test.at+"Z")
				settings.Now = func() time.Time { return now }
			}
			if test.failure != nil {
				server.Fail(*test.failure)
			}
			why, settled, err := Settled(t.Context(), settings, ofAbort)
			if err != nil || settled != test.settled || !strings.Contains(why, test.why) {
				t.Errorf("settled is %v (%q, %v), want %v (%q)", settled, why, err, test.settled, test.why)
			}
			if n := len(server.Requests()); n > 1+2*len(test.objectives) {
				t.Errorf("took %d requests", n)
			}
		})
	}
}

// TestSettledNeedsTheRollout: that it cannot be read says nothing of it.
func TestSettledNeedsTheRollout(t *testing.T) {
	settings, server := readRecording(t).serve(t)
	server.Fail(replay.Failure{API: replay.Kubernetes, Resource: "rollouts", Status: http.StatusForbidden})
	if why, settled, err := Settled(t.Context(), settings, checkoutSearch); err == nil || settled {
		t.Errorf("settled is %v (%q)", settled, why)
	}
}
