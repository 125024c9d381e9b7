package deploy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	for _, args := range [][]string{
		{"check", "rules", filepath.Join(deployDir, "prometheus-rules.yaml")},
		{"test", "rules", filepath.Join(deployDir, "prometheus-rules.test.yaml")},
	} {
		if out, err := command(t.Context(), "promtool", args...); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// promtool's tests pass over alerts that they do not name.
func TestEveryAlertIsTested(t *testing.T) {
	var rules struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	readYAML(t, "prometheus-rules.yaml", &rules)
	var tests struct {
		Tests []struct {
			Alerts []struct {
				Name     string `json:"alertname"`
				Expected []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		}
	}
	readYAML(t, "prometheus-rules.test.yaml", &tests)
	fires := map[string]bool{}
	for _, test := range tests.Tests {
		for _, alert := range test.Alerts {
			fires[alert.Name] = fires[alert.Name] || len(alert.Expected) > 0
		}
	}
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			if !fires[rule.Alert] {
				t.Errorf("no test has %s fire", rule.Alert)
			}
		}
	}
}

// What is not exported can neither be shown nor alert.
func TestMetricsAreDocumented(t *testing.T) {
	var docs []byte
	for _, name := range []string{"metrics.md", "webhooks.md"} {
		data, err := os.ReadFile(filepath.Join(root, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, data...)
	}
	metric := regexp.MustCompile(`\bdebrief_[a-z_]+`)
	for _, name := range []string{"grafana-dashboard.json", "prometheus-rules.yaml"} {
		data, err := os.ReadFile(filepath.Join(deployDir, name))
		if err != nil {
			t.Fatal(err)
		}
		used := metric.FindAll(data, -1)
		if len(used) == 0 {
			t.Errorf("%s uses no metric", name)
		}
		for _, m := range used {
			if !bytes.Contains(docs, []byte("| `"+strings.TrimSuffix(string(m), "_bucket")+"` |")) {
				t.Errorf("%s uses %s, which is not documented", name, m)
			}
		}
	}
}

// The dashboard's queries are those of panels that do not overlap, and
// Prometheus can parse each of them.
func TestDashboard(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(deployDir, "grafana-dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	taken, n := map[[2]int]string{}, 0
	for _, p := range dashboard.Panels {
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, ok := taken[at]; ok || at[0] >= 24 {
					t.Fatalf("panel %q lies over %q or beyond the edge", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
		for _, target := range p.Targets {
			n++
			expr := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1d", "$namespace", ".*").Replace(target.Expr)
			fmt.Fprintf(&rules, "  - record: panel:%d\n    expr: %q\n", n, expr)
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, file, rules.String())
	if out, err := command(t.Context(), "promtool", "check", "rules", file); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
