package templates

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

// headings are what each style's readers look for, in order.
var headings = map[string][]string{
	"default": {
		"1. Summary", "2. Impact", "Customer impact", "SLO impact", "System impact", "3. Root Causes", "Direct cause", "What changed", "Detection",
		"Why it was not caught earlier", "4. Timeline of Events (UTC)", "5. Lessons Learned", "What went well", "What could be improved", "Where we got lucky",
		"6. Action Items", "7. Measures", "8. Coverage", "9. Queries behind the numbers", "Appendix: full timeline",
	},
	"google-sre": {
		"Summary", "Impact", "Root Causes", "Trigger", "Resolution", "Detection", "Action Items", "Lessons Learned", "What went well", "What went wrong",
		"Where we got lucky", "Timeline", "Supporting Information",
	},
	"pagerduty": {
		"Overview", "What Happened", "Contributing Factors", "Resolution", "Impact", "Responders", "Timeline", "How'd We Do?", "What Went Well?",
		"What Didn't Go So Well?", "Action Items", "Messaging", "Internal Email", "External Message",
	},
	"atlassian": {
		"Incident summary", "Leadup", "Fault", "Impact", "Detection", "Response", "Recovery", "Timeline", "Root cause identification: the five whys",
		"Root causes", "Backlog check", "Recurrence", "Lessons learned", "Corrective actions",
	},
	"executive": {"At a glance", "What happened", "Cause", "Impact on customers and the business", "Action Items"},
	"public":    {"Summary", "Impact", "Timeline (UTC)", "Cause", "What we are doing about it"},
}

func written(t testing.TB, set *Set, r report.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := set.Render(&out, View{Report: r, Pictures: []Picture{{"incident", "a picture", "x-incident.svg"}, {"budget", "another", "x-budget.svg"}}}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// eachBuiltin runs a test for every built-in template.
func eachBuiltin(t *testing.T, test func(t *testing.T, set *Set)) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			set, err := Builtin(name)
			if err != nil {
				t.Fatal(err)
			}
			test(t, set)
		})
	}
}

func TestBuiltinsAreComplete(t *testing.T) {
	entries, err := os.ReadDir("builtin")
	if err != nil {
		t.Fatal(err)
	}
	if want := len(Styles) + 1; len(entries) != want {
		t.Errorf("%d folders of templates and partials, want %d", len(entries), want)
	}
	eachBuiltin(t, func(t *testing.T, set *Set) {
		if err := set.check(); err != nil {
			t.Error(err)
		}
		if set.Public() != (set.name == "public") {
			t.Errorf("public: %v", set.Public())
		}
	})
	if _, err := Builtin("atlasian"); err == nil || !strings.Contains(err.Error(), `unknown template "atlasian" (did you mean atlassian?)`) {
		t.Errorf("error is %v", err)
	}
}

// variants are reports with much, with little and with nothing known.
func variants() map[string]report.Report {
	nothing := report.Report{
		Impact:   []report.Impact{{}},
		Analyses: []report.Analysis{{Metrics: []report.Metric{{Measurements: []report.Measurement{{}}}}}},
		Abort:    &report.Abort{}, Past: &report.Past{}, Actions: []report.Action{{}}, Events: []report.Event{{}}, Phases: []report.Phase{{}},
		Change: report.Change{Images: []report.Image{{}}}, Coverage: []evidence.Coverage{{}}, Pages: []report.Page{{}}, Series: []report.Series{{}},
	}
	return map[string]report.Report{"full": filled("x"), "empty": {}, "nothing known": nothing}
}

func TestBuiltinsRender(t *testing.T) {
	eachBuiltin(t, func(t *testing.T, set *Set) {
		for name, r := range variants() {
			document := written(t, set, r)
			for _, bad := range []string{"<nil>", "<no value>", "%!", "NaN", "0x", "{{"} {
				if strings.Contains(document, bad) {
					t.Errorf("%s: the document holds %q", name, bad)
				}
			}
			if !strings.HasPrefix(document, "# ") && !strings.Contains(document, "-->\n# ") {
				t.Errorf("%s: no title: %.40q", name, document)
			}
			missing := slices.Clone(headings[set.name])
			for line := range strings.Lines(document) {
				if h := strings.TrimSpace(strings.TrimLeft(line, "#")); len(missing) > 0 && strings.HasPrefix(line, "##") && h == missing[0] {
					missing = missing[1:]
				}
			}
			if len(missing) > 0 {
				t.Errorf("%s: no heading %q in its place", name, missing[0])
			}
			if strings.Count(document, PromptMark) < 4 {
				t.Errorf("%s: people are asked too little", name)
			}
			if !strings.Contains(document, "](x-incident.svg)") {
				t.Errorf("%s: no picture", name)
			}
		}
	})
}

