// Package scenario holds the incidents of the proving ground: what is deployed,
// what goes wrong, what people do about it, and what debrief must then say.
//
// A scenario is a row of the table All. Its stories, one per rollout, run at
// the same time in one namespace of one lab together with those of all other
// scenarios, so that each is the others' noise. A story has two halves: Run
// brings the incident about on the real control plane and ends when its last
// consequence can be seen; Check runs the built debrief binary and holds its
// answer against what the APIs themselves say.
package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/e2e/argo"
	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/pagerduty"
	"github.com/debrief-sre/debrief/e2e/workload"
)

// Namespace is where all rollouts live.
const Namespace = "shop"

// Images of the revisions. The last word of the tag tells the workload how
// many requests fail.
const (
	stableTag = "1.0.0"
	goodTag   = "1.1.0"
	badTag    = "1.1.0-bad"
	murkyTag  = "1.1.0-murky"
	fixedTag  = "1.1.1"
)

// A Scenario is one kind of incident.
type Scenario struct {
	Name    string
	Doc     string
	Stories []Story
}

// A Story is what happens to one rollout.
type Story struct {
	App      string      // the rollout's name
	Rollout  manifest    // its strategy
	Drive    []step      // from the healthy first revision to the end
	Expect   Expectation // of debrief
	Document []fact      // that must stand in the Markdown form
}

// An Expectation is what debrief must find out about a story.
type Expectation struct {
	NoIncident bool     // debrief must say that there is nothing to tell
	Cause      string   // abort.cause
	Confidence []string // any of these as abort.confidence
	Message    string   // part of abort.message
	Weights    []int    // of the canary, one after the other
	Moments    []string // kinds of the key moments whose times must be right
	Told       []string // kinds of other moments whose times must be right
	Around     []string // kinds of the key moments that lie between shift and settlement
	Absent     []string // kinds that must not occur
}

// A manifest is a rollout's strategy, as YAML in flow style.
type manifest struct {
	BlueGreen               bool
	Steps                   string // of a canary
	Background              string // analysis of a canary, beside its steps
	FailureCondition        string // between it and the success condition lies "inconclusive"
	Prometheus              string // address that analyses ask; the lab's if empty
	ProgressDeadlineSeconds int    // 600 if zero, which is Argo Rollouts' own
}

// Env is what all stories share.
type Env struct {
	Lab       *lab.Lab
	PagerDuty *pagerduty.Server
	Debrief   string // path of the built binary
}

// Actors are the people and systems around one rollout.
type Actors struct {
	*Env
	Story Story
	Ref   lab.Ref

	Page    *pagerduty.Incident // nil until somebody is paged
	Aborted *argo.Rollout       // as it was when it had just been aborted

	canary       workload.Counts // of the aborted revision, once it has settled
	settled      time.Time
	acknowledged time.Time
	resolved     time.Time
}

// serviceID is the id of an app's PagerDuty service.
func serviceID(app string) string {
	return "P" + strings.ToUpper(strings.ReplaceAll(app, "-", ""))
}

// Image is the app's image with a tag.
func (a *Actors) Image(tag string) string {
	return fmt.Sprintf("registry.local/%s:%s", a.Story.App, tag)
}
