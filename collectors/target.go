package collectors

import (
	"encoding/json"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

// Target is the rollout and revision that an incident is about, as Locate
// found it, with what the sources need to ask for the rest.
type Target struct {
	Scope   evidence.Scope
	Aborted time.Time // when it was aborted, as far as Locate could see; zero when it was not
	App     string    // the app label of its pods, by which other systems may name it
	Rollout json.RawMessage
	Metrics []TargetMetric // the Prometheus queries of its AnalysisRuns

	// What locating had to read anyway, or why it could not be read.
	rollout rolloutObject
	sets    []replicaSetObject
	setsErr error
	runs    []analysisObject
	runsErr error

	archive archiveAccount
	// observed is when the rollout's state was that was chosen from the
	// archive; zero: it is the live one.
	observed time.Time
	gone     bool // the rollout does not exist any more
	// unasked is why the API server could not be asked for the rollout, so that
	// all that is known of it is the archive's; nil: it was asked.
	unasked *unaskedError
	// last is the archive's last state of a rollout that nothing else shows;
	// nil: the API server has it.
	last *lastState
	// abortedAgain is the later abort of the same revision that the status
	// shows in place of this one; zero: there is none.
	abortedAgain time.Time
}

// TargetMetric is a Prometheus query of the revision's analysis.
type TargetMetric struct {
	Name    string // of the metric
	Address string // of Prometheus, as the AnalysisRun states it, without credentials
	Query   string // resolved
	Success string // condition
	Failure string // condition
}
