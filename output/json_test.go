package output

import (
	"encoding"
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/report"
)

// TestJSONShape holds the JSON form's fields against a golden file. Lines may
// be added to it; one that changes or goes needs another schema version.
func TestJSONShape(t *testing.T) {
	got := strings.Join(fields("", reflect.TypeFor[report.Report]()), "\n") + "\n"
	golden.Check(t, filepath.Join("testdata", "fields.golden"), got)
}

// fields gives a type's fields as JSON has them, one a line: path, then what
// it holds, with "?" where it may be null or missing.
func fields(path string, t reflect.Type) []string {
	text := t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || t.Implements(reflect.TypeFor[json.Marshaler]())
	switch {
	case text:
		return []string{path + " " + t.String()}
	case t.Kind() == reflect.Pointer:
		lines := fields(path, t.Elem())
		lines[0] += "?"
		return lines
	case t.Kind() == reflect.Slice:
		return fields(path+"[]", t.Elem())
	case t.Kind() == reflect.Struct:
		lines := []string{path + " object"}
		for field := range t.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			below := fields(path+"."+name, field.Type)
			if options != "" {
				below[0] += "?"
			}
			lines = append(lines, below...)
		}
		return lines
	default:
		return []string{path + " " + t.Kind().String()}
	}
}

func TestJSON(t *testing.T) {
	for _, s := range hostile {
		r := reportOf(s)
		var got report.Report
		if err := json.Unmarshal([]byte(render(t, "json", r)), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		want := strings.ToValidUTF8(s, "\ufffd")
		if got.Tool != want || got.Events[0].Title != want || got.Impact[0].Queries[0].PromQL != want {
			t.Errorf("%q was changed: %q", s, got.Tool)
		}
	}
	if text := render(t, "json", reportOf("a < b && c > d")); !strings.Contains(text, "a < b && c > d") {
		t.Error("PromQL is not readable")
	}
}
