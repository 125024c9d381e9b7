// Package config reads debrief's one configuration file.
//
// Reading is strict: a key that does not exist, a value of the wrong type, a
// reference to nothing and a second YAML document are all refused, each as an
// [Error] that says where the mistake is and what is allowed there. A
// postmortem made with half of its configuration ignored would be wrong
// without looking so. For the same reason the file has no YAML anchors, aliases
// or tags.
//
// The YAML library is goccy/go-yaml: it is maintained, and its syntax tree has
// the positions that the errors need.
package config

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/slo"
)

// Example is a commented configuration to start from.
//
//go:embed example.yaml
var Example string

// Secret is a string that is never printed.
type Secret = promconfig.Secret

// Config is the whole configuration.
type Config struct {
	Prometheus Prometheus `yaml:"prometheus"`
	PagerDuty  PagerDuty  `yaml:"pagerduty"`
	SLOs       []SLO      `yaml:"slos"`
	Services   []Service  `yaml:"services"`
	Names      Names      `yaml:"names"`
	Document   Document   `yaml:"document"`
	Targets    Targets    `yaml:"targets"`
	Publish    Publish    `yaml:"publish"`
	Watch      Watch      `yaml:"watch"`

	file      string // it was read from
	tokenLine int    // of pagerduty.tokenFile in it
}

// Prometheus says how to reach Prometheus or a server with its API.
type Prometheus struct {
	URL string `yaml:"url"`
	// HTTP has the form that Prometheus itself uses, with the names of files
	// relative to the configuration file.
	HTTP promconfig.HTTPClientConfig `yaml:"http"`
}

// PagerDuty says how to reach PagerDuty.
type PagerDuty struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"tokenFile"` // joined to the folder of the configuration file
}

// SLO is a service level objective as people write it, with its target in percent.
type SLO struct {
	Name   string         `yaml:"name"`
	Target float64        `yaml:"target"`
	Window model.Duration `yaml:"window"`
	Bad    string         `yaml:"bad"`
	Good   string         `yaml:"good"`
	Total  string         `yaml:"total"`
}

// Service says what belongs to a rollout in other systems.
type Service struct {
	Rollout   string   `yaml:"rollout"`   // NAMESPACE/NAME, either of which may have * in it
	PagerDuty []string `yaml:"pagerduty"` // ids of services
	SLOs      []string `yaml:"slos"`      // names
}

// Names says what becomes of people's names in documents.
type Names string

// What may become of names.
const (
	KeepNames       Names = "keep"      // they are written out
	NamesAsRoles    Names = "role"      // such as "on-call engineer"; the default
	NamesPseudonyms Names = "pseudonym" // the same person is recognisable within a document
)

// Document is what every document says alike.
type Document struct {
	Authors string `yaml:"authors"`
}

// Targets are what a response is held against.
type Targets struct {
	Ack model.Duration `yaml:"ack"` // from a page to its acknowledgement; 0 is the default
}

// Default is the configuration in force without a file.
func Default() *Config {
	return &Config{
		Prometheus: Prometheus{HTTP: promconfig.DefaultHTTPClientConfig},
		Names:      NamesAsRoles,
		Watch:      defaultWatch(),
	}
}

// Load reads the configuration in a file.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{File: path, Message: "cannot be read: " + withoutPath(err)}
	}
	return Parse(path, data)
}

// For is what the configuration says of a rollout: the first service whose
// pattern matches it, and the objectives that apply.
//
// A service lists all that belongs to its rollouts. So an objective that it
// does not name does not apply, and neither does any where no service matches:
// numbers of another service's SLO are worse than none. Only without services
// at all does every objective apply to every rollout.
func (c *Config) For(namespace, name string) (Service, []slo.Objective) {
	if len(c.Services) == 0 {
		return Service{}, c.objectives(nil)
	}
	for _, s := range c.Services {
		if s.matches(namespace, name) {
			return s, c.objectives(s.SLOs)
		}
	}
	return Service{}, nil
}

// objectives are those with the names, in the names' order; all without names.
func (c *Config) objectives(names []string) []slo.Objective {
	var found []slo.Objective
	if len(c.Services) == 0 {
		for _, s := range c.SLOs {
			found = append(found, s.objective())
		}
		return found
	}
	for _, name := range names {
		for _, s := range c.SLOs {
			if s.Name == name {
				found = append(found, s.objective())
			}
		}
	}
	return found
}

// PagerDutyToken is the token in the environment's PAGERDUTY_TOKEN or else in
// the configured file. It is empty when there is neither.
func (c *Config) PagerDutyToken(getenv func(string) string) (Secret, error) {
	if token := strings.TrimSpace(getenv("PAGERDUTY_TOKEN")); token != "" {
		return Secret(token), nil
	}
	if c.PagerDuty.TokenFile == "" {
		return "", nil
	}
	problem := &Error{File: c.file, Line: c.tokenLine, Field: "pagerduty.tokenFile"}
	data, err := os.ReadFile(c.PagerDuty.TokenFile)
	if err != nil {
		problem.Message = fmt.Sprintf("%s: %s; give a file that holds the token, or set PAGERDUTY_TOKEN", c.PagerDuty.TokenFile, withoutPath(err))
		return "", problem
	}
	token := strings.TrimSpace(string(data))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		problem.Message = c.PagerDuty.TokenFile + " does not hold a token: one line without spaces is allowed"
		return "", problem
	}
	return Secret(token), nil
}

// matches tells whether the service's pattern matches the rollout. A * never
// matches across the slash, since the parts are matched one by one.
func (s Service) matches(namespace, name string) bool {
	inNamespace, ofName, _ := strings.Cut(s.Rollout, "/")
	first, err1 := path.Match(inNamespace, namespace)
	second, err2 := path.Match(ofName, name)
	return first && second && err1 == nil && err2 == nil
}

func (s SLO) objective() slo.Objective {
	// 99.9 / 100 is a little more than 0.999; the target is a decimal number.
	const digits = 1e12
	return slo.Objective{
		Name: s.Name, Target: math.Round(s.Target/100*digits) / digits, Window: s.Window,
		Bad: s.Bad, Good: s.Good, Total: s.Total,
	}
}

// relativeTo takes the names of files as relative to a folder.
func (c *Config) relativeTo(file string) {
	dir := filepath.Dir(file)
	c.Prometheus.HTTP.SetDirectory(dir)
	if c.PagerDuty.TokenFile != "" {
		c.PagerDuty.TokenFile = promconfig.JoinDir(dir, c.PagerDuty.TokenFile)
	}
	c.Publish.relativeTo(dir)
	c.Watch.relativeTo(dir)
}

// withoutPath is an error of the file system without the path that the message
// names anyway.
func withoutPath(err error) string {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err.Error()
	}
	return err.Error()
}
