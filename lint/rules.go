package lint

// Rule is one thing that lint looks for.
type Rule struct {
	ID       string
	Severity Severity
	Doc      string // one line
	Bad      string // Markdown that the rule objects to
	Good     string // the same, as it would pass

	// NeedsNames marks the rule that finds nothing without Options.Names.
	NeedsNames bool

	check func(*pass) // nil: the rules about suppressions, which run last
}

// Rules is every rule. Errors are about what a blameless document never says
// and what nobody can act on; warnings are about what most are better without.
var Rules = []Rule{
	{
		ID: "blame/human-error", Severity: Error, check: humanError,
		Doc:  "Human, user or operator error is no cause: it is where the search for causes begins.",
		Bad:  "The outage was due to human error.",
		Good: "The deploy form accepted a region that does not exist.",
	},
	{
		ID: "blame/judgement", Severity: Error, check: judgement,
		Doc:  "Words such as careless, negligent and ignorant judge people instead of describing events.",
		Bad:  "A careless change removed the index.",
		Good: "The migration removed the index; its dry run does not list dropped indexes.",
	},
	{
		ID: "blame/person-as-cause", Severity: Error, check: personAsCause,
		Doc:  "A person is never the subject of a cause; the condition that let an act do harm is.",
		Bad:  "The on-call engineer broke replication with a bad configuration.",
		Good: "Replication stopped when the new configuration was loaded; nothing validates it before.",
	},
	{
		ID: "names/person", Severity: Error, NeedsNames: true, check: personNames,
		Doc:  "People named in the bundle or on the deny list appear under Owner and Authors only; elsewhere their role does.",
		Bad:  "At 14:45 Dana Whitfield confirmed that the system was stable.",
		Good: "**Authors:** Dana Whitfield\n\nAt 14:45 the on-call engineer confirmed that the system was stable.",
	},
	{
		ID: "blame/counterfactual", Severity: Warning, check: counterfactual,
		Doc:  "Should have, could have, would have, if only and had we tell what did not happen.",
		Bad:  "We should have noticed the errors sooner.",
		Good: "The errors were first noticed 12 minutes after they began; no alert covers that path.",
	},
	{
		ID: "blame/human-failed", Severity: Warning, check: humanFailed,
		Doc:  "People do not fail to, forget, ignore, neglect or overlook in a postmortem; machines may fail to.",
		Bad:  "The engineer forgot to run the migration.",
		Good: "The release runs no migrations. The pods failed to start.",
	},
	{
		ID: "blame/be-careful", Severity: Warning, check: beCareful,
		Doc:  "Asking people to be more careful changes nothing that they work with.",
		Bad:  "In future we need to be more careful with schema changes.",
		Good: "Schema changes that lock a table are now refused by the pipeline.",
	},
	{
		ID: "blame/minimizer", Severity: Warning, check: minimizer,
		Doc:  "Obviously and simply make small what was hard to see at that time.",
		Bad:  "The flag was obviously wrong.",
		Good: "The flag's value differed from that in staging.",
	},
	{
		ID: "blame/exclamation", Severity: Warning, check: exclamation,
		Doc:  "Exclamation marks in a row raise the voice.",
		Bad:  "The cache was empty again!!",
		Good: "The cache was empty again.",
	},
	{
		ID: "structure/front-matter", Severity: Error, check: frontMatter,
		Doc:  "Front matter, where there is one, is valid and has a title, a date and a known status.",
		Bad:  "---\ntitle: Checkout errors\ndate: 2026-01-15\nstatus: Finished\n---\n\n# Checkout errors",
		Good: "---\ntitle: Checkout errors\ndate: 2026-01-15\nstatus: Reviewed\n---\n\n# Checkout errors",
	},
	{
		ID: "structure/section-missing", Severity: Warning, check: sectionMissing,
		Doc:  "A postmortem has a summary, the impact, causes, a timeline, lessons and action items.",
		Bad:  "# Checkout errors\n\n## Summary\n\n## Impact\n\n## Timeline",
		Good: "# Checkout errors\n\n## Summary\n\n## Impact\n\n## Contributing Factors\n\n## Timeline\n\n## Lessons Learned\n\n## Action Items",
	},
	{
		ID: "structure/blank-impact", Severity: Error, check: blankImpact,
		Doc:  "The impact is stated in numbers, or as unknown; nothing in it is left to be determined.",
		Bad:  "## Impact\n\n- **Customer impact:** XX % of requests failed.\n- **Revenue:** TBD",
		Good: "## Impact\n\n- **Customer impact:** 1.2 % of requests failed.\n- **Revenue:** unknown",
	},
	{
		ID: "structure/timeline-source", Severity: Warning, check: timelineSource,
		Doc:  "Every row of the timeline tells its source, so that a reader can check it.",
		Bad:  "## Timeline\n\n| Time | Event | Source |\n| --- | --- | --- |\n| 14:36 | The analysis failed | |",
		Good: "## Timeline\n\n| Time | Event | Source |\n| --- | --- | --- |\n| 14:36 | The analysis failed | argo-rollouts |",
	},
	{
		ID: "structure/outage-partial", Severity: Warning, check: outagePartial,
		Doc:  "An outage is total; where a part was affected, it is a partial outage or a degradation.",
		Bad:  "## Summary\n\nDuring the outage 20% of users saw errors.",
		Good: "## Summary\n\nDuring the partial outage 20% of users saw errors.",
	},
	{
		ID: "actions/owner", Severity: Error, check: actionOwner,
		Doc:  "Every action item has an owner.",
		Bad:  "## Action Items\n\n| Action Item | Owner | Due Date |\n| --- | --- | --- |\n| Validate the region | | 2026-02-01 |",
		Good: "## Action Items\n\n| Action Item | Owner | Due Date |\n| --- | --- | --- |\n| Validate the region | `web-team` | 2026-02-01 |",
	},
	{
		ID: "actions/due-date", Severity: Error, check: actionDueDate,
		Doc:  "Every action item that is not done has a due date with a number in it.",
		Bad:  "## Action Items\n\n| Action Item | Owner | Due Date |\n| --- | --- | --- |\n| Validate the region | `web-team` | soon |",
		Good: "## Action Items\n\n| Action Item | Owner | Due Date |\n| --- | --- | --- |\n| Validate the region | `web-team` | 2026-02-01 |",
	},
	{
		ID: "actions/vague", Severity: Warning, check: actionVague,
		Doc:  "An action item can be finished; improve, make better and train cannot, unless they say how far.",
		Bad:  "## Action Items\n\n- Improve monitoring (Owner: sre-team, due 2026-02-01)",
		Good: "## Action Items\n\n- Alert on a canary error rate above 1% (Owner: sre-team, due 2026-02-01)",
	},
	{
		ID: "actions/no-preventive", Severity: Warning, check: noPreventive,
		Doc:  "At least one action item prevents a recurrence.",
		Bad:  "## Action Items\n\n- Add a dashboard for the queue (Owner: sre-team, due 2026-02-01)",
		Good: "## Action Items\n\n- Limit the queue's length (Owner: sre-team, due 2026-02-01)\n- Add a dashboard for the queue (Owner: sre-team, due 2026-02-01)",
	},
	{
		ID: "prompt/unfilled", Severity: Warning, check: unfilled,
		Doc:  "Every prompt is answered: a note in a draft, an error in a document that is Reviewed or Closed, a warning in others.",
		Bad:  "_What else went well?_ <!-- debrief:prompt -->",
		Good: "The rollback needed nobody's hand.",
	},
	{
		ID: ruleReason, Severity: Error,
		Doc:  "A suppression gives its reason; without one it suppresses nothing.",
		Bad:  "The flag was simply inverted. <!-- debrief:ignore blame/minimizer -->",
		Good: "The flag was simply inverted. <!-- debrief:ignore blame/minimizer the vendor's own term -->",
	},
	{
		ID: ruleUnknown, Severity: Error,
		Doc:  "A suppression names a rule that exists and can be suppressed.",
		Bad:  "The flag was inverted. <!-- debrief:ignore blame/minimiser the vendor's own term -->",
		Good: "The flag was simply inverted. <!-- debrief:ignore blame/minimizer the vendor's own term -->",
	},
	{
		ID: ruleUnused, Severity: Warning,
		Doc:  "A suppression that suppresses nothing is removed, before it hides something.",
		Bad:  "The flag was inverted. <!-- debrief:ignore blame/minimizer the vendor's own term -->",
		Good: "The flag was simply inverted. <!-- debrief:ignore blame/minimizer the vendor's own term -->",
	},
}

// lookup finds a rule by its id.
func lookup(id string) *Rule {
	for i := range Rules {
		if Rules[i].ID == id {
			return &Rules[i]
		}
	}
	return nil
}
