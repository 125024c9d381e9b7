package collectors

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// eventSpan is when an event happened: first and last occurrence, how often,
// and how exact the first is.
type eventSpan struct {
	first, last time.Time
	count       int32
	precision   time.Duration
}

// eventTimes normalises the times that the two event APIs leave empty in
// different ways, as kubectl's printer does. Event recorders name an event
// "<object>.<UnixNano in hex>": where that agrees with the recorded second, it
// tells the order within it.
func eventTimes(e *corev1.Event) eventSpan {
	s := eventSpan{count: 1, precision: secondPrecision}
	switch {
	case !e.FirstTimestamp.IsZero():
		s.first = e.FirstTimestamp.Time
		if exact, ok := nameTime(e.Name); ok && exact.Truncate(time.Second).Equal(s.first.Truncate(time.Second)) {
			s.first, s.precision = exact, time.Microsecond
		}
	case !e.EventTime.IsZero():
		s.first, s.precision = e.EventTime.Time, time.Microsecond
	default:
		s.first = e.CreationTimestamp.Time
	}
	switch {
	case e.Series != nil && !e.Series.LastObservedTime.IsZero():
		s.last = e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		s.last = e.LastTimestamp.Time
	}
	if s.last.Before(s.first) {
		s.last = s.first
	}
	switch {
	case e.Series != nil && e.Series.Count > 0:
		s.count = e.Series.Count
	case e.Count > 0:
		s.count = e.Count
	}
	s.first, s.last = s.first.UTC(), s.last.UTC()
	return s
}

func nameTime(name string) (time.Time, bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return time.Time{}, false
	}
	nanos, err := strconv.ParseInt(name[i+1:], 16, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.Unix(0, nanos), true
}

func isStartOf(e *corev1.Event, revision int64) bool {
	match := updatedRevision.FindStringSubmatch(e.Message)
	return match != nil && e.InvolvedObject.Kind == "Rollout" && match[1] == strconv.FormatInt(revision, 10)
}

// readKubernetes adds the cluster's events and what the pods' status shows.
func readKubernetes(b *evidence.Bundle, f *timeline.Facts) error {
	told := teller{rollout: f.Rollout}
	for _, entry := range []string{eventsEntry, nodeEventsEntry} {
		for e, err := range evidence.Lines[corev1.Event](b, entry) {
			if err != nil {
				return err
			}
			f.Events = append(f.Events, told.event(&e.Value, e.Citation))
			told.sawStart = told.sawStart || isStartOf(&e.Value, f.Rollout.Revision)
		}
	}
	if err := addObservedWeights(b, f); err != nil {
		return err
	}
	if told.sawStart && f.Rollout.TrafficRouting {
		withoutEmptyRestoration(f)
	}
	for pod, err := range evidence.Lines[podObject](b, podsEntry) {
		if err != nil {
			return err
		}
		f.Events = append(f.Events, told.terminations(pod.Value, pod.Citation)...)
		if ready, ok := told.ready(pod.Value, pod.Citation); ok {
			f.Events = append(f.Events, ready)
		}
	}
	return nil
}

// teller turns Kubernetes objects into events of one rollout's story.
type teller struct {
	rollout  timeline.Rollout
	sawStart bool // the events reach back to the update's start
}

// withoutEmptyRestoration drops the restoration of traffic that was never
// shifted: an update that fails before its canary is ready resets a weight of
// zero. It may only be judged by events that go back to the start.
func withoutEmptyRestoration(f *timeline.Facts) {
	shifted := func(e timeline.Event) bool { return e.Kind == timeline.TrafficShifted }
	if slices.ContainsFunc(f.Events, shifted) {
		return
	}
	f.Events = slices.DeleteFunc(f.Events, func(e timeline.Event) bool {
		return e.Kind == timeline.TrafficRestored && e.Source == "argo"
	})
	for i, e := range f.Events {
		if e.Kind == timeline.TrafficRestored {
			f.Events[i].Kind, f.Events[i].Same = timeline.Kubernetes, "not restored/"+e.Same
		}
	}
}

