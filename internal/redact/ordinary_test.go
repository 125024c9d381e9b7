package redact

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// ordinary is what bundles are full of: none of it is a secret.
var ordinary = []string{
	// Images, digests, commits.
	"registry.local/checkout:1.1.0-bad",
	"registry.local/shop/auth-service:1.2.3-4f6a9c1b7d5e",
	"registry.local/api:git-3f2a9c1b7d5e8a6b4c2d",
	"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"registry.local/token-service@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"docker-pullable://registry.local:5000/shop/checkout@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"docker-pullable://checkout:1.0@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"containerd://5f3c9a6b1e0d4f7a8c2b9e6d3f1a0b7c4d5e8f9a2b3c6d7e0f1a4b5c8d9e2f3a",
	"commit 3f2a9c1b7d5e8a6b4c2d0e1f9a8b7c6d5e4f3a2b: fix the auth key lookup",
	"https://github.com/shop/checkout/commit/3f2a9c1b7d5e8a6b4c2d0e1f9a8b7c6d5e4f3a2b",
	"https://github.com/shop/checkout/pull/123?diff=split#discussion_r123456789",
	"ssh://git@github.com/shop/checkout.git", "git@github.com:shop/checkout.git",

	// Names and numbers of Kubernetes.
	"checkout.18ea76263bd0bf11", "canary.18ea76263bd0bf11", "token.18ea76263bd0bf11",
	"checkout-666689f855", "checkout-666689f855-x2x9z", "checkout-666689f855-2-2", "auth-api-7d9f8b6c5d-x2x9z",
	"0ee3767d-8a06-4f33-b4e8-a1de6d960c86", "10500", "18446744073709551615",
	"2026-11-22T19:55:08Z", "2026-11-22T19:55:08.123456789+01:00", "1795377155.587", "5m0s",
	"system:serviceaccount:shop:default", "argoproj.io/v1alpha1", "kube-api-access-x2x9z",
	`k:{"uid":"0ee3767d-8a06-4f33-b4e8-a1de6d960c86"}`,

	// Events.
	`Container image "auth-service:1.2.3-4f6a9c1b7d5e" already present on machine`,
	`Pulling image "registry.local:5000/api-gateway:2026.11.22-3f2a9c1b7d5e"`,
	`Successfully pulled image "token-issuer:v2.14.0-rc.1-7d9f8b6" in 1.2s (1.2s including waiting). Image size: 12345678 bytes.`,
	"Scaled up replica set auth-api-7d9f8b6c5d from 0 to 1",
	"Successfully assigned shop/api-key-service-7d9f8b6c5d-x2x9z to node-a",
	`Error: secret "db-credentials" not found`,
	"Error: couldn't find key password in Secret shop/db-credentials-v2",
	"references non-existent secret key: tls.crt",
	`MountVolume.SetUp failed for volume "token" : secret "checkout-tls-666689f855" not found`,
	`MountVolume.SetUp failed for volume "kube-api-access-x2x9z" : failed to sync configmap cache: timed out waiting for the condition`,
	`Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.`,
	"Readiness probe failed: HTTP probe failed with statuscode: 500",
	`Get "http://10.244.1.17:8080/healthz?verbose=true&timeout=5s": context deadline exceeded`,
	"Liveness probe failed: Get \"https://10.0.0.1:8443/token\": dial tcp 10.0.0.1:8443: connect: connection refused",
	"the server could not authenticate the request: Bearer authentication required",
	"Basic authentication failed; authorization: denied by policy",
	"Authorization: required", "token: expired", "invalid token: unauthorized", "password: incorrect for user app",
	"RolloutAborted: Step-based analysis phase error/failed: Metric \"success-rate\" assessed Failed due to failed (1) > failureLimit (0)",
	"back-off 5m0s restarting failed container=auth pod=auth-7d9f8b6c5d-x2x9z_shop(0ee3767d-8a06-4f33-b4e8-a1de6d960c86)",
	"(combined from similar events): key: 0ee3767d-8a06-4f33-b4e8-a1de6d960c86",
	"Created lease with holder key: node-a_3f2a9c1b-7d5e-8a6b-4c2d-0e1f9a8b7c6d",
	"pods \"auth-7d9f8b6c5d-x2x9z\" is forbidden: User \"system:serviceaccount:shop:token-reader\" cannot get resource \"secrets\" in API group \"\"",

	// Queries.
	`sum(rate(nginx_http_requests_total{app="checkout",status=~"5.."}[1m])) / sum(rate(nginx_http_requests_total{app="checkout"}[1m]))`,
	`sum by (secret, namespace) (kube_secret_info{secret="checkout-tls-666689f855", namespace="shop"})`,
	`apiserver_request_total{job="kube-apiserver",verb!="WATCH",code=~"5..",resource="secrets"}`,
	`rate(auth_requests_total{service="auth",pod="auth-7d9f8b6c5d-x2x9z",key="cart:items"}[5m])`,
	`histogram_quantile(0.99, sum by (le, api_key_id) (rate(http_duration_bucket{handler="/v1/tokens/refresh"}[5m])))`,
	`label_replace(up{job="api"}, "token", "$1", "instance", "(.*):.*")`,
	`token_bucket_size{token_type="refresh"} > 0 unless on (key) cache_key_evictions_total`,
	`{namespace="shop", container="auth"} |= "password" | json | level="error"`,
	`jwt_validation_errors_total{issuer="https://login.example.com/tenant"}`,

	// Prose, placeholders and addresses.
	"We rotated the API key and the password: both were fine. The secret: nobody looked.",
	"Bearer {{args.api-token}}", "Authorization: Bearer $TOKEN", "password=${DB_PASSWORD}", "--token <token>", "https://user:***@example.com/x",
	"http://prometheus.monitoring:9090/graph?g0.expr=up&g0.range_input=1h",
	"http://node-a:9100/metrics contact sre@example.com", "https://grafana.example.com/d/abc123XYZ/checkout?orgId=1&var-key=cart&from=now-1h",
	`"x-kubernetes-patch-merge-key": "topologyKey"`, `x["prometheus_api_v1", "prometheus_api_v1_foo", "b"]`,
	"mailto:oncall@example.com", "see https://example.com/a:b/@handle",
	"-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END CERTIFICATE-----",
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJv oncall@example.com",
	"The quick brown fox: keyboard, monkey, turkey, key=value, key: cart",
	"aGVsbG8gd29ybGQsIHRoaXMgaXMganVzdCB0ZXh0", // base64 of a greeting
}

