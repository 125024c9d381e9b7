package collectors

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/replay"
	"github.com/debrief-sre/debrief/timeline"
)

var (
	recordedAbort = time.Date(2026, time.November, 22, 19, 55, 8, 0, time.UTC)
	recordedNow   = time.Date(2026, time.November, 22, 19, 58, 20, 0, time.UTC)
)

const checkoutUID = "c6d530dd-708f-4eef-a9dd-5cbcad108d92"

// object is a recorded object as it is, with what a test asks it for.
type object map[string]any

func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func (o object) text(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

func (o object) set(value any, path ...string) {
	inner := map[string]any(o)
	for _, name := range path[:len(path)-1] {
		inner = inner[name].(map[string]any)
	}
	inner[path[len(path)-1]] = value
}

func (o object) copied(t testing.TB) object {
	t.Helper()
	var other object
	if err := json.Unmarshal(marshal(t, o), &other); err != nil {
		t.Fatal(err)
	}
	return other
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// recorded is a recording whose Kubernetes objects a test may change.
type recorded struct {
	lists map[string][]object
	rest  fstest.MapFS
}

func readRecording(t testing.TB) *recorded {
	t.Helper()
	const folder = "../testdata/recordings/checkout-canary-abort"
	r := &recorded{lists: map[string][]object{}, rest: fstest.MapFS{}}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(folder + "/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		resource, isJSON := strings.CutSuffix(entry.Name(), ".json")
		if !isJSON || strings.Contains(resource, "-") { // the other APIs' answers
			r.rest[entry.Name()] = &fstest.MapFile{Data: data}
			continue
		}
		var list struct{ Items []object }
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(err)
		}
		r.lists[resource] = list.Items
	}
	return r
}

// drop removes objects from what is live.
func (r *recorded) drop(resource string, unwanted func(object) bool) {
	r.lists[resource] = slices.DeleteFunc(r.lists[resource], unwanted)
}

// checkout is the live Rollout of the incident.
func (r *recorded) checkout() object {
	i := slices.IndexFunc(r.lists["rollouts"], func(o object) bool { return o.text("metadata", "name") == "checkout" })
	return r.lists["rollouts"][i]
}

// serve answers as the live APIs, after the settings were made.
func (r *recorded) serve(t testing.TB) (*Settings, *replay.Server) {
	t.Helper()
	fsys := maps.Clone(r.rest)
	for resource, items := range r.lists {
		fsys[resource+".json"] = &fstest.MapFile{Data: marshal(t, map[string]any{"items": items})}
	}
	server, err := replay.New(fsys)
	if err != nil {
		t.Fatal(err)
	}
	server.Now = func() time.Time { return recordedNow }
	live := httptest.NewServer(server)
	t.Cleanup(live.Close)
	return &Settings{
		Kubernetes: &rest.Config{Host: live.URL}, Prometheus: PrometheusSettings{URL: live.URL + replay.PrometheusPath},
		Now: server.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}, server
}

func clock(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// story is what is told of an incident, each citation replaced by what it
// cites, and the coverage by source.
func story(t *testing.T, s *Settings, search Search) (told string, facts timeline.Facts, covered map[string]evidence.Coverage) {
	t.Helper()
	target, err := Locate(t.Context(), s, search)
	if err != nil {
		t.Fatal(err)
	}
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard() //nolint:errcheck // a temporary folder
	if err := Collect(t.Context(), s, target, w); err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	if err := w.WriteTo(&sealed, evidence.Manifest{Scope: target.Scope}); err != nil {
		t.Fatal(err)
	}
	b, err := evidence.Read(bytes.NewReader(sealed.Bytes()), int64(sealed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if facts, err = Read(b); err != nil {
		t.Fatal(err)
	}
	covered = map[string]evidence.Coverage{}
	for _, c := range b.Manifest.Coverage {
		covered[c.Source] = c
	}
	events := timeline.Tell(facts, target.Scope).Events
	for i := range events {
		resolve(t, b, events[i].Evidence)
	}
	rollout := facts.Rollout
	resolve(t, b, rollout.Evidence)
	if rollout.Abort != nil {
		resolve(t, b, rollout.Abort.Evidence)
	}
	var lines []string
	for _, e := range events {
		lines = append(lines, string(marshal(t, e)))
	}
	return strings.Join(append(lines, string(marshal(t, rollout)), string(marshal(t, target.Scope))), "\n"), facts, covered
}

var lineCitation = regexp.MustCompile(`^(.+\.jsonl):\d+$`)

// resolve puts what is cited in the place of the citations.
func resolve(t *testing.T, b *evidence.Bundle, citations []evidence.Citation) {
	t.Helper()
	for i, c := range citations {
		match := lineCitation.FindStringSubmatch(string(c))
		if match == nil {
			continue
		}
		for line, err := range evidence.Lines[json.RawMessage](b, match[1]) {
			if err != nil {
				t.Fatal(err)
			}
			if line.Citation == c {
				citations[i] = evidence.Citation(line.Value)
			}
		}
	}
	slices.Sort(citations)
}
