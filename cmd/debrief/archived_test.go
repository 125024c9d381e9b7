package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
	"github.com/debrief-sre/debrief/watch/archive"
)

// archiveOf is an archive of the recorded cluster as it was shortly after the
// abort, whose first event holds a secret.
func archiveOf(t *testing.T, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "debrief.db")
	kept, err := archive.Open(t.Context(), path, archive.Options{Now: func() time.Time { return collected }})
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{"events", "analysisruns", "rollouts"} {
		for i, o := range recordedObjects(t, resource) {
			if resource == "events" && i == 0 {
				o["message"] = secret
			}
			meta := o["metadata"].(map[string]any)
			object, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			text := func(name string) string { s, _ := meta[name].(string); return s }
			kept.Record(archive.Observation{
				Cluster: defaultCluster, Resource: resource, Namespace: text("namespace"), Name: text("name"), UID: text("uid"),
				ResourceVersion: text("resourceVersion"), Observed: at("19:55:09"), Object: object,
			})
		}
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func recordedObjects(t *testing.T, resource string) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(recording, resource+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// lost has the kubeconfig name a cluster at which nothing listens. Prometheus and
// PagerDuty stay.
func (w *world) lost(t *testing.T) {
	t.Helper()
	closed := httptest.NewServer(nil)
	closed.Close()
	data, err := os.ReadFile(w.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	w.kubeconfig = w.write(t, "kubeconfig", strings.ReplaceAll(string(data), w.url, closed.URL))
}

// TestGenerateFromArchiveAlone: a cluster that is gone still gets its document,
// which hides nothing of that.
func TestGenerateFromArchiveAlone(t *testing.T) {
	w := newWorld(t)
	kept := archiveOf(t, "pulled with "+secrets[0])
	w.lost(t)
	code, r, stderr := w.generate(t, "shop/checkout", "--archive", kept)
	if code != exitGaps {
		t.Fatalf("ended with %d: %s", code, stderr)
	}
	if r.Abort == nil || !r.Abort.Time.Equal(at("19:55:08")) || r.Abort.Cause != timeline.CauseAnalysis || len(r.Analyses) != 1 || len(r.Impact) != 1 || len(r.Pages) == 0 {
		t.Errorf("abort is %+v, with %d analyses, %d objectives and %d pages", r.Abort, len(r.Analyses), len(r.Impact), len(r.Pages))
	}
	if want := "unknown (last known state: Degraded, of 2026-11-22T19:55:09Z)"; r.Change.Phase != want {
		t.Errorf("the rollout was %s", r.Change.Phase)
	}
	got := map[string]evidence.Status{}
	for _, c := range r.Gaps() {
		got[c.Source] = c.Status
		if !strings.Contains(c.Reason, "the API server could not be asked") && c.Source != "archive" || !strings.Contains(stderr, "gap: "+c.Source) {
			t.Errorf("%s says %q; printed: %s", c.Source, c.Reason, stderr)
		}
	}
	want := map[string]evidence.Status{
		"archive": evidence.StatusPartial, "argo/rollout": evidence.StatusPartial, "argo/analysisruns": evidence.StatusPartial,
		"argo/analysistemplates": evidence.StatusUnreachable,
		"kubernetes/events":      evidence.StatusPartial, "kubernetes/node-events": evidence.StatusPartial,
		"kubernetes/pods": evidence.StatusUnreachable, "kubernetes/replicasets": evidence.StatusUnreachable,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// TestArchiveAloneIsDeterministic: the same answers make the same bytes, and no
// secret is among them.
func TestArchiveAloneIsDeterministic(t *testing.T) {
	w := newWorld(t)
	kept := archiveOf(t, "pulled with "+secrets[0])
	w.lost(t)
	var all []map[string]string
	for range 2 {
		out := filepath.Join(t.TempDir(), "documents")
		code, _, stderr := w.debrief(t, "generate", "--kubeconfig", w.kubeconfig, "--config", w.config, "--archive", kept, "-o", out)
		if code != exitGaps {
			t.Fatalf("ended with %d: %s", code, stderr)
		}
		written := contents(t, out)
		for name, content := range unpacked(t, out) {
			written[name] = content
		}
		all = append(all, written)
	}
	if diff := cmp.Diff(all[0], all[1]); diff != "" {
		t.Errorf("the second run differs:\n%s", diff)
	}
	if !slices.ContainsFunc(all, func(files map[string]string) bool { return len(files) > 6 }) {
		t.Errorf("only %d files", len(all[0]))
	}
	for name, content := range all[0] {
		if strings.Contains(content, secrets[0]) {
			t.Errorf("%s holds the secret", name)
		}
	}
}
