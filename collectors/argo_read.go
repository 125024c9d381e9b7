package collectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

const argoClock = "argo-rollouts controller"

// secondPrecision is that of metav1.Time, which drops fractions.
const secondPrecision = time.Second

// readArgo fills in the rollout and adds the events that the status objects
// prove. Kubernetes events of the same happenings are merged in later.
func readArgo(b *evidence.Bundle, f *timeline.Facts) error {
	var r rolloutObject
	err := b.ReadJSON(rolloutEntry, &r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	sets, err := readSets(b)
	if err != nil {
		return err
	}
	if f.Rollout.Analyses, err = readAnalyses(b); err != nil {
		return err
	}
	told, err := readControllerEvents(b, f.Rollout)
	if err != nil {
		return err
	}
	describeRollout(&f.Rollout, r, sets)
	if f.Rollout.Phase, err = readPhase(b, f.Rollout.Phase); err != nil {
		return err
	}
	f.Rollout.Started, f.Rollout.Superseded = told.started, told.superseded
	if f.Rollout.Superseded.IsZero() {
		f.Rollout.Superseded = supersededBySets(sets, f.Rollout)
	}
	startedEvidence := told.startedEvidence
	if f.Rollout.Started.IsZero() {
		f.Rollout.Started, startedEvidence = startFromSets(sets, f.Rollout.CanarySet, r)
	}
	f.Rollout.Abort = abortOf(r, f.Rollout, told)
	f.Events = append(f.Events, rolloutEvents(r, f.Rollout, startedEvidence)...)
	for _, run := range f.Rollout.Analyses {
		f.Events = append(f.Events, analysisEvents(run)...)
	}
	return nil
}

// describeRollout fills in what the Rollout and its ReplicaSets state.
func describeRollout(out *timeline.Rollout, r rolloutObject, sets []evidence.Cited[replicaSetObject]) {
	out.App, out.Phase, out.Strategy = appLabel(r), r.Status.Phase, "canary"
	out.Evidence = []evidence.Citation{evidence.Pointer(rolloutEntry, "")}
	if r.Spec.Replicas != nil {
		out.Replicas = int(*r.Spec.Replicas)
	}
	if c := r.Spec.Strategy.Canary; c != nil {
		out.CanaryService, out.StableService, out.TrafficRouting = c.CanaryService, c.StableService, len(c.TrafficRouting) > 0
		for _, step := range c.Steps {
			out.Steps = append(out.Steps, step.words())
		}
	} else if bg := r.Spec.Strategy.BlueGreen; bg != nil {
		out.Strategy, out.CanaryService, out.StableService = "blueGreen", bg.PreviewService, bg.ActiveService
	}
	current := revisionOf(r.Metadata) == out.Revision
	if current {
		out.CanaryHash = r.Status.CurrentPodHash
	}
	canary := setAt(sets, func(s replicaSetObject) bool { return revisionOf(s.Metadata) == out.Revision })
	if canary != nil {
		out.CanaryHash, out.CanarySet = canary.Value.Metadata.Labels[podHashLabel], canary.Value.Metadata.Name
		out.Evidence = append(out.Evidence, canary.Citation)
	} else if out.CanaryHash != "" {
		out.CanarySet = out.Subject.Name + "-" + out.CanaryHash
	}
	stable := stableSet(sets, out.Revision, r.Status.StableRS, current && r.Status.Abort)
	if stable != nil {
		out.StableHash, out.StableSet = stable.Value.Metadata.Labels[podHashLabel], stable.Value.Metadata.Name
		out.Evidence = append(out.Evidence, stable.Citation)
	} else if current {
		out.StableHash = r.Status.StableRS
	}
	out.Images = imageChanges(canary, stable, r, current)
}

// stableSet is the ReplicaSet that served while the revision was tried: the
// stable one while the abort is the rollout's last word, else the newest
// revision before.
func stableSet(sets []evidence.Cited[replicaSetObject], revision int64, stableHash string, aborted bool) *evidence.Cited[replicaSetObject] {
	if aborted && stableHash != "" {
		return setAt(sets, func(s replicaSetObject) bool { return s.Metadata.Labels[podHashLabel] == stableHash })
	}
	var stable *evidence.Cited[replicaSetObject]
	for i, s := range sets {
		at := revisionOf(s.Value.Metadata)
		if at < revision && (stable == nil || at > revisionOf(stable.Value.Metadata)) {
			stable = &sets[i]
		}
	}
	return stable
}

func setAt(sets []evidence.Cited[replicaSetObject], match func(replicaSetObject) bool) *evidence.Cited[replicaSetObject] {
	for i, s := range sets {
		if match(s.Value) {
			return &sets[i]
		}
	}
	return nil
}

// imageChanges compares the images container by container. Without the
// ReplicaSets the Rollout's own template still tells the new image.
func imageChanges(canary, stable *evidence.Cited[replicaSetObject], r rolloutObject, current bool) []timeline.ImageChange {
	var to []containerImage
	switch {
	case canary != nil:
		to = canary.Value.Spec.Template.Spec.Containers
	case current && r.Spec.Template != nil:
		to = r.Spec.Template.Spec.Containers
	}
	from := map[string]string{}
	if stable != nil {
		for _, c := range stable.Value.Spec.Template.Spec.Containers {
			from[c.Name] = c.Image
		}
	}
	var changes []timeline.ImageChange
	for _, c := range to {
		if from[c.Name] != c.Image {
			changes = append(changes, timeline.ImageChange{Container: c.Name, From: from[c.Name], To: c.Image})
		}
	}
	return changes
}

// startFromSets is when the revision's ReplicaSet was created, unless it is an
// old one that the update took up again.
func startFromSets(sets []evidence.Cited[replicaSetObject], name string, r rolloutObject) (time.Time, evidence.Citation) {
	set := setAt(sets, func(s replicaSetObject) bool { return s.Metadata.Name == name })
	if set == nil || set.Value.Metadata.Annotations["rollout.argoproj.io/revision-history"] != "" {
		return time.Time{}, ""
	}
	created := set.Value.Metadata.CreationTimestamp.Time
	if at := r.Status.AbortedAt.Time; !at.IsZero() && at.Sub(created) > longestUpdate {
		return time.Time{}, ""
	}
	return created.UTC(), set.Citation
}

// supersededBySets is when the next revision's ReplicaSet was created: the
// controller's event of the update may be lost, as its recorder drops most
// beyond a burst.
func supersededBySets(sets []evidence.Cited[replicaSetObject], r timeline.Rollout) time.Time {
	var next time.Time
	for _, set := range sets {
		created := set.Value.Metadata.CreationTimestamp.UTC()
		if revisionOf(set.Value.Metadata) > r.Revision && created.After(r.Started) && (next.IsZero() || created.Before(next)) {
			next = created
		}
	}
	return next
}

// controllerAccount is what the controller's Kubernetes events tell of the
// revision as a whole.
type controllerAccount struct {
	started, superseded time.Time
	startedEvidence     evidence.Citation
	aborts              []evidence.Cited[corev1.Event]
}

var updatedRevision = regexp.MustCompile(`^(?:Rollout updated to revision|Rollout not completed, started update to revision) (\d+)`)

func readControllerEvents(b *evidence.Bundle, r timeline.Rollout) (controllerAccount, error) {
	var told controllerAccount
	for e, err := range evidence.Lines[corev1.Event](b, eventsEntry) {
		if err != nil {
			return told, err
		}
		if e.Value.InvolvedObject.Kind != "Rollout" || string(e.Value.InvolvedObject.UID) != r.Subject.UID {
			continue
		}
		at := eventTimes(&e.Value).first
		if match := updatedRevision.FindStringSubmatch(e.Value.Message); match != nil {
			switch revision, _ := strconv.ParseInt(match[1], 10, 64); {
			case revision == r.Revision && (told.started.IsZero() || at.Before(told.started)):
				told.started, told.startedEvidence = at, e.Citation
			case revision > r.Revision && (told.superseded.IsZero() || at.Before(told.superseded)):
				told.superseded = at
			}
		}
		if e.Value.Reason == "RolloutAborted" {
			told.aborts = append(told.aborts, evidence.Cited[corev1.Event]{Value: e.Value, Citation: e.Citation})
		}
	}
	// An abort without a revision in its message is told apart by its time.
	told.aborts = slices.DeleteFunc(told.aborts, func(e evidence.Cited[corev1.Event]) bool {
		if match := abortedRevision.FindStringSubmatch(e.Value.Message); match != nil {
			return match[1] != strconv.FormatInt(r.Revision, 10)
		}
		at := eventTimes(&e.Value).first
		return at.Before(told.started) || !told.superseded.IsZero() && at.After(told.superseded)
	})
	slices.SortStableFunc(told.aborts, func(a, b evidence.Cited[corev1.Event]) int {
		return eventTimes(&a.Value).first.Compare(eventTimes(&b.Value).first)
	})
	return told, nil
}

// abortOf brings together what the status, the events and the AnalysisRuns say
// of the revision's abort. It is nil when none says that there was one.
func abortOf(r rolloutObject, facts timeline.Rollout, told controllerAccount) *timeline.Abort {
	clues := abortClues{}
	abort := &timeline.Abort{}
	if r.Status.Abort && revisionOf(r.Metadata) == facts.Revision {
		clues.message, clues.at, clues.setBy = r.abortMessage(), r.Status.AbortedAt.Time, r.abortSetBy()
		abort.Evidence = append(abort.Evidence, evidence.Pointer(rolloutEntry, "/status/abortedAt"))
	}
	for _, e := range told.aborts {
		if !clues.at.IsZero() && eventTimes(&e.Value).first.Sub(clues.at).Abs() > abortSpread {
			continue // of another abort: the update was retried
		}
		if clues.at.IsZero() {
			clues.at = eventTimes(&e.Value).first
		}
		if clues.message == "" || len(e.Value.Message) > len(clues.message) && abortedRevision.MatchString(e.Value.Message) {
			clues.message = e.Value.Message
		}
		clues.timedOut = clues.timedOut || strings.Contains(e.Value.Message, "timed out progressing")
		abort.Evidence = append(abort.Evidence, e.Citation)
	}
	for _, run := range facts.Analyses {
		if run.Failed() {
			clues.failed = append(clues.failed, run)
		}
	}
	if clues.at.IsZero() {
		// Status and events are gone: a failed analysis still tells.
		i := slices.IndexFunc(clues.failed, func(a timeline.Analysis) bool { return a.Phase != "Inconclusive" })
		if i < 0 {
			return nil
		}
		run := clues.failed[i]
		abort.Time, abort.Cause, abort.Confidence = run.Completed, timeline.CauseAnalysis, timeline.Likely
		abort.Why = fmt.Sprintf("AnalysisRun %s ended as %s; the rollout's own record of the abort is gone", run.Object.Name, run.Phase)
		abort.Evidence = append(abort.Evidence, run.Evidence)
		return abort
	}
	abort.Time, abort.Message = clues.at.UTC(), clues.message
	abort.Cause, abort.Confidence, abort.Why = abortCause(clues)
	return abort
}

// decodeFields reads managed fields, which are JSON of their own.
func decodeFields(fields *metav1.FieldsV1, v any) error {
	data, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
