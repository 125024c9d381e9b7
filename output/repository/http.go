package repository

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// newHTTPClient verifies certificates and respects proxies as its transport does.
func newHTTPClient(next http.RoundTripper) *http.Client {
	if next == nil {
		next = http.DefaultTransport
	}
	return &http.Client{Transport: polite{next}}
}

// polite says who asks, and turns an answer that is an error into one.
type polite struct{ next http.RoundTripper }

func (p polite) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("User-Agent", agent)
	response, err := p.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close() //nolint:errcheck // it is read as far as it is wanted
		return nil, newStatusError(response)
	}
	const largestRefs, largestReport = 64 << 20, 1 << 20
	switch {
	case strings.HasSuffix(request.URL.Path, "/info/refs"):
		response.Body = readCloser{&limited{from: response.Body, left: largestRefs}, response.Body}
	case strings.HasSuffix(request.URL.Path, "/git-receive-pack"):
		// Go-git stops at the report, and would leave the connection behind. The
		// server is not done before the end: its hooks run after the report.
		data, err := io.ReadAll(&limited{from: response.Body, left: largestReport})
		err = errors.Join(err, response.Body.Close())
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(data), failing{err}))
	}
	return response, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// failing is the end of what could be read: with an error, or without.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

func newStatusError(response *http.Response) *statusError {
	e := &statusError{code: response.StatusCode}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.after = time.Duration(min(seconds, 3600)) * time.Second
	}
	if kind := response.Header.Get("Content-Type"); kind == "" || strings.HasPrefix(kind, "text/plain") {
		words, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10)) // what there is will do
		e.words = oneLine(string(words))
	}
	return e
}
