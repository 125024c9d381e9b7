package collectors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	promconfig "github.com/prometheus/common/config"
)

const (
	// largestAnswer caps an answer, so that a careless query cannot fill the memory.
	largestAnswer = 64 << 20
	promTries     = 3
	// longestWait is how long a server may ask us to wait before a retry. One
	// that wants more is not asked again.
	longestWait = 10 * time.Second
	firstWait   = 500 * time.Millisecond
)

// promAddress is where a server is and how to ask it.
type promAddress struct {
	url    *url.URL // without user info and query parameters
	params url.Values
	http   promconfig.HTTPClientConfig
	brief  bool // the client is used once: no connection is kept open after it
}

// configuredAddress is the address of the settings. A name and password in it
// become credentials like any others.
func configuredAddress(p PrometheusSettings) (promAddress, error) {
	a, err := parseAddress(p.URL)
	if err != nil {
		return promAddress{}, err
	}
	a.http = p.HTTP
	if reflect.DeepEqual(a.http, promconfig.HTTPClientConfig{}) {
		// The zero value would refuse redirects and HTTP/2.
		a.http = promconfig.DefaultHTTPClientConfig
	}
	if user := a.url.User; user != nil && a.http.BasicAuth == nil && a.http.Authorization == nil && a.http.OAuth2 == nil {
		password, _ := user.Password()
		a.http.BasicAuth = &promconfig.BasicAuth{Username: user.Username(), Password: promconfig.Secret(password)}
	}
	a.url.User = nil
	return a, nil
}

// foundAddress is an address that the cluster told us of. It never gets
// credentials: whoever writes an AnalysisTemplate could have them sent anywhere.
func foundAddress(address string) (promAddress, error) {
	a, err := parseAddress(address)
	if err != nil {
		return promAddress{}, err
	}
	a.url.User = nil
	a.http = promconfig.DefaultHTTPClientConfig
	return a, nil
}

// parseAddress does not repeat the address in an error: it may hold a password.
func parseAddress(address string) (promAddress, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return promAddress{}, errors.New("the Prometheus address is not an http or https URL")
	}
	params := u.Query()
	u.RawQuery, u.Fragment = "", ""
	return promAddress{url: u, params: params}, nil
}

// client builds the HTTP client, from the outside in: redirects, the query
// parameters of the address, errors made of bad answers, retries, the server's
// clock, the cap on answers, credentials and TLS.
func (a promAddress) client(clock *dateRecorder) (*http.Client, error) {
	options := []promconfig.HTTPClientOption{promconfig.WithUserAgent("debrief")}
	if a.brief {
		options = append(options, promconfig.WithKeepAlivesDisabled())
	}
	transport, err := promconfig.NewRoundTripperFromConfig(a.http, "prometheus", options...)
	if err != nil {
		return nil, fmt.Errorf("creating Prometheus client: %w", err)
	}
	client := &http.Client{Transport: a.wrap(transport, clock)}
	if !a.http.FollowRedirects {
		client.CheckRedirect = noRedirect
	}
	return client, nil
}

func (a promAddress) wrap(transport http.RoundTripper, clock *dateRecorder) http.RoundTripper {
	retrying := &retryablehttp.RoundTripper{Client: &retryablehttp.Client{
		// Redirects are the outer client's affair.
		HTTPClient:   &http.Client{Transport: clock.wrap(capped(transport)), CheckRedirect: noRedirect},
		RetryWaitMin: firstWait, RetryWaitMax: longestWait, RetryMax: promTries - 1,
		CheckRetry: worthRetrying, Backoff: retryablehttp.DefaultBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}}
	return a.withParams(withStatusErrors(retrying))
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// worthRetrying tells whether the server may answer when asked again soon. A
// broken connection is no such case: what is down stays down for minutes, and
// the transport itself repeats requests that met a stale connection.
func worthRetrying(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil || err != nil {
		return false, nil
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return retryablehttp.DefaultBackoff(firstWait, longestWait, 0, resp) <= longestWait, nil
	default:
		return false, nil
	}
}

// withParams lets the query parameters of the configured address ride along,
// such as Thanos's dedup, but to no other host that a redirect leads to.
func (a promAddress) withParams(next http.RoundTripper) http.RoundTripper {
	if len(a.params) == 0 {
		return next
	}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != a.url.Host {
			return next.RoundTrip(r)
		}
		r = r.Clone(r.Context())
		query := r.URL.Query()
		maps.Copy(query, a.params)
		r.URL.RawQuery = query.Encode()
		return next.RoundTrip(r)
	})
}

// capped ends answers that are too large with a *http.MaxBytesError.
func capped(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			resp.Body = http.MaxBytesReader(nil, resp.Body, largestAnswer)
		}
		return resp, err
	})
}

// withStatusErrors makes errors of answers that are no Prometheus API's: the
// API client would only tell "client error".
func withStatusErrors(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || resp.StatusCode < 400 {
			return resp, err
		}
		switch resp.StatusCode {
		case http.StatusBadRequest, http.StatusUnprocessableEntity:
			return resp, nil // the API's own errors
		case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotImplemented:
			if r.Method == http.MethodPost {
				return resp, nil // the API client tries again with GET
			}
		}
		defer resp.Body.Close() //nolint:errcheck // nothing was written
		return nil, &statusError{code: resp.StatusCode, message: plainMessage(resp)}
	})
}

// plainMessage is the start of an answer that is text for people.
func plainMessage(resp *http.Response) string {
	const enough = 200
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "text/plain" {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, enough))
	if err != nil {
		return ""
	}
	message := oneLine(strings.ToValidUTF8(string(text), ""))
	if strings.EqualFold(message, http.StatusText(resp.StatusCode)) {
		return "" // it says that already
	}
	return message
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