func (t teller) event(e *corev1.Event, citation evidence.Citation) timeline.Event {
	span := eventTimes(e)
	out := timeline.Event{
		Time: span.first, Precision: span.precision, Source: "kubernetes", Kind: timeline.Kubernetes,
		Clock: component(e), Authority: timeline.FromEvent, Evidence: []evidence.Citation{citation},
		Subject: evidence.Object{Kind: e.InvolvedObject.Kind, Namespace: e.InvolvedObject.Namespace, Name: e.InvolvedObject.Name, UID: string(e.InvolvedObject.UID)},
		Title:   e.Reason + " on " + e.InvolvedObject.Kind + " " + e.InvolvedObject.Name,
		Detail:  oneLine(e.Message), Same: sameEvent(e),
	}
	if span.last.After(span.first) {
		out.End = span.last
	}
	if span.count > 1 {
		// A series is written late, so the true number may be higher.
		out.Title += fmt.Sprintf(" (at least %d times)", span.count)
	}
	if component(e) == controllerManager && e.InvolvedObject.Kind == "Rollout" {
		t.rolloutEvent(e, &out)
	}
	switch kind := analysisKinds[strings.TrimPrefix(e.Reason, "AnalysisRun")]; {
	case e.InvolvedObject.Kind == "AnalysisRun" && kind != "":
		out.Kind, out.Same = kind, sameAnalysis(e.InvolvedObject.Name, strings.TrimPrefix(e.Reason, "AnalysisRun"))
	case e.InvolvedObject.Kind == "ReplicaSet" && e.Reason == "SuccessfulDelete" && t.afterAbort(span.first) && e.InvolvedObject.Name == t.rollout.CanarySet:
		out.Kind, out.Same = timeline.CanaryScaledDown, sameScaledDown(t.rollout.CanarySet)
		out.Title = "Canary ReplicaSet " + t.rollout.CanarySet + " scaled down"
	}
	if out.Detail == out.Title {
		out.Detail = ""
	}
	return out
}

var (
	weightChange      = regexp.MustCompile(`^Traffic weight updated (?:from (\d+) )?to (\d+)$`)
	desiredWeight     = regexp.MustCompile(`desiredWeight '(\d+)'$`)
	serviceSwitch     = regexp.MustCompile(`^Switched selector for service '(.+)' from '.*' to '(.+)'$`)
	analysisRunStatus = regexp.MustCompile(`Analysis Run '(.+)' Status New: '(\w+)'`)
	scaledSet         = regexp.MustCompile(`^Scaled down ReplicaSet (\S+) \(revision \d+\) from \d+ to 0$`)
)

// rolloutEvent recognises the controller's events about the rollout itself.
func (t teller) rolloutEvent(e *corev1.Event, out *timeline.Event) {
	switch {
	case isStartOf(e, t.rollout.Revision):
		out.Kind, out.Same, out.Title = timeline.RolloutStarted, sameStart(t.rollout), startTitle(t.rollout)
	case e.Reason == "RolloutAborted":
		out.Kind, out.Same = timeline.RolloutAborted, sameAbort(t.rollout)
	case e.Reason == "RolloutCompleted":
		out.Kind, out.Title = timeline.RolloutCompleted, oneLine(e.Message)
	case e.Reason == "RolloutPaused":
		out.Kind, out.Title = timeline.RolloutPaused, oneLine(e.Message)
	case weightChange.MatchString(e.Message):
		match := weightChange.FindStringSubmatch(e.Message)
		t.weightEvent(match[1], match[2], out)
		out.Authority = timeline.FromStatus // knows the weight before, a router's own event does not
	case desiredWeight.MatchString(e.Message):
		t.weightEvent("", desiredWeight.FindStringSubmatch(e.Message)[1], out)
	case e.Reason == "SwitchService":
		t.switchEvent(e, out)
	case strings.HasPrefix(e.Reason, "AnalysisRun"):
		t.analysisEvent(e, out)
	case scaledSet.MatchString(e.Message):
		if set := scaledSet.FindStringSubmatch(e.Message)[1]; set == t.rollout.CanarySet && t.afterAbort(out.Time) {
			out.Kind, out.Same, out.Title = timeline.CanaryScaledDown, sameScaledDown(set), "Canary ReplicaSet "+set+" scaled down"
		}
	}
}

