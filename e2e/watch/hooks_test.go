package watch_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/pagerduty"
)

// post delivers a webhook and returns the answer's status.
func (w *watcher) post(t *testing.T, path, body string, header http.Header) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL(path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// page delivers a V3 webhook of PagerDuty about a page, twice, as happens there.
func (w *watcher) page(t *testing.T, r rollout, page *pagerduty.Incident, event string) {
	t.Helper()
	body := fmt.Sprintf(`{"event": {"id": "%s-%s", "event_type": "incident.%[2]s", "resource_type": "incident", "occurred_at": %[3]q,
		"data": {"id": %[1]q, "type": "incident", "service": {"id": %[4]q, "type": "service_reference"}}}}`,
		page.ID, event, time.Now().UTC().Format(time.RFC3339), r.service())
	mac := hmac.New(sha256.New, []byte(pagerDutySecret))
	mac.Write([]byte(body))
	signature := "v1=" + hex.EncodeToString(mac.Sum(nil))
	for range 2 {
		if code := w.post(t, "/hooks/pagerduty", body, http.Header{"X-Pagerduty-Signature": {signature}}); code != http.StatusAccepted {
			t.Fatalf("PagerDuty's webhook was answered with %d", code)
		}
	}
	if code := w.post(t, "/hooks/pagerduty", body+" ", http.Header{"X-Pagerduty-Signature": {signature}}); code != http.StatusUnauthorized {
		t.Errorf("a webhook with another body's signature was answered with %d", code)
	}
}

// notify delivers the notification that Argo Rollouts sends by the template in
// the folder deploy.
func (w *watcher) notify(t *testing.T, r rollout) {
	t.Helper()
	body := fmt.Sprintf(`{"namespace": %q, "name": %q, "trigger": "on-rollout-aborted"}`, r.ref().Namespace, r.app)
	if code := w.post(t, "/hooks/argo", body, http.Header{"Authorization": {"Bearer " + argoToken}}); code != http.StatusAccepted {
		t.Fatalf("the notification was answered with %d", code)
	}
}
