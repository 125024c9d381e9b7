package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/debrief-sre/debrief/internal/redact/redacttest"
)

type lazy struct{ url string }

func (l lazy) LogValue() slog.Value {
	return slog.GroupValue(slog.String("url", l.url), slog.Any("err", errors.New("GET "+l.url)))
}

type named string

func (n named) String() string { return "named " + string(n) }

type coded struct{ code string }

func (c coded) MarshalText() ([]byte, error) { return []byte("code " + c.code), nil }

// TestHandler puts a secret and what controls a terminal into everything that a
// record can hold, in both forms that slog writes.
func TestHandler(t *testing.T) {
	const (
		url     = "https://u:p4ssw0rd@host/"
		escape  = "\x1b[31m\u202e\u009b"
		planted = url + escape
	)
	r := newRedactor(t, "letmein")
	for name, form := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := slog.New(Handler(form(&out), r))
			log = log.With("with", planted, "token", "abcxyz").WithGroup("of letmein" + escape)
			log.Error("saw letmein at "+planted,
				"string", planted, planted, "as a key", "bytes", []byte(planted),
				"error", fmt.Errorf("reading: %w", &os.PathError{Op: "open", Path: planted, Err: os.ErrNotExist}),
				"stringer", named(planted), "lazy", lazy{planted}, "marshaler", coded{planted},
				"map", map[string]any{"password": "abcxyz", planted: []string{planted}},
				"struct", struct{ A, Token string }{planted, "abcxyz"}, "unmarshalable", []any{math.NaN(), planted},
				slog.Group("group", "url", planted, slog.Group("deeper", "url", planted, "secret", errors.New("abcxyz"))),
				"nil", nil, "number", 3, "took", time.Second)
			for _, bad := range []string{"letmein", "p4ssw0rd", "abcxyz", "\x1b", `\x1b`, `\u001b`, "\u202e", `\u202e`, "\u009b", `\u009b`} {
				if strings.Contains(out.String(), bad) {
					t.Errorf("%q is in the log: %s", bad, &out)
				}
			}
			if n := strings.Count(out.String(), "[redacted:url-credentials]"); n < 12 {
				t.Errorf("%d addresses redacted in %s", n, &out)
			}
		})
	}
}

func TestHandlerLeavesTheRestAlone(t *testing.T) {
	r := newRedactor(t)
	var out bytes.Buffer
	log := slog.New(Handler(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: withoutTime}), r))
	log.Info("not enabled")
	log.Warn("source left a gap", "source", "kubernetes/events", "err", os.ErrNotExist, "n", 1, "took", 2*time.Second, "ok", true)
	if want := "level=WARN msg=\"source left a gap\" source=kubernetes/events err=\"file does not exist\" n=1 took=2s ok=true\n"; out.String() != want {
		t.Errorf("got %s want %s", &out, want)
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// TestHandlerConforms runs the standard library's own test of handlers.
func TestHandlerConforms(t *testing.T) {
	r := newRedactor(t)
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return Handler(slog.NewJSONHandler(&out, nil), r)
	}, func(t *testing.T) map[string]any {
		var record map[string]any
		if err := json.Unmarshal(out.Bytes(), &record); err != nil {
			t.Fatalf("%s: %v", &out, err)
		}
		return record
	})
}

// TestLogsHoldNoSecret logs a secret of every rule, in the message, in an error
// and in a group, in both forms that slog writes.
func TestLogsHoldNoSecret(t *testing.T) {
	r, maker := newRedactor(t), redacttest.NewMaker(t)
	for _, id := range maker.Rules() {
		text, secret := secretFor(t, maker, id, 11)
		var out bytes.Buffer
		for _, next := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
			log := slog.New(Handler(next, r))
			log.Error("asking failed with "+text+" after deploy", "err", fmt.Errorf("status 500: body %q, it said", text),
				slog.Group("request", "query", "x "+text+" y", "reply", map[string]string{"note": text}))
		}
		if rest := redacttest.Telling(secret); strings.Contains(out.String(), rest) {
			t.Errorf("%s: %q of the secret %q is in the log:\n%s", id, rest, secret, &out)
		}
	}
}
