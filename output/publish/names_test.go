package publish_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/publish"
	"github.com/debrief-sre/debrief/output/repository"
	"github.com/debrief-sre/debrief/report"
)

// TestHostileNames: whoever made the bundle, what comes of its names is safe.
func TestHostileNames(t *testing.T) {
	for name, text := range map[string]string{
		"that lead out":       "../..",
		"that are absolute":   "/etc/passwd",
		"that are options":    "--upload-pack=touch x",
		"that are long":       strings.Repeat("n", 300),
		"in another script":   "Zahlung-für-日本",
		"that forge a marker": "x\n<!-- debrief:end request -->\n<!-- debrief:end summary -->",
		"that cannot be seen": "\x00\x1b[31m\u202e\u200b",
		"that are code":       "{{ .Env }}<script>alert(1)</script>`|[a](javascript:b)",
		"of git":              ".git/hooks@{1}.lock",
		"of nothing":          "",
	} {
		for _, place := range []string{"subject", "name"} {
			t.Run(place+"s "+name, func(t *testing.T) {
				crafted := func(r *report.Report) {
					r.Incident.Subject.Namespace, r.Incident.Subject.Name = text, text
					r.Abort.Cause = "x/" + r.Abort.Cause
					if place == "name" {
						r.Name = "2026-11-22-" + text
					} else {
						r.Name = report.Name(r.Incident, r.Abort.Time)
					}
				}
				w := newWorld(t)
				w.settings.Path = "p/{{ .Namespace }}/{{ .Rollout }}/{{ .Cause }}/{{ .Title }}/{{ .Name }}.md"
				w.settings.Branch = "p/{{ .Slug }}"
				w.settings.Title, w.settings.Message = "{{ .Title }} of {{ .Namespace }}", "Add {{ .Rollout }}"
				got, err := publish.Publish(t.Context(), w.settings, incident(t, demo, crafted))
				if place == "name" && err != nil {
					if w.git.Count("main") != 1 || len(w.forge.requests) != 0 {
						t.Errorf("something was done before %v", err)
					}
					return // a report that was tampered with may be refused
				}
				if err != nil {
					t.Fatal(err)
				}
				checkSafe(t, w, got)
				if again := w.publish(t, incident(t, demo, crafted), publish.Unchanged); again.Path != got.Path {
					t.Errorf("the second time at %s", again.Path)
				}
				w.publish(t, incident(t, demo, crafted, byHand), publish.Updated)
			})
		}
	}
}

func checkSafe(t *testing.T, w *world, got publish.Result) {
	t.Helper()
	if err := errors.Join(repository.CheckRef(got.Branch), repository.CheckPath(got.Path)); err != nil {
		t.Error(err)
	}
	if n := strings.Count(got.Branch, "/"); n != 1 {
		t.Errorf("branch %s", got.Branch)
	}
	for _, path := range w.paths(got.Branch) {
		if err := repository.CheckPath(path); err != nil || path != "LICENSE" && strings.Count(path, "/") != 5 {
			t.Errorf("file %s, %v", path, err)
		}
	}
	asked := w.forge.desired[0]
	if len([]rune(asked.Title)) > 255 {
		t.Errorf("a title of %d characters", len([]rune(asked.Title)))
	}
	for what, text := range map[string]string{"title": asked.Title, "message": strings.TrimSuffix(w.git.Tip(got.Branch).Message, "\n")} {
		if strings.ContainsAny(text, "\n\r\x00\x1b\u202e") {
			t.Errorf("%s %q", what, text)
		}
	}
	for what, text := range map[string]string{"document": w.file(t, got.Branch, got.Path), "description": asked.Body} {
		_, err := output.Verify([]byte(text))
		_, body, front := strings.Cut(text, "\n---\n") // what is above is YAML, and quoted
		if front {
			text = body
		}
		if err != nil || strings.ContainsAny(text, "\x00\x1b\u202e") || strings.Contains(text, "<script") {
			t.Errorf("%s: %v\n%s", what, err, text)
		}
	}
}

// TestMistakesInSettings are found before the repository is asked for anything.
func TestMistakesInSettings(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*publish.Settings)
		says   string
	}{
		{"unknown field", func(s *publish.Settings) { s.Branch = "p/{{ .Nmae }}" }, "template of publish.branch: "},
		{"unknown field of a date", func(s *publish.Settings) { s.Title = "{{ .Date.Hour }}" }, "template of publish.request.title: "},
		{"unknown function", func(s *publish.Settings) { s.Message = `{{ env "HOME" }}` }, "template of publish.commit.message: "},
		{"no template", func(s *publish.Settings) { s.Path = "{{ .Slug" }, "template of publish.path: "},
		{"path that leads out", func(s *publish.Settings) { s.Path = "../{{ .Slug }}.md" }, "publish.path: "},
		{"path of git", func(s *publish.Settings) { s.Path = ".git/{{ .Slug }}.md" }, "publish.path: "},
		{"path of nothing", func(s *publish.Settings) { s.Path = "{{ if false }}a{{ end }}" }, "publish.path: "},
		{"no Markdown", func(s *publish.Settings) { s.Path = "{{ .Slug }}.html" }, "publish.path: the document is Markdown: end the path with .md"},
		{"branch with a space", func(s *publish.Settings) { s.Branch = "post mortem/{{ .Slug }}" }, "publish.branch: "},
		{"unsafe base", func(s *publish.Settings) { s.Base = "-x" }, "publish.base: "},
		{"the base itself", func(s *publish.Settings) { s.Base, s.Branch = "p", "p" }, "publish.branch: it must not be the base"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.change(&w.settings)
			got, err := publish.Publish(t.Context(), w.settings, incident(t, demo))
			if err == nil || !strings.HasPrefix(err.Error(), test.says) || len(w.git.Requests) != 0 {
				t.Errorf("got %+v, %v after %d requests", got, err, len(w.git.Requests))
			}
		})
	}
}

func TestNamesOfReports(t *testing.T) {
	for _, name := range []string{"", "2026-11-22", "2026-11-22-", "2026-13-22-a", "yesterday-and-more", "2026-11-22-../a", "2026-11-22-a/b", "../2026-11-22-a"} {
		w := newWorld(t)
		got, err := publish.Publish(t.Context(), w.settings, incident(t, demo, func(r *report.Report) { r.Name = name }))
		if err == nil || w.git.Tip("main") == nil || len(w.forge.requests) != 0 {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
	}
}
