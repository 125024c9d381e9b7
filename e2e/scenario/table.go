package scenario

import "fmt"

// Confidences that debrief may have in a cause.
var (
	certain         = []string{"certain"}
	certainOrLikely = []string{"certain", "likely"}
)

// untilToldOtherwise are steps that send a fifth of the traffic to the canary
// and leave the rest to a person.
const untilToldOtherwise = `[{setWeight: 20}, {pause: {}}]`

// analysed are steps that let an analysis decide at a fifth of the traffic.
func analysed(app string) string {
	return fmt.Sprintf(`[{setWeight: 20}, {pause: {duration: 3s}}, {analysis: %s}, {setWeight: 60}, {pause: {duration: 2s}}]`,
		analysisOf(app))
}

// analysisOf refers to the app's analysis template.
func analysisOf(app string) string {
	return fmt.Sprintf(`{templates: [{templateName: %s-error-rate}]}`, app)
}

// All is the proving ground's table. The names of apps are chosen to confuse:
// payments is a prefix of payments-api.
var All = []Scenario{
	{
		Name: "step-analysis",
		Doc:  "a canary fails its step analysis, and the on-call engineer is paged",
		Stories: []Story{{
			App:     "checkout",
			Rollout: manifest{Steps: analysed("checkout")},
			Drive:   []step{deploy(badTag), untilPaged, untilAborted, acknowledge, untilSettled, resolve},
			Expect: Expectation{
				Cause:      "analysis",
				Confidence: certain,
				Message:    "failed (3) > failureLimit (2)",
				Weights:    []int{20},
				Moments: []string{
					rolloutStarted, trafficShifted, analysisStarted, analysisFailed, alertPending, alertFiring, rolloutAborted,
					trafficRestored, pageTriggered, pageAcknowledged, pageResolved,
				},
				Told:   []string{scaledDown},
				Around: []string{sliBreached, sliRecovered},
				Absent: []string{rolloutCompleted, analysisErred},
			},
			Document: exampleFacts,
		}},
	},
	{
		Name: "background-analysis",
		Doc:  "a canary fails its background analysis at 40 %, while PagerDuty's answers are odd and scarce",
		Stories: []Story{{
			App: "searchbox",
			Rollout: manifest{
				Steps:      `[{setWeight: 20}, {pause: {duration: 2s}}, {setWeight: 40}, {pause: {duration: 2m}}]`,
				Background: `{startingStep: 2, templates: [{templateName: searchbox-error-rate}]}`,
			},
			Drive: []step{deploy(badTag), untilPagedOddly, acknowledge, untilAborted, untilSettled, resolve, throttled},
			Expect: Expectation{
				Cause:      "analysis",
				Confidence: certain,
				Message:    "failed (3) > failureLimit (2)",
				Weights:    []int{20, 40},
				Moments: []string{
					rolloutStarted, trafficShifted, analysisStarted, analysisFailed, rolloutAborted, trafficRestored,
					pageTriggered, pageAcknowledged, pageResolved,
				},
				Absent: []string{rolloutCompleted},
			},
		}},
	},
	{
		Name: "progress-deadline",
		Doc:  "the new pods fit no node, and the progress deadline passes",
		Stories: []Story{{
			App:     "ledger",
			Rollout: manifest{Steps: untilToldOtherwise, ProgressDeadlineSeconds: 8},
			Drive:   []step{deployOn(goodTag, map[string]string{"disk": "none-such"}), untilAborted, untilSettled},
			Expect: Expectation{
				Cause:      "progressDeadline",
				Confidence: certainOrLikely,
				Moments:    []string{rolloutStarted, rolloutAborted},
				Absent: []string{
					trafficShifted, trafficRestored, analysisStarted, analysisFailed, sliBreached, alertFiring, pageTriggered,
					rolloutCompleted,
				},
			},
		}},
	},
	{
		Name: "person",
		Doc:  "the on-call engineer sees the alert and aborts with the kubectl plugin",
		Stories: []Story{{
			App:     "catalog",
			Rollout: manifest{Steps: untilToldOtherwise},
			Drive:   []step{deploy(badTag), untilPaged, acknowledge, abortByPerson, untilAborted, untilSettled, resolve},
			Expect: Expectation{
				Cause:      "user",
				Confidence: certainOrLikely,
				Weights:    []int{20},
				Moments: []string{
					rolloutStarted, trafficShifted, alertFiring, rolloutAborted, trafficRestored,
					pageTriggered, pageAcknowledged, pageResolved,
				},
				Absent: []string{analysisStarted, analysisFailed, rolloutCompleted},
			},
		}},
	},
	{
		Name: "blue-green",
		Doc:  "a preview fails its pre-promotion analysis before any user meets it",
		Stories: []Story{{
			App:     "storefront",
			Rollout: manifest{BlueGreen: true},
			Drive:   []step{deploy(badTag), untilAborted, untilSettled},
			Expect: Expectation{
				Cause:      "analysis",
				Confidence: certain,
				Message:    "failed (3) > failureLimit (2)",
				Moments:    []string{rolloutStarted, analysisStarted, analysisFailed, rolloutAborted},
				Absent:     []string{trafficShifted, trafficRestored, rolloutCompleted, pageTriggered},
			},
		}},
	},
	{
		Name: "provider-unreachable",
		Doc:  "the analysis cannot reach its Prometheus, and errs on the safe side",
		Stories: []Story{{
			App:     "mailer",
			Rollout: manifest{Steps: analysed("mailer"), Prometheus: "http://127.0.0.1:1"},
			Drive:   []step{deploy(goodTag), untilAborted, untilSettled},
			Expect: Expectation{
				Cause:      "analysis",
				Confidence: certain,
				Message:    "consecutiveErrors (2) > consecutiveErrorLimit (1)",
				Weights:    []int{20},
				Moments:    []string{rolloutStarted, trafficShifted, analysisStarted, analysisErred, rolloutAborted, trafficRestored},
				Absent:     []string{analysisFailed, sliBreached, alertFiring, rolloutCompleted},
			},
		}},
	},
	{
		Name: "inconclusive",
		Doc:  "an analysis cannot tell, the rollout waits, and the on-call engineer aborts it",
		Stories: []Story{{
			App:     "billing",
			Rollout: manifest{Steps: analysed("billing"), FailureCondition: "result[0] > 0.3"},
			Drive: []step{
				deploy(murkyTag), untilInconclusive, untilPaged, acknowledge, abortByPerson, untilAborted, untilSettled, resolve,
			},
			Expect: Expectation{
				Cause:      "user",
				Confidence: certainOrLikely,
				Weights:    []int{20},
				Moments: []string{
					rolloutStarted, trafficShifted, analysisStarted, analysisInconclusive, rolloutAborted, trafficRestored,
					pageTriggered, pageAcknowledged,
				},
				Absent: []string{analysisFailed, rolloutCompleted},
			},
		}},
	},
	{
		Name: "recovered",
		Doc:  "an aborted revision is followed by a fixed one, which completes",
		Stories: []Story{{
			App:     "profilesvc",
			Rollout: manifest{Steps: analysed("profilesvc")},
			Drive: []step{
				deploy(badTag), untilPaged, acknowledge, untilAborted, untilSettled, deploy(fixedTag), untilHealthy(fixedTag), resolve,
			},
			Expect: Expectation{
				Cause:      "analysis",
				Confidence: certain,
				Message:    "failed (3) > failureLimit (2)",
				Weights:    []int{20},
				Moments: []string{
					rolloutStarted, trafficShifted, analysisStarted, analysisFailed, rolloutAborted, trafficRestored,
					pageTriggered, pageAcknowledged, pageResolved,
				},
			},
		}},
	},
	{
		Name: "two-at-once",
		Doc:  "two rollouts with confusable names abort in one namespace at the same time",
		Stories: []Story{
			twin("payments"),
			twin("payments-api"),
		},
	},
	{
		Name: "healthy",
		Doc:  "a sound revision completes, and there is nothing to tell",
		Stories: []Story{{
			App:     "inventory",
			Rollout: manifest{Steps: analysed("inventory")},
			Drive:   []step{deploy(goodTag), untilHealthy(goodTag)},
			Expect:  Expectation{NoIncident: true},
		}},
	},
}

// twin is a story that happens twice in one scenario.
func twin(app string) Story {
	return Story{
		App:     app,
		Rollout: manifest{Steps: analysed(app)},
		Drive:   []step{deploy(badTag), untilPaged, acknowledge, untilAborted, untilSettled, resolve},
		Expect: Expectation{
			Cause:      "analysis",
			Confidence: certain,
			Message:    "failed (3) > failureLimit (2)",
			Weights:    []int{20},
			Moments: []string{
				rolloutStarted, trafficShifted, analysisStarted, analysisFailed, alertFiring, rolloutAborted, trafficRestored,
				pageTriggered, pageAcknowledged, pageResolved,
			},
			Absent: []string{rolloutCompleted},
		},
	}
}
