package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/replay"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

func at(clock string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-11-22T"+clock+"Z")
	if err != nil {
		panic(err)
	}
	return t
}

// TestGenerateTellsWhatHappened holds the report of the recorded incident
// against what is known to have happened in it.
func TestGenerateTellsWhatHappened(t *testing.T) {
	w := newWorld(t)
	code, r, stderr := w.generate(t, "shop/checkout")
	if code != exitDone {
		t.Errorf("ended with %d: %s", code, stderr)
	}
	if r.Abort == nil || !r.Abort.Time.Equal(at("19:55:08")) || r.Abort.Cause != timeline.CauseAnalysis || r.Abort.Confidence != timeline.Certain {
		t.Errorf("abort is %+v", r.Abort)
	}
	if want := []report.Image{{Container: "web", From: "registry.local/checkout:1.0.0", To: "registry.local/checkout:1.1.0-bad"}}; !slices.Equal(r.Change.Images, want) {
		t.Errorf("images are %v", r.Change.Images)
	}
	if r.Change.MaxWeight == nil || *r.Change.MaxWeight != 20 {
		t.Errorf("largest weight is %v", r.Change.MaxWeight)
	}
	if len(r.Impact) != 1 || r.Impact[0].Canary == nil {
		t.Fatalf("impact is %+v", r.Impact)
	}
	if c := r.Impact[0].Canary; c.Total != 2336 || c.Bad != 1192 {
		t.Errorf("canary served %v requests and failed %v", c.Total, c.Bad)
	}
	moments := []struct {
		kind timeline.Kind
		at   time.Time
		key  bool
	}{
		{timeline.ChangeBuilt, at("19:53:40"), true},
		{timeline.RolloutStarted, at("19:54:08"), true},
		{timeline.CanaryReady, at("19:54:08"), true},
		{timeline.TrafficShifted, at("19:54:08"), true},
		{timeline.AlertPending, at("19:54:20"), true},
		{timeline.AnalysisStarted, at("19:54:28"), true},
		{timeline.AnalysisMeasured, at("19:54:48"), false},
		{timeline.AlertFiring, at("19:54:50"), true},
		{timeline.PageTriggered, at("19:54:55"), true},
		{timeline.AnalysisFailed, at("19:55:08"), true},
		{timeline.RolloutAborted, at("19:55:08"), true},
		{timeline.TrafficRestored, at("19:55:08"), true},
		{timeline.CanaryScaledDown, at("19:55:38"), false},
		{timeline.PageAcknowledged, at("19:55:41"), true},
		{timeline.PageResolved, at("19:58:00"), true},
	}
	for _, want := range moments {
		i := slices.IndexFunc(r.Events, func(e report.Event) bool {
			return e.Kind == want.kind && e.Time.Sub(want.at).Abs() < time.Second && e.Key == want.key
		})
		if i < 0 {
			t.Errorf("no %s at %s (key moment: %v)", want.kind, want.at.Format(time.TimeOnly), want.key)
		}
	}
}

func TestGenerateMeasurements(t *testing.T) {
	_, r, _ := newWorld(t).generate(t, "shop/checkout")
	if len(r.Analyses) != 1 || len(r.Analyses[0].Metrics) != 1 {
		t.Fatalf("analyses are %+v", r.Analyses)
	}
	m := r.Analyses[0].Metrics[0]
	var values []string
	for _, v := range m.Measurements {
		values = append(values, timeline.ShortValue(v.Value))
	}
	if got := strings.Join(values, " "); got != "0.514 0.514 0.513" || m.Success != "result[0] < 0.05" {
		t.Errorf("measured %s against %s", got, m.Success)
	}
}

// TestGenerateKeepsToItsSubject checks that neither the other rollout nor the
// noisy deployment in the namespace is anywhere in the story.
func TestGenerateKeepsToItsSubject(t *testing.T) {
	_, r, _ := newWorld(t).generate(t, "shop/checkout")
	if n := len(r.KeyMoments()); n == 0 || n > timeline.MaxKeyMoments {
		t.Errorf("%d key moments", n)
	}
	for _, e := range r.Events {
		for _, other := range []string{"sre-demo", "noise-checkout"} {
			if strings.Contains(e.Title+e.Detail+e.Subject.Name, other) {
				t.Errorf("%s is about %s: %q", e.ID, other, e.Title)
			}
		}
	}
}