func (t teller) weightEvent(from, to string, out *timeline.Event) {
	switch {
	case out.Time.Before(t.rollout.Started):
	case to != "0":
		out.Kind, out.Same = timeline.TrafficShifted, sameWeight(t.rollout, to)
		out.Weight, _ = strconv.Atoi(to) // all digits by the expressions
		out.Title = "Traffic to the canary set to " + to + " %"
		if from != "" {
			out.Title = "Traffic to the canary changed from " + from + " % to " + to + " %"
		}
	case t.afterAbort(out.Time):
		out.Kind, out.Same, out.Title = timeline.TrafficRestored, sameWeight(t.rollout, "0"), restoredTitle
	}
}

func (t teller) switchEvent(e *corev1.Event, out *timeline.Event) {
	match := serviceSwitch.FindStringSubmatch(e.Message)
	if match == nil {
		return
	}
	service, hash := match[1], match[2]
	// The controller switches the canary's service only once its ReplicaSet is
	// available. It does not wait so for a blue-green preview.
	if t.rollout.Strategy == "canary" && service == t.rollout.CanaryService && hash == t.rollout.CanaryHash {
		out.Kind, out.Same, out.Title = timeline.CanaryReady, "ready/"+t.rollout.CanarySet, readyTitle(t.rollout)
	}
}

func readyTitle(r timeline.Rollout) string {
	return "Canary ReplicaSet " + r.CanarySet + " available"
}

func (t teller) analysisEvent(e *corev1.Event, out *timeline.Event) {
	match := analysisRunStatus.FindStringSubmatch(e.Message)
	if match == nil {
		return
	}
	switch kind := analysisKinds[match[2]]; {
	case kind != "":
		out.Kind, out.Same = kind, sameAnalysis(match[1], match[2])
	case match[2] == "Running":
		out.Kind, out.Same = timeline.AnalysisStarted, sameAnalysis(match[1], match[2])
	}
	out.Authority = timeline.FromNotification // the run's own event is nearer
}

// afterAbort allows for the controller stamping the abort a moment after it
// began to act on it.
func (t teller) afterAbort(at time.Time) bool {
	return t.rollout.Abort != nil && !at.Before(t.rollout.Abort.Time.Add(-timeline.SameWithin))
}

// ready is the moment a pod of the revision became ready, where no service
// switch told of it.
func (t teller) ready(pod podObject, citation evidence.Citation) (timeline.Event, bool) {
	if pod.Metadata.Labels[podHashLabel] != t.rollout.CanaryHash || t.rollout.CanaryHash == "" {
		return timeline.Event{}, false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return timeline.Event{
				Time: c.LastTransitionTime.UTC(), Precision: secondPrecision, Clock: "kubelet", Source: "kubernetes", Kind: timeline.CanaryReady,
				Subject: objectOf("Pod", pod.Metadata), Title: "Pod " + pod.Metadata.Name + " of the new revision ready",
				Evidence: []evidence.Citation{citation}, Same: "ready/" + t.rollout.CanarySet, Authority: timeline.FromNotification,
			}, true
		}
	}
	return timeline.Event{}, false
}

// terminations are the containers' last ends. There is no event for an
// out-of-memory kill: only the pod's status shows it.
func (t teller) terminations(pod podObject, citation evidence.Citation) []timeline.Event {
	var events []timeline.Event
	for _, c := range pod.Status.ContainerStatuses {
		for _, ended := range []*corev1.ContainerStateTerminated{c.LastTerminationState.Terminated, c.State.Terminated} {
			if ended == nil {
				continue
			}
			events = append(events, timeline.Event{
				Time: ended.FinishedAt.UTC(), Precision: secondPrecision, Clock: "kubelet", Source: "kubernetes", Kind: timeline.Kubernetes,
				Subject: objectOf("Pod", pod.Metadata), Authority: timeline.FromStatus, Evidence: []evidence.Citation{citation},
				Title:  fmt.Sprintf("Container %s of pod %s terminated: %s (exit code %d)", c.Name, pod.Metadata.Name, ended.Reason, ended.ExitCode),
				Detail: fmt.Sprintf("%d restarts so far", c.RestartCount),
				Same:   "terminated/" + c.Name + "/" + ended.ContainerID,
			})
		}
	}
	return events
}

// sameEvent keeps an event the same while Kubernetes counts on: the API server
// updates the object, and with it the number in the title.
func sameEvent(e *corev1.Event) string {
	if e.UID == "" { // no API server left it so
		return ""
	}
	return "event/" + string(e.UID)
}

func component(e *corev1.Event) string {
	if e.Source.Component != "" {
		return e.Source.Component
	}
	return e.ReportingController
}
