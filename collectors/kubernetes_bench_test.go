package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"testing/fstest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/replay"
)

// BenchmarkFetchArchivedEvents reads a namespace of 20,000 live events and as
// many that only the archive has. The floor is the live ones alone.
func BenchmarkFetchArchivedEvents(b *testing.B) {
	s, target := busyNamespace(b, 20_000)
	kube, err := newKubeClients(s)
	if err != nil {
		b.Fatal(err)
	}
	kept := &shelf{since: target.Scope.Window.Start}
	recorded := readRecording(b).lists["events"]
	for i := range 20_000 {
		e := recorded[i%len(recorded)].copied(b)
		e.set(fmt.Sprintf("archived-%d", i), "metadata", "uid")
		e.set("shop", "metadata", "namespace")
		if i%100 != 0 {
			e.set("other", "involvedObject", "name")
			e.set("", "involvedObject", "uid")
		}
		kept.keep(b, "events", e, target.Scope.Window.Start.Add(time.Duration(i)*time.Millisecond), false)
	}
	for _, run := range []struct {
		name    string
		archive Archive
	}{{"live", nil}, {"merged", kept}} {
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w, err := evidence.NewWriter()
				if err != nil {
					b.Fatal(err)
				}
				c := evidence.Coverage{}
				if err := fetchEvents(b.Context(), run.archive, kube, target, w, &c, map[string]bool{}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(c.Objects), "kept")
				if err := w.Discard(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFetchEvents reads a namespace of 20,000 events, one in a hundred of
// which concerns the rollout. The floor is the same list, read page by page by
// client-go and thrown away.
func BenchmarkFetchEvents(b *testing.B) {
	s, target := busyNamespace(b, 20_000)
	kube, err := newKubeClients(s)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			events := kube.core.CoreV1().Events("shop")
			list := func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
				return events.List(ctx, opts)
			}
			if err := eachItem(b.Context(), kube, list, metav1.ListOptions{}, func(*corev1.Event) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("debrief", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w, err := evidence.NewWriter()
			if err != nil {
				b.Fatal(err)
			}
			c := evidence.Coverage{}
			if err := fetchEvents(b.Context(), nil, kube, target, w, &c, map[string]bool{}); err != nil {
				b.Fatal(err)
			}
			if err := w.Discard(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// busyNamespace serves the recording with its events repeated until there are
// as many, most of them about others.
func busyNamespace(b *testing.B, count int) (*Settings, *Target) {
	b.Helper()
	const recording = "../testdata/recordings/checkout-canary-abort"
	data, err := os.ReadFile(recording + "/events.json")
	if err != nil {
		b.Fatal(err)
	}
	var list corev1.EventList
	if err := json.Unmarshal(data, &list); err != nil {
		b.Fatal(err)
	}
	recorded := list.Items
	for i := len(recorded); i < count; i++ {
		e := *recorded[i%len(recorded)].DeepCopy()
		e.Name = fmt.Sprintf("%s-%d", e.Name, i)
		if i%100 != 0 {
			e.InvolvedObject.Name, e.InvolvedObject.UID = "other-"+e.InvolvedObject.Name, ""
		}
		list.Items = append(list.Items, e)
	}
	many, err := json.Marshal(list)
	if err != nil {
		b.Fatal(err)
	}
	fsys := fstest.MapFS{"events.json": {Data: many}}
	for _, name := range []string{"rollouts.json", "replicasets.json", "analysisruns.json"} {
		data, err := os.ReadFile(recording + "/" + name)
		if err != nil {
			b.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	server, err := replay.New(fsys)
	if err != nil {
		b.Fatal(err)
	}
	http := httptest.NewServer(server)
	b.Cleanup(http.Close)
	s := &Settings{
		Kubernetes: &rest.Config{Host: http.URL}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func() time.Time { return time.Date(2026, time.November, 22, 19, 58, 20, 0, time.UTC) },
	}
	target, err := Locate(b.Context(), s, Search{Namespace: "shop", Name: "checkout"})
	if err != nil {
		b.Fatal(err)
	}
	return s, target
}
