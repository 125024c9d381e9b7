package evidence_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// value is what the tests keep in their bundles.
type value struct {
	Query string  `json:"query"`
	N     float64 `json:"n"`
}

// content is a bundle's entries: one value is JSON, several are JSON Lines.
type content map[string][]value

var sample = content{
	"argo/rollout.json":       {{`rate(x{a="b"}[1m]) > 1 && <y>`, 1}},
	"kubernetes/events.jsonl": {{"first", 1}, {"second\nline", 2}, {"third \u2028 \u202e", 3}},
	"prometheus/none.jsonl":   {},
}

var sampleManifest = evidence.Manifest{
	Tool: "debrief v0.0.0",
	Scope: evidence.Scope{
		Subject:  evidence.Object{Kind: "Rollout", Namespace: "shop", Name: "checkout", UID: "u"},
		Revision: 2,
		Window:   evidence.Window{Start: noon, End: noon.Add(time.Hour)},
	},
	CollectedAt: noon.Add(2 * time.Hour),
	Notes:       []string{"made by hand"},
}

// put writes one entry.
func (c content) put(t testing.TB, w *evidence.Writer, name string) {
	t.Helper()
	if strings.HasSuffix(name, ".json") {
		if err := w.WriteJSON(name, c[name][0]); err != nil {
			t.Error(err)
		}
		return
	}
	f, err := w.Create(name)
	if err != nil {
		t.Error(err)
		return
	}
	for _, v := range c[name] {
		if err := f.Append(v); err != nil {
			t.Error(err)
		}
	}
	if f.Lines() != len(c[name]) {
		t.Errorf("%s: Lines() = %d, want %d", name, f.Lines(), len(c[name]))
	}
}

// newWriter is one that is discarded at the test's end.
func newWriter(t testing.TB) *evidence.Writer {
	t.Helper()
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Discard(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// seal gives a bundle's bytes.
func seal(t testing.TB, w *evidence.Writer) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := w.WriteTo(&out, sampleManifest); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sampleBundle(t testing.TB) []byte {
	t.Helper()
	w := newWriter(t)
	for name := range sample {
		sample.put(t, w, name)
	}
	return seal(t, w)
}

func read(data []byte) (*evidence.Bundle, error) {
	return evidence.Read(bytes.NewReader(data), int64(len(data)))
}

func TestRoundTrip(t *testing.T) {
	ahead := 1.5
	coverage := evidence.Coverage{
		Source: "kubernetes/events", Status: evidence.StatusExpired, Reason: "events live for one hour", Asked: "events of shop",
		Objects: 3, Oldest: noon, ClockOffset: &ahead, Duration: 0.25, Warnings: []string{"slow"},
	}
	w := newWriter(t)
	w.Cover(coverage)
	for name := range sample {
		sample.put(t, w, name)
	}
	b, err := read(seal(t, w))
	if err != nil {
		t.Fatal(err)
	}

	want := sampleManifest
	want.SchemaVersion, want.Coverage = evidence.SchemaVersion, []evidence.Coverage{coverage}
	got := b.Manifest
	got.Entries = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	var names []string
	for _, e := range b.Manifest.Entries {
		names = append(names, e.Name)
	}
	if diff := cmp.Diff([]string{"argo/rollout.json", "kubernetes/events.jsonl", "prometheus/none.jsonl"}, names); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}

	var one value
	if err := b.ReadJSON("argo/rollout.json", &one); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample["argo/rollout.json"][0], one); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	for _, name := range []string{"kubernetes/events.jsonl", "prometheus/none.jsonl"} {
		got := []value{}
		for v, err := range evidence.Lines[value](b, name) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v.Value)
			if want := evidence.Line(name, len(got)); v.Citation != want {
				t.Errorf("citation %s, want %s", v.Citation, want)
			}
		}
		if diff := cmp.Diff(sample[name], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMissingEntries(t *testing.T) {
	b, err := read(sampleBundle(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ReadJSON("no.json", new(value)); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no.json") {
		t.Errorf("ReadJSON: %v, want one that wraps fs.ErrNotExist and names the entry", err)
	}
	for range evidence.Lines[value](b, "no.jsonl") {
		t.Error("a missing entry has lines")
	}
	if b.Has("no.json") || !b.Has("argo/rollout.json") {
		t.Error("Has is wrong")
	}
}

// TestSameContentSameBytes writes the same entries and coverage in any order,
// one after the other and at the same time.
func TestSameContentSameBytes(t *testing.T) {
	coverage := []evidence.Coverage{
		{Source: "pagerduty", Status: evidence.StatusDenied},
		{Source: "prometheus/slo", Status: evidence.StatusOK, Asked: "a", Objects: 2},
		{Source: "prometheus/slo", Status: evidence.StatusPartial, Asked: "a", Reason: "cut off"},
		{Source: "prometheus/slo", Status: evidence.StatusOK, Asked: "b"},
	}
	var want []byte
	for seed := range uint64(8) {
		w := newWriter(t)
		var jobs []func()
		for name := range sample {
			jobs = append(jobs, func() { sample.put(t, w, name) })
		}
		for _, c := range coverage {
			jobs = append(jobs, func() { w.Cover(c) })
		}
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
		var wg sync.WaitGroup
		for _, job := range jobs {
			if seed%2 == 0 {
				job()
			} else {
				wg.Go(job)
			}
		}
		wg.Wait()
		switch got := seal(t, w); {
		case want == nil:
			want = got
		case !bytes.Equal(got, want):
			t.Fatalf("seed %d: other bytes", seed)
		}
	}
}

func TestSealTwice(t *testing.T) {
	w := newWriter(t)
	sample.put(t, w, "kubernetes/events.jsonl")
	if !bytes.Equal(seal(t, w), seal(t, w)) {
		t.Error("the same writer seals to other bytes")
	}
}

func TestNames(t *testing.T) {
	tests := []struct {
		name string
		ok   bool
	}{
		{"a.json", true},
		{"argo/analysisruns/x-2.json", true},
		{"ünï.json", true},
		{"", false},
		{".", false},
		{"manifest.json", false},
		{"/etc/passwd", false},
		{"../a.json", false},
		{"a/../../b.json", false},
		{"a//b.json", false},
		{"./a.json", false},
		{"a/", false},
		{`a\b.json`, false},
		{"c:a.json", false},
		{"a.json#x", false},
		{"a\n.json", false},
		{"a\x00.json", false},
		{"a\xff.json", false},
	}
	for _, tt := range tests {
		w := newWriter(t)
		if _, err := w.Create(tt.name); (err == nil) != tt.ok {
			t.Errorf("Create(%q) = %v, want ok %t", tt.name, err, tt.ok)
		}
	}
}

func TestCreateTwice(t *testing.T) {
	w := newWriter(t)
	if err := w.WriteJSON("a.json", 1); err != nil {
		t.Fatal(err)
	}
	err := w.WriteJSON("a.json", 1)
	if want := "bundle entry a.json: written twice"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
