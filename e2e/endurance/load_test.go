package endurance_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

var burst = flag.Int("events", 5_000, "how many events a burst has")

const (
	aborts = 100 // at the same time
	// mostMemory is what debrief may have in memory at any moment of it.
	mostMemory = 400 << 20
)

// TestLoad writes a burst of events and aborts a hundred rollouts beside it, as
// fast as the API server takes them. Then debrief is killed, and must read all
// of that again at its start.
func TestLoad(t *testing.T) {
	const namespace = "load"
	c := newController(t, namespace)
	file := filepath.Join(t.TempDir(), "archive.db")
	w := newWatcher(t, namespace, "file: "+file, "")
	r := newReference(t, namespace)
	w.begin(t)

	began := time.Now()
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error { return writeEvents(ctx, namespace, *burst) })
	for _, name := range names(aborts) {
		group.Go(func() error {
			_, err := c.abort(ctx, name)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events and %d aborts in %v", *burst, aborts, time.Since(began).Round(time.Second))
	awaitDocuments(t, w, names(aborts))
	t.Logf("the last document %v after the first abort", time.Since(began).Round(time.Second))
	checkMemory(t, w, "during the burst")
	w.Kill()

	w.begin(t)
	checkMemory(t, w, "at a start with all of it there")
	if err := w.Stop(); err != nil {
		t.Errorf("the watch did not end well: %v", err)
	}
	checkFolder(t, w, names(aborts))
	delivered := r.versions(t)
	if len(delivered) < *burst+aborts {
		t.Errorf("the reference was delivered %d versions", len(delivered))
	}
	k := readArchive(t, file, namespace)
	k.check(t, delivered)
	k.nothingMissing(t, delivered)
	k.noGaps(t)
}

func (k *kept) logGaps(t *testing.T) {
	t.Helper()
	for _, g := range k.gaps {
		t.Logf("gap in %s, %v: %s", g.Resource, g.To.Sub(g.From).Round(time.Millisecond), g.Reason)
	}
}

func checkMemory(t *testing.T, w *watcher, when string) {
	t.Helper()
	most, err := w.memory()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s debrief had at most %d MiB in memory", when, most>>20)
	if most > mostMemory {
		t.Errorf("%s debrief had %d MiB in memory, want %d at most", when, most>>20, mostMemory>>20)
	}
}

// writeEvents writes events about pods, by several clients at once.
func writeEvents(ctx context.Context, namespace string, n int) error {
	config, err := clientcmd.BuildConfigFromFlags("", ground.lab.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.ContentType = -1, "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	const writers = 16
	group, ctx := errgroup.WithContext(ctx)
	for writer := range writers {
		group.Go(func() error {
			for i := writer; i < n; i += writers {
				now := metav1.Now()
				pod := fmt.Sprintf("noise-%05d", i/5)
				event := &corev1.Event{
					ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("noise.%06x", i), Namespace: namespace},
					InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod, UID: types.UID(pod)},
					Type:           corev1.EventTypeWarning, Reason: "BackOff", Count: 1, FirstTimestamp: now, LastTimestamp: now,
					Message: "Back-off restarting failed container web in pod " + pod + "_" + namespace + "(d6f0b2f5-6f0e-4c3a-9b0a-0d4c1d1f8f5e)",
					Source:  corev1.EventSource{Component: "kubelet", Host: "node-1"},
				}
				if _, err := client.CoreV1().Events(namespace).Create(ctx, event, metav1.CreateOptions{}); err != nil {
					return fmt.Errorf("writing event %d: %w", i, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}
