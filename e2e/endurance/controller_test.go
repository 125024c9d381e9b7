package endurance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/debrief-sre/debrief/e2e/argo"
)

var (
	replicaSets  = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	analysisRuns = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "analysisruns"}
	experiments  = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "experiments"}
	events       = schema.GroupVersionResource{Version: "v1", Resource: "events"}
)

// A recording is what a cluster wrote about one aborted rollout, as texts.
type recording struct {
	rollout, run string
	sets, events []string
	uid          string // the rollout's
}

// The recorded incident: shop/checkout, aborted then.
const (
	recordedName      = "checkout"
	recordedNamespace = "shop"
)

var recordedAbort = time.Date(2026, 11, 22, 19, 55, 8, 0, time.UTC)

func readRecording(folder string) (*recording, error) {
	lists := map[string][]*unstructured.Unstructured{}
	for _, name := range []string{"rollouts", "analysisruns", "replicasets", "events"} {
		data, err := os.ReadFile(filepath.Join(folder, name+".json"))
		if err != nil {
			return nil, err
		}
		var list struct{ Items []map[string]any }
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, fmt.Errorf("reading the recorded %s: %w", name, err)
		}
		for _, item := range list.Items {
			lists[name] = append(lists[name], &unstructured.Unstructured{Object: item})
		}
	}
	r := &recording{}
	for name, list := range lists {
		for _, o := range list {
			if o.GetNamespace() == recordedNamespace {
				r.keep(name, o)
			}
		}
	}
	if r.rollout == "" || r.run == "" || len(r.sets) != 2 || len(r.events) < 30 {
		return nil, fmt.Errorf("the recording has changed: %d ReplicaSets, %d events", len(r.sets), len(r.events))
	}
	return r, nil
}

func (r *recording) keep(list string, o *unstructured.Unstructured) {
	about, _, _ := unstructured.NestedString(o.Object, "involvedObject", "name")
	if about == "" {
		about = o.GetName()
	}
	if about != recordedName && !strings.HasPrefix(about, recordedName+"-") {
		return
	}
	uid := string(o.GetUID())
	for _, field := range []string{"uid", "resourceVersion", "managedFields", "creationTimestamp", "generation", "selfLink"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	text, err := json.Marshal(o.Object)
	if err != nil {
		panic(err) // it was just read as JSON
	}
	switch list {
	case "rollouts":
		r.rollout, r.uid = string(text), uid
	case "analysisruns":
		r.run = string(text)
	case "replicasets":
		r.sets = append(r.sets, string(text))
	case "events":
		r.events = append(r.events, string(text))
	}
}

// A controller writes incidents into a namespace as Argo Rollouts would.
type controller struct {
	namespace string
	client    dynamic.Interface
	pause     func() // between two writes
}

// newController makes a namespace that the test has to itself.
func newController(t *testing.T, namespace string) *controller {
	t.Helper()
	_, err := ground.lab.Kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &controller{namespace: namespace, client: ground.lab.Dynamic, pause: func() {}}
}

// A story is the recording told of another rollout, at another time.
type story struct {
	namespace, name, uid string
	abortedAt            time.Time
}

var recordedTime = regexp.MustCompile(`2026-11-22T\d\d:\d\d:\d\d(\.\d+)?Z`)

// tell gives a recorded object of this story.
func (s *story) tell(text string) *unstructured.Unstructured {
	text = strings.NewReplacer(
		recordedNamespace+"/"+recordedName, s.namespace+"/"+s.name,
		recordedName, s.name,
		ground.recorded.uid, s.uid,
	).Replace(text)
	text = recordedTime.ReplaceAllStringFunc(text, func(at string) string {
		layout := "2006-01-02T15:04:05Z"
		if strings.Contains(at, ".") {
			layout = "2006-01-02T15:04:05.000000Z"
		}
		recorded, err := time.Parse(time.RFC3339, at)
		if err != nil {
			panic(err) // the expression matches nothing else
		}
		return s.abortedAt.Add(recorded.Sub(recordedAbort)).Format(layout)
	})
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &o.Object); err != nil {
		panic(err) // it was JSON before
	}
	o.SetNamespace(s.namespace)
	if about, ok := o.Object["involvedObject"].(map[string]any); ok {
		about["namespace"] = s.namespace
	}
	return o
}