// TestGenerateFindsTheNewestAbort runs without an argument or a configuration.
func TestGenerateFindsTheNewestAbort(t *testing.T) {
	w := newWorld(t)
	empty := w.write(t, "empty.yaml", "names: role\n")
	w.token = ""
	_, r, _ := w.generate(t, "--config", empty)
	if got := r.Incident.Subject.Namespace + "/" + r.Incident.Subject.Name; got != "shop/checkout" {
		t.Errorf("took %s", got)
	}
	i := slices.IndexFunc(r.Coverage, func(c evidence.Coverage) bool { return strings.HasPrefix(c.Source, "pagerduty") })
	if i < 0 || r.Coverage[i].Status != evidence.StatusAbsent {
		t.Errorf("without a token, PagerDuty's coverage is missing or not absent: %+v", r.Coverage)
	}
}

// TestGenerateWithGaps breaks the sources one by one and all together.
func TestGenerateWithGaps(t *testing.T) {
	prometheus := replay.Failure{API: replay.Prometheus, Unreachable: true}
	pagerduty := replay.Failure{API: replay.PagerDuty, Status: http.StatusUnauthorized}
	events := replay.Failure{API: replay.Kubernetes, Resource: "events", Status: http.StatusForbidden}
	tests := []struct {
		name     string
		failures []replay.Failure
		gaps     map[string]evidence.Status // by the start of the source's name
	}{
		{"Prometheus down", []replay.Failure{prometheus}, map[string]evidence.Status{"prometheus": evidence.StatusUnreachable}},
		{"PagerDuty refuses the token", []replay.Failure{pagerduty}, map[string]evidence.Status{"pagerduty": evidence.StatusDenied}},
		{"events forbidden", []replay.Failure{events}, map[string]evidence.Status{"kubernetes/events": evidence.StatusDenied}},
		{
			"all at once",
			[]replay.Failure{prometheus, pagerduty, events},
			map[string]evidence.Status{"prometheus": evidence.StatusUnreachable, "pagerduty": evidence.StatusDenied, "kubernetes/events": evidence.StatusDenied},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.replay.Fail(test.failures...)
			code, r, stderr := w.generate(t, "shop/checkout")
			if code != exitGaps {
				t.Errorf("ended with %d: %s", code, stderr)
			}
			if r.Abort == nil || r.Abort.Cause != timeline.CauseAnalysis {
				t.Errorf("the abort is lost: %+v", r.Abort)
			}
			for source, status := range test.gaps {
				if !slices.ContainsFunc(r.Gaps(), func(c evidence.Coverage) bool {
					return strings.HasPrefix(c.Source, source) && c.Status == status && c.Reason != ""
				}) {
					t.Errorf("no gap %s %s in %+v", source, status, r.Gaps())
				}
			}
			if strings.Contains(stderr, w.token) {
				t.Errorf("the token is printed: %s", stderr)
			}
		})
	}
}

func TestGenerateWithoutACluster(t *testing.T) {
	w := newWorld(t)
	w.stop() // from now on nothing listens there
	out := filepath.Join(w.dir, "documents")
	code, stdout, stderr := w.debrief(t, "generate", "--kubeconfig", w.kubeconfig, "--config", w.config, "-o", out)
	if code != exitFailed || stdout != "" || strings.Count(stderr, "\n") != 1 {
		t.Errorf("ended with %d, printed %q and %q", code, stdout, stderr)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
}

// TestRenderIsDeterministic renders one bundle twice, and once more from a copy
// elsewhere.
func TestRenderIsDeterministic(t *testing.T) {
	w := newWorld(t)
	bundle := filepath.Join(w.dir, "bundle.zip")
	if code, _, stderr := w.debrief(t, "collect", "shop/checkout", "--kubeconfig", w.kubeconfig, "--config", w.config, "-o", bundle); code != exitDone {
		t.Fatalf("collect ended with %d: %s", code, stderr)
	}
	var first map[string]string
	for i, dir := range []string{"first", "second", "elsewhere"} {
		dir = filepath.Join(t.TempDir(), dir)
		if code, _, stderr := w.debrief(t, "render", "--bundle", bundle, "--config", w.config, "-o", dir); code != exitDone {
			t.Fatalf("render ended with %d: %s", code, stderr)
		}
		files := contents(t, dir)
		if i == 0 {
			first = files
		}
		if len(files) != 5 { // three documents and two pictures
			t.Errorf("%d files", len(files))
		}
		for name, content := range files {
			if content != first[name] {
				t.Errorf("%s differs from the first", name)
			}
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}
