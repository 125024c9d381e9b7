package notify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/debrief-sre/debrief/output/notify"
)

const token = "hunter2-token"

// notes answers with an incident's notes.
func notes(contents ...string) http.HandlerFunc {
	list := []map[string]any{}
	for i, c := range contents {
		list = append(list, map[string]any{"id": fmt.Sprint("PN", i), "content": c})
	}
	body, err := json.Marshal(map[string]any{"notes": list})
	if err != nil {
		panic(err)
	}
	return answer(http.StatusOK, string(body), "Content-Type", "application/json")
}

var created = answer(http.StatusOK, `{"note": {"id": "PN9", "content": "..."}}`, "Content-Type", "application/json")

func refusal(status int, message string, header ...string) http.HandlerFunc {
	return answer(status, `{"error": {"code": 2010, "message": "`+message+`", "errors": ["no"]}}`, append(header, "Content-Type", "application/json")...)
}

func TestNote(t *testing.T) {
	const url = "https://git.example.com/sre/postmortems/pulls/7?a=1&b=2"
	tests := []struct {
		name    string
		answers []http.HandlerFunc
		written bool
		sent    string // methods
		took    time.Duration
		err     string
	}{
		{"the first note", []http.HandlerFunc{notes(), created}, true, "GET POST", 0, ""},
		{"beside others", []http.HandlerFunc{notes("on it", "see "+url+"8"), created}, true, "GET POST", 0, ""},
		{"there already", []http.HandlerFunc{notes("on it", "Postmortem: x\n"+url+"\nand more")}, false, "GET", 0, ""},
		{"rate limit, in PagerDuty's own words", []http.HandlerFunc{refusal(429, "Too Many Requests", "Ratelimit-Reset", "20"), notes(), refusal(429, "Too Many Requests", "Ratelimit-Reset", "30"), created}, true, "GET GET POST POST", 50 * time.Second, ""},
		{"read-only token", []http.HandlerFunc{notes(), refusal(403, "Access Denied to hunter2-token")}, false, "GET POST", 0, "PagerDuty answers 403: Access Denied to <secret>; no (the token must be allowed to write)"},
		{"wrong token", []http.HandlerFunc{refusal(401, "Authentication failed")}, false, "GET", 0, "PagerDuty answers 401: Authentication failed; no (the token must be allowed to write)"},
		{"no incident", []http.HandlerFunc{refusal(404, "Not Found")}, false, "GET", 0, "PagerDuty answers 404: Not Found; no"},
		{"broken while writing", []http.HandlerFunc{notes(), answer(http.StatusBadGateway, "<html>")}, false, "GET POST", 0, "PagerDuty answers 502: Bad Gateway"},
		{"no answer to writing", []http.HandlerFunc{notes(), hang}, false, "GET POST", 10 * time.Second, "the message may or may not have arrived"},
		{"not PagerDuty", []http.HandlerFunc{answer(http.StatusOK, "<html>")}, false, "GET", 0, "invalid character '<'"},
		{"moved", []http.HandlerFunc{answer(http.StatusFound, "", "Location", "http://elsewhere.example/")}, false, "GET", 0, "PagerDuty answers 302: Found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := receive(t, 0, test.answers...)
				p := notify.PagerDuty{URL: "http://api.pagerduty.test/", Token: token, From: "sre@example.com", Transport: r.transport}
				start := time.Now()
				written, err := p.Note(t.Context(), "Q2CHKOUTBURN01", message())
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
				if written != test.written || (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Errorf("written %t, %v\nwant %t, %s", written, err, test.written, test.err)
				}
				if err != nil && strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error holds the token: %v", err)
				}
				var methods []string
				for _, got := range r.requests() {
					methods = append(methods, got.method)
					if got.path != "/incidents/Q2CHKOUTBURN01/notes" || got.header.Get("Authorization") != "Token token="+token {
						t.Errorf("asked for %s with %v", got.path, got.header)
					}
				}
				if sent := strings.Join(methods, " "); sent != test.sent {
					t.Errorf("sent %s, want %s", sent, test.sent)
				}
			})
		})
	}
}

func TestNoteText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receive(t, 0, notes(), created)
		m := message()
		m.Title, m.Summary = "see https://hostile.example", strings.Repeat("www.hostile.example ", 500)
		p := notify.PagerDuty{URL: "http://api.pagerduty.test", Token: token, From: "sre@example.com", Transport: r.transport}
		if _, err := p.Note(t.Context(), "Q2CHKOUTBURN01", m); err != nil {
			t.Fatal(err)
		}
		post := r.requests()[1]
		var body struct{ Note struct{ Content string } }
		if err := json.Unmarshal([]byte(post.body), &body); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(body.Note.Content, "\n")
		if post.header.Get("From") != "sre@example.com" || len(lines) != 3 || lines[1] != m.URL || len([]rune(body.Note.Content)) > 2000 {
			t.Errorf("from %q: %q", post.header.Get("From"), body.Note.Content)
		}
		if found := active.FindString(lines[0] + lines[2]); found != "" {
			t.Errorf("the note has %q", found)
		}
	})
}

func TestNoteRefusesWhatIsNoID(t *testing.T) {
	for _, id := range []string{"", "../services", "P1/notes?x=", "P 1", strings.Repeat("P", 65)} {
		if _, err := (notify.PagerDuty{}).Note(t.Context(), id, message()); err == nil || !strings.HasSuffix(err.Error(), "its id is not one of PagerDuty's") {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestNoteNeedsAnAuthor(t *testing.T) {
	_, err := notify.PagerDuty{Token: token}.Note(t.Context(), "P1", message())
	if err == nil || !strings.HasSuffix(err.Error(), "PagerDuty wants the e-mail address of the user who writes it") {
		t.Error(err)
	}
}
