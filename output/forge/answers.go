package forge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

const (
	attemptTimeout = 30 * time.Second
	largestAnswer  = 32 << 20 // bytes
)

// answers makes every answer that is no success an *Error, the same for all
// clients, each of which would word and shape it differently. It reads answers
// whole, so that one that breaks off counts as none.
type answers struct {
	next http.RoundTripper
	now  func() time.Time
}

func (t answers) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(r.Context(), attemptTimeout, errSilent)
	defer cancel()
	resp, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, silence(r.Context(), ctx, err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer+1))
	resp.Body.Close() //nolint:errcheck // nothing was written
	switch {
	case err != nil:
		return nil, silence(r.Context(), ctx, err)
	case len(body) > largestAnswer:
		return nil, &Error{Reason: ErrInvalid, Status: resp.StatusCode, Message: fmt.Sprintf("its answer is larger than %d MiB", largestAnswer>>20)}
	case resp.StatusCode >= http.StatusBadRequest:
		return nil, refusal(resp, body, t.now)
	case resp.StatusCode < http.StatusMultipleChoices && isPage(resp):
		return nil, &Error{Reason: ErrNotFound, Status: resp.StatusCode, Message: "the answer is a web page and not the API's: check the address of the API"}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// silence is the error of an attempt that got no answer, unless the caller has
// given up.
func silence(caller, attempt context.Context, err error) error {
	if caller.Err() != nil {
		return context.Cause(caller)
	}
	if cause := context.Cause(attempt); cause != nil {
		err = cause
	}
	return &Error{Reason: ErrUnavailable, cause: withoutURL(err)}
}

// isPage tells an answer for people, such as that of a proxy that wants a
// sign-in, from an API's.
func isPage(resp *http.Response) bool {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// stayHere follows redirects of renamed repositories, but never to another
// host: the clients would send the token along. Nor where the request would
// change into a GET: that would look like success.
func stayHere(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) >= 5:
		return &Error{Reason: ErrInvalid, Message: "too many redirects"}
	case req.URL.Host != first.URL.Host, first.URL.Scheme == "https" && req.URL.Scheme != "https":
		return &Error{Reason: ErrInvalid, Message: fmt.Sprintf("it redirects to %s://%s: check the repository's address and that of the API", req.URL.Scheme, req.URL.Host)}
	case req.Method != first.Method:
		return &Error{Reason: ErrInvalid, Message: "it redirects to another address: check the repository's address, it may have been renamed"}
	default:
		return nil
	}
}
