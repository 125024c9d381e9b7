package hooks

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
)

const (
	maxBody    = 1 << 20
	retryAfter = "5" // seconds; Argo's controller waits as long, and retries three times
)

var errNoJSON = errors.New("the body is not the JSON that was expected")

// endpoint answers the webhooks of one receiver.
type endpoint struct {
	receiver Receiver
	protocol protocol
	secrets  Secrets
	queue    *queue
	log      *slog.Logger
	metrics  *metrics
}

// refusal is an answer that takes nothing.
type refusal struct {
	code int
	why  string
}

// ServeHTTP takes a webhook's hints.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code := http.StatusAccepted
	if no := e.take(w, r); no != nil {
		code = no.code
		e.log.Warn("webhook refused", "code", code, "reason", no.why, "remote", r.RemoteAddr)
		http.Error(w, no.why, code)
	} else {
		w.WriteHeader(code)
	}
	e.metrics.requests.WithLabelValues(e.receiver.Name, strconv.Itoa(code)).Inc()
}

func (e *endpoint) take(w http.ResponseWriter, r *http.Request) *refusal {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return &refusal{http.StatusMethodNotAllowed, "webhooks are sent by POST"}
	}
	if no := wellFormed(r.Header); no != nil {
		return no
	}
	body, no := e.authentic(w, r)
	if no != nil {
		return no
	}
	d, err := e.protocol.parse(body)
	switch {
	case errors.Is(err, errTooMany):
		return &refusal{http.StatusRequestEntityTooLarge, err.Error()}
	case err != nil:
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	if !e.queue.take(d) {
		return busy(w, "there is no room for more hints now")
	}
	return nil
}

func wellFormed(header http.Header) *refusal {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case err != nil || media != "application/json":
		return &refusal{http.StatusUnsupportedMediaType, "the Content-Type is not application/json"}
	case header.Get("Content-Encoding") != "":
		return &refusal{http.StatusUnsupportedMediaType, "bodies with a Content-Encoding are not read"}
	}
	return nil
}

// authentic gives the body of a request that knows a secret. A bearer token is
// looked at before the body is read.
func (e *endpoint) authentic(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	secrets, err := e.secrets.read()
	if err != nil {
		e.log.Error("the receiver's secrets cannot be read", "error", err)
		return nil, busy(w, "the receiver is not ready")
	}
	if e.protocol.signed == nil && !bears(r.Header, secrets) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return nil, &refusal{http.StatusUnauthorized, "the bearer token is missing or wrong"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB"}
	} else if err != nil {
		return nil, &refusal{http.StatusBadRequest, "the body could not be read"}
	}
	if e.protocol.signed != nil && !e.protocol.signed(r.Header, body, secrets) {
		return nil, &refusal{http.StatusUnauthorized, "the signature is missing or wrong"}
	}
	return body, nil
}

// busy asks the sender to come back.
func busy(w http.ResponseWriter, why string) *refusal {
	w.Header().Set("Retry-After", retryAfter)
	return &refusal{http.StatusServiceUnavailable, why}
}
