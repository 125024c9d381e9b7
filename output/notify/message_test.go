package notify_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/output/notify"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

func TestNew(t *testing.T) {
	at := time.Date(2026, 11, 22, 19, 55, 8, 0, time.UTC)
	checkout := report.Incident{Subject: evidence.Object{Kind: "Rollout", Namespace: "shop", Name: "checkout"}, Revision: 2}
	over := checkout
	over.Mitigated, over.Resolved = &at, &at
	tests := []struct {
		name   string
		report report.Report
		want   notify.Message
	}{
		{
			"little is known",
			report.Report{Incident: checkout},
			notify.Message{
				Title: "Canary Rollout of checkout (Revision 2)", URL: "https://x/1", Service: "shop/checkout", Revision: 2, Status: "ongoing",
				Summary: "The postmortem of revision 2 of shop/checkout is ready for review.",
				Facts:   []notify.Fact{{"Service", "shop/checkout"}, {"Status", "ongoing"}},
			},
		},
		{
			"all is known",
			report.Report{
				Incident: over,
				Abort:    &report.Abort{Time: at, Cause: timeline.CauseAnalysis},
				Impact:   []report.Impact{{Objective: "availability", Measured: true, Bad: 1196, Total: 22007, Consumed: new(0.002466), Projected: true}},
				Measures: report.Measures{TTD: new(38.0), TTM: new(70.0)},
				Actions:  []report.Action{{}, {}},
				Coverage: []evidence.Coverage{{Status: evidence.StatusOK}, {Status: evidence.StatusExpired}},
			},
			notify.Message{
				Title: "Canary Rollout of checkout (Revision 2) Aborted after Failed Analysis", URL: "https://x/1", Service: "shop/checkout", Revision: 2,
				Status: "resolved", Aborted: &at,
				Summary: "The postmortem of revision 2 of shop/checkout is ready for review. The rollout was aborted at 2026-11-22 19:55:08 UTC. The impact lasted 1m10s.",
				Facts: []notify.Fact{
					{"Service", "shop/checkout"},
					{"Status", "resolved"},
					{"Failed", "1196 of 22007 by availability"},
					{"Error budget", "0.247 % of availability consumed, with the window's traffic projected"},
					{"Time to detect", "38s"},
					{"Time to mitigate", "1m10s"},
					{"Proposed actions", "2"},
					{"Sources with gaps", "1"},
				},
			},
		},
		{
			"for people outside",
			report.Report{Incident: report.Incident{Subject: evidence.Object{Kind: "Service", Name: "Service A"}}, Abort: &report.Abort{Time: at}},
			notify.Message{
				Title: "Incident of Service A on 2026-11-22", URL: "https://x/1", Service: "Service A", Status: "ongoing", Aborted: &at,
				Summary: "The postmortem of Service A is ready for review. The rollout was aborted at 2026-11-22 19:55:08 UTC.",
				Facts:   []notify.Fact{{"Service", "Service A"}, {"Status", "ongoing"}},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, notify.New(test.report, "https://x/1")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