// TestHostileReportKeepsItsShape puts hostile strings into every field of a
// report: the documents have the same elements as with harmless ones.
func TestHostileReportKeepsItsShape(t *testing.T) {
	eachBuiltin(t, func(t *testing.T, set *Set) {
		want := tags(t, written(t, set, filled("x")))
		for _, s := range hostile {
			if printable.Line(s) == "" {
				continue
			}
			if diff := cmp.Diff(want, tags(t, written(t, set, filled(s)))); diff != "" {
				t.Errorf("%q (-harmless +hostile):\n%s", s, diff)
			}
		}
	})
}

// TestExecutiveIsOnePage: a page has some 500 words and a picture.
func TestExecutiveIsOnePage(t *testing.T) {
	set, err := Builtin("executive")
	if err != nil {
		t.Fatal(err)
	}
	if words := len(strings.Fields(written(t, set, filled("x")))); words > 400 {
		t.Errorf("%d words", words)
	}
}

// TestPublicIsClean puts a name that must not be told into every string of a
// report, whatever it is today, and looks for it in all that is published.
func TestPublicIsClean(t *testing.T) {
	set, err := Builtin("public")
	if err != nil {
		t.Fatal(err)
	}
	r := filled("canary-name")
	canaries(reflect.ValueOf(&r).Elem(), new(int))
	for _, k := range kinds { // every kind's title, and kinds nobody knows
		r.Events = append(r.Events, report.Event{ID: "canary-id", Time: r.Collected, Kind: k.kind, Title: "canary-title", Detail: "canary-detail", Role: "canary-role", Key: true})
	}
	prepared := set.Prepare(r)
	asJSON, err := json.Marshal(prepared)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"the document": written(t, set, r), "the report": string(asJSON), "the headline": Headline(prepared)} {
		if at := strings.Index(strings.ToLower(text), "canary-"); at >= 0 {
			t.Errorf("%s tells an internal name: %.80q", where, text[max(0, at-30):])
		}
	}
	if diff := cmp.Diff(prepared, set.Prepare(prepared)); diff != "" {
		t.Errorf("prepared again (-once +twice):\n%s", diff)
	}
	for _, want := range []string{"Service A", "The service fell below its objective", "19:55:08 UTC"} {
		if !strings.Contains(written(t, set, r), want) {
			t.Errorf("the document does not say %q", want)
		}
	}
}

// canaries writes another name into every string below v.
func canaries(v reflect.Value, n *int) {
	switch v.Kind() {
	case reflect.String:
		*n++
		v.SetString(fmt.Sprintf("canary-%d", *n))
	case reflect.Pointer:
		canaries(v.Elem(), n)
	case reflect.Slice:
		for i := range v.Len() {
			canaries(v.Index(i), n)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			canaries(v.Field(i), n)
		}
	}
}

// TestPseudonymsAreStable: the same thing has the same pseudonym throughout.
func TestPseudonymsAreStable(t *testing.T) {
	r := report.Report{
		Impact: []report.Impact{{Objective: "latency"}, {Objective: "availability"}, {Objective: "latency"}},
		Series: []report.Series{{Name: "availability: error rate"}, {Name: "rate"}, {Name: "other: error rate"}, {Name: "rate"}},
	}
	p := anonymous(r)
	got := []string{p.Impact[0].Objective, p.Impact[1].Objective, p.Impact[2].Objective, p.Series[0].Name, p.Series[1].Name, p.Series[2].Name, p.Series[3].Name}
	want := []string{"Objective A", "Objective B", "Objective A", "Objective B: error rate", "Metric A", "Metric B", "Metric A"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 27: "AB", 701: "ZZ", 702: "AAA"} {
		if got := letters(n); got != want {
			t.Errorf("letters(%d) = %s, want %s", n, got, want)
		}
	}
}

// TestKindsAreAll holds the table of kinds against the vocabulary's source.
func TestKindsAreAll(t *testing.T) {
	source, err := os.ReadFile("../timeline/kind.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for line := range strings.Lines(string(source)) {
		if _, value, found := strings.Cut(line, "Kind = \""); found {
			declared++
			value, _, _ = strings.Cut(value, `"`)
			if !slices.ContainsFunc(kinds, func(k eventKind) bool { return k.kind == timeline.Kind(value) }) {
				t.Errorf("%s is not in the table", value)
			}
		}
	}
	if declared != len(kinds) {
		t.Errorf("%d kinds in the table, %d declared", len(kinds), declared)
	}
}
