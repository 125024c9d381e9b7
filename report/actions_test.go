package report_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

// ruleTests change the calm incident: just enough for a rule, marked by want,
// or just not.
var ruleTests = []struct {
	name   string
	rule   string
	want   bool
	change func(*incident)
}{
	{"10 s from first to last", "analysis-interval", true, func(*incident) {}},
	{"9 s from first to last", "analysis-interval", false, func(i *incident) { i.analysis("4s500ms", 10, 14.5, 19) }},
	{"interval of 2 s", "analysis-interval", true, func(i *incident) { i.analysis("2s", 10, 12, 14, 16, 18, 20) }},
	{"interval of 1 s", "analysis-interval", false, func(i *incident) { i.analysis("1s", 10, 15, 20) }},
	{"one measurement", "analysis-interval", false, func(i *incident) { i.analysis("10s", 20) }},
	{"no counters", "analysis-interval", true, func(i *incident) { i.facts.SLIs = nil }},
	{"passed in between", "analysis-interval", true, func(i *incident) {
		i.facts.Rollout.Analyses[0].Metrics[0].Measurements[1].Phase = "Successful"
	}},
	{"dry run", "analysis-interval", false, func(i *incident) { i.facts.Rollout.Analyses[0].Metrics[0].DryRun = true }},
	{"aborted by hand", "analysis-interval", false, func(i *incident) { i.abortedBy(timeline.CauseUser, 25) }},
	{"interval that is none", "analysis-interval", false, func(i *incident) { i.analysis("soon", 10, 20) }},

	{"30 s after the first traffic", "late-first-measurement", true, func(i *incident) {
		i.analysis("5s", 30, 35)
		i.facts.Rollout.Analyses[0].Metrics[0].InitialDelay = "25s"
	}},
	{"29 s", "late-first-measurement", false, func(i *incident) { i.analysis("5s", 29, 35) }},
	{"it passed", "late-first-measurement", false, func(i *incident) {
		i.analysis("5s", 30, 35)
		i.facts.Rollout.Analyses[0].Metrics[0].Measurements[0].Phase = "Successful"
	}},
	{"nothing failed", "late-first-measurement", false, func(i *incident) {
		i.analysis("5s", 30, 35)
		for n := range i.facts.SLIs[0].Bad[0].Samples {
			i.facts.SLIs[0].Bad[0].Samples[n].Value = 0
		}
	}},
	{"no counters", "late-first-measurement", true, func(i *incident) { i.analysis("5s", 30, 35); i.facts.SLIs = nil }},
	{"no traffic known", "late-first-measurement", false, func(i *incident) { i.analysis("5s", 30, 35); i.drop(timeline.TrafficShifted) }},

	{"deadline", "no-analysis", true, func(i *incident) { i.abortedBy(timeline.CauseProgressDeadline, 600); i.withoutAnalysis() }},
	{"by hand", "no-analysis", true, func(i *incident) { i.abortedBy(timeline.CauseUser, 25); i.withoutAnalysis() }},
	{"with analysis", "no-analysis", false, func(i *incident) { i.abortedBy(timeline.CauseUser, 25) }},
	{"unknown cause", "no-analysis", false, func(i *incident) { i.abortedBy(timeline.CauseUnknown, 25); i.withoutAnalysis() }},
	{"analyses denied", "no-analysis", false, func(i *incident) {
		i.abortedBy(timeline.CauseUser, 25)
		i.withoutAnalysis()
		i.cover("argo/analysisruns", evidence.StatusDenied, "forbidden")
	}},

	{"half a pod", "no-traffic-routing", true, func(i *incident) {
		i.facts.Rollout.TrafficRouting = false
		i.facts.Rollout.Steps = []string{"pause: 5s", "setWeight: 10"}
	}},
	{"one pod", "no-traffic-routing", false, func(i *incident) { i.facts.Rollout.TrafficRouting = false }},
	{"routed", "no-traffic-routing", false, func(i *incident) { i.facts.Rollout.Steps = []string{"setWeight: 10"} }},
	{"all traffic", "no-traffic-routing", false, func(i *incident) {
		i.facts.Rollout.TrafficRouting = false
		i.facts.Rollout.Steps = []string{"setWeight: 100", "setWeight: 0", "setWeight: x"}
	}},
	{"not aborted", "no-traffic-routing", false, func(i *incident) {
		i.facts.Rollout.TrafficRouting, i.facts.Rollout.Abort = false, nil
		i.facts.Rollout.Steps = []string{"setWeight: 10"}
	}},

	{"none, with the analysis's counters", "missing-slo", true, func(i *incident) {
		i.manifest.Objectives = nil
		i.facts.SLIs[0].FromAnalysis, i.facts.SLIs[0].Objective.Target = true, 0
	}},
	{"none, without counters", "missing-slo", true, func(i *incident) { i.manifest.Objectives, i.facts.SLIs = nil, nil }},
	{"one, without counters", "missing-slo", false, func(i *incident) { i.facts.SLIs = nil }},

	{"none fired", "missing-alert", true, func(i *incident) { i.drop(timeline.AlertFiring) }},
	{"pending only", "missing-alert", true, func(i *incident) { i.drop(timeline.AlertFiring); i.event(timeline.AlertPending, 13) }},
	{"one fired", "missing-alert", false, func(*incident) {}},
	{"one resolved", "missing-alert", false, func(i *incident) { i.drop(timeline.AlertFiring); i.event(timeline.AlertResolved, 60) }},
	{"one fired throughout", "missing-alert", false, func(i *incident) { i.drop(timeline.AlertFiring); i.manifest.Coverage[3].Objects = 1 }},
	{"server down", "missing-alert", false, func(i *incident) {
		i.drop(timeline.AlertFiring)
		i.cover("prometheus/alerts", evidence.StatusUnreachable, "connection refused")
	}},
	{"partial answer", "missing-alert", false, func(i *incident) {
		i.drop(timeline.AlertFiring)
		i.cover("prometheus/alerts", evidence.StatusPartial, "timeout")
	}},
	{"nobody asked", "missing-alert", false, func(i *incident) { i.drop(timeline.AlertFiring); i.manifest.Coverage = nil }},
	{"nothing failed", "missing-alert", false, func(i *incident) {
		i.drop(timeline.AlertFiring)
		i.withoutAnalysis()
		i.facts.SLIs = nil
	}},

	{"page by a person", "detected-by-people", true, func(i *incident) { i.event(timeline.PageTriggered, 8).Actor = "P1" }},
	{"in the same second", "detected-by-people", false, func(i *incident) { i.event(timeline.PageTriggered, 9.5).Actor = "P1" }},
	{"page by an integration", "detected-by-people", false, func(i *incident) { i.event(timeline.PageTriggered, 8) }},
	{"abort by hand alone", "detected-by-people", true, func(i *incident) {
		i.abortedBy(timeline.CauseUser, 5)
		i.withoutAnalysis()
		i.drop(timeline.AlertFiring, timeline.PageTriggered, timeline.PageAcknowledged)
	}},
	{"abort by hand after the alert", "detected-by-people", false, func(i *incident) { i.abortedBy(timeline.CauseUser, 25) }},
	{"alerts denied", "detected-by-people", false, func(i *incident) {
		i.event(timeline.PageTriggered, 8).Actor = "P1"
		i.cover("prometheus/alerts", evidence.StatusDenied, "forbidden")
	}},
	{"pages denied", "detected-by-people", false, func(i *incident) {
		i.abortedBy(timeline.CauseUser, 5)
		i.cover("pagerduty/incidents", evidence.StatusDenied, "401")
	}},
	{"no PagerDuty", "detected-by-people", true, func(i *incident) {
		i.abortedBy(timeline.CauseUser, 5)
		i.cover("pagerduty", evidence.StatusAbsent, "no token")
	}},

	{"5 min 1 s", "slow-ack", true, func(i *incident) { i.drop(timeline.PageAcknowledged); i.event(timeline.PageAcknowledged, 315) }},
	{"5 min", "slow-ack", false, func(i *incident) { i.drop(timeline.PageAcknowledged); i.event(timeline.PageAcknowledged, 314) }},
	{"own target", "slow-ack", true, func(i *incident) { i.options.AckTarget = 29 * time.Second }},
	{"never", "slow-ack", true, func(i *incident) { i.drop(timeline.PageAcknowledged) }},
	{"resolved late", "slow-ack", true, func(i *incident) { i.drop(timeline.PageAcknowledged); i.event(timeline.PageResolved, 400) }},
	{"resolved at once", "slow-ack", false, func(i *incident) { i.drop(timeline.PageAcknowledged); i.event(timeline.PageResolved, 200) }},
	{"log denied", "slow-ack", false, func(i *incident) {
		i.drop(timeline.PageAcknowledged)
		i.cover("pagerduty/log_entries", evidence.StatusDenied, "401")
	}},
	{"nobody paged", "slow-ack", false, func(i *incident) { i.drop(timeline.PageTriggered, timeline.PageAcknowledged) }},

	{"all", "events-expired", true, func(i *incident) {
		i.cover("kubernetes/events", evidence.StatusExpired, "no event of the rollout is left")
	}},
	{"some", "events-expired", true, func(i *incident) {
		i.cover("kubernetes/events", evidence.StatusPartial, "events before 2026-11-22T12:00:00Z have expired")
	}},
	{"cut off", "events-expired", false, func(i *incident) { i.cover("kubernetes/events", evidence.StatusPartial, "timeout") }},
	{"another source", "events-expired", false, func(i *incident) { i.cover("prometheus/slo", evidence.StatusExpired, "retention") }},

	{"denied and unreachable", "coverage-gap", true, func(i *incident) {
		i.cover("prometheus/slo", evidence.StatusUnreachable, "connection refused")
		i.cover("kubernetes/pods", evidence.StatusDenied, "forbidden")
	}},
	{"absent", "coverage-gap", false, func(i *incident) { i.cover("pagerduty", evidence.StatusAbsent, "no token") }},
	{"partial", "coverage-gap", false, func(i *incident) { i.cover("prometheus/slo", evidence.StatusPartial, "timeout") }},

	{"unknown", "unknown-abort-cause", true, func(i *incident) { i.abortedBy(timeline.CauseUnknown, 25) }},
	{"known", "unknown-abort-cause", false, func(*incident) {}},
	{"not aborted", "unknown-abort-cause", false, func(i *incident) { i.facts.Rollout.Abort = nil }},

	{"third", "repeated-abort", true, func(i *incident) { i.options.Earlier = aborts(1, 30) }},
	{"second", "repeated-abort", false, func(i *incident) { i.options.Earlier = aborts(1) }},
	{"31 days ago", "repeated-abort", false, func(i *incident) { i.options.Earlier = aborts(1, 31) }},
	{"not aborted", "repeated-abort", false, func(i *incident) { i.options.Earlier = aborts(1, 2); i.facts.Rollout.Abort = nil }},
}

