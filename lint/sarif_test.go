package lint

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSARIF validates what is written against the standard's own schema and
// looks at what the schema cannot say.
func TestSARIF(t *testing.T) {
	for _, name := range []string{"testdata/blameful.md", "testdata/suppressed.md", "testdata/reviewed.md"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		result := Check("docs/a file #1.md", source, Options{Names: names})
		var out bytes.Buffer
		if err := writeSARIF(&out, []Result{result}, "v1.2.3"); err != nil {
			t.Fatal(err)
		}
		validate(t, out.Bytes())
		var log sarifLog
		if err := json.Unmarshal(out.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		run := log.Runs[0]
		if got, want := len(run.Results), len(result.Findings)+len(result.Suppressed); got != want {
			t.Errorf("%s: %d results for %d findings", name, got, want)
		}
		prints := map[string]bool{}
		for _, r := range run.Results {
			if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
				t.Errorf("ruleIndex %d is not %s", r.RuleIndex, r.RuleID)
			}
			region := r.Locations[0].Physical.Region
			if region.StartLine < 1 || region.StartColumn < 1 || region.EndLine < region.StartLine {
				t.Errorf("region %+v", region)
			}
			if uri := r.Locations[0].Physical.Artifact.URI; uri != "docs/a%20file%20%231.md" {
				t.Errorf("uri %q", uri)
			}
			print := r.Fingerprints["debriefFinding/v1"]
			if prints[print] {
				t.Errorf("fingerprint %s stands for two findings", print)
			}
			prints[print] = true
		}
	}
	var out bytes.Buffer
	if err := writeSARIF(&out, nil, ""); err != nil {
		t.Fatal(err)
	}
	validate(t, out.Bytes())
}

// validate holds a document to the standard's own schema, which OASIS
// publishes and testdata has a copy of.
func validate(t *testing.T, data []byte) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
}
