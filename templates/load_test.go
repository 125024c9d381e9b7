package templates

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/report"
)

// folder writes template files and gives the folder's path.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, source := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestLoad: a folder's definitions come before the built-in ones of their
// name, and what it does not define is there all the same.
func TestLoad(t *testing.T) {
	dir := folder(t, map[string]string{
		Entry:                  "# {{ headline . }}\r\n\r\n{{ template \"summary\" . }}\n{{ template \"measures\" . }}\n",
		"parts/mine.md.tmpl":   `{{ define "summary" }}our own summary{{ end }}`,
		"parts/ignored.md":     "{{ nonsense",
		"parts/README.md.tmp~": "{{ nonsense",
	})
	set, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := written(t, set, filled("x"))
	for _, want := range []string{"our own summary", "| TTD | 2 s |"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "\r") {
		t.Error("line breaks of another system")
	}
	if set.Public() || set.Prepare(report.Report{Tool: "x"}).Tool != "x" {
		t.Error("it was taken for public")
	}
}

// TestLoadPublic: a copy of the public template is as discreet as itself.
func TestLoadPublic(t *testing.T) {
	public, err := Builtin("public")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range public.Files() {
		files[f.Name] = f.Source
	}
	set, err := Load(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	if !set.Public() || written(t, set, filled("x")) != written(t, public, filled("x")) {
		t.Error("the copy is another template")
	}
	files[Entry] = `{{ define "audience" }}everybody{{ end }}`
	if _, err := Load(folder(t, files)); err == nil || !strings.Contains(err.Error(), `"audience" says "everybody"; it is public or internal`) {
		t.Errorf("error is %v", err)
	}
}

// TestCopiesRenderTheSame: what init writes is the whole template.
func TestCopiesRenderTheSame(t *testing.T) {
	eachBuiltin(t, func(t *testing.T, set *Set) {
		files := map[string]string{}
		for _, f := range set.Files() {
			files[f.Name] = f.Source
		}
		loaded, err := Load(folder(t, files))
		if err != nil {
			t.Fatal(err)
		}
		if written(t, loaded, filled("x")) != written(t, set, filled("x")) {
			t.Error("the copy writes another document")
		}
		if set.Files()[0].Name != Entry {
			t.Errorf("the first file is %s", set.Files()[0].Name)
		}
	})
}

// TestErrors: an error names the file, the line, what was asked for and what
// there is.
func TestErrors(t *testing.T) {
	const entry = `{{ template "x" . }}`
	tests := []struct{ name, source, want string }{
		{"field", "\n{{ .Incident.Subjekt }}", "2: .Incident.Subjekt: no such field (did you mean Subject?); Incident has Subject, App, Revision, Window, "},
		{"field of a pointer", "{{ with .Abort }}{{ .Coz }}{{ end }}", "1: .Coz: no such field; Abort has Time, Cause, Confidence, Why, Message, Evidence"},
		{"field of an item", "{{ range .Impact }}\n{{ .Bat }}{{ end }}", "2: .Bat: no such field (did you mean Bad?); Impact has Objective, "},
		{"field of the view", "{{ .Evnets }}", "1: .Evnets: no such field (did you mean Events?); View has SchemaVersion, "},
		{"field of a list", "{{ .Impact.Bad }}", "1: .Impact.Bad: no such field; this is a list: use {{ range }}, or {{ index LIST 0 }}"},
		{"field of a time", "{{ .Collected.Foo }}", "1: .Collected.Foo: no such field"},
		{"the document's field within range", "{{ range .Events }}{{ .Abort }}{{ end }}", "(within range or with, the document's field is $.Abort, if the partial was given it)"},
		{"function", "{{ secnods 1 }}", "1: there is no function secnods (did you mean seconds?); there are basis, cause, citations, clock, "},
		{"sprig's function that reads the environment", `{{ env "HOME" }}`, "1: there is no function env"},
		{"partial", `{{ template "sumary" . }}`, `1: there is no partial "sumary" (did you mean summary?); there are actions, `},
		{"syntax", "\n\n{{ if }}", "3: missing value for if"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, map[string]string{Entry: entry, "sub/x.md.tmpl": `{{ define "x" }}` + tt.source + `{{ end }}`})
			_, err := Load(dir)
			e, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("error is %T: %v", err, err)
			}
			if e.File != filepath.Join(dir, "sub", "x.md.tmpl") {
				t.Errorf("file is %s", e.File)
			}
			if want := e.File + ":" + tt.want; !strings.HasPrefix(err.Error(), want) && !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("error is\n%s, want\n%s", err, want)
			}
		})
	}
}

// TestErrorsOfAReport are those that only some reports lead to.
func TestErrorsOfAReport(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"unknown", "{{ .Abort.Time }}", `:1: .Abort.Time: .Abort is unknown in this incident; guard it with {{ with .Abort }}`},
		{"no entry of a map", `{{ (dict "a" 1).b }}`, `:1: map has no entry for key "b"`},
		{"kind", `{{ ofKind .Events "alert.fired" }}`, `:1: ofKind: there is no kind of event "alert.fired" (did you mean alert.firing?): there are change.built, `},
		{"refused", `{{ fail "not for this incident" }}`, `:1: fail: not for this incident`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, map[string]string{Entry: tt.source})
			set, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			err = set.Render(&strings.Builder{}, View{})
			if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(dir, Entry)+tt.want) {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}

func TestLoadWithoutTemplates(t *testing.T) {
	if _, err := Load(folder(t, nil)); err == nil || !strings.Contains(err.Error(), "has no postmortem.md.tmpl, which the document is rendered from") {
		t.Errorf("error is %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
