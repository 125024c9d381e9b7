package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/prometheus/prometheus/promql/parser"
)

// validate notes what types cannot say: missing values, ranges, and references
// to what does not exist.
func (p *problems) validate(c *Config) {
	p.address("prometheus", "url", c.Prometheus.URL)
	p.address("pagerduty", "url", c.PagerDuty.URL)
	if _, set := p.lines["pagerduty.tokenFile"]; set && c.PagerDuty.TokenFile == "" {
		p.in("pagerduty", "tokenFile", "is empty: give a file that holds the token, or leave the key out")
	}
	known := map[string]int{}
	for i, s := range c.SLOs {
		field := item("slos", i)
		if first, twice := known[s.Name]; twice && s.Name != "" {
			p.in(field, "name", fmt.Sprintf("%q is taken by the SLO in line %d: names must differ", s.Name, p.lines[item("slos", first)]))
		} else {
			known[s.Name] = i
		}
		p.slo(field, s)
	}
	for i, s := range c.Services {
		p.service(item("services", i), s, c.SLOs)
	}
	p.publish(&c.Publish)
	p.watch(&c.Watch)
}

func (p *problems) address(parent, key, address string) {
	if _, set := p.lines[join(parent, key)]; !set {
		return
	}
	if problem := urlProblem(address, false); problem != "" {
		p.in(parent, key, problem)
	}
}

func (p *problems) slo(field string, s SLO) {
	p.name(field, s.Name)
	p.target(field, s)
	if s.Window == 0 {
		p.in(field, "window", "is missing: give the SLO's rolling window, such as 30d")
	}
	switch {
	case s.Bad == "" && s.Good == "":
		p.in(field, "", "has neither bad nor good: give the PromQL counter of one of them")
	case s.Bad != "" && s.Good != "":
		p.in(field, "good", "stands beside bad: give one of them, the other follows from total")
	}
	for key, expr := range s.counters() {
		p.promQL(field, key, expr)
	}
}

// counters visits the objective's PromQL in a fixed order, the optional ones if set.
func (s SLO) counters() func(yield func(key, expr string) bool) {
	return func(yield func(key, expr string) bool) {
		_ = (s.Bad == "" || yield("bad", s.Bad)) &&
			(s.Good == "" || yield("good", s.Good)) &&
			yield("total", s.Total)
	}
}

func (p *problems) target(field string, s SLO) {
	switch _, set := p.lines[join(field, "target")]; {
	case !set:
		p.in(field, "target", "is missing: give a percentage between 0 and 100, such as 99.9")
	case s.Target <= 0 || s.Target >= 100:
		p.in(field, "target", fmt.Sprintf("%v is not a percentage between 0 and 100", s.Target))
	}
}

// name wants one line of text.
func (p *problems) name(field, name string) {
	switch {
	case name == "":
		p.in(field, "name", "is missing: give a name")
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl):
		p.in(field, "name", fmt.Sprintf("%q is not one line of text without spaces around it", name))
	}
}

// promQL wants an expression over counters. That they are counters, and that
// their increase can be told, is for those to check who evaluate it.
func (p *problems) promQL(field, key, expr string) {
	if strings.TrimSpace(expr) == "" {
		p.in(field, key, `is missing: give a PromQL counter, such as http_requests_total{app="checkout"}`)
		return
	}
	parsed, err := promQL.ParseExpr(expr)
	if err != nil {
		p.in(field, key, "is not PromQL: "+oneLine(err.Error()))
		return
	}
	selects := false
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		_, selector := node.(*parser.VectorSelector)
		selects = selects || selector
		return nil
	})
	if !selects {
		p.in(field, key, `selects no series: give a PromQL counter, such as http_requests_total{app="checkout"}`)
	}
}

var promQL = parser.NewParser(parser.Options{})

var (
	rolloutPattern = regexp.MustCompile(`^[a-z0-9.*-]+/[a-z0-9.*-]+$`)
	pagerDutyID    = regexp.MustCompile(`^[A-Za-z0-9]+$`)
)

func (p *problems) service(field string, s Service, slos []SLO) {
	switch {
	case s.Rollout == "":
		p.in(field, "rollout", "is missing: give NAMESPACE/NAME, where * stands for any letters")
	case !rolloutPattern.MatchString(s.Rollout):
		p.in(field, "rollout", fmt.Sprintf("%q is not NAMESPACE/NAME of a rollout, where * stands for any letters", s.Rollout))
	}
	for i, id := range s.PagerDuty {
		if !pagerDutyID.MatchString(id) {
			p.in(item(join(field, "pagerduty"), i), "", fmt.Sprintf("%q is not the id of a PagerDuty service, such as PIJ90N7", id))
		}
	}
	names := make([]string, len(slos))
	for i, o := range slos {
		names[i] = o.Name
	}
	for i, name := range s.SLOs {
		at := item(join(field, "slos"), i)
		switch {
		case !slices.Contains(names, name):
			p.in(at, "", unknownSLO(name, names))
		case slices.Index(s.SLOs, name) < i:
			p.in(at, "", fmt.Sprintf("%q is listed twice", name))
		}
	}
}

func unknownSLO(name string, known []string) string {
	if len(known) == 0 {
		return fmt.Sprintf("%q is not the name of an SLO: none is defined under slos", name)
	}
	return instead(fmt.Sprintf("%q is not the name of an SLO under slos", name), name, known)
}
