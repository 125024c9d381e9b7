package timeline

// Kind says what an event is. The vocabulary is closed: documents, templates
// and consumers of the JSON form may rely on it.
type Kind string

// The kinds, in the order in which an incident usually shows them.
const (
	ChangeBuilt          Kind = "change.built"
	RolloutStarted       Kind = "rollout.started"
	CanaryReady          Kind = "canary.ready"
	TrafficShifted       Kind = "traffic.shifted"
	RolloutPaused        Kind = "rollout.paused"
	SLIBreached          Kind = "sli.breached"
	AlertPending         Kind = "alert.pending"
	AnalysisStarted      Kind = "analysis.started"
	AnalysisMeasured     Kind = "analysis.measured"
	AlertFiring          Kind = "alert.firing"
	AnalysisSucceeded    Kind = "analysis.succeeded"
	AnalysisFailed       Kind = "analysis.failed"
	AnalysisError        Kind = "analysis.error"
	AnalysisInconclusive Kind = "analysis.inconclusive"
	RolloutAborted       Kind = "rollout.aborted"
	TrafficRestored      Kind = "traffic.restored"
	PageTriggered        Kind = "page.triggered"
	PageAcknowledged     Kind = "page.acknowledged"
	SLIRecovered         Kind = "sli.recovered"
	CanaryScaledDown     Kind = "canary.scaled_down"
	AlertResolved        Kind = "alert.resolved"
	RolloutRetried       Kind = "rollout.retried"
	RolloutCompleted     Kind = "rollout.completed"
	PageResolved         Kind = "page.resolved"
	Note                 Kind = "note"
	Kubernetes           Kind = "kubernetes" // everything else
)

// priority ranks the kinds that may be key moments, most telling first. A kind
// that is not listed is never one.
var priority = []Kind{
	RolloutAborted, RolloutStarted, TrafficShifted, TrafficRestored, SLIBreached, SLIRecovered,
	AnalysisFailed, AnalysisError, AnalysisInconclusive, PageTriggered, PageAcknowledged,
	AlertFiring, AnalysisStarted, CanaryReady, PageResolved, ChangeBuilt, RolloutRetried, AlertPending,
	RolloutCompleted, AnalysisMeasured, CanaryScaledDown,
}
