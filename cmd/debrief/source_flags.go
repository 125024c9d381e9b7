package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/config"
)

// sourceFlags say which incident to look at and where to ask about it.
type sourceFlags struct {
	kubeconfig, context, namespace string
	config, archive                string
	prometheusURL, pagerdutyURL    string
	since, until                   string
	revision                       int64
}

// register adds the flags of a command that is about one incident.
func (f *sourceFlags) register(c *cobra.Command) {
	f.registerCluster(c)
	flags := c.Flags()
	flags.StringVar(&f.since, "since", "", "start of the window: a time such as 2026-11-22T19:00:00Z, or how long ago, such as 2h")
	flags.StringVar(&f.until, "until", "", "end of the window, likewise")
	flags.StringVar(&f.archive, "archive", "", "archive of debrief watch, for what has expired since, or all of it if the API server cannot be asked: a file, or see watch.archive in the configuration")
	flags.Int64Var(&f.revision, "revision", 0, "revision of the rollout (default: the newest aborted one)")
}

// registerCluster adds those that say whom to ask.
func (f *sourceFlags) registerCluster(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "path to the kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)")
	flags.StringVar(&f.context, "context", "", "kubeconfig context to use")
	flags.StringVarP(&f.namespace, "namespace", "n", "", "look for aborted rollouts in this namespace only")
	flags.StringVar(&f.config, "config", "", "configuration file (default: debrief.yaml, if there is one)")
	flags.StringVar(&f.prometheusURL, "prometheus-url", "", "Prometheus address (default: from the configuration, then from the AnalysisRun)")
	flags.StringVar(&f.pagerdutyURL, "pagerduty-url", "", "PagerDuty API address, for EU accounts; the token comes from $PAGERDUTY_TOKEN or the configuration")
}

// search is the incident that flags and argument ask for.
func (f *sourceFlags) search(args []string, now time.Time) (collectors.Search, error) {
	s := collectors.Search{Namespace: f.namespace, Revision: f.revision}
	if f.revision < 0 {
		return s, usage("--revision: %d is not a revision", f.revision)
	}
	var err error
	if s.Since, err = moment("since", f.since, now); err != nil {
		return s, err
	}
	if s.Until, err = moment("until", f.until, now); err != nil {
		return s, err
	}
	if !s.Since.IsZero() && !s.Until.IsZero() && !s.Since.Before(s.Until) {
		return s, usage("--since must be before --until")
	}
	if len(args) == 0 {
		if f.revision != 0 {
			return s, usage("--revision needs a rollout: debrief generate NAMESPACE/NAME --revision %d", f.revision)
		}
		return s, nil
	}
	namespace, name, both := strings.Cut(args[0], "/")
	if !both {
		namespace, name = f.namespace, args[0]
	}
	if name == "" || strings.Contains(name, "/") || both && namespace == "" {
		return s, usage("%q is no rollout: give NAMESPACE/NAME, or NAME with -n NAMESPACE", args[0])
	}
	if both && f.namespace != "" && f.namespace != namespace {
		return s, usage("%q and -n %s name different namespaces", args[0], f.namespace)
	}
	s.Namespace, s.Name = namespace, name
	return s, nil
}

// moment reads a time, or a duration before now, with days allowed.
func moment(flag, value string, now time.Time) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		return t.UTC(), nil
	}
	ago, err := model.ParseDuration(value)
	if err != nil {
		return time.Time{}, usage("--%s: %q is neither a time such as 2026-11-22T19:00:00Z nor a duration such as 90m or 2d", flag, value)
	}
	return now.Add(-time.Duration(ago)).UTC().Truncate(time.Second), nil
}

// loadConfig reads the configuration that the flag names, or the one in the
// current folder, or none.
func (f *sourceFlags) loadConfig() (*config.Config, error) { return loadConfig(f.config) }

const defaultConfig = "debrief.yaml"

func loadConfig(path string) (*config.Config, error) {
	if path != "" {
		return config.Load(path)
	}
	if _, err := os.Stat(defaultConfig); errors.Is(err, os.ErrNotExist) {
		return config.Default(), nil
	}
	return config.Load(defaultConfig)
}

// settings brings configuration and flags together. Flags win.
func (f *sourceFlags) settings(env environment, cfg *config.Config, search *collectors.Search) (*collectors.Settings, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: f.context})
	kube, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, errors.New("no cluster is configured: set $KUBECONFIG or use --kubeconfig; debrief demo works without one")
	}
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig: %w", err)
	}
	search.Fallback = namespace
	if search.Name != "" && search.Namespace == "" {
		search.Namespace = namespace
	}
	token, err := cfg.PagerDutyToken(env.Getenv)
	if err != nil {
		return nil, err
	}
	log, err := env.logger()
	if err != nil {
		return nil, err
	}
	s := &collectors.Settings{Kubernetes: kube, Now: env.Now, Log: log}
	s.Prometheus = collectors.PrometheusSettings{URL: cmp.Or(f.prometheusURL, cfg.Prometheus.URL), HTTP: cfg.Prometheus.HTTP}
	s.PagerDuty = collectors.PagerDutySettings{URL: cmp.Or(f.pagerdutyURL, cfg.PagerDuty.URL), Token: token}
	return s, env.keepSecret(credentials(s)...)
}
