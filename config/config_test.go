package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/slo"
)

func noEnvironment(string) string { return "" }

// TestBad has one file for each mistake, with the exact message beside it.
func TestBad(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "bad"))
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			c, err := Load(file)
			if err == nil {
				_, err = c.PagerDutyToken(noEnvironment)
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, e := range separate(err) {
				if _, ok := e.(*Error); !ok {
					t.Errorf("%T instead of *config.Error", e)
				}
			}
			got := err.Error() + "\n"
			golden.Check(t, strings.TrimSuffix(file, ".yaml")+".txt", got)
			if strings.Contains(got, "hunter2") || strings.Contains(got, "12345") {
				t.Error("a secret shows")
			}
		})
	}
}

// separate undoes errors.Join.
func separate(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

func TestLoadMissingFile(t *testing.T) {
	_, err := Load("no-such.yaml")
	want := &Error{File: "no-such.yaml", Message: "cannot be read: no such file or directory"}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
}

const full = `
prometheus:
  url: http://prometheus:9090
  http:
    basic_auth:
      username: debrief
      password_file: secrets/password
    tls_config:
      ca_file: /etc/ca.crt
    http_headers:
      X-Scope-OrgID:
        values: [shop]
pagerduty:
  url: https://api.eu.pagerduty.com
  tokenFile: secrets/pagerduty
slos:
  - name: checkout-availability
    target: 99.9
    window: 30d
    bad: http_requests_total{app="checkout",code=~"5.."}
    total: >-
      http_requests_total{app="checkout"}
  - {name: cart-availability, target: 99, window: 4w, good: 'sum(rate(ok_total[5m]))', total: 'sum(rate(all_total[5m]))'}
services:
  - rollout: shop/checkout
    pagerduty: [PSVC001]
    slos: [checkout-availability]
  - rollout: "shop-*/c*t"
    slos: [cart-availability, checkout-availability]
  - rollout: "*/*"
names: pseudonym
document:
  authors: SRE Team
targets:
  ack: 10m
`

func TestParse(t *testing.T) {
	c, err := Parse("/etc/debrief/debrief.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	http := c.Prometheus.HTTP
	got := map[string]any{
		"url": c.Prometheus.URL, "user": http.BasicAuth.Username, "password": http.BasicAuth.PasswordFile, "ca": http.TLSConfig.CAFile,
		"header": http.HTTPHeaders.Headers["X-Scope-OrgID"].Values, "redirects": http.FollowRedirects,
		"pagerduty": c.PagerDuty, "names": c.Names, "authors": c.Document.Authors, "ack": c.Targets.Ack,
	}
	want := map[string]any{
		"url": "http://prometheus:9090", "user": "debrief", "password": "/etc/debrief/secrets/password", "ca": "/etc/ca.crt",
		"header": []string{"shop"}, "redirects": true,
		"pagerduty": PagerDuty{URL: "https://api.eu.pagerduty.com", TokenFile: "/etc/debrief/secrets/pagerduty"},
		"names":     NamesPseudonyms, "authors": "SRE Team", "ack": model.Duration(10 * time.Minute),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFor(t *testing.T) {
	checkout := slo.Objective{
		Name: "checkout-availability", Target: 0.999, Window: model.Duration(30 * 24 * time.Hour),
		Bad: `http_requests_total{app="checkout",code=~"5.."}`, Total: `http_requests_total{app="checkout"}`,
	}
	cart := slo.Objective{
		Name: "cart-availability", Target: 0.99, Window: model.Duration(28 * 24 * time.Hour),
		Good: "sum(rate(ok_total[5m]))", Total: "sum(rate(all_total[5m]))",
	}
	mapped, err := Parse("debrief.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	unmapped := *mapped
	unmapped.Services = nil
	fewer := *mapped
	fewer.Services = mapped.Services[:2]

	for _, test := range []struct {
		name               string
		config             *Config
		namespace, rollout string
		pattern            string
		pagerduty          []string
		objectives         []slo.Objective
	}{
		{"first match", mapped, "shop", "checkout", "shop/checkout", []string{"PSVC001"}, []slo.Objective{checkout}},
		{"glob, in the order listed", mapped, "shop-eu", "cart", "shop-*/c*t", nil, []slo.Objective{cart, checkout}},
		{"an entry that lists nothing", mapped, "shop", "other", "*/*", nil, nil},
		{"no entry", &fewer, "shop", "other", "", nil, nil},
		{"no services at all", &unmapped, "shop", "other", "", nil, []slo.Objective{checkout, cart}},
		{"no file", Default(), "shop", "checkout", "", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			service, objectives := test.config.For(test.namespace, test.rollout)
			if service.Rollout != test.pattern {
				t.Errorf("matched %q, want %q", service.Rollout, test.pattern)
			}
			if diff := cmp.Diff(test.pagerduty, service.PagerDuty); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.objectives, objectives); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEmptySections(t *testing.T) {
	c, err := Parse("debrief.yaml", []byte("prometheus:\n  http:\npagerduty:\nslos:\nservices:\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fmt.Sprint(Default().Prometheus.HTTP), fmt.Sprint(c.Prometheus.HTTP)); diff != "" {
		t.Errorf("an empty section loses the defaults: %s", diff)
	}
	if c.Names != NamesAsRoles {
		t.Errorf("names: %q", c.Names)
	}
}

func TestExample(t *testing.T) {
	c, err := Parse("debrief.yaml", []byte(Example))
	if err != nil {
		t.Fatal(err)
	}
	if service, objectives := c.For("shop", "checkout"); len(objectives) != 1 || service.Rollout == "" {
		t.Errorf("the example's service has %d objectives", len(objectives))
	}
	// What is commented out must be right as well.
	uncommented := strings.NewReplacer("  # http:", "  http:", "  #   ", "    ", "    # pagerduty: [", "    pagerduty: [",
		"  # tokenFile", "  tokenFile").Replace(Example)
	if c, err = Parse("debrief.yaml", []byte(uncommented)); err != nil {
		t.Fatal(err)
	}
	if c.Prometheus.HTTP.HTTPHeaders == nil || c.PagerDuty.TokenFile == "" || c.Services[0].PagerDuty == nil {
		t.Error("the test left something commented out")
	}
}

func TestPagerDutyToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(" from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fromEnvironment := func(name string) string { return map[string]string{"PAGERDUTY_TOKEN": "from-env\n"}[name] }
	for _, test := range []struct {
		name, file string
		getenv     func(string) string
		want       string
	}{
		{"neither", "", noEnvironment, ""},
		{"file", file, noEnvironment, "from-file"},
		{"environment first", file, fromEnvironment, "from-env"},
		{"environment without reading the file", "no-such-file", fromEnvironment, "from-env"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Default()
			c.PagerDuty.TokenFile = test.file
			token, err := c.PagerDutyToken(test.getenv)
			if err != nil {
				t.Fatal(err)
			}
			if string(token) != test.want {
				t.Errorf("got %q, want %q", string(token), test.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add(Example)
	bad, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range bad {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("debrief.yaml", []byte(text))
		if err != nil {
			for _, e := range separate(err) {
				if e, ok := e.(*Error); !ok || e.Message == "" || strings.Contains(e.Error(), "\n") {
					t.Errorf("%T: %v", e, e)
				}
			}
			return
		}
		for _, o := range c.SLOs {
			if o := o.objective(); !o.HasTarget() || o.Total == "" || o.Window <= 0 {
				t.Errorf("accepted %+v", o)
			}
		}
	})
}

// TestExampleSections makes sure that what the example has commented out is right too.
func TestExampleSections(t *testing.T) {
	uncommented := regexp.MustCompile(`(?m)^# (publish:|watch:|  )`).ReplaceAllString(Example, "$1")
	c, err := Parse("example.yaml", []byte(uncommented))
	if err != nil {
		t.Fatal(err)
	}
	if c.Publish.Repository == "" || c.Watch.Listen == "" || len(c.Publish.Tell.Webhooks) != 1 {
		t.Errorf("a section is missing: %+v", c)
	}
}
