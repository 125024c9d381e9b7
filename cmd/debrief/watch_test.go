package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/internal/redact"
	"github.com/debrief-sre/debrief/watch/hooks"
)

func configOf(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse(filepath.Join(t.TempDir(), "debrief.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestRolloutsOfHints(t *testing.T) {
	w := &watcher{cfg: configOf(t, `
services:
  - {rollout: shop/checkout, pagerduty: [PA]}
  - {rollout: shop/cart, pagerduty: [PA, PB]}
  - {rollout: "shop/*", pagerduty: [PC]}
`)}
	for name, test := range map[string]struct {
		hint hooks.Hint
		want []string
	}{
		"a rollout":           {hooks.Hint{Namespace: "a", Name: "b", PagerDutyService: "PA"}, []string{"a/b"}},
		"a service of two":    {hooks.Hint{PagerDutyService: "PA"}, []string{"shop/checkout", "shop/cart"}},
		"a service of one":    {hooks.Hint{PagerDutyService: "PB"}, []string{"shop/cart"}},
		"a pattern's service": {hooks.Hint{PagerDutyService: "PC"}, nil},
		"an unknown service":  {hooks.Hint{PagerDutyService: "PX"}, nil},
		"an incident alone":   {hooks.Hint{PagerDutyIncident: "Q1"}, nil},
	} {
		if got := w.rolloutsOf(test.hint); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestHookSecrets: a file may hold two secrets while one replaces the other,
// and what it holds is kept out of everything that is written.
func TestHookSecrets(t *testing.T) {
	cfg := configOf(t, "watch: {listen: \":0\", hooks: {argoTokenFile: token}}\n")
	file := cfg.Watch.Hooks.ArgoTokenFile
	if err := os.WriteFile(file, []byte("first-argo-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := environment{redactor: sync.OnceValues(func() (*redact.Redactor, error) { return redact.New() })}
	secrets := (&watcher{env: env, cfg: cfg}).hookSecrets()
	if len(secrets) != 1 {
		t.Fatalf("%d receivers are on", len(secrets))
	}
	if err := os.WriteFile(file, []byte("first-argo-token\nsecond-argo-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := secrets["argo"]()
	if err != nil || !slices.Equal(got, []string{"first-argo-token", "second-argo-token"}) {
		t.Errorf("secrets %q, %v", got, err)
	}
	if text := env.redactText("got second-argo-token"); strings.Contains(text, "second") {
		t.Errorf("a secret shows: %s", text)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets["argo"](); err == nil {
		t.Error("no error without the file")
	}
}

// TestReload: a changed configuration starts the watch anew, one with mistakes
// does not.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "debrief.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var clusters []string
		run := func(ctx context.Context, cfg *config.Config) error {
			clusters = append(clusters, cfg.Watch.Cluster)
			<-ctx.Done()
			return nil
		}
		write("watch: {cluster: one}\n")
		flags := &sourceFlags{config: file}
		cfg, err := flags.loadConfig()
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- runReloading(ctx, nil, slog.New(slog.NewTextHandler(&log, nil)), flags, cfg, run) }()

		time.Sleep(2 * lookAtConfig)
		write("watch: {cluster: 1, clutser: two}\n")
		time.Sleep(2 * lookAtConfig)
		write("watch: {cluster: two}\n")
		time.Sleep(2 * lookAtConfig)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if want := []string{"one", "two"}; !slices.Equal(clusters, want) {
			t.Errorf("watched %q, want %q", clusters, want)
		}
		if !strings.Contains(log.String(), "the changed configuration is not used") {
			t.Errorf("nobody is told of the mistake: %s", log.String())
		}
	})
}

// TestWatchEnds with the error of what it runs.
func TestWatchEnds(t *testing.T) {
	broken := errors.New("the archive is gone")
	err := runReloading(t.Context(), nil, slog.New(slog.DiscardHandler), &sourceFlags{}, config.Default(), func(context.Context, *config.Config) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
