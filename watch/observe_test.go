package watch

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestStripKeepsSecretsOut plants a secret wherever Argo's objects have room for
// one that a postmortem does not need.
func TestStripKeepsSecretsOut(t *testing.T) {
	const secret = "hunter2"
	container := `{"name":"web","image":"registry.local/web:1","env":[{"name":"PASSWORD","value":"hunter2"}],"envFrom":[{"x":"hunter2"}],"command":["hunter2"],"args":["--password=hunter2"]}`
	for name, object := range map[string]string{
		"Rollout":       `{"kind":"Rollout","metadata":{"name":"r","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"hunter2","rollout.argoproj.io/revision":"2"}},"spec":{"template":{"spec":{"containers":[` + container + `],"initContainers":[` + container + `]}},"strategy":{"canary":{"steps":[{"analysis":{"args":[{"name":"token","value":"hunter2"}]}}]}}}}`,
		"AnalysisRun":   `{"kind":"AnalysisRun","metadata":{"name":"r"},"spec":{"args":[{"name":"token","value":"hunter2"}],"metrics":[{"name":"m","provider":{"web":{"url":"https://example.com","headers":[{"key":"Authorization","value":"hunter2"}],"body":"hunter2","jsonBody":{"k":"hunter2"}}}},{"name":"j","provider":{"job":{"spec":{"template":{"spec":{"containers":[` + container + `]}}}}}}]}}`,
		"Experiment":    `{"kind":"Experiment","metadata":{"name":"r"},"spec":{"templates":[{"template":{"spec":{"containers":[` + container + `]}}}]}}`,
		"managed field": `{"kind":"Rollout","metadata":{"name":"r","managedFields":[{"manager":"hunter2"}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			o := &unstructured.Unstructured{}
			if err := json.Unmarshal([]byte(object), &o.Object); err != nil {
				t.Fatal(err)
			}
			strip(o)
			kept, err := observation("lab", "rollouts", o, false, aborted)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(kept.Object), secret) {
				t.Errorf("the secret is kept: %s", kept.Object)
			}
			if strings.Contains(object, "registry.local/web:1") && !strings.Contains(string(kept.Object), "registry.local/web:1") {
				t.Errorf("the image is lost: %s", kept.Object)
			}
		})
	}
}

// TestStripKeepsProof checks that what a postmortem rests on is kept: the status,
// and, of an aborted Rollout, who set it.
func TestStripKeepsProof(t *testing.T) {
	rollout := recordedNamed(t, "rollouts", "checkout")
	fields := []any{map[string]any{"manager": "kubectl-argo-rollouts", "fieldsV1": map[string]any{"f:status": map[string]any{"f:abort": map[string]any{}}}}}
	aborted := with(t, rollout, fields, "metadata", "managedFields")
	strip(aborted)
	if len(aborted.GetManagedFields()) != 1 {
		t.Error("the managed fields of an aborted rollout are lost")
	}
	retried := with(t, with(t, rollout, fields, "metadata", "managedFields"), nil, "status", "abort")
	strip(retried)
	if len(retried.GetManagedFields()) != 0 {
		t.Error("the managed fields of a rollout that is not aborted are kept")
	}
	if text(aborted, "status", "message") != text(rollout, "status", "message") {
		t.Error("the status changed")
	}
}

func TestObservationOfEvent(t *testing.T) {
	event := recordedNamed(t, "events", "checkout-666689f855-2-2.18ea762639668aa6")
	strip(event)
	o, err := observation("lab", "events", event, false, aborted)
	if err != nil {
		t.Fatal(err)
	}
	if o.UID != "4cab2e7f-6acd-4bbe-9aab-4d5642705c61" || o.Of != "7e458739-38c9-46b5-9a0c-bc1325f2a87f" || o.Namespace != "shop" || o.ResourceVersion != "4862" {
		t.Errorf("wrong identity: %+v", o)
	}
	if strings.Contains(string(o.Object), "managedFields") {
		t.Error("the managed fields are kept")
	}
}
