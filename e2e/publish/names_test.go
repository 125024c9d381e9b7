package publish_test

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/e2e/gitserver"
)

// TestRolloutNames: whatever a bundle calls its rollout, the paths and branches
// made of that lead nowhere else, and people can check them out.
func TestRolloutNames(t *testing.T) {
	t.Parallel()
	repo, _ := newRepository(t, withReadme)
	t.Run("names", func(t *testing.T) {
		for i, name := range []string{
			"a/b", "../../../etc/passwd", "..", ".", ".git/hooks/post-checkout", "/absolute", "C:\\Windows\\con.txt",
			"two words", "  ", "tab\tand\nline", "x.lock", "-rf", "@{-1}", "a..b~1^2:3?[*", "ünïcödé ☃ 日本語",
			"\u202egnp.exe", "e\u0301", strings.Repeat("long", 75), strings.Repeat("☃", 300), "checkout\x7f", "{{ .Name }}", "$(id)`id`",
		} {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				p := newPublisher(t, ground.token, "repository: "+repo.URL(), "forge: gitea",
					`path: "by/{{ .Namespace }}/{{ .Rollout }}/`+strconv.Itoa(i)+`-{{ .Slug }}-{{ .Title }}.md"`,
					`branch: "by/`+strconv.Itoa(i)+`/{{ .Rollout }}/{{ .Slug }}"`,
					`request: {title: "{{ .Rollout }}: {{ .Title }}"}`)
				url := p.done(t, renamed(t, name))
				requests, err := repo.Requests(t.Context(), "")
				if err != nil {
					t.Fatal(err)
				}
				for _, request := range requests {
					if request.URL == url {
						if strings.ContainsFunc(request.Title, unicode.IsControl) {
							t.Errorf("the title has control characters: %q", request.Title)
						}
						checkBranch(t, &repo.Repository, request.Head.Branch)
						return
					}
				}
				t.Errorf("debrief printed %q, which is no request's address", url)
			})
		}
	})
	if paths, err := repo.Paths(t.Context(), "main"); err != nil || cmp.Diff([]string{"README.md"}, paths) != "" {
		t.Errorf("main has the files %v (%v)", paths, err)
	}
}

// checkBranch checks a branch's name and the paths on it.
func checkBranch(t *testing.T, repo *gitserver.Repository, branch string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "git", "check-ref-format", "--branch", branch).CombinedOutput(); err != nil {
		t.Errorf("branch %q: %v %s", branch, err, out)
	}
	checkWords(t, branch)
	paths, err := repo.Changed(t.Context(), "main", branch)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Errorf("branch %q has no files of its own", branch)
	}
	for _, path := range paths {
		if !filepath.IsLocal(path) || !strings.HasPrefix(path, "by/") {
			t.Errorf("path %q leads elsewhere", path)
		}
		checkWords(t, path)
	}
	if err := repo.Check(t.Context()); err != nil { // refuses .git and the like in every spelling
		t.Error(err)
	}
}

// checkWords checks the parts of a path or branch.
func checkWords(t *testing.T, path string) {
	t.Helper()
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git"):
			t.Errorf("%q has a part %q", path, part)
		case len(part) > 255:
			t.Errorf("%q has a part of %d bytes", path, len(part))
		case !utf8.ValidString(part):
			t.Errorf("%q is not UTF-8", path)
		case strings.ContainsFunc(part, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\\' || r == ':' }):
			t.Errorf("%q has a character that not every system has in names", path)
		case strings.HasPrefix(part, "-"):
			t.Errorf("%q has a part that looks like an option", path)
		}
	}
}

// TestPathTemplates: settings that lead out of the repository, or where nobody
// could check out, are refused before anything is pushed.
func TestPathTemplates(t *testing.T) {
	t.Parallel()
	repo, _ := newRepository(t, withReadme)
	before := branches(t, &repo.Repository)
	for _, setting := range []string{
		`path: "../{{ .Slug }}.md"`,
		`path: "/etc/{{ .Slug }}.md"`,
		`path: "a/../../{{ .Slug }}.md"`,
		`path: ".git/{{ .Slug }}.md"`,
		`path: "a/.GIT/{{ .Slug }}.md"`,
		`path: "a//{{ .Slug }}.md"`,
		`path: "a\\b\\{{ .Slug }}.md"`,
		`path: "` + strings.Repeat("x", 300) + `/{{ .Slug }}.md"`,
		`path: "{{ .Slug }}.txt"`,
		`path: "{{ .NoSuchField }}.md"`,
		`path: "{{ .Slug"`,
		`branch: "a..b/{{ .Slug }}"`,
		`branch: "a/{{ .Slug }}.lock"`,
		`branch: "-{{ .Slug }}"`,
		`branch: "a b/{{ .Slug }}"`,
		`branch: "a/~{{ .Slug }}"`,
		`branch: "` + strings.Repeat("x", 300) + `/{{ .Slug }}"`,
		`branch: "main"`,
	} {
		t.Run(setting[:min(len(setting), 40)], func(t *testing.T) {
			key, _, _ := strings.Cut(setting, ":")
			p := newPublisher(t, ground.token, "repository: "+repo.URL(), "forge: gitea", setting)
			p.fails(t, recorded, "publish."+key)
			if diff := cmp.Diff(before, branches(t, &repo.Repository)); diff != "" {
				t.Errorf("branches moved:\n%s", diff)
			}
		})
	}
}

// TestUnusualPaths: not everybody's folders are plain words.
func TestUnusualPaths(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme,
		`path: "Nachlese/日本語/two words/{{ .Date.Year }}/{{ .Date.Month }}/{{ .Name }}.md"`,
		`branch: "nach/日本語/{{ .Name }}"`)
	url := p.done(t, recorded)
	if request := onlyRequest(t, repo); request.URL != url || !strings.HasPrefix(request.Head.Branch, "nach/日本語/") {
		t.Errorf("the request is %v", request)
	}
}
