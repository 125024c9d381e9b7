package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// readYAML reads a file of the folder deploy.
func readYAML(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deployDir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

// A step is one of a GitHub Action.
type step struct {
	Name, Run, Uses string
	Env             map[string]string
}

func actionSteps(t *testing.T) []step {
	t.Helper()
	var action struct {
		Runs struct{ Steps []step }
	}
	readYAML(t, "github-action/action.yml", &action)
	return action.Runs.Steps
}

// checkScript is the script of the Action's last step, which is the template's
// for GitLab, too.
func checkScript(t *testing.T) string {
	t.Helper()
	steps := actionSteps(t)
	script := steps[len(steps)-1].Run
	var gitlab struct {
		Debrief struct{ Script []string }
	}
	readYAML(t, "gitlab-ci.yml", &gitlab)
	if len(gitlab.Debrief.Script) != 1 || gitlab.Debrief.Script[0] != script {
		t.Fatal("the scripts of GitHub and GitLab differ")
	}
	return script
}

// What a workflow passes must reach bash as data.
func TestActionPutsNothingIntoScripts(t *testing.T) {
	for _, s := range actionSteps(t) {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %q: an expression in the script", s.Name)
		}
	}
}

// postmortems is a folder as debrief publishes it: a document with its bundle,
// an index, and a block that was kept. The last two would not pass.
func postmortems(t *testing.T) (dir, document string) {
	t.Helper()
	dir = t.TempDir()
	year := filepath.Join(dir, "postmortems", "20 26")
	bundle := filepath.Join(root, "testdata/bundles/step-analysis.zip")
	if _, err := command(t.Context(), debriefBinary(t), "render", "--bundle", bundle, "--format", "md", "-o", year); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(year, "*.md"))
	if err != nil || len(found) != 1 {
		t.Fatalf("rendered %q, %v", found, err)
	}
	name := strings.TrimSuffix(found[0], ".md")
	copyFile(t, bundle, name+".bundle.zip")
	const blameful = "# Outage\n\nThe engineer forgot to run the migration: human error.\n"
	write(t, filepath.Join(dir, "postmortems/README.md"), blameful)
	write(t, name+".edited-timeline.md", blameful)
	return dir, found[0]
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(data))
}

func replace(t *testing.T, path, from, to string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(data), from, to, 1)
	if changed == string(data) {
		t.Fatalf("%s does not hold %q", path, from)
	}
	write(t, path, changed)
}

// runScript runs a step as GitHub does.
func runScript(t *testing.T, dir, script string, env ...string) (out string, ok bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script.sh")
	write(t, file, script)
	bin := t.TempDir()
	if err := os.Symlink(debriefBinary(t), filepath.Join(bin, "debrief")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", file)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"),
		"DEBRIEF_FILES=postmortems/**/*.md", "DEBRIEF_STRICT=false", "DEBRIEF_CONFIG=", "DEBRIEF_SARIF=")
	cmd.Env = append(cmd.Env, env...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	err := cmd.Run()
	return text.String(), err == nil
}

