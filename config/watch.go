package config

import (
	"fmt"
	"net"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
)

// Watch says what debrief watch watches, and what it does then.
type Watch struct {
	Cluster    string   `yaml:"cluster"`    // its name in the archive, in metrics and in logs
	Namespaces []string `yaml:"namespaces"` // empty: all that may be read

	Archive     WatchArchive   `yaml:"archive"`
	Documents   string         `yaml:"documents"` // folder for bundles and documents
	Triggers    Triggers       `yaml:"triggers"`
	Settle      Settle         `yaml:"settle"`
	Follow      model.Duration `yaml:"follow"`      // how long a published incident is kept up to date
	FollowEvery model.Duration `yaml:"followEvery"` // how often it is looked at, besides on hints
	Workers     int64          `yaml:"workers"`

	LeaderElection *LeaderElection `yaml:"leaderElection"` // for several replicas

	Listen        string `yaml:"listen"`        // HOST:PORT of metrics, health and webhooks; empty: none
	WebConfigFile string `yaml:"webConfigFile"` // TLS and basic authentication, in Prometheus's form
	Pprof         bool   `yaml:"pprof"`
	Hooks         Hooks  `yaml:"hooks"`
}

// WatchArchive says where what was observed is kept.
type WatchArchive struct {
	File      string         `yaml:"file"`    // SQLite
	URLFile   string         `yaml:"urlFile"` // holds the URL of a PostgreSQL database, which is a secret
	Retention model.Duration `yaml:"retention"`
}

// Triggers are what makes an incident.
type Triggers struct {
	Abort         bool           `yaml:"abort"`
	Analysis      bool           `yaml:"analysis"`
	Degraded      bool           `yaml:"degraded"`
	DegradedAfter model.Duration `yaml:"degradedAfter"`
	Page          bool           `yaml:"page"`
}

// Settle says how long an incident may take to be over before its evidence is
// collected.
type Settle struct {
	Min model.Duration `yaml:"min"`
	Max model.Duration `yaml:"max"`
}

// LeaderElection makes one of several replicas act, by a Lease.
type LeaderElection struct {
	Namespace string `yaml:"namespace"`
	Name      string `yaml:"name"`
	Record    string `yaml:"record"` // leader or all
}

// Hooks are the webhooks that are received. Each is off without its file.
type Hooks struct {
	ArgoTokenFile         string `yaml:"argoTokenFile"`         // bearer token of Argo Rollouts notifications
	PagerDutySecretFile   string `yaml:"pagerdutySecretFile"`   // signing secret of a V3 webhook subscription
	AlertmanagerTokenFile string `yaml:"alertmanagerTokenFile"` // bearer token
}

func defaultWatch() Watch {
	return Watch{Triggers: Triggers{Abort: true, Analysis: true, Degraded: true, Page: true}}
}

func (w *Watch) relativeTo(dir string) {
	for _, name := range []*string{
		&w.Archive.File, &w.Archive.URLFile, &w.Documents, &w.WebConfigFile,
		&w.Hooks.ArgoTokenFile, &w.Hooks.PagerDutySecretFile, &w.Hooks.AlertmanagerTokenFile,
	} {
		if *name != "" {
			*name = promconfig.JoinDir(dir, *name)
		}
	}
}

// watch notes what types cannot say.
func (p *problems) watch(w *Watch) {
	const field = "watch"
	if w.Archive.File != "" && w.Archive.URLFile != "" {
		p.in(join(field, "archive"), "urlFile", "stands beside file: the archive is in one of them")
	}
	if w.Listen != "" {
		if _, _, err := net.SplitHostPort(w.Listen); err != nil {
			p.in(field, "listen", fmt.Sprintf("%q is not HOST:PORT, such as :8080", w.Listen))
		}
	}
	hooked := w.Hooks != Hooks{}
	if hooked && w.Listen == "" {
		p.in(field, "hooks", "cannot be received: give listen, such as :8080")
	}
	if w.Settle.Max != 0 && w.Settle.Min > w.Settle.Max {
		p.in(join(field, "settle"), "min", "is longer than max")
	}
	if w.Workers < 0 || w.Workers > 100 {
		p.in(field, "workers", fmt.Sprintf("%d is not a number from 1 to 100", w.Workers))
	}
	if e := w.LeaderElection; e != nil {
		p.oneOf(join(field, "leaderElection"), "record", e.Record, "leader", "all")
	}
	for i, namespace := range w.Namespaces {
		if namespace == "" || strings.ContainsAny(namespace, "/* ") {
			p.in(item(join(field, "namespaces"), i), "", fmt.Sprintf("%q is no namespace", namespace))
		}
	}
}
