package hooks

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

const event = `{"event":{"id":"01DEN4HPBQ","occurred_at":"2026-11-22T20:54:56.5+01:00",`

var at = time.Date(2026, 11, 22, 19, 54, 56, 5e8, time.UTC)

func TestParsePagerDuty(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want *Hint
	}{
		"triggered": {
			event + `"event_type":"incident.triggered","data":{"id":"PGR0VU2","type":"incident","created_at":"2026-11-22T19:54:55Z","service":{"id":"PF9KMXH"}}}}`,
			&Hint{PagerDutyService: "PF9KMXH", PagerDutyIncident: "PGR0VU2", Paged: true, At: at.Truncate(time.Second).Add(-time.Second), Why: "incident.triggered"},
		},
		"triggered, its beginning unknown": {
			event + `"event_type":"incident.triggered","data":{"id":"PGR0VU2","type":"incident"}}}`,
			&Hint{PagerDutyIncident: "PGR0VU2", Paged: true, At: at, Why: "incident.triggered"},
		},
		"resolved": {
			event + `"event_type":"incident.resolved","data":{"id":"PGR0VU2","type":"incident","service":{"id":"PF9KMXH"},"resolve_reason":null}}}`,
			&Hint{PagerDutyService: "PF9KMXH", PagerDutyIncident: "PGR0VU2", Why: "incident.resolved"},
		},
		"note": {
			event + `"event_type":"incident.annotated","data":{"incident":{"id":"PGR0VU2","type":"incident_reference"},"id":"PNOTE","content":"rolled back","type":"incident_note"}}}`,
			&Hint{PagerDutyIncident: "PGR0VU2", Why: "incident.annotated"},
		},
		"a new type": {
			event + `"event_type":"incident.something.new","data":{"incident":{"id":"PGR0VU2"}}}}`,
			&Hint{PagerDutyIncident: "PGR0VU2", Why: "incident.something.new"},
		},
		"ping":    {event + `"event_type":"pagey.ping","data":{"message":"Hello","type":"ping"}}}`, nil},
		"service": {event + `"event_type":"service.updated","data":{"id":"PF9KMXH","type":"service"}}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := parsePagerDuty([]byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			want := delivery{id: "01DEN4HPBQ", at: at}
			if test.want != nil {
				test.want.Source = "pagerduty"
				want.hints = []Hint{*test.want}
			}
			if !reflect.DeepEqual(d, want) {
				t.Errorf("got  %+v\nwant %+v", d, want)
			}
		})
	}
}

func TestPagerDutyRefused(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON":         `[`,
		"nothing":         `{}`,
		"no time":         `{"event":{"id":"a","event_type":"pagey.ping"}}`,
		"a wrong time":    `{"event":{"id":"a","event_type":"pagey.ping","occurred_at":"yesterday"}}`,
		"no incident":     event + `"event_type":"incident.resolved","data":{"type":"incident"}}}`,
		"path for an id":  event + `"event_type":"incident.resolved","data":{"type":"incident","id":"../users"}}}`,
		"query in an id":  event + `"event_type":"incident.resolved","data":{"type":"incident","id":"P","service":{"id":"P?x=1"}}}}`,
		"an id too long":  event + `"event_type":"incident.resolved","data":{"type":"incident","id":"` + strings.Repeat("P", 65) + `"}}}`,
		"a list for data": event + `"event_type":"incident.resolved","data":[]}}`,
	} {
		if d, err := parsePagerDuty([]byte(body)); err == nil {
			t.Errorf("%s: taken as %+v", name, d)
		}
	}
}

func TestParseAlerts(t *testing.T) {
	const body = `{"version":"4","groupKey":"{}","truncatedAlerts":0,"alerts":[
		{"status":"resolved","labels":{"alertname":"Burn rate","team":"shop","app":"checkout"}},
		{"status":"firing","labels":{"alertname":"Other","team":"shop","app":"checkout"}},
		{"status":"firing","labels":{"alertname":"NodeDown"}},
		{"status":"firing","labels":{"team":"shop","app":"../../secrets"}},
		{"status":"firing","labels":{"alertname":"Burn","team":"shop","app":"cart"}}]}`
	d, err := parseAlerts([]byte(body), "team", "app")
	if err != nil {
		t.Fatal(err)
	}
	want := delivery{hints: []Hint{
		{Source: "alertmanager", Namespace: "shop", Name: "checkout", Why: "Burn_rate.resolved"},
		{Source: "alertmanager", Namespace: "shop", Name: "cart", Why: "Burn.firing"},
	}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got  %+v\nwant %+v", d, want)
	}
}

// check holds for whatever anybody sends.
func check(t *testing.T, body []byte, d delivery, err error) {
	t.Helper()
	if err != nil && (len(d.hints) != 0 || d.id != "") {
		t.Errorf("%q is refused and taken: %+v", body, d)
	}
	if d.id != "" && !isID(d.id) {
		t.Errorf("%q gives the id %q", body, d.id)
	}
	for _, h := range d.hints {
		rollout, page := isRollout(h.Namespace, h.Name), isID(h.PagerDutyIncident)
		if rollout == page || word(h.Why) != h.Why || h.PagerDutyService != "" && !isID(h.PagerDutyService) {
			t.Errorf("%q gives %+v", body, h)
		}
	}
}

func FuzzArgo(f *testing.F) {
	f.Add([]byte(`{"namespace":"shop","name":"checkout","trigger":"on-rollout-aborted"}`))
	f.Add([]byte(`{"namespace":"shop","name":"../x","trigger":"\u202e"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parseArgo(body)
		check(t, body, d, err)
	})
}

func FuzzPagerDuty(f *testing.F) {
	f.Add([]byte(event + `"event_type":"incident.triggered","data":{"id":"P1","type":"incident","created_at":"2026-11-22T19:54:55Z","service":{"id":"P2"}}}}`))
	f.Add([]byte(event + `"event_type":"incident.annotated","data":{"incident":{"id":"P1"},"type":"incident_note"}}}`))
	f.Add([]byte(event + `"event_type":"pagey.ping","data":{}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parsePagerDuty(body)
		check(t, body, d, err)
	})
}

func FuzzAlerts(f *testing.F) {
	f.Add([]byte(`{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"a","namespace":"shop","rollout":"checkout"}}]}`))
	f.Add([]byte(`{"version":"4","alerts":[{"labels":null},null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parseAlerts(body, "namespace", "rollout")
		check(t, body, d, err)
		if len(d.hints) > mostRollouts {
			t.Errorf("%d hints", len(d.hints))
		}
	})
}

func FuzzSignatures(f *testing.F) {
	f.Add("v1=" + strings.Repeat("0a", 32) + ", v1=00,v2=,")
	f.Fuzz(func(t *testing.T, value string) {
		header := http.Header{"X-Pagerduty-Signature": {value}}
		for _, mac := range signatures(header) {
			if len(mac) != 32 {
				t.Errorf("%q holds a signature of %d bytes", value, len(mac))
			}
		}
		if signedByPagerDuty(header, []byte("body"), []string{"secret"}) {
			t.Errorf("%q signs what nobody signed", value)
		}
	})
}