func TestPipelineChecksPostmortems(t *testing.T) {
	script := checkScript(t)
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, dir, document string)
		env    []string
		ok     bool
		says   string
	}{
		{name: "as published", ok: true, says: "with the facts of "},
		{
			name:   "people's own words",
			change: func(t *testing.T, _, document string) { replace(t, document, "\n## ", "\nMore about it.\n\n## ") },
			ok:     true, says: "blocks as debrief wrote them",
		},
		{
			name: "blame",
			change: func(t *testing.T, _, document string) {
				replace(t, document, "\n## ", "\nThe cause was human error.\n\n## ")
			},
			says: "blame/",
		},
		{
			name: "an edited block",
			change: func(t *testing.T, _, document string) {
				replace(t, document, "Rollout aborted at revision", "Rollout stopped at revision")
			},
			says: "edited",
		},
		{
			name: "facts of another time",
			change: func(t *testing.T, _, document string) {
				copyFile(t, filepath.Join(root, "testdata/bundles/person.zip"), strings.TrimSuffix(document, ".md")+".bundle.zip")
			},
			says: "does not state the facts of",
		},
		{
			name: "a broken bundle",
			change: func(t *testing.T, _, document string) {
				write(t, strings.TrimSuffix(document, ".md")+".bundle.zip", "no zip")
			},
			says: ".bundle.zip",
		},
		{name: "warnings, strictly", env: []string{"DEBRIEF_STRICT=true"}, change: warn, says: "warning"},
		{name: "warnings", change: warn, ok: true, says: "warning"},
		{name: "nothing there", env: []string{"DEBRIEF_FILES=incidents/**/*.md"}, ok: true, says: "no postmortem matches"},
		{name: "a file that is not there", env: []string{"DEBRIEF_FILES=incidents/one.md"}, says: "incidents/one.md"},
		{name: "several patterns", env: []string{"DEBRIEF_FILES=none/*.md\npostmortems/20 26/*.md"}, ok: true, says: "with the facts of "},
		{name: "a configuration that is not there", env: []string{"DEBRIEF_CONFIG=none.yaml"}, says: "none.yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, document := postmortems(t)
			if tt.change != nil {
				tt.change(t, dir, document)
			}
			out, ok := runScript(t, dir, script, tt.env...)
			if ok != tt.ok || !strings.Contains(out, tt.says) {
				t.Errorf("passed: %t, want %t and %q in\n%s", ok, tt.ok, tt.says, out)
			}
		})
	}
}

// warn adds what is a warning and no error.
func warn(t *testing.T, _, document string) {
	replace(t, document, "\n## ", "\nWe should have noticed it earlier.\n\n## ")
}

// Names of files and inputs are text, whatever they look like.
func TestPipelineRunsNoNames(t *testing.T) {
	script := checkScript(t)
	dir, document := postmortems(t)
	for _, name := range []string{"--rules.md", "-.md", "$(touch pwned).md", "`touch pwned`.md", "a;touch pwned;.md", "*.md"} {
		copyFile(t, document, filepath.Join(dir, "postmortems", name))
	}
	out, ok := runScript(t, dir, script, "DEBRIEF_FILES=postmortems/*.md\n$(touch pwned)\n`touch pwned`*", "DEBRIEF_STRICT=$(touch pwned)")
	if ok || !strings.Contains(out, "$(touch pwned)") {
		t.Errorf("passed: %t, want a complaint about a file that is not there:\n%s", ok, out)
	}
	out, ok = runScript(t, filepath.Join(dir, "postmortems"), script, "DEBRIEF_FILES=*.md")
	if !ok {
		t.Errorf("did not pass:\n%s", out)
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*", "pwned")); err != nil || len(found) > 0 {
		t.Errorf("a name was run: %q, %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("an input was run")
	}
}

// The findings are written whether or not there are any.
func TestPipelineWritesSARIF(t *testing.T) {
	script := checkScript(t)
	dir, document := postmortems(t)
	replace(t, document, "\n## ", "\nThe cause was human error.\n\n## ")
	if out, ok := runScript(t, dir, script, "DEBRIEF_SARIF=lint.sarif"); ok {
		t.Errorf("passed:\n%s", out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "lint.sarif"))
	if err != nil || !bytes.Contains(data, []byte(`"2.1.0"`)) || !bytes.Contains(data, []byte("blame/")) {
		t.Errorf("%v in\n%s", err, data)
	}
}

// The step that builds debrief, as GitHub runs it.
func TestActionBuildsDebrief(t *testing.T) {
	actionPath, err := filepath.Abs(filepath.Join(deployDir, "github-action"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	paths := filepath.Join(dir, "path")
	build := actionSteps(t)[1]
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", build.Run)
	for name, value := range build.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(append(os.Environ(), cmd.Env...), "GITHUB_ACTION_PATH="+actionPath, "RUNNER_TEMP="+dir, "GITHUB_PATH="+paths)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	added, err := os.ReadFile(paths)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := command(t.Context(), filepath.Join(strings.TrimSpace(string(added)), "debrief"), "version"); err != nil {
		t.Error(err)
	}
}
