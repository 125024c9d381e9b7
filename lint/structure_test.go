package lint

import "testing"

// TestStructure has the cases that the rules' examples are too simple for.
func TestStructure(t *testing.T) {
	const (
		impact   = "## Impact\n\n"
		timeline = "## Timeline\n\n"
		actions  = "## Action Items\n\n"
		columns  = "| Item | Owner | Due |\n| --- | --- | --- |\n"
	)
	tests := []struct {
		name, rule, source string
		want               int
	}{
		{"unknown is an answer", "structure/blank-impact", impact + "- Requests failed: unknown", 0},
		{"none is an answer", "structure/blank-impact", impact + "- Customer impact: none", 0},
		{"words without a number", "structure/blank-impact", impact + "Many users were affected.", 1},
		{"empty label", "structure/blank-impact", impact + "- 3 users\n- **Revenue:**", 1},
		{"label before a list", "structure/blank-impact", impact + "Affected:\n\n- 3 users", 0},
		{"empty section", "structure/blank-impact", impact + "## Timeline", 1},
		{"filled by subsections", "structure/blank-impact", impact + "### Customers\n\n3 users\n", 0},
		{"empty subsection", "structure/blank-impact", impact + "### Customers\n\n3 users\n\n### SLO\n", 1},
		{"question mark for a number", "structure/blank-impact", impact + "About ? users, 3 tickets", 1},
		{"a question", "structure/blank-impact", impact + "3 tickets. Was it more?", 0},
		{"outside of the impact", "structure/blank-impact", "## Open questions\n\nTBD", 0},
		{"a prompt is another rule's", "structure/blank-impact", impact + "- _How many?_ <!-- debrief:prompt -->", 0},

		{"no source column", "structure/timeline-source", timeline + "| Time | Event |\n| --- | --- |\n| 1:00 | a |\n| 2:00 | b |", 1},
		{"links instead of a column", "structure/timeline-source", timeline + "| Time | Event |\n| --- | --- |\n| 1:00 | [a](b) |", 0},
		{"evidence is a source", "structure/timeline-source", timeline + "| Time | Event | Source | Evidence |\n| --- | --- | --- | --- |\n| 1:00 | a | | `x` |\n| 2:00 | b | | - |", 1},
		{"row without a time", "structure/timeline-source", timeline + "| Time | Event | Source |\n| --- | --- | --- |\n| | none known | |", 0},
		{"phases have no source", "structure/timeline-source", timeline + "| Phase | From |\n| --- | --- |\n| a | 1:00 |", 0},
		{"list", "structure/timeline-source", timeline + "- `14:30` - built\n- 14:31 - [deployed](x)\n- a remark", 1},

		{"total outage", "structure/outage-partial", "## Summary\n\nIn the outage 100% of requests failed.", 0},
		{"all users", "structure/outage-partial", "## Summary\n\nThe outage hit all users; 40% of requests timed out.", 0},
		{"goal", "structure/outage-partial", "## Summary\n\nThe outage missed the SLO of 99.9% of requests.", 0},
		{"budget term", "structure/outage-partial", "## Impact\n\n20% of users saw errors: 3 outage-equivalent minutes, no outage.", 0},
		{"in a lesson", "structure/outage-partial", "## Impact\n\n20% of users saw errors.\n\n## Lessons\n\nThe outage was short.", 1},

		{"bare item", "actions/owner", actions + "- Pin the version", 1},
		{"bare item's date", "actions/due-date", actions + "- Pin the version", 1},
		{"at sign", "actions/owner", actions + "- @sre Pin the version by 2026-02-01", 0},
		{"date in text", "actions/due-date", actions + "- @sre Pin the version by 2026-02-01", 0},
		{"code as owner", "actions/owner", actions + "- Pin it (Owner: `sre`, due 2026-02-01)", 0},
		{"owner to be found", "actions/owner", actions + columns + "| Pin it | TBD | 2026-02-01 |\n| Pin it | ? | 2026-02-01 |\n| Pin it | everyone | 2026-02-01 |", 3},
		{"no owner column", "actions/owner", actions + "| Item | Due |\n| --- | --- |\n| Pin it | 2026-02-01 |", 1},
		{"prompted owner", "actions/owner", actions + columns + "| Pin it | _Who?_ <!-- debrief:prompt --> | 2026-02-01 |", 0},
		{"done needs no date", "actions/due-date", actions + "- [x] Pin it (Owner: sre)", 0},
		{"done by its status", "actions/due-date", actions + "| Item | Owner | Due | Status |\n| --- | --- | --- | --- |\n| Pin it | sre | | Done |", 0},
		{"done by a tick", "actions/due-date", actions + "| Item | Owner | Due | Done? |\n| --- | --- | --- | --- |\n| Pin it | sre | | ✅ |", 0},
		{"not done", "actions/due-date", actions + "| Item | Owner | Due | Status |\n| --- | --- | --- | --- |\n| Pin it | sre | | Not done |", 1},
		{"vague date", "actions/due-date", actions + columns + "| Pin it | sre | ASAP |\n| Pin it | sre | Q3 2026 |", 1},

		{"measured improvement", "actions/vague", actions + "- Improve p99 latency from 900 ms to 300 ms", 0},
		{"machine learning", "actions/vague", actions + "- Train the anomaly model on canary data", 0},
		{"later verb", "actions/vague", actions + "- Reject unknown regions to improve safety", 0},
		{"make better", "actions/vague", actions + "- We should make the dashboards better", 1},
		{"make safe", "actions/vague", actions + "- Make the flag mandatory", 0},
		{"ticked improvement", "actions/vague", actions + "1. [ ] Enhance the docs", 1},

		{"by type", "actions/no-preventive", actions + "| Item | Type | Owner |\n| --- | --- | --- |\n| Pin it | detect | a |", 1},
		{"typed prevent", "actions/no-preventive", actions + "| Item | Type | Owner |\n| --- | --- | --- |\n| Document it | Prevent | a |", 0},
		{"no item", "actions/no-preventive", actions + "None.", 1},
		{"prompted", "actions/no-preventive", actions + "- _What?_ <!-- debrief:prompt -->", 0},
		{"no section", "actions/no-preventive", "## Summary\n\ntext", 0},

		{"unclosed front matter", "structure/front-matter", "---\ntitle: x\n\n# Heading", 1},
		{"thematic break", "structure/front-matter", "---\n\nSome text", 0},
		{"broken YAML", "structure/front-matter", "---\ntitle: [x\n---\n", 1},
		{"duplicate key", "structure/front-matter", "---\ntitle: x\ntitle: y\ndate: 2026-01-01\nstatus: Draft\n---\n", 1},
		{"missing fields", "structure/front-matter", "---\nslug: x\n---\n", 3},
		{"two states", "structure/front-matter", "---\ntitle: x\ndate: 2026-01-01\nstatus: Reviewed\n---\n\n**Status:** Draft\n", 1},
		{"none at all", "structure/front-matter", "# Heading", 0},

		{"answered behind the mark", "prompt/unfilled", "_Why?_ <!-- debrief:prompt --> Because.", 0},
		{"mark left behind", "prompt/unfilled", "Because. <!-- debrief:prompt -->", 0},
		{"two in a paragraph", "prompt/unfilled", "_Why?_ <!-- debrief:prompt --> _How?_ <!-- debrief:prompt -->", 2},
		{"mark on its own line", "prompt/unfilled", "_Why?_\n<!-- debrief:prompt -->", 1},
		{"in code", "prompt/unfilled", "`_Why?_ <!-- debrief:prompt -->`\n\n```\n_Why?_ <!-- debrief:prompt -->\n```", 0},
		{"in a cell", "prompt/unfilled", "| a |\n| - |\n| _Why?_ <!-- debrief:prompt --> |", 1},
		{"emphasis only", "prompt/unfilled", "_Why?_", 0},
	}
	for _, tt := range tests {
		t.Run(tt.rule+"/"+tt.name, func(t *testing.T) {
			result := Check("x", []byte(tt.source), Options{})
			if got := rulesOf(result.Findings)[tt.rule]; got != tt.want {
				t.Errorf("%d findings, want %d in:\n%s\n%+v", got, tt.want, tt.source, result.Findings)
			}
		})
	}
}
