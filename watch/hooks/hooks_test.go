package hooks_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/debrief-sre/debrief/watch/hooks"
)

const (
	argoBody  = `{"namespace":"shop","name":"checkout","trigger":"on-rollout-aborted"}`
	alertBody = `{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"ErrorBudgetBurn","namespace":"shop","rollout":"checkout"}}]}`
	pageBody  = `{"event":{"id":"01DFU77TN7","event_type":"incident.triggered","resource_type":"incident","occurred_at":"2026-11-22T19:54:56.123Z",` +
		`"agent":null,"data":{"id":"PGR0VU2","type":"incident","created_at":"2026-11-22T19:54:55Z","service":{"id":"PF9KMXH","summary":"checkout"}}}}`
	pingBody = `{"event":{"id":"01DFU77TN8","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2026-11-22T19:54:56Z","data":{"message":"Hello!","type":"ping"}}}`
)

var now = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

func secret(s ...string) hooks.Secrets { return func() ([]string, error) { return s, nil } }

func sign(body, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// options of receivers whose secrets are about to be replaced.
func options(sink hooks.Sink) hooks.Options {
	return hooks.Options{
		Secrets: map[string]hooks.Secrets{
			"argo": secret("argo-old", "argo-new"), "pagerduty": secret("pd-old", "pd-new"), "alertmanager": secret("am"),
		},
		Sink: sink,
		Now:  func() time.Time { return now },
	}
}

func nowhere(context.Context, hooks.Hint) error { return nil }

func post(path, body string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func answer(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func newHooks(t *testing.T, o hooks.Options) *hooks.Hooks {
	t.Helper()
	h, err := hooks.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAnswers(t *testing.T) {
	const auth, argo, pd, am = "Authorization", "/hooks/argo", "/hooks/pagerduty", "/hooks/alertmanager"
	const signature = "X-PagerDuty-Signature"
	large := strings.Repeat(" ", 1<<20)
	with := func(r *http.Request, change func(*http.Request)) *http.Request { change(r); return r }
	for name, test := range map[string]struct {
		request *http.Request
		want    int
	}{
		"argo":                    {post(argo, argoBody, auth, "Bearer argo-new"), 202},
		"argo, the old token":     {post(argo, argoBody, auth, "bearer argo-old"), 202},
		"argo with charset":       {post(argo, argoBody, auth, "Bearer argo-new", "Content-Type", "application/json; charset=utf-8"), 202},
		"unknown fields":          {post(argo, `{"namespace":"a","name":"b","more":{}}`, auth, "Bearer argo-new"), 202},
		"no token":                {post(argo, argoBody), 401},
		"empty token":             {post(argo, argoBody, auth, "Bearer "), 401},
		"another's token":         {post(argo, argoBody, auth, "Bearer am"), 401},
		"token's beginning":       {post(argo, argoBody, auth, "Bearer argo"), 401},
		"basic":                   {with(post(argo, argoBody), func(r *http.Request) { r.SetBasicAuth("", "argo-new") }), 401},
		"no JSON":                 {post(argo, `namespace=shop`, auth, "Bearer argo-new"), 400},
		"two documents":           {post(argo, argoBody+argoBody, auth, "Bearer argo-new"), 400},
		"path for a name":         {post(argo, `{"namespace":"..","name":"a/b"}`, auth, "Bearer argo-new"), 400},
		"form":                    {post(argo, argoBody, auth, "Bearer argo-new", "Content-Type", "text/plain"), 415},
		"no content type":         {with(post(argo, argoBody, auth, "Bearer argo-new"), func(r *http.Request) { r.Header.Del("Content-Type") }), 415},
		"compressed":              {post(argo, argoBody, auth, "Bearer argo-new", "Content-Encoding", "gzip"), 415},
		"too large":               {post(argo, argoBody+large, auth, "Bearer argo-new"), 413},
		"large":                   {post(argo, argoBody+large[len(argoBody):], auth, "Bearer argo-new"), 202},
		"GET":                     {httptest.NewRequest(http.MethodGet, argo, nil), 405},
		"another path":            {post("/hooks/slack", argoBody), 404},
		"page":                    {post(pd, pageBody, signature, sign(pageBody, "pd-old")), 202},
		"page, several":           {post(pd, pageBody, signature, "v1=00, v2=ab,"+sign(pageBody, "pd-other")+" , "+sign(pageBody, "pd-new")), 202},
		"page, two headers":       {with(post(pd, pageBody, signature, "v1=00"), func(r *http.Request) { r.Header.Add(signature, sign(pageBody, "pd-new")) }), 202},
		"ping":                    {post(pd, pingBody, signature, sign(pingBody, "pd-new")), 202},
		"page without signature":  {post(pd, pageBody), 401},
		"page with bearer":        {post(pd, pageBody, auth, "Bearer pd-new"), 401},
		"page, changed":           {post(pd, pageBody+" ", signature, sign(pageBody, "pd-new")), 401},
		"page, version 0":         {post(pd, pageBody, signature, strings.Replace(sign(pageBody, "pd-new"), "v1", "v0", 1)), 401},
		"page, half a signature":  {post(pd, pageBody, signature, sign(pageBody, "pd-new")[:35]), 401},
		"signed, no event":        {post(pd, `{}`, signature, sign(`{}`, "pd-new")), 400},
		"page too large":          {post(pd, pageBody+large, signature, sign(pageBody+large, "pd-new")), 413},
		"alert":                   {post(am, alertBody, auth, "Bearer am"), 202},
		"alerts of another form":  {post(am, `{"version":"3"}`, auth, "Bearer am"), 400},
		"alerts about 101":        {post(am, alertsAbout(101), auth, "Bearer am"), 413},
		"alerts about 100":        {post(am, alertsAbout(100), auth, "Bearer am"), 202},
		"alerts, another's token": {post(am, alertBody, auth, "Bearer argo-new"), 401},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			o := options(nowhere)
			o.Log = slog.New(slog.NewJSONHandler(&log, nil))
			got := answer(newHooks(t, o), test.request)
			if got.StatusCode != test.want {
				t.Errorf("the answer is %d, want %d", got.StatusCode, test.want)
			}
			said, _ := io.ReadAll(got.Body)
			for _, private := range []string{"argo-", "pd-new", "pd-old", "shop", "v1="} {
				if strings.Contains(log.String(), private) || strings.Contains(string(said), private) {
					t.Errorf("%q is in the log or the answer:\n%s\n%s", private, log.String(), said)
				}
			}
			if known := test.want != 404; known && test.want >= 400 != strings.Contains(log.String(), "webhook refused") {
				t.Errorf("the log does not fit an answer %d: %s", test.want, log.String())
			}
		})
	}
}

func alertsAbout(n int) string {
	var alerts []string
	for i := range n {
		alerts = append(alerts, fmt.Sprintf(`{"status":"firing","labels":{"namespace":"shop","rollout":"r%d"}}`, i))
	}
	return `{"version":"4","alerts":[` + strings.Join(alerts, ",") + `]}`
}

func TestHeadersOfRefusals(t *testing.T) {
	h := newHooks(t, options(nowhere))
	if got := answer(h, httptest.NewRequest(http.MethodGet, "/hooks/argo", nil)).Header.Get("Allow"); got != "POST" {
		t.Errorf("Allow is %q", got)
	}
	if got := answer(h, post("/hooks/argo", argoBody)).Header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate is %q", got)
	}
}

// TestSecretsAreReadAnew has a receiver's secret change, vanish and be emptied.
func TestSecretsAreReadAnew(t *testing.T) {
	var secrets []string
	var failure error
	o := options(nowhere)
	o.Secrets = map[string]hooks.Secrets{"argo": func() ([]string, error) { return secrets, failure }}
	h := newHooks(t, o)
	for _, step := range []struct {
		secrets []string
		failure error
		token   string
		want    int
	}{
		{[]string{"one"}, nil, "one", 202},
		{[]string{"two"}, nil, "one", 401},
		{[]string{"two"}, nil, "two", 202},
		{nil, errors.New("no such file"), "two", 503},
		{[]string{""}, nil, "", 503},
		{[]string{"", "two"}, nil, "", 401},
		{nil, nil, "two", 503},
	} {
		secrets, failure = step.secrets, step.failure
		if got := answer(h, post("/hooks/argo", argoBody, "Authorization", "Bearer "+step.token)).StatusCode; got != step.want {
			t.Errorf("secrets %q, %v, token %q: the answer is %d, want %d", step.secrets, step.failure, step.token, got, step.want)
		}
	}
}

func TestReceiverWithoutSecretIsOff(t *testing.T) {
	o := options(nowhere)
	delete(o.Secrets, "argo")
	if got := answer(newHooks(t, o), post("/hooks/argo", argoBody, "Authorization", "Bearer argo-new")).StatusCode; got != 404 {
		t.Errorf("the answer is %d, want 404", got)
	}
}

func TestWrongOptions(t *testing.T) {
	o := options(nowhere)
	o.Secrets["slack"] = secret("s")
	if _, err := hooks.New(o); err == nil || err.Error() != `creating webhook receivers: there is none named "slack"` {
		t.Errorf("an unknown receiver gives %v", err)
	}
	if _, err := hooks.New(hooks.Options{}); err == nil {
		t.Error("no Sink gives no error")
	}
}

func TestRequestsAreCounted(t *testing.T) {
	o := options(nowhere)
	registry := prometheus.NewRegistry()
	o.Metrics = registry
	h := newHooks(t, o)
	answer(h, post("/hooks/argo", argoBody, "Authorization", "Bearer argo-new"))
	answer(h, post("/hooks/argo", argoBody))
	want := `# HELP debrief_webhook_hints_waiting Hints taken and not yet passed on.
# TYPE debrief_webhook_hints_waiting gauge
debrief_webhook_hints_waiting 1
# HELP debrief_webhook_requests_total Webhooks received, by the status code of the answer.
# TYPE debrief_webhook_requests_total counter
debrief_webhook_requests_total{code="202",receiver="argo"} 1
debrief_webhook_requests_total{code="401",receiver="argo"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "debrief_webhook_requests_total", "debrief_webhook_hints_waiting"); err != nil {
		t.Error(err)
	}
}
