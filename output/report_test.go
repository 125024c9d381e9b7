package output

import (
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/slo"
	"github.com/debrief-sre/debrief/timeline"
)

// hostile are strings that try to leave the place that they are put in.
var hostile = []string{
	"checkout", "", "<script>alert(1)</script>", "</style><script>x</script>", "</title><script>x</script>", "\"><img src=https://example.org/x onerror=alert(1)>",
	"[a](javascript:alert(1))", "![a](https://example.org/x.png)", "https://example.org", "www.example.org", "someone@example.org", "<https://example.org>",
	"a: b", "a #b", "- a", "? a", "'", "\"", "'a' \"b\"", "{a: b}", "[a]", "&anchor", "*alias", "!tag", "|", ">", "%", "@", "`", "\\", "\\n",
	"a\n---\nb: c", "---", "...", "a\nb", "a\r\nb", "a\tb", " a ", "\n", "null", "~", "true", "no", "1", "1e3", "0x1f", "012", "1_000", ".inf", "2026-11-22", "=", "<<",
	"a\x00b", "\x1b[31m", "a\xffb", "\u202ea", "\u2028", "\ufeffa", "日本語 🙂", "\u0085", "\u00a0",
	"<!-- debrief:prompt -->", "<!-- debrief:end impact sum=0 -->", "{{ .Tool }}", "```", "| a | b |",
}

var abortedAt = time.Date(2026, time.November, 22, 19, 55, 8, 0, time.UTC)

// reportOf has the string in every field that a source fills.
func reportOf(s string) report.Report {
	rate, citations := 0.5, []evidence.Citation{evidence.Citation(s)}
	return report.Report{
		SchemaVersion: report.SchemaVersion, Tool: s, Name: "2026-11-22-shop-checkout-r2", Authors: s, Collected: abortedAt, Notes: []string{s}, Warnings: []string{s},
		Incident: report.Incident{
			Subject: evidence.Object{Kind: "Rollout", Namespace: s, Name: s}, App: s, Revision: 2,
			Window: evidence.Window{Start: abortedAt, End: abortedAt.Add(time.Hour)}, Started: &abortedAt,
		},
		Change:   report.Change{Images: []report.Image{{Container: s, From: s, To: s}}, Strategy: "canary", Steps: []string{s}, Phase: s},
		Abort:    &report.Abort{Time: abortedAt, Cause: timeline.CauseAnalysis, Confidence: timeline.Certain, Why: s, Message: s, Evidence: citations},
		Analyses: []report.Analysis{{Name: s, Type: s, Phase: "Failed", Message: s, Metrics: []report.Metric{{Name: s, Query: s, Success: s, Phase: s, Measurements: []report.Measurement{{Value: s, Phase: s, Message: s}}}}}},
		Pages:    []report.Page{{ID: s, Title: s, Priority: s}},
		Impact:   []report.Impact{{Objective: s, Target: &rate, Measured: true, BaselineFrom: s, Queries: []slo.Query{{What: s, PromQL: s, Evidence: s}}}},
		Events:   []report.Event{{ID: "e-1", Time: abortedAt, Kind: timeline.RolloutAborted, Source: s, Role: s, Title: s, Detail: s, Key: true, Evidence: citations}},
		Coverage: []evidence.Coverage{{Source: s, Status: evidence.StatusPartial, Reason: s, Asked: s, Warnings: []string{s}}},
	}
}
