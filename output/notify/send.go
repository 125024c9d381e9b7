package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	attempts = 3
	timeout  = 10 * time.Second // for one attempt
	patience = time.Minute      // for one wait
	maxBody  = 4 << 20          // of an answer
)

// ErrMayHaveArrived says that nobody knows whether a message arrived: sending
// it again could tell people twice.
var ErrMayHaveArrived = errors.New("the message may or may not have arrived, and is not sent again")

// client makes requests whose answers are in memory.
func client(t *http.Transport) *http.Client {
	next := http.DefaultTransport
	if t != nil {
		next = t
	}
	return &http.Client{
		Transport:     once{next},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// once carries out a request so that the server acts on it at most once.
type once struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (o once) RoundTrip(req *http.Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		answer, connected, err := o.try(req)
		wait := time.Duration(attempt) * time.Second
		switch {
		case err != nil && connected:
			return nil, fmt.Errorf("%w: %w", ErrMayHaveArrived, err)
		case err == nil && !comesBack(answer):
			return answer, nil
		case err == nil:
			wait = retryAfter(answer)
		}
		if attempt == attempts || wait > patience {
			return answer, err
		}
		select {
		case <-req.Context().Done():
			return nil, context.Cause(req.Context())
		case <-time.After(wait):
		}
	}
}

// try makes one attempt, and tells whether there was a connection: without one
// the server cannot have seen the request.
func (o once) try(req *http.Request) (answer *http.Response, connected bool, err error) {
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	var got atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { got.Store(true) }})
	req = req.Clone(ctx)
	if req.GetBody != nil {
		if req.Body, err = req.GetBody(); err != nil {
			return nil, false, err
		}
	}
	answer, err = o.next.RoundTrip(req)
	if err != nil {
		return nil, got.Load(), err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	answer.Body.Close() //nolint:errcheck // what was read counts
	if err != nil && answer.StatusCode < 300 {
		return nil, true, fmt.Errorf("reading the answer: %w", err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, true, nil
}

// bodyOf is the answer's body.
func bodyOf(answer *http.Response) string {
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

// comesBack tells whether a server has refused a request unseen and says when
// to come back.
func comesBack(answer *http.Response) bool {
	return (answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusServiceUnavailable) && retryAfter(answer) >= 0
}

// retryAfter is after what time a server asks to come back; negative when it
// does not. PagerDuty has a header of its own. A date is held against the
// server's own clock.
func retryAfter(answer *http.Response) time.Duration {
	after := answer.Header.Get("Retry-After")
	if after == "" && answer.StatusCode == http.StatusTooManyRequests {
		after = answer.Header.Get("Ratelimit-Reset")
	}
	if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	until, err1 := http.ParseTime(after)
	now, err2 := http.ParseTime(answer.Header.Get("Date"))
	if err1 != nil || err2 != nil {
		return -1
	}
	return max(0, until.Sub(now))
}
