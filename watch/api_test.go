package watch

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// apiServer is an API server in memory, with what client-go's fake lacks and
// feeds rest on: versions, pages, resumed watches, compaction, refusals.
type apiServer struct {
	mu        sync.Mutex
	version   int64
	compacted int64                                               // changes up to this version are forgotten
	objects   map[string]map[types.UID]*unstructured.Unstructured // by resource
	changes   []apiChange
	watches   []*apiWatch
	fail      func(verb, resource, namespace string) error // nil: nothing fails
	lists     map[string]int                               // requests by resource
}

type apiChange struct {
	resource string
	version  int64
	event    apiwatch.Event
}

func newAPIServer() *apiServer {
	return &apiServer{objects: map[string]map[types.UID]*unstructured.Unstructured{}, lists: map[string]int{}}
}

func (s *apiServer) put(resource string, o *unstructured.Unstructured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := apiwatch.Modified
	if s.objects[resource][o.GetUID()] == nil {
		kind = apiwatch.Added
	}
	if s.objects[resource] == nil {
		s.objects[resource] = map[types.UID]*unstructured.Unstructured{}
	}
	s.objects[resource][o.GetUID()] = o
	s.change(resource, kind, o)
}

func (s *apiServer) remove(resource string, o *unstructured.Unstructured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects[resource], o.GetUID())
	s.change(resource, apiwatch.Deleted, o)
}

func (s *apiServer) bookmark(resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(resource, apiwatch.Bookmark, &unstructured.Unstructured{Object: map[string]any{}})
}

func (s *apiServer) change(resource string, kind apiwatch.EventType, o *unstructured.Unstructured) {
	s.version++
	o.SetResourceVersion(strconv.FormatInt(s.version, 10))
	c := apiChange{resource, s.version, apiwatch.Event{Type: kind, Object: o.DeepCopy()}}
	if kind != apiwatch.Bookmark {
		s.changes = append(s.changes, c)
	}
	for _, w := range s.watches {
		w.send(c)
	}
}

// compact forgets all changes; endWatches ends all watch requests.
func (s *apiServer) compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.compacted = s.version
}

func (s *apiServer) endWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.watches {
		w.end()
	}
	s.watches = nil
}

func (s *apiServer) failWith(fail func(verb, resource, namespace string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func (s *apiServer) Resource(r schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	return &apiResource{server: s, resource: r}
}

// apiResource panics on what watchers have no business with.
type apiResource struct {
	dynamic.NamespaceableResourceInterface
	server    *apiServer
	resource  schema.GroupVersionResource
	namespace string
}

func (r *apiResource) Namespace(namespace string) dynamic.ResourceInterface {
	return &apiResource{server: r.server, resource: r.resource, namespace: namespace}
}

func (r *apiResource) refuse(verb string) error {
	if r.server.fail == nil {
		return nil
	}
	return r.server.fail(verb, r.resource.Resource, r.namespace)
}

func (r *apiResource) Get(_ context.Context, name string, _ metav1.GetOptions, _ ...string) (*unstructured.Unstructured, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	for _, o := range r.server.objects[r.resource.Resource] {
		if o.GetName() == name && o.GetNamespace() == r.namespace {
			return o.DeepCopy(), nil
		}
	}
	return nil, apierrors.NewNotFound(r.resource.GroupResource(), name)
}

func (r *apiResource) List(_ context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[r.resource.Resource]++
	if err := r.refuse("list"); err != nil {
		return nil, err
	}
	var all []unstructured.Unstructured
	for _, o := range s.objects[r.resource.Resource] {
		if r.namespace == "" || o.GetNamespace() == r.namespace {
			all = append(all, *o.DeepCopy())
		}
	}
	slices.SortFunc(all, func(a, b unstructured.Unstructured) int {
		return strings.Compare(string(a.GetUID()), string(b.GetUID()))
	})
	page := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "v1", "kind": "List"}}
	page.SetResourceVersion(strconv.FormatInt(s.version, 10))
	start, _ := strconv.Atoi(opts.Continue)
	end := len(all)
	if limit := int(opts.Limit); limit > 0 && start+limit < end {
		end = start + limit
		page.SetContinue(strconv.Itoa(end))
	}
	page.Items = all[start:end]
	return page, nil
}

func (r *apiResource) Watch(ctx context.Context, opts metav1.ListOptions) (apiwatch.Interface, error) {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.refuse("watch"); err != nil {
		return nil, err
	}
	from, err := strconv.ParseInt(opts.ResourceVersion, 10, 64)
	if err != nil {
		return nil, apierrors.NewBadRequest("no version")
	}
	w := &apiWatch{resource: r.resource.Resource, namespace: r.namespace, results: make(chan apiwatch.Event, 10_000)}
	if from < s.compacted {
		status := apierrors.NewResourceExpired("too old resource version").Status()
		w.results <- apiwatch.Event{Type: apiwatch.Error, Object: &status}
		w.end()
		return w, nil
	}
	for _, c := range s.changes {
		if c.version > from {
			w.send(c)
		}
	}
	s.watches = append(s.watches, w)
	if opts.TimeoutSeconds != nil {
		timer := time.AfterFunc(time.Duration(*opts.TimeoutSeconds)*time.Second, w.end)
		context.AfterFunc(ctx, func() { timer.Stop() })
	}
	return w, nil
}

type apiWatch struct {
	resource, namespace string
	mu                  sync.Mutex
	ended               bool
	results             chan apiwatch.Event
}

func (w *apiWatch) send(c apiChange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := c.event.Object.(*unstructured.Unstructured)
	if w.ended || c.resource != w.resource || w.namespace != "" && o.GetNamespace() != w.namespace && c.event.Type != apiwatch.Bookmark {
		return
	}
	w.results <- apiwatch.Event{Type: c.event.Type, Object: o.DeepCopy()}
}

func (w *apiWatch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.ended = true
		close(w.results)
	}
}

func (w *apiWatch) Stop()                             { w.end() }
func (w *apiWatch) ResultChan() <-chan apiwatch.Event { return w.results }

const recording = "../testdata/recordings/checkout-canary-abort"

// recorded reads a list of the recorded incident.
func recorded(t testing.TB, resource string) []*unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(recording, resource+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	kind := map[string]string{"rollouts": "Rollout", "analysisruns": "AnalysisRun", "events": "Event"}[resource]
	objects := make([]*unstructured.Unstructured, len(list.Items))
	for i, item := range list.Items {
		objects[i] = &unstructured.Unstructured{Object: item}
		objects[i].SetKind(kind)
		objects[i].SetAPIVersion("v1")
	}
	return objects
}

// recordedNamed is one object of the recorded incident.
func recordedNamed(t testing.TB, resource, name string) *unstructured.Unstructured {
	t.Helper()
	for _, o := range recorded(t, resource) {
		if o.GetName() == name {
			return o
		}
	}
	t.Fatalf("no %s %s is recorded", resource, name)
	return nil
}

// with is a copy of an object with a field set, or removed by nil.
func with(t testing.TB, o *unstructured.Unstructured, value any, path ...string) *unstructured.Unstructured {
	t.Helper()
	o = o.DeepCopy()
	if value == nil {
		unstructured.RemoveNestedField(o.Object, path...)
		return o
	}
	if err := unstructured.SetNestedField(o.Object, value, path...); err != nil {
		t.Fatal(err)
	}
	return o
}

// find is a copy of an object, or nil.
func (s *apiServer) find(resource, uid string) *unstructured.Unstructured {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[resource][types.UID(uid)]; o != nil {
		return o.DeepCopy()
	}
	return nil
}
