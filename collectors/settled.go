package collectors

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
)

const (
	// settledOver is the time over which an objective must be met again.
	settledOver = "1m"
	// settledTimeout bounds the questions to Prometheus: whoever polls had
	// better ask again than wait.
	settledTimeout = 5 * time.Second
)

// servingRollout is as much of a Rollout as tells which version serves. It is
// looked at and never stored.
type servingRollout struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Status   struct {
		Abort           bool        `json:"abort"`
		AbortedAt       metav1.Time `json:"abortedAt"`
		CurrentPodHash  string      `json:"currentPodHash"`
		StableRS        string      `json:"stableRS"`
		UpdatedReplicas int32       `json:"updatedReplicas"` // pods of the current ReplicaSet
		Canary          struct {
			Weights *trafficWeights `json:"weights"`
		} `json:"canary"`
		BlueGreen struct {
			ActiveSelector string `json:"activeSelector"`
		} `json:"blueGreen"`
	} `json:"status"`
}

// Settled tells whether the incident is over for its users, and why it thinks
// so: no canary of the revision that the search names serves them any more
// (with Aborted, none of that attempt), and every objective of the settings
// was met over the last minute.
// Objectives that cannot be judged, because Prometheus cannot be asked or has
// no events to count, do not count, and why says so. An error is that the
// Rollout could not be read. It takes one request to the API server and one
// query for each objective, so it may be polled.
func Settled(ctx context.Context, s *Settings, search Search) (why string, settled bool, err error) {
	kube, err := newKubeClients(s)
	if err != nil {
		return "", false, err
	}
	var r servingRollout
	err = kube.get(ctx, "rollouts", search.Namespace, search.Name, &r)
	switch {
	case apierrors.IsNotFound(err):
		why, settled = "the rollout does not exist any more", true
	case err != nil:
		return "", false, fmt.Errorf("reading rollout %s/%s: %s", search.Namespace, search.Name, reason(err))
	default:
		why, settled = r.withoutCanary(search)
	}
	if !settled {
		return why, false, nil
	}
	met, words := objectivesMet(ctx, s)
	return why + "; " + words, met, nil
}

// withoutCanary tells whether no canary of the searched revision serves users.
// What a retried or promoted one does to them, the objectives tell.
func (r servingRollout) withoutCanary(search Search) (why string, none bool) {
	status, revision := r.Status, revisionOf(r.Metadata)
	switch {
	case search.Revision != 0 && revision != search.Revision:
		return fmt.Sprintf("revision %d has taken its place", revision), true
	case !search.Aborted.IsZero() && (!status.Abort || status.AbortedAt.Sub(search.Aborted).Abs() > abortTolerance):
		return "the update was retried or promoted", true
	case status.CurrentPodHash != "" && status.CurrentPodHash == status.StableRS:
		return "the current version is the stable one", true
	case status.Canary.Weights != nil:
		weight := status.Canary.Weights.Canary.Weight
		return fmt.Sprintf("canary weight %d", weight), weight == 0
	case status.BlueGreen.ActiveSelector != "":
		if status.BlueGreen.ActiveSelector == status.StableRS {
			return "the active service selects the stable version", true
		}
		return "the active service selects the new version", false
	default:
		return fmt.Sprintf("canary has %s", plural(int(status.UpdatedReplicas), "pod")), status.UpdatedReplicas == 0
	}
}

// objectivesMet judges the objectives by their last minute.
func objectivesMet(ctx context.Context, s *Settings) (met bool, words string) {
	const alone = "that alone counts, for "
	if len(s.Objectives) == 0 {
		return true, alone + "no objective applies"
	}
	if s.Prometheus.URL == "" {
		return true, alone + "no Prometheus address is configured"
	}
	address, err := configuredAddress(s.Prometheus)
	if err != nil {
		return true, alone + err.Error()
	}
	address.brief = true
	client, err := newPromClient(address, s.Now)
	if err != nil {
		return true, alone + err.Error()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, settledTimeout, fmt.Errorf("no answer within %s", settledTimeout))
	defer cancel()
	var said []string
	met = true
	for _, o := range s.Objectives {
		rate, err := errorRate(ctx, client, o, s.Now())
		if err != nil {
			said = append(said, fmt.Sprintf("%s could not be judged: %s", o.Name, reason(err)))
			if !refusal(err) && !errors.Is(err, errNoEvents) {
				break // the server does not answer; neither would it for the others
			}
			continue
		}
		within := "within"
		if slo.BurnRate(rate, o.Target) > 1+1e-9 { // 1 - 0.999 is a little more than 0.001
			within, met = "beyond", false
		}
		said = append(said, fmt.Sprintf("error rate of %s over the last minute %.3g %%, %s its target", o.Name, 100*rate, within))
	}
	return met, strings.Join(said, "; ")
}

var errNoEvents = errors.New("no events over the last minute")

// errorRate is the share of bad events over the last minute.
func errorRate(ctx context.Context, client *promClient, o slo.Objective, now time.Time) (float64, error) {
	total, err := eventRate(o.Total)
	if err != nil {
		return 0, err
	}
	part := o.Bad
	if part == "" {
		part = o.Good
	}
	counted, err := eventRate(part)
	if err != nil {
		return 0, err
	}
	value, err := client.query(ctx, &evidence.Coverage{}, fmt.Sprintf("(%s) / (%s)", counted, total), now)
	if err != nil {
		return 0, err
	}
	vector, ok := value.(model.Vector)
	if !ok || len(vector) != 1 || vector[0] == nil || vector[0].Histogram != nil {
		return 0, &questionError{errors.New("the answer is not one number")}
	}
	rate := float64(vector[0].Value)
	switch {
	case math.IsNaN(rate) || math.IsInf(rate, 0): // divided by no events
		return 0, errNoEvents
	case o.Bad == "":
		rate = 1 - rate
	}
	return max(0, rate), nil
}

// eventRate is the query for how many events a second an expression counted. A
// selector that finds nothing counts none: there may be no failure yet.
func eventRate(expr string) (string, error) {
	selectors, err := CounterSelectors(expr)
	if err != nil {
		return "", &questionError{err}
	}
	terms := make([]string, len(selectors))
	for i, selector := range selectors {
		terms[i] = fmt.Sprintf("(sum(rate(%s[%s])) or vector(0))", selector, settledOver)
	}
	return strings.Join(terms, " + "), nil
}
