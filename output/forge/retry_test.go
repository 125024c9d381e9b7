package forge

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		h.Set(pair[0], pair[1])
	}
	return h
}

const (
	secondaryLimit = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`
	primaryLimit   = `{"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}`
)

func TestWaits(t *testing.T) {
	reset := func(after time.Duration) string { return strconv.FormatInt(time.Now().Add(after).Unix(), 10) }
	tests := []struct {
		name   string
		faults func() []fault // for one method
		want   time.Duration
	}{
		{"too many requests", func() []fault {
			return []fault{{status: 429, header: header("Retry-After", "17"), body: "Retry later\n"}}
		}, 17 * time.Second},
		{"no delay given", func() []fault { return []fault{{status: 429}} }, time.Minute},
		{"a moment by the server's clock", func() []fault {
			date := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
			return []fault{{status: 429, header: header("Date", date.Format(http.TimeFormat), "Retry-After", date.Add(42*time.Second).Format(http.TimeFormat))}}
		}, 42 * time.Second},
		{"secondary limit", func() []fault {
			return []fault{{status: 403, header: header("Retry-After", "60"), body: secondaryLimit}}
		}, time.Minute},
		{"secondary limit without a delay", func() []fault {
			return []fault{{status: 403, header: header("X-Ratelimit-Remaining", "4990", "X-Ratelimit-Reset", reset(time.Hour)), body: secondaryLimit}}
		}, time.Minute},
		{"primary limit", func() []fault {
			return []fault{{status: 403, header: header("X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", reset(90*time.Second)), body: primaryLimit}}
		}, 90 * time.Second},
		{"two in a row", func() []fault {
			return []fault{{status: 429, header: header("Retry-After", "10")}, {status: 429, header: header("Ratelimit-Remaining", "0", "Ratelimit-Reset", reset(40*time.Second))}}
		}, 40 * time.Second},
		{"overloaded twice", func() []fault { return []fault{{status: 502, body: "<html>Bad Gateway</html>"}, {status: 503}} }, 3 * time.Second},
		{"overloaded, with a delay", func() []fault { return []fault{{status: 503, header: header("Retry-After", "25")}} }, 25 * time.Second},
		{"broken connection", func() []fault { return []fault{{}} }, time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			everyKind(t, func(t *testing.T, d *double) {
				for _, call := range []struct {
					method string
					do     func(Forge) error
				}{
					{"GET", func(f Forge) error { _, err := f.Requests(t.Context(), head); return err }},
					{"POST", func(f Forge) error { _, _, err := f.Open(t.Context(), desired()); return err }},
					{map[string]string{"gitlab": "PUT"}[d.kind], func(f Forge) error { return f.SetBody(t.Context(), 1, "new") }},
				} {
					for _, f := range test.faults() {
						f.method = call.method
						if f.method == "" {
							f.method = "PATCH"
						}
						d.faults = append(d.faults, f)
					}
					start := time.Now()
					if err := call.do(d.forge(t)); err != nil {
						t.Fatalf("%s: %v", call.method, err)
					}
					want := test.want
					if d.kind == "gitea" && call.method == "POST" {
						want += raceOver
					}
					if waited := time.Since(start); waited != want {
						t.Errorf("%s: waited %v, want %v", call.method, waited, want)
					}
				}
				if d.created != 1 || len(d.changes) != 1 || d.changes[0].body != "new" {
					t.Errorf("created %d", d.created)
				}
			})
		})
	}
}

// The forge carries it out, and nobody hears of it.
func TestLostAnswer(t *testing.T) {
	for name, faults := range map[string][]fault{
		"connection breaks": {{method: "POST", late: true}},
		"bad gateway":       {{method: "POST", status: 502, late: true}},
		"and then the list": {{method: "POST", status: 504, late: true}, {method: "GET", status: 500}, {method: "GET"}},
		"twice not at all":  {{method: "POST"}, {method: "POST", status: 500}, {method: "POST", late: true}},
	} {
		t.Run(name, func(t *testing.T) {
			everyKind(t, func(t *testing.T, d *double) {
				d.faults = slices.Clone(faults)
				want := desired()
				want.Labels = []string{"postmortem"}
				r, warnings, err := d.forge(t).Open(t.Context(), want)
				if err != nil || len(warnings) != 0 || r.Number != 1 || r.State != Open {
					t.Fatal(r, warnings, err)
				}
				if d.created != 1 || len(d.changes) != 1 || len(d.faults) != 0 {
					t.Errorf("created %d, faults left: %v", d.created, d.faults)
				}
				if !slices.Equal(d.changes[0].labels, want.Labels) {
					t.Errorf("labels %q", d.changes[0].labels)
				}
			})
		})
	}
}

// A request that was lost arrives after we have looked for it.
func TestLateArrival(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		end := map[string]string{"github": "/pulls", "gitlab": "/merge_requests", "gitea": "/pulls"}[d.kind]
		d.faults = []fault{{method: "POST", late: true}, {method: "GET", path: end, status: 200, header: header("Content-Type", "application/json"), body: "[]"}}
		r, _, err := d.forge(t).Open(t.Context(), desired())
		if err != nil || r.Number != 1 || d.created != 1 {
			t.Fatal(r, err, d.created)
		}
	})
}

func TestImpatient(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		start := time.Now()
		d.faults = []fault{{method: "GET", status: 429, header: header("Retry-After", "3600")}}
		_, err := d.forge(t).Requests(t.Context(), head)
		if !errors.Is(err, ErrLimited) || !strings.Contains(err.Error(), "not waiting 1h0m0s") || time.Since(start) != 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		// All waits of a call count together.
		for range 8 {
			d.faults = append(d.faults, fault{method: "GET", status: 429, header: header("Retry-After", "70")})
		}
		_, err = d.forge(t).Requests(t.Context(), head)
		if !errors.Is(err, ErrLimited) || time.Since(start) != 280*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestDown(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		for range 20 {
			d.faults = append(d.faults, fault{method: "GET", status: 503, body: "no healthy upstream"}, fault{method: "POST"})
		}
		start := time.Now()
		if _, err := d.forge(t).Requests(t.Context(), head); !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v", err)
		}
		if _, _, err := d.forge(t).Open(t.Context(), desired()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took > 3*time.Minute || d.created != 0 {
			t.Errorf("took %v, created %d", took, d.created)
		}
	})
}

func TestCancelledWhileWaiting(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		d.faults = []fault{{method: "GET", status: 429, header: header("Retry-After", "100")}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := d.forge(t).Requests(ctx, head)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// hung never answers.
type hung struct{ asked int }

func (h *hung) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked++
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestHung(t *testing.T) {
	everyKind(t, func(t *testing.T, d *double) {
		h := &hung{}
		s := d.settings("/acme/docs")
		s.Transport = h
		_, err := mustForge(t, d.kind, s).Requests(t.Context(), head)
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no answer in time") || h.asked != attempts {
			t.Errorf("asked %d times: %v", h.asked, err)
		}
	})
}