// ordinaryDocuments are fields whose names sound like secrets.
var ordinaryDocuments = []string{
	`{"automountServiceAccountToken":false,"secretName":"db","secretKeyRef":{"name":"db","key":"password"}}`,
	`{"metadata":{"annotations":{"checksum/secret":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}}`,
	`{"imagePullSecrets":[{"name":"regcred"}],"imagePullSecret":"regcred","existingSecret":"db"}`,
	`{"image":"auth-api:1.2.3-4f6a9c1b7d5e","name":"auth","uid":"0ee3767d-8a06-4f33-b4e8-a1de6d960c86"}`,
	`{"metric":{"__name__":"kube_secret_info","secret":"checkout-tls"},"value":[1795377155.587,"1"]}`,
	`{"incident_key":"3f2a9c1b7d5e8a6b4c2d0e1f9a8b7c6d","dedup_key":"checkout-burn","html_url":"https://acme.pagerduty.com/incidents/Q1ABCDEF2GHIJK"}`,
	`{"metadata":{"continue":"","resourceVersion":"10500","generation":2},"kind":"ConfigMap","data":{"color":"blue"}}`,
	`{"headers":[{"key":"Authorization","value":"Bearer {{args.api-token}}"}],"args":[{"name":"api-token","valueFrom":{"secretKeyRef":{"name":"t","key":"k"}}}]}`,
	"{\n  \"b\" : 1.0e+2,\t\"a\":\"\\u003chtml\\u003e \\/ \\ud83d\\ude00\", \"a\": [ true , null ]\r\n}",
	`{"fieldsV1":{"f:data":{"f:password":{}},"f:token":{}},"maxTokens":5,"passwordPolicy":"none","tokenURL":"https://example.com/token"}`,
}

func TestOrdinaryStays(t *testing.T) {
	r := newRedactor(t)
	for _, s := range ordinary {
		if got, counts := r.String(s); got != s || len(counts) > 0 {
			t.Errorf("String changed %v:\n%s\n%s", counts, s, got)
		}
		planted, err := json.Marshal(map[string]any{"message": s, "labels": map[string]string{"note": s}, "auth": []string{s}})
		if err != nil {
			t.Fatal(err)
		}
		wantUnchanged(t, r, planted)
	}
	for _, document := range ordinaryDocuments {
		wantUnchanged(t, r, []byte(document))
	}
}

// TestRecordingsStay takes all that a real control plane and Prometheus said:
// whole documents, and every string on its own, as text and as a field.
func TestRecordingsStay(t *testing.T) {
	files, err := filepath.Glob("../../testdata/recordings/*/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d recordings: %v", len(files), err)
	}
	r := newRedactor(t)
	seen := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wantUnchanged(t, r, data)
		tree := parse(data)
		for i, n := range tree.nodes {
			if n.kind == kindString {
				seen[tree.text(i)] = true
			}
		}
	}
	for s := range seen {
		if got, counts := r.String(s); got != s || len(counts) > 0 {
			t.Errorf("String changed %v:\n%s\n%s", counts, s, got)
		}
	}
	t.Logf("%d different strings in %d recordings", len(seen), len(files))
	if len(seen) < 1000 {
		t.Errorf("only %d strings: are the recordings complete?", len(seen))
	}
}

func wantUnchanged(t *testing.T, r *Redactor, document []byte) {
	t.Helper()
	got, counts, err := r.JSON(document)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, document) || len(counts) > 0 {
		t.Errorf("JSON changed %v:\n%.300s\n%.300s", counts, document, got)
	}
}
