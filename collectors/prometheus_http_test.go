package collectors

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	promconfig "github.com/prometheus/common/config"

	"github.com/debrief-sre/debrief/evidence"
)

// promAnswers is a transport that gives one answer after the other, the last one
// again and again.
type promAnswers struct {
	list  []http.Response
	asked int
}

func (a *promAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := a.list[min(a.asked, len(a.list)-1)]
	a.asked++
	if answer.Header == nil {
		answer.Header = http.Header{}
	}
	answer.Body, answer.Request = io.NopCloser(strings.NewReader("busy")), r
	return &answer, nil
}

func TestPrometheusRetries(t *testing.T) {
	busy := func(code int, after string) http.Response {
		return http.Response{StatusCode: code, Header: http.Header{"Retry-After": {after}, "Content-Type": {"text/plain"}}}
	}
	ok := http.Response{StatusCode: http.StatusOK}
	tests := map[string]struct {
		answers []http.Response
		asked   int
		waited  time.Duration
		err     string
	}{
		"fine":                {[]http.Response{ok}, 1, 0, ""},
		"busy for three":      {[]http.Response{busy(503, "3"), ok}, 2, 3 * time.Second, ""},
		"too many twice":      {[]http.Response{busy(429, "1"), busy(429, "4"), ok}, 3, 5 * time.Second, ""},
		"without a time":      {[]http.Response{busy(502, ""), ok}, 2, firstWait, ""},
		"given up":            {[]http.Response{busy(503, "2")}, 3, 4 * time.Second, "Service Unavailable: busy"},
		"asks for too much":   {[]http.Response{busy(429, "60")}, 1, 0, "Too Many Requests: busy"},
		"not worth repeating": {[]http.Response{busy(500, "1")}, 1, 0, "Internal Server Error: busy"},
		"denied":              {[]http.Response{busy(401, "1")}, 1, 0, "Unauthorized: busy"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := &promAnswers{list: test.answers}
				client := http.Client{Transport: promAddress{}.wrap(transport, &dateRecorder{now: time.Now})}
				start := time.Now()
				resp, err := client.Get("http://prometheus.example/api")
				if err == nil {
					resp.Body.Close() //nolint:errcheck // in memory
				}
				if waited := time.Since(start); waited != test.waited || transport.asked != test.asked {
					t.Errorf("asked %d times in %s", transport.asked, waited)
				}
				if test.err == "" && err != nil || test.err != "" && (err == nil || reason(err) != test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
			})
		})
	}
}

func TestPrometheusRetryEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		transport := &promAnswers{list: []http.Response{{StatusCode: 503, Header: http.Header{"Retry-After": {"9"}}}}}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://prometheus.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		resp, err := promAddress{}.wrap(transport, &dateRecorder{now: time.Now}).RoundTrip(request)
		if err == nil {
			resp.Body.Close() //nolint:errcheck // in memory
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
	})
}

// sentTo answers every query with nothing and notes what it was sent.
type sentTo struct {
	auth, query, tenant []string
}

func (r *sentTo) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.auth = append(r.auth, request.Header.Get("Authorization"))
	r.query = append(r.query, request.URL.RawQuery)
	r.tenant = append(r.tenant, request.Header.Get("X-Scope-OrgID"))
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`) // to a test's client
}

func askOnce(t *testing.T, a promAddress) error {
	t.Helper()
	client, err := newPromClient(a, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.query(t.Context(), &evidence.Coverage{}, "up", time.Now())
	return err
}

func TestPrometheusCredentialsStayAtTheConfiguredAddress(t *testing.T) {
	elsewhere := &sentTo{}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	// The same machine under another name is another host.
	otherURL := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	own := &sentTo{}
	server := httptest.NewServer(own)
	defer server.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(otherURL+"/api/v1/query", http.StatusTemporaryRedirect))
	defer redirecting.Close()

	settings := PrometheusSettings{HTTP: promconfig.DefaultHTTPClientConfig}
	settings.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: "s3cret"}
	settings.HTTP.HTTPHeaders = &promconfig.Headers{Headers: map[string]promconfig.Header{"X-Scope-OrgID": {Values: []string{"shop"}}}}

	ask := func(address string, parse func(string) (promAddress, error)) {
		t.Helper()
		a, err := parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := askOnce(t, a); err != nil {
			t.Fatal(err)
		}
	}
	configured := func(address string) (promAddress, error) {
		settings.URL = address
		return configuredAddress(settings)
	}
	ask(server.URL+"?dedup=true", configured)
	if own.auth[0] != "Bearer s3cret" || own.tenant[0] != "shop" || own.query[0] != "dedup=true" {
		t.Errorf("configured address: %+v", own)
	}
	ask(redirecting.URL+"?token=s3cret", configured)
	if elsewhere.auth[0] != "" || strings.Contains(elsewhere.query[0], "s3cret") {
		t.Errorf("another host was sent %+v", elsewhere)
	}
	ask(strings.Replace(server.URL, "://", "://me:s3cret@", 1), foundAddress)
	if own.auth[1] != "" || own.tenant[1] != "" {
		t.Errorf("an address that was found got credentials: %+v", own)
	}
	settings.HTTP = promconfig.HTTPClientConfig{}
	ask(strings.Replace(server.URL, "://", "://me:s3cret@", 1), configured)
	if own.auth[2] != "Basic bWU6czNjcmV0" {
		t.Errorf("user info as credentials: %q", own.auth[2])
	}
}

// A proxy that forbids POST is asked with GET, and the parameters still ride along.
func TestPrometheusParametersRideAlongWithGet(t *testing.T) {
	var queries []url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		queries = append(queries, r.URL.Query())
		(&sentTo{}).ServeHTTP(w, r)
	}))
	defer server.Close()
	a, err := configuredAddress(PrometheusSettings{URL: server.URL + "/prom/?dedup=true&partial_response=false"})
	if err != nil {
		t.Fatal(err)
	}
	if err := askOnce(t, a); err != nil {
		t.Fatal(err)
	}
	if q := queries[0]; q.Get("dedup") != "true" || q.Get("partial_response") != "false" || q.Get("query") != "up" {
		t.Errorf("queries: %v", queries)
	}
}

func TestPrometheusAddressKeepsSecrets(t *testing.T) {
	for _, address := range []string{"http://me:s3cret@[bad", "ftp://me:s3cret@host", "me:s3cret@host", "http://me:s3cret@127.0.0.1:1"} {
		a, err := configuredAddress(PrometheusSettings{URL: address})
		if err == nil {
			if err = askOnce(t, a); err == nil {
				t.Fatalf("%s answered", address)
			}
		}
		if strings.Contains(err.Error(), "s3cret") || strings.Contains(reason(err), "s3cret") {
			t.Errorf("error tells a secret: %v", err)
		}
	}
}

func TestPrometheusLargeAnswerIsTooMuch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 1<<20)
		for range largestAnswer>>20 + 1 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	a, err := configuredAddress(PrometheusSettings{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := askOnce(t, a); !tooMuch(err) {
		t.Errorf("error %v", err)
	}
}
