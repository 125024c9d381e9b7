package endurance_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/debrief-sre/debrief/e2e/argo"
	"github.com/debrief-sre/debrief/watch/archive"
)

// watched are the resources that debrief watches.
var watched = []schema.GroupVersionResource{argo.Rollouts, analysisRuns, experiments, events}

// A version is one state of one object.
type version struct {
	resource string
	uid      types.UID
	number   uint64 // its resourceVersion: one count for the whole of etcd
}

func versionOf(resource string, o *unstructured.Unstructured) (version, error) {
	number, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	return version{resource, o.GetUID(), number}, err
}

// A reference watches a namespace while watchers come and go, and knows when
// the API server delivered each version.
type reference struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu        sync.Mutex
	delivered map[version]time.Time
	errs      []error
}

func newReference(t *testing.T, namespace string) *reference {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &reference{stop: stop, delivered: map[version]time.Time{}}
	for _, resource := range watched {
		r.done.Go(func() {
			if err := r.watch(ctx, namespace, resource); err != nil && ctx.Err() == nil {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.errs = append(r.errs, fmt.Errorf("the reference lost its watch of %s: %w", resource.Resource, err))
			}
		})
	}
	t.Cleanup(r.end)
	return r
}

func (r *reference) end() {
	r.stop()
	r.done.Wait()
}

// watch notes what is delivered of one resource, of which there is nothing yet.
func (r *reference) watch(ctx context.Context, namespace string, resource schema.GroupVersionResource) error {
	client := ground.lab.Dynamic.Resource(resource).Namespace(namespace)
	list, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	from := list.GetResourceVersion()
	for ctx.Err() == nil {
		changes, err := client.Watch(ctx, metav1.ListOptions{ResourceVersion: from, AllowWatchBookmarks: true})
		if err != nil {
			return err
		}
		for change := range changes.ResultChan() {
			o, ok := change.Object.(*unstructured.Unstructured)
			if !ok {
				return fmt.Errorf("unexpected %T", change.Object)
			}
			from = o.GetResourceVersion()
			if change.Type == apiwatch.Added || change.Type == apiwatch.Modified {
				v, err := versionOf(resource.Resource, o)
				if err != nil {
					return err
				}
				r.mu.Lock()
				r.delivered[v] = time.Now()
				r.mu.Unlock()
			}
		}
	}
	return nil
}

// versions are what was delivered until now. It waits until nothing more comes:
// whoever calls it has stopped writing.
func (r *reference) versions(t *testing.T) map[version]time.Time {
	t.Helper()
	for before := -1; ; {
		r.mu.Lock()
		n := len(r.delivered)
		r.mu.Unlock()
		if n == before {
			break
		}
		before = n
		time.Sleep(500 * time.Millisecond)
	}
	r.end()
	for _, err := range r.errs {
		t.Error(err)
	}
	return r.delivered
}

// kept is what an archive holds of a namespace.
type kept struct {
	observed map[version]time.Time
	newest   map[types.UID]uint64
	twice    []version
	gaps     []archive.Gap
}

// readArchive reads an archive, by the place of it.
func readArchive(t *testing.T, place, namespace string) *kept {
	t.Helper()
	a, err := archive.Open(t.Context(), place, archive.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // it was only read
	k := &kept{observed: map[version]time.Time{}, newest: map[types.UID]uint64{}}
	for o, err := range a.Observations(t.Context(), archive.Query{Cluster: namespace}) {
		if err != nil {
			t.Fatal(err)
		}
		number, err := strconv.ParseUint(o.ResourceVersion, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		v := version{o.Resource, types.UID(o.UID), number}
		if _, have := k.observed[v]; have && !o.Deleted {
			k.twice = append(k.twice, v)
		}
		k.observed[v] = o.Observed
		k.newest[v.uid] = max(k.newest[v.uid], number)
	}
	if k.gaps, err = a.Gaps(t.Context(), namespace, time.Unix(0, 0), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return k
}

// check checks that nothing is stored twice, and that the archive has the newest
// version of everything that was delivered.
func (k *kept) check(t *testing.T, delivered map[version]time.Time) {
	t.Helper()
	for _, v := range k.twice {
		t.Errorf("stored twice: %v", v)
	}
	for v, at := range delivered {
		if k.newest[v.uid] < v.number {
			t.Errorf("the archive lacks the newest version %v, delivered at %v", v, at)
		}
	}
	t.Logf("%d versions delivered, %d in the archive, none twice; %d gaps", len(delivered), len(k.observed), len(k.gaps))
}

// nothingMissing checks that all that was delivered is in the archive.
func (k *kept) nothingMissing(t *testing.T, delivered map[version]time.Time) {
	t.Helper()
	for v, at := range delivered {
		if _, have := k.observed[v]; !have {
			t.Errorf("the archive lacks %v, delivered at %v", v, at)
		}
	}
}

// noGaps checks that nothing could have been missed.
func (k *kept) noGaps(t *testing.T) {
	t.Helper()
	if len(k.gaps) > 0 {
		t.Errorf("%d gaps, though every watch could go on where the one before it was", len(k.gaps))
		k.logGaps(t)
	}
}