// abort deploys a rollout and has its second revision aborted, with the events
// and the analysis that go with it. It returns what it told.
func (c *controller) abort(ctx context.Context, name string) (*story, error) {
	s := &story{namespace: c.namespace, name: name, abortedAt: time.Now().UTC().Truncate(time.Second)}
	rollout, err := c.deploy(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, text := range ground.recorded.sets {
		if err := c.create(ctx, replicaSets, s.tell(text)); err != nil {
			return nil, err
		}
	}
	half := len(ground.recorded.events) / 2
	for _, text := range ground.recorded.events[:half] {
		if err := c.event(ctx, s.tell(text), s.abortedAt); err != nil {
			return nil, err
		}
	}
	if err := c.analysis(ctx, s); err != nil {
		return nil, err
	}
	if err := c.status(ctx, rollout, s.tell(ground.recorded.rollout)); err != nil {
		return nil, err
	}
	for _, text := range ground.recorded.events[half:] {
		if err := c.event(ctx, s.tell(text), s.abortedAt); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// deploy writes the rollout, healthy at first, and learns its UID.
func (c *controller) deploy(ctx context.Context, s *story) (*unstructured.Unstructured, error) {
	rollout, err := c.client.Resource(argo.Rollouts).Namespace(c.namespace).Create(ctx, s.tell(ground.recorded.rollout), metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("deploying %s: %w", s.name, err)
	}
	s.uid = string(rollout.GetUID())
	healthy := &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"phase": "Healthy"}}}
	return rollout, c.status(ctx, rollout, healthy)
}

// status gives the rollout another object's status.
func (c *controller) status(ctx context.Context, rollout, from *unstructured.Unstructured) error {
	defer c.pause()
	rollout.Object["status"] = from.Object["status"]
	updated, err := c.client.Resource(argo.Rollouts).Namespace(c.namespace).UpdateStatus(ctx, rollout, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("writing the status of %s: %w", rollout.GetName(), err)
	}
	updated.DeepCopyInto(rollout)
	return nil
}

// analysis writes the run as it begins, and as it ends.
func (c *controller) analysis(ctx context.Context, s *story) error {
	run := s.tell(ground.recorded.run)
	ended := run.Object["status"]
	run.Object["status"] = map[string]any{"phase": "Running"}
	created, err := c.client.Resource(analysisRuns).Namespace(c.namespace).Create(ctx, run, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("writing the analysis of %s: %w", s.name, err)
	}
	c.pause()
	created.Object["status"] = ended
	if _, err := c.client.Resource(analysisRuns).Namespace(c.namespace).Update(ctx, created, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("writing the analysis of %s: %w", s.name, err)
	}
	c.pause()
	return nil
}

// event writes an event and, as it is seen again, a second version of it. What
// the recording tells of later than the abort is told as of the abort.
func (c *controller) event(ctx context.Context, e *unstructured.Unstructured, latest time.Time) error {
	for _, field := range []string{"firstTimestamp", "lastTimestamp"} {
		if at, _, _ := unstructured.NestedString(e.Object, field); at > latest.Format(time.RFC3339) {
			e.Object[field] = latest.Format(time.RFC3339)
		}
	}
	client := c.client.Resource(events).Namespace(c.namespace)
	created, err := client.Create(ctx, e, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	c.pause()
	if count, found, _ := unstructured.NestedInt64(created.Object, "count"); found && created.Object["reason"] != "ScalingReplicaSet" {
		created.Object["count"] = count + 1
		if _, err := client.Update(ctx, created, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("writing an event again: %w", err)
		}
		c.pause()
	}
	return nil
}

func (c *controller) create(ctx context.Context, resource schema.GroupVersionResource, o *unstructured.Unstructured) error {
	defer c.pause()
	if _, err := c.client.Resource(resource).Namespace(c.namespace).Create(ctx, o, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("writing %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}
