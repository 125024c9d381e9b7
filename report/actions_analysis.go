package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// verdict is the metric whose failed measurements aborted the rollout.
type verdict struct {
	run    timeline.Analysis
	metric timeline.Metric
	failed []int // indices of its failed measurements
}

func (s scene) verdict() (verdict, bool) {
	if abort := s.facts.Rollout.Abort; abort == nil || abort.Cause != timeline.CauseAnalysis {
		return verdict{}, false
	}
	for _, run := range s.facts.Rollout.Analyses {
		if run.Phase != "Failed" {
			continue
		}
		for _, m := range run.Metrics {
			v := verdict{run: run, metric: m}
			for i, measured := range m.Measurements {
				if measured.Phase == "Failed" {
					v.failed = append(v.failed, i)
				}
			}
			if m.Phase == "Failed" && !m.DryRun && len(v.failed) > 0 {
				return v, true
			}
		}
	}
	return verdict{}, false
}

// analysisInterval tells what the analysis's own pace cost. Half the interval
// is arithmetic over the same measurements: what a faster analysis would have
// measured, nobody knows.
func analysisInterval(s scene) (string, []evidence.Citation) {
	v, found := s.verdict()
	interval, err := time.ParseDuration(v.metric.Interval)
	if !found || err != nil || interval < 2*time.Second {
		return "", nil
	}
	first, last := v.failed[0], v.failed[len(v.failed)-1]
	from, to := v.metric.Measurements[first].Time, v.metric.Measurements[last].Time
	if to.Sub(from) < SlowVerdict {
		return "", nil
	}
	cited := []evidence.Citation{v.run.Evidence}
	text := fmt.Sprintf("The metric %s aborted the rollout after %s (failure limit %s) at an interval of %s%s: %s from the first failed one to the last.",
		v.metric.Name, counted(len(v.failed), "failed measurement"), limit(v.metric), Length(interval), afterDelay(v.metric), Length(to.Sub(from)))
	if f, known := s.failedBy(to); known {
		text += fmt.Sprintf(" By the last one, "+f.of, Count(f.count))
		if before, known := s.failedBy(from); known && f.count >= before.count {
			text += fmt.Sprintf(", %s of them since the first", Count(f.count-before.count))
		}
		text += "."
		cited = append(cited, f.cited...)
	}
	half := (interval / 2).Truncate(time.Second)
	faster := to.Sub(from) - time.Duration(last-first)*(interval-half)
	text += fmt.Sprintf(" With an interval of %s the same %s would have taken %s.", Length(half), counted(last-first+1, "measurement"), Length(faster))
	return text, cited
}

func limit(m timeline.Metric) string {
	if m.FailureLimit == "" {
		return "0" // Argo's default
	}
	return m.FailureLimit
}

func afterDelay(m timeline.Metric) string {
	if delay, err := time.ParseDuration(m.InitialDelay); err == nil && delay > 0 {
		return " after an initial delay of " + Length(delay)
	}
	return ""
}

// lateFirstMeasurement tells what the time until the first look cost.
func lateFirstMeasurement(s scene) (string, []evidence.Citation) {
	v, found := s.verdict()
	exposed, known := s.exposed()
	if !found || !known || v.failed[0] != 0 {
		return "", nil
	}
	first := v.metric.Measurements[0].Time
	late := first.Sub(exposed)
	if late < LateFirst {
		return "", nil
	}
	cited := []evidence.Citation{v.run.Evidence}
	text := fmt.Sprintf("The new version first had traffic at %s UTC; the metric %s was first measured %s later, and failed.", clock(exposed), v.metric.Name, Length(late))
	if wait := v.run.Started.Sub(exposed); wait >= time.Second && v.run.Started.Before(first) {
		text += fmt.Sprintf(" %s of that passed before the analysis began%s.", Length(wait), thenDelay(v.metric))
	}
	if f, known := s.failedBy(first); known {
		if f.count < 1 {
			return "", nil
		}
		text += fmt.Sprintf(" By the first measurement, "+f.of+".", Count(f.count))
		cited = append(cited, f.cited...)
	}
	return text, cited
}

func thenDelay(m timeline.Metric) string {
	if delay, err := time.ParseDuration(m.InitialDelay); err == nil && delay > 0 {
		return fmt.Sprintf(", %s was its initial delay", Length(delay))
	}
	return ""
}

// noAnalysis says so only when the AnalysisRuns could be listed.
func noAnalysis(s scene) (string, []evidence.Citation) {
	r := s.facts.Rollout
	if r.Abort == nil || len(r.Analyses) > 0 || !s.answered("argo/analysisruns") {
		return "", nil
	}
	by := map[timeline.Cause]string{
		timeline.CauseProgressDeadline: "the progress deadline",
		timeline.CauseUser:             "a person or an API call",
	}[r.Abort.Cause]
	if by == "" {
		return "", nil
	}
	text := fmt.Sprintf("Revision %d was aborted by %s", r.Revision, by)
	if after := r.Abort.Time.Sub(r.Started); !r.Started.IsZero() && after > 0 {
		text += fmt.Sprintf(" %s after its start", Length(after))
	}
	return text + ", and it had no AnalysisRun: 0 measurements were taken of the new version.", r.Abort.Evidence
}

// noTrafficRouting does the arithmetic of pods: without a router, the share of
// traffic is that of the pods.
func noTrafficRouting(s scene) (string, []evidence.Citation) {
	r := s.facts.Rollout
	if r.Abort == nil || r.Strategy != "canary" || r.TrafficRouting || r.Replicas <= 0 {
		return "", nil
	}
	i := slices.IndexFunc(r.Steps, func(step string) bool {
		weight, found := weightOf(step)
		return found && weight*r.Replicas%100 != 0
	})
	if i < 0 {
		return "", nil
	}
	weight, _ := weightOf(r.Steps[i])
	text := fmt.Sprintf("No traffic router is configured, so weights are met by whole pods alone: step %d asks for %d %%, which is %s of %s.",
		i+1, weight, Number(float64(weight*r.Replicas)/100), counted(r.Replicas, "pod"))
	cited := r.Evidence
	if n := slices.IndexFunc(s.report.Impact, func(i Impact) bool { return i.Canary != nil && i.Canary.Total > 0 }); n >= 0 {
		text += fmt.Sprintf(" The new version served %s of the incident's requests.", Percent(s.report.Impact[n].Canary.Exposure))
	}
	return text, cited
}

// weightOf reads a step such as "setWeight: 20".
func weightOf(step string) (int, bool) {
	value, found := strings.CutPrefix(step, "setWeight: ")
	weight, err := strconv.Atoi(value)
	return weight, found && err == nil && weight > 0 && weight < 100
}
