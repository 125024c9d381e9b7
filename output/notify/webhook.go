package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"

	"github.com/debrief-sre/debrief/internal/printable"
)

// The headers of a signed message. The signature is "v1=" and, in hexadecimal,
// the HMAC-SHA256 of the timestamp, a full stop and the body. A receiver should
// refuse timestamps, in seconds since 1970, that are more than minutes off.
const (
	SignatureHeader = "X-Debrief-Signature"
	TimestampHeader = "X-Debrief-Timestamp"
)

// Webhook is an address that is told of postmortems.
type Webhook struct {
	Name string            // for errors, as the address is a secret; empty: they tell the format
	URL  promconfig.Secret // http or https
	// Format is "slack", "teams", "json" or "template".
	Format string
	// Template is the body of the format template: a JSON document whose strings
	// are text/templates. For the other formats it is the text/template of the
	// summary, or empty.
	Template string
	// Key signs bodies; empty: they are not signed. A signature needs Now.
	Key promconfig.Secret
	Now func() time.Time
	// Transport is nil for http.DefaultTransport.
	Transport *http.Transport
}

// Check says whether a message could be made and sent, without sending one.
func (w Webhook) Check() error {
	sample := time.Unix(0, 0)
	_, err := w.request(context.Background(), Message{
		Title: "a title", URL: "https://git.example.com/pulls/1", Summary: "a summary", Service: "shop/checkout", Revision: 2,
		Status: "resolved", Aborted: &sample, Facts: []Fact{{"a fact", "its value"}},
	})
	if err != nil {
		return fmt.Errorf("webhook %s: %w", w.name(), err)
	}
	return nil
}

// Send tells the webhook, once. Only what surely has not arrived is tried again
// here: when there was no connection, and when the server says when to come
// back. Errors hold neither the address nor the key.
func (w Webhook) Send(ctx context.Context, m Message) error {
	err := w.send(ctx, m)
	if err != nil {
		return fmt.Errorf("telling webhook %s: %w", w.name(), err)
	}
	return nil
}

func (w Webhook) name() string { return cmp.Or(w.Name, "of the format "+w.Format) }

func (w Webhook) send(ctx context.Context, m Message) error {
	req, err := w.request(ctx, m)
	if err != nil {
		return err
	}
	answer, err := client(w.Transport).Do(req)
	if err != nil {
		return w.harmless(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it is in memory
	switch {
	case answer.StatusCode < 300:
		return nil
	case answer.StatusCode < 400:
		return fmt.Errorf("it has moved, as %s says; redirects are not followed: give the new address", answer.Status)
	}
	err = fmt.Errorf("it answers %s%s", printable.Line(answer.Status), w.words(answer))
	if answer.StatusCode >= 500 && !comesBack(answer) {
		err = fmt.Errorf("%w: %w", ErrMayHaveArrived, err)
	}
	return err
}

// request makes the request that tells of a message.
func (w Webhook) request(ctx context.Context, m Message) (*http.Request, error) {
	u, err := url.Parse(strings.TrimSpace(string(w.URL)))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("its address is not one of the web, such as https://example.com/hook")
	}
	body, err := w.body(m)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("its address cannot be asked")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "debrief")
	if w.Key != "" {
		w.sign(req.Header, body)
	}
	return req, nil
}

func (w Webhook) sign(h http.Header, body []byte) {
	timestamp := strconv.FormatInt(w.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.Key))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	h.Set(TimestampHeader, timestamp)
	h.Set(SignatureHeader, "v1="+hex.EncodeToString(mac.Sum(nil)))
}

// words are what a server says of a refusal, without what it may repeat of us.
func (w Webhook) words(answer *http.Response) string {
	text := w.redacted(bodyOf(answer))
	if text == "" {
		return ""
	}
	return ": " + text
}

// harmless is an error without the address, which http puts into it.
func (w Webhook) harmless(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	for _, known := range []error{ErrMayHaveArrived, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return fmt.Errorf("%w (%s)", known, w.redacted(strings.TrimPrefix(err.Error(), known.Error()+": ")))
		}
	}
	return errors.New(w.redacted(err.Error()))
}

// redacted drops from a text the address, the parts of it that are secret, and
// the key.
func (w Webhook) redacted(text string) string {
	const longest = 200
	address := strings.TrimSpace(string(w.URL))
	secrets := []string{address, string(w.Key)}
	if u, err := url.Parse(address); err == nil {
		secrets = append(secrets, u.RequestURI(), u.Path, u.RawQuery)
		parts := strings.FieldsFunc(u.RequestURI()+"?"+u.Path, func(r rune) bool { return strings.ContainsRune("/?&=", r) })
		for _, values := range u.Query() {
			parts = append(parts, values...)
		}
		// Shorter ones are words, such as hook.
		secrets = append(secrets, slices.DeleteFunc(parts, func(part string) bool { return len(part) <= 8 })...)
	}
	// The longest first: what is part of another one must not break it up.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for _, secret := range secrets {
		if len(secret) > 1 {
			text = strings.ReplaceAll(text, secret, "<secret>")
		}
	}
	return cut(printable.Line(text), longest)
}
