package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/debrief-sre/debrief/output/notify"
)

const secretURL = "http://hooks.example.com/services/T00000000/B00000000/hunter2hunter2?sig=hunter3%2Fhunter3"

func hook(r *receiver) notify.Webhook {
	return notify.Webhook{Name: "chat", URL: secretURL, Format: "slack", Transport: r.transport}
}

// hang answers nothing.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// hangUp ends the connection after the request was read.
func hangUp(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

func TestSendAtMostOnce(t *testing.T) {
	ok := answer(http.StatusOK, "ok")
	tests := []struct {
		name    string
		refused int
		answers []http.HandlerFunc
		sent    int           // how often the server saw the message
		took    time.Duration // waiting
		err     string        // of the error's text; empty: none
		may     bool          // the message may have arrived
	}{
		{"accepted", 0, []http.HandlerFunc{ok}, 1, 0, "", false},
		{"accepted, as Workflows do", 0, []http.HandlerFunc{answer(http.StatusAccepted, "")}, 1, 0, "", false},
		{"no connection at first", 2, []http.HandlerFunc{ok}, 1, 3 * time.Second, "", false},
		{"no connection", 3, []http.HandlerFunc{ok}, 0, 3 * time.Second, "dial tcp: unknown network refused", false},
		{"busy, come back", 0, []http.HandlerFunc{answer(http.StatusTooManyRequests, "", "Retry-After", "30"), ok}, 2, 30 * time.Second, "", false},
		{"unavailable, come back", 0, []http.HandlerFunc{answer(http.StatusServiceUnavailable, "", "Retry-After", "7"), ok}, 2, 7 * time.Second, "", false},
		{"come back at a time", 0, []http.HandlerFunc{answer(http.StatusTooManyRequests, "", "Date", "Sun, 22 Nov 2026 20:00:00 GMT", "Retry-After", "Sun, 22 Nov 2026 20:00:09 GMT"), ok}, 2, 9 * time.Second, "", false},
		{"always busy", 0, []http.HandlerFunc{answer(http.StatusTooManyRequests, "slow down", "Retry-After", "1")}, 3, 2 * time.Second, "it answers 429 Too Many Requests: slow down", false},
		{"come back tomorrow", 0, []http.HandlerFunc{answer(http.StatusTooManyRequests, "", "Retry-After", "86400")}, 1, 0, "it answers 429 Too Many Requests", false},
		{"busy without a time", 0, []http.HandlerFunc{answer(http.StatusTooManyRequests, "")}, 1, 0, "it answers 429 Too Many Requests", false},
		{"unavailable without a time", 0, []http.HandlerFunc{answer(http.StatusServiceUnavailable, "")}, 1, 0, "it answers 503 Service Unavailable", true},
		{"broken", 0, []http.HandlerFunc{answer(http.StatusInternalServerError, "rollback_error")}, 1, 0, "it answers 500 Internal Server Error: rollback_error", true},
		{"broken gateway", 0, []http.HandlerFunc{answer(http.StatusBadGateway, "", "Retry-After", "1")}, 1, 0, "it answers 502 Bad Gateway", true},
		{"no answer", 0, []http.HandlerFunc{hang}, 1, 10 * time.Second, "deadline exceeded", true},
		{"connection lost", 0, []http.HandlerFunc{hangUp}, 1, 0, "EOF", true},
		{"refused", 0, []http.HandlerFunc{answer(http.StatusNotFound, "no_service")}, 1, 0, "it answers 404 Not Found: no_service", false},
		{"moved", 0, []http.HandlerFunc{answer(http.StatusTemporaryRedirect, "", "Location", "http://elsewhere.example/"), ok}, 1, 0, "it has moved, as 307 Temporary Redirect says; redirects are not followed: give the new address", false},
		{"moved, to be fetched", 0, []http.HandlerFunc{answer(http.StatusFound, "", "Location", "/login"), ok}, 1, 0, "it has moved, as 302 Found says; redirects are not followed: give the new address", false},
		{"the address in the answer", 0, []http.HandlerFunc{answer(http.StatusBadRequest, "POST /services/T00000000/B00000000/hunter2hunter2 hunter3/hunter3\n\x1b[31m")}, 1, 0, "it answers 400 Bad Request: POST <secret> <secret> \ufffd[31m", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := receive(t, test.refused, test.answers...)
				start := time.Now()
				err := hook(r).Send(t.Context(), message())
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
				if sent := len(r.requests()); sent != test.sent {
					t.Errorf("sent %d times, want %d", sent, test.sent)
				}
				if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Errorf("error: %v\nwant: %s", err, test.err)
				}
				if errors.Is(err, notify.ErrMayHaveArrived) != test.may {
					t.Errorf("may have arrived: %t, want %t (%v)", !test.may, test.may, err)
				}
				if err != nil && (strings.Contains(err.Error(), "hunter") || !strings.HasPrefix(err.Error(), "telling webhook chat: ")) {
					t.Errorf("error: %v", err)
				}
			})
		})
	}
}

func TestSendStopsWhenItIsCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receive(t, 0, answer(http.StatusTooManyRequests, "", "Retry-After", "50"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := hook(r).Send(ctx, message()); !errors.Is(err, context.Canceled) || len(r.requests()) != 1 {
			t.Errorf("%v after %d requests", err, len(r.requests()))
		}
	})
}

func TestSignature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receive(t, 0, answer(http.StatusOK, ""))
		w := hook(r)
		w.Format, w.Key, w.Now = "json", "the key", func() time.Time { return time.Unix(1795377600, 0) }
		if err := w.Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
		got := r.requests()[0]
		mac := hmac.New(sha256.New, []byte("the key"))
		mac.Write([]byte("1795377600." + got.body))
		want := "v1=" + hex.EncodeToString(mac.Sum(nil))
		if got.header.Get("X-Debrief-Signature") != want || got.header.Get("X-Debrief-Timestamp") != "1795377600" {
			t.Errorf("the headers are %v, want the signature %s", got.header, want)
		}
		if got.method != http.MethodPost || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("the request is %+v", got)
		}
	})
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name string
		w    notify.Webhook
		want string
	}{
		{"right", notify.Webhook{URL: secretURL, Format: "teams"}, ""},
		{"right, with a summary", notify.Webhook{URL: secretURL, Format: "slack", Template: "{{ .Service | upper }}{{ range .Facts }} {{ .Name }}{{ end }}"}, ""},
		{"right, of the user's own", notify.Webhook{URL: secretURL, Format: "template", Template: `{"content": "{{ .Title }} {{ .URL }}", "tts": false, "n": 10000000000000001}`}, ""},
		{"no format", notify.Webhook{URL: secretURL}, `"" is no format: use one of slack, teams, json, template`},
		{"unknown format", notify.Webhook{URL: secretURL, Format: "irc"}, `"irc" is no format: use one of slack, teams, json, template`},
		{"no address", notify.Webhook{Format: "slack"}, "its address is not one of the web, such as https://example.com/hook"},
		{"another scheme", notify.Webhook{URL: "ftp://hunter2@host", Format: "slack"}, "its address is not one of the web, such as https://example.com/hook"},
		{"not an address", notify.Webhook{URL: "http://hunter2\x7f", Format: "slack"}, "its address is not one of the web, such as https://example.com/hook"},
		{"no JSON", notify.Webhook{URL: secretURL, Format: "template", Template: "text={{ .Title }}"}, `the template is no JSON, such as {"text": "{{ .Title }} {{ .URL }}"}: invalid character 'e' in literal true (expecting 'r')`},
		{"more than JSON", notify.Webhook{URL: secretURL, Format: "template", Template: "{} {}"}, "the template has more after its JSON value"},
		{"unknown field", notify.Webhook{URL: secretURL, Format: "template", Template: `{"text": "{{ .Titel }}"}`}, `template: template:1:3: executing "template" at <.Titel>: can't evaluate field Titel in type notify.Message`},
		{"the environment", notify.Webhook{URL: secretURL, Format: "slack", Template: `{{ env "HOME" }}`}, `template: template:1: function "env" not defined`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.w.Name = "chat"
			err := test.w.Check()
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || err.Error() != "webhook chat: "+test.want {
				t.Errorf("error: %v\nwant: webhook chat: %s", err, test.want)
			}
		})
	}
}

func TestAnAddressThatIsNone(t *testing.T) {
	for _, address := range []string{"", "postmortems/a.md", "javascript:alert(1)", "https://user:hunter2@git.example.com/", "https://\x00"} {
		m := message()
		m.URL = address
		err := notify.Webhook{Name: "chat", URL: secretURL, Format: "slack"}.Send(t.Context(), m)
		if err == nil || !strings.HasSuffix(err.Error(), "the postmortem's address is not one of the web without credentials") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