// TestActions holds every rule against an incident that just does and just
// does not call for it. The reasons are in testdata/actions.txt.
func TestActions(t *testing.T) {
	var story strings.Builder
	seen := map[string][2]bool{}
	for _, test := range ruleTests {
		t.Run(test.rule+"/"+test.name, func(t *testing.T) {
			i := newIncident()
			test.change(i)
			actions := i.actions()
			n := slices.IndexFunc(actions, func(a report.Action) bool { return a.ID == test.rule })
			if (n >= 0) != test.want {
				t.Fatalf("proposed: %v", n >= 0)
			}
			both := seen[test.rule]
			if n >= 0 {
				fmt.Fprintf(&story, "%s: %s\n%s\n%s\n%v\n\n", test.rule, test.name, actions[n].Title, actions[n].Reason, actions[n].Evidence)
				both[0] = true
				if !regexp.MustCompile(`\d`).MatchString(actions[n].Reason) && test.name != "none, without counters" {
					t.Errorf("no figure in %q", actions[n].Reason)
				}
			} else {
				both[1] = true
			}
			seen[test.rule] = both
		})
	}
	for _, rule := range report.ActionRules {
		if seen[rule.ID] != [2]bool{true, true} {
			t.Errorf("%s has no test that it applies, or none that it does not", rule.ID)
		}
	}
	golden.Check(t, filepath.Join("testdata", "actions.txt"), story.String())
}

func TestActionRules(t *testing.T) {
	types := []string{"prevent", "mitigate", "detect", "investigate", "process"}
	ids := map[string]bool{}
	for _, rule := range report.ActionRules {
		if ids[rule.ID] || !regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`).MatchString(rule.ID) {
			t.Errorf("id %q is taken or none", rule.ID)
		}
		ids[rule.ID] = true
		if !slices.Contains(types, rule.Type) || rule.Title == "" || rule.When == "" {
			t.Errorf("%s is incomplete: %+v", rule.ID, rule)
		}
	}
}

func TestNoActions(t *testing.T) {
	i := newIncident()
	i.analysis("4s", 10, 14, 18)
	if actions := i.actions(); actions == nil || len(actions) > 0 {
		t.Errorf("actions are %+v, want an empty list", actions)
	}
}
