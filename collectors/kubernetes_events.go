package collectors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/debrief-sre/debrief/evidence"
)

// fetchEvents reads the namespace's events page by page and stores those that
// concern the rollout, the live ones and those that only the archive still
// has. One list with protobuf is far cheaper for the API server than a list
// for every object: events have no index.
func fetchEvents(ctx context.Context, archive Archive, kube *kubeClients, t *Target, w *evidence.Writer, c *evidence.Coverage, nodes map[string]bool) error {
	file, err := w.Create(eventsEntry)
	if err != nil {
		return stored(err)
	}
	events := kube.core.CoreV1().Events(t.Scope.Subject.Namespace)
	list := func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return events.List(ctx, opts)
	}
	concerned := newConcern(t)
	counts := map[recorder]int{}
	sawStart := false
	take := func(e *corev1.Event) error {
		if !concerned.with(e) {
			return nil
		}
		if node := scheduledTo(e); node != "" {
			nodes[node] = true
		}
		sawStart = sawStart || isStartOf(e, t.Scope.Revision)
		counts[recorder{e.Source.Component, e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Type}]++
		c.Objects++
		e.ManagedFields = nil
		return stored(file.Append(e))
	}
	live := liveEvents{}
	liveErr := eachItem(ctx, kube, list, metav1.ListOptions{}, func(e *corev1.Event) error {
		if last := eventTimes(e).last; c.Oldest.IsZero() || last.Before(c.Oldest) {
			c.Oldest = last
		}
		if archive != nil {
			live[e.UID] = true
		}
		return take(e)
	})
	known := knownEvents{liveFrom: c.Oldest, sawStartLive: sawStart}
	if known.archiveErr, err = t.addArchivedEvents(ctx, archive, t.Scope.Subject.Namespace, live, c, take); err != nil {
		return err
	}
	c.Warnings = append(c.Warnings, spamWarnings(counts)...)
	if liveErr != nil {
		return liveErr
	}
	known.sawStart = sawStart
	known.judge(c, t, archive != nil)
	return nil
}

func fetchNodeEvents(ctx context.Context, archive Archive, kube *kubeClients, t *Target, w *evidence.Writer, c *evidence.Coverage, nodes map[string]bool) error {
	defer func() { c.ClockOffset = kube.clock.last() }()
	file, err := w.Create(nodeEventsEntry)
	if err != nil {
		return stored(err)
	}
	// Nodes have no namespace; their events are kept in "default".
	events := kube.core.CoreV1().Events(metav1.NamespaceDefault)
	list := func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return events.List(ctx, opts)
	}
	take := func(e *corev1.Event) error {
		if e.InvolvedObject.Kind != "Node" || !nodes[e.InvolvedObject.Name] {
			return nil
		}
		c.Objects++
		e.ManagedFields = nil
		return stored(file.Append(e))
	}
	live := liveEvents{}
	liveErr := eachItem(ctx, kube, list, metav1.ListOptions{FieldSelector: "involvedObject.kind=Node"}, func(e *corev1.Event) error {
		if archive != nil {
			live[e.UID] = true
		}
		return take(e)
	})
	if _, err := t.addArchivedEvents(ctx, archive, metav1.NamespaceDefault, live, c, take); err != nil {
		return err
	}
	return liveErr
}

// addArchivedEvents adds what only the archive has, if there is one that
// answers, and remarks on that. Its second error is the bundle's.
func (t *Target) addArchivedEvents(ctx context.Context, archive Archive, namespace string, live liveEvents, c *evidence.Coverage, take func(*corev1.Event) error) (archiveErr, err error) {
	if archive == nil {
		return nil, nil
	}
	before := c.Objects
	archiveErr = t.archive.err
	if archiveErr == nil {
		archiveErr = live.addArchived(ctx, archive, namespace, t.Scope.Window, c, take)
	}
	var broken *bundleError
	if errors.As(archiveErr, &broken) {
		return nil, archiveErr
	}
	t.warnArchive(c, "events", c.Objects-before, archiveErr)
	return archiveErr, nil
}

// knownEvents is how far back the sources of events reach.
type knownEvents struct {
	liveFrom     time.Time // the oldest live event of the namespace, of anything; zero: there is none
	sawStartLive bool      // the event of the update's start is still live
	sawStart     bool      // it is live or in the archive
	archiveErr   error
}

// judge tells expiry from quiet: events live an hour by default, and those of
// the update's start are gone when it began before the oldest one left. What
// the archive observed meanwhile is not.
func (k knownEvents) judge(c *evidence.Coverage, t *Target, archived bool) {
	if k.sawStartLive || t.Aborted.IsZero() {
		return
	}
	began, from := t.Scope.Window.Start.Add(Lead), k.liveFrom
	if from.IsZero() {
		from = t.Scope.Window.End
	}
	since := t.archive.since
	archived = archived && k.archiveErr == nil && !since.IsZero()
	if archived && since.Before(from) {
		from = since
	}
	switch {
	case c.Objects == 0:
		c.Status = evidence.StatusExpired
		c.Reason = "no event of the rollout is left; the API server keeps events for an hour by default"
	case from.After(began) && !k.sawStart:
		c.Status = evidence.StatusPartial
		c.Reason = fmt.Sprintf("events before %s have expired; the API server keeps them for an hour by default", from.UTC().Format(time.RFC3339))
	case archived:
		// What was missed matters only where no live event tells.
		until := k.liveFrom
		if until.IsZero() {
			until = t.Scope.Window.End
		}
		if gaps := t.archive.gapsOf("events", began, until); len(gaps) > 0 {
			c.Status, c.Reason = evidence.StatusPartial, "some have expired, and the archive did not observe "+gapWords(gaps)
		}
	}
}

// recorder is what client-go's event spam filter counts by.
type recorder struct{ component, kind, name, eventType string }

// spamBurst is how many events of one recorder about one object that filter
// lets through before it drops all but one in five minutes.
const spamBurst = 25

func spamWarnings(counts map[recorder]int) []string {
	var warnings []string
	for r, n := range counts {
		if n >= spamBurst {
			warnings = append(warnings, fmt.Sprintf("%s recorded %d %s events about %s %s; beyond %d its client drops most, so later ones may be missing", r.component, n, r.eventType, r.kind, r.name, spamBurst))
		}
	}
	slices.Sort(warnings)
	return warnings
}
