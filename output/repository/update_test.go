package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/google/go-cmp/cmp"
)

func TestFirstCommitMakesTheBase(t *testing.T) {
	s := newServer(t)
	r, _ := open(t, s)
	u := Update{Branch: "postmortem/a", Change: write(textFile("docs/a.md", "A\n"))}
	got, err := r.Update(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	tip := s.tip("main")
	if want := (Result{Branch: "main", Commit: tip.Hash.String(), Created: true, Changed: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if s.tip("postmortem/a") != nil {
		t.Error("the branch was made, too")
	}
	// The second time there is a base, and it has the file.
	got, err = r.Update(t.Context(), u)
	if want := (Result{Branch: "postmortem/a", Commit: tip.Hash.String()}); got != want || err != nil {
		t.Errorf("again: got %+v, %v, want %+v", got, err, want)
	}
	if s.tip("postmortem/a") != nil {
		t.Error("a branch without changes was made")
	}
}

func TestEmptyRepositoryTakesTheGivenBase(t *testing.T) {
	s := newServer(t)
	r, _ := open(t, s)
	got, err := r.Update(t.Context(), Update{Branch: "b", Base: "trunk", Change: write(textFile("a", "a"))})
	if err != nil || got.Branch != "trunk" || s.tip("trunk") == nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := r.Update(t.Context(), Update{Branch: "c", Base: "trunk", Change: write()}); err != nil || got.Changed {
		t.Errorf("nothing to do: got %+v, %v", got, err)
	}
}

func TestUpdate(t *testing.T) {
	s := newServer(t)
	base := s.commit("main",
		entry{name: "README.md", data: "# Hi\r\n"},
		entry{name: "run.sh", mode: filemode.Executable, data: "#!/bin/sh\n"},
		entry{name: "link", mode: filemode.Symlink, data: "/etc/passwd"},
		entry{name: "module", mode: filemode.Submodule, data: strings.Repeat("ab", 20)},
		entry{name: "docs/2025/old.md", data: "old\r\n"},
		entry{name: "docs/2026/gone.md", data: "gone\n"},
		entry{name: "docs.md", data: "sorts before docs/\n"},
		entry{name: "pictures/only.png", data: "\x89PNG"},
	)
	r, _ := open(t, s)
	u := Update{Branch: "postmortem/a", Change: write(
		textFile("docs/2026/11/a.md", "A\n"),
		textFile("docs/2026/11/a/curve.svg", "<svg/>"),
		textFile("run.sh", "#!/bin/sh\ntrue\n"),
		textFile("empty", ""),
		File{Path: "docs/2026/gone.md"},
		File{Path: "pictures/only.png"},
		File{Path: "nowhere/to/be/found"},
	)}
	got, err := r.Update(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	tip := s.tip("postmortem/a")
	if want := (Result{Branch: "postmortem/a", Commit: tip.Hash.String(), Created: true, Changed: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if s.tip("main").Hash != base || !slices.Equal(tip.ParentHashes, []plumbing.Hash{base}) {
		t.Errorf("main is %s, the parents are %v", s.tip("main").Hash, tip.ParentHashes)
	}
	want := []string{
		`100644 README.md "# Hi\r\n"`,
		`100644 docs.md "sorts before docs/\n"`,
		`100644 docs/2025/old.md "old\r\n"`,
		`100644 docs/2026/11/a.md "A\n"`,
		`100644 docs/2026/11/a/curve.svg "<svg/>"`,
		`100644 empty ""`,
		`120000 link "/etc/passwd"`,
		`160000 module "-> abababa"`,
		`100755 run.sh "#!/bin/sh\ntrue\n"`,
	}
	if diff := cmp.Diff(want, s.files("postmortem/a")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	by := tip.Author
	if by.Name != "debrief" || by.Email != "debrief@example.com" || !by.When.Equal(clock) || tip.Message != "Postmortem\n" {
		t.Errorf("the commit is by %v: %q", by, tip.Message)
	}

	before := len(s.requests)
	got, err = r.Update(t.Context(), u)
	if want := (Result{Branch: "postmortem/a", Commit: tip.Hash.String()}); got != want || err != nil {
		t.Errorf("again: got %+v, %v, want %+v", got, err, want)
	}
	if n := len(s.requests) - before; n != 1 {
		t.Errorf("%d requests to see that there is nothing to do", n)
	}
}

func TestRemovingTheLastFile(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a/b/c", data: "c"})
	r, _ := open(t, s)
	got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(File{Path: "a/b/c"})})
	if err != nil || !got.Changed || got.Created {
		t.Fatalf("got %+v, %v", got, err)
	}
	if files := s.files("main"); len(files) != 0 || s.count("main") != 2 {
		t.Errorf("files %v", files)
	}
}

func TestChangeSeesTheBranch(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a.md", data: "base"})
	s.commit("postmortem/a", entry{name: "a.md", data: "edited by a person"})
	r, _ := open(t, s)
	_, err := r.Update(t.Context(), Update{Branch: "postmortem/a", Change: func(tree fs.FS) (Change, error) {
		data, err := fs.ReadFile(tree, "a.md")
		return Change{Files: []File{textFile("a.md", string(data)+", and by us")}, Message: "m"}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`100644 a.md "edited by a person, and by us"`}, s.files("postmortem/a")); diff != "" {
		t.Error(diff)
	}
	if got := s.files("main"); !slices.Equal(got, []string{`100644 a.md "base"`}) {
		t.Error("main was changed", got)
	}
}

func TestInTheWay(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []File
	}{
		{"a file where a folder is needed", []File{textFile("file/a.md", "a")}},
		{"a folder where a file is needed", []File{textFile("folder", "a")}},
		{"a folder to be removed as a file", []File{{Path: "folder"}}},
		{"a link where a file is needed", []File{textFile("link", "a")}},
		{"a link where a folder is needed", []File{textFile("link/a", "a")}},
		{"a link to be removed", []File{{Path: "link"}}},
		{"a submodule where a folder is needed", []File{textFile("module/a", "a")}},
		{"both in one change", []File{textFile("new", "a"), textFile("new/a", "a")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			tip := s.commit("main",
				entry{name: "file", data: "f"}, entry{name: "folder/a", data: "a"},
				entry{name: "link", mode: filemode.Symlink, data: "folder"},
				entry{name: "module", mode: filemode.Submodule, data: strings.Repeat("ab", 20)})
			r, _ := open(t, s)
			got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(test.files...)})
			if !errors.Is(err, ErrInTheWay) || s.tip("main").Hash != tip {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestAFileMayBecomeAFolder(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a", data: "a"})
	r, _ := open(t, s)
	if _, err := r.Update(t.Context(), Update{Branch: "main", Change: write(File{Path: "a"}, textFile("a/b", "b"))}); err != nil {
		t.Fatal(err)
	}
	if got := s.files("main"); !slices.Equal(got, []string{`100644 a/b "b"`}) {
		t.Error(got)
	}
}

func TestUpdatesThatAreRefusedHere(t *testing.T) {
	broken := errors.New("broken")
	for name, u := range map[string]Update{
		"unsafe branch":      {Branch: "a..b", Change: write()},
		"unsafe base":        {Branch: "a", Base: "-a", Change: write()},
		"missing base":       {Branch: "a", Base: "nowhere", Change: write(textFile("a", "b"))},
		"branch in a branch": {Branch: "main/a", Change: write(textFile("a", "b"))},
		"unsafe path":        {Branch: "a", Change: write(textFile("../a", "a"))},
		"git's own folder":   {Branch: "a", Change: write(textFile("x/.GIT/hooks/pre-push", "a"))},
		"a path twice":       {Branch: "a", Change: write(textFile("a", "a"), textFile("a", "b"))},
		"no message": {Branch: "a", Change: func(fs.FS) (Change, error) {
			return Change{Files: []File{textFile("a", "b")}, Message: " \n\x00"}, nil
		}},
		"a failed change": {Branch: "a", Change: func(fs.FS) (Change, error) { return Change{}, broken }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.commit("main", entry{name: "a", data: "a"})
			r, w := open(t, s)
			got, err := r.Update(t.Context(), u)
			if err == nil || len(w.times) != 0 {
				t.Errorf("got %+v, waited %v", got, w.times)
			}
			if name == "a failed change" && !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
			if len(s.received) != 0 {
				t.Error("something was pushed")
			}
		})
	}
}

func TestSomebodyPushesMeanwhile(t *testing.T) {
	for _, moment := range []string{"before the push", "during the push"} {
		t.Run(moment, func(t *testing.T) {
			s := newServer(t)
			s.commit("main", entry{name: "a", data: "a"})
			r, _ := open(t, s)
			once := sync.OnceFunc(func() {
				s.commitLocked("main", entry{name: "a", data: "a"}, entry{name: "theirs", data: "t"})
			})
			if moment == "during the push" {
				s.pushing = once
			}
			seen := []string{}
			got, err := r.Update(t.Context(), Update{Branch: "main", Change: func(tree fs.FS) (Change, error) {
				if moment == "before the push" {
					s.mu.Lock()
					defer s.mu.Unlock()
					defer once()
				}
				names, err := fs.Glob(tree, "*")
				seen = append(seen, strings.Join(names, " "))
				return Change{Files: []File{textFile("ours", "o")}, Message: "m"}, err
			}})
			if err != nil || !got.Changed {
				t.Fatalf("got %+v, %v", got, err)
			}
			if want := []string{"a", "a theirs"}; !slices.Equal(seen, want) {
				t.Errorf("the change saw %q", seen)
			}
			if diff := cmp.Diff([]string{`100644 a "a"`, `100644 ours "o"`, `100644 theirs "t"`}, s.files("main")); diff != "" || s.count("main") != 3 {
				t.Errorf("%d commits, %s", s.count("main"), diff)
			}
			if len(s.sent) != 3 { // their commit, tree and file
				t.Errorf("%d objects were fetched the second time", len(s.sent))
			}
		})
	}
}

func TestConflictWithoutEnd(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a", data: "0"})
	n := 0
	s.pushing = func() {
		n++
		s.commitLocked("main", entry{name: "a", data: fmt.Sprint(n)})
	}
	r, w := open(t, s)
	got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", "b"))})
	if !errors.Is(err, ErrConflict) || n != maxConflicts {
		t.Errorf("got %+v, %v after %d tries", got, err, n)
	}
	if !slices.IsSorted(w.times) || len(w.times) != maxConflicts-1 {
		t.Errorf("waited %v", w.times)
	}
}

func TestConcurrentWriters(t *testing.T) {
	const writers = 8
	for _, start := range []string{"", "main", "postmortems"} {
		t.Run("from "+start, func(t *testing.T) {
			s := newServer(t)
			want := []string{}
			if start != "" {
				s.commit("main", entry{name: "README", data: "r"})
				want = append(want, `100644 README "r"`)
			}
			if start == "postmortems" {
				s.commit("postmortems", entry{name: "README", data: "r"})
			}
			var all sync.WaitGroup
			for i := range writers {
				want = append(want, fmt.Sprintf(`100644 p/%d.md "%d"`, i, i))
				r, _ := open(t, s)
				all.Go(func() {
					// In a repository that is empty the winner's commit is main's; so all write to main.
					branch := start
					if start == "" {
						branch = "main"
					}
					if _, err := r.Update(t.Context(), Update{Branch: branch, Change: write(textFile(fmt.Sprintf("p/%d.md", i), fmt.Sprint(i)))}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			branch := start
			if start == "" {
				branch = "main"
			}
			if diff := cmp.Diff(want, s.files(branch)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if n := s.count(branch); n != writers && n != writers+1 {
				t.Errorf("%d commits", n)
			}
		})
	}
}

func TestOneRepositoryForSeveralGoroutines(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a/b", data: "b"})
	r, _ := open(t, s)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			if _, err := r.Update(t.Context(), Update{Branch: fmt.Sprintf("p/%d", i), Change: write(textFile("c", fmt.Sprint(i)))}); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			tree, err := r.Tree(t.Context(), "main")
			if err != nil {
				t.Error(err)
				return
			}
			if data, err := fs.ReadFile(tree, "a/b"); string(data) != "b" || err != nil {
				t.Errorf("%q, %v", data, err)
			}
		})
	}
	all.Wait()
	for i := range 4 {
		if got := s.files(fmt.Sprintf("p/%d", i)); len(got) != 2 {
			t.Error(got)
		}
	}
}

func TestLostAnswer(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a", data: "a"})
	r, _ := open(t, s)
	for name, lose := range map[string]func(http.ResponseWriter) bool{
		"connection closed": func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) },
		"gateway timeout": func(w http.ResponseWriter) bool {
			http.Error(w, "upstream timed out", http.StatusGatewayTimeout)
			return true
		},
		"empty answer": func(http.ResponseWriter) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			pushes := 0
			s.pushed = func(w http.ResponseWriter) bool { pushes++; return lose(w) }
			before := s.count("main")
			got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", name))})
			if err != nil || !got.Changed || got.Commit != s.tip("main").Hash.String() {
				t.Errorf("got %+v, %v", got, err)
			}
			if pushes != 1 || s.count("main") != before+1 {
				t.Errorf("%d pushes, %d commits", pushes, s.count("main")-before)
			}
		})
	}
}

func TestLostPush(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a", data: "a"})
	r, _ := open(t, s)
	pushes := 0
	s.answer = func(w http.ResponseWriter, service string) bool {
		if service != "git-receive-pack" {
			return false
		}
		if pushes++; pushes < 4 {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", "b"))})
	if err != nil || !got.Changed || s.count("main") != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	pushes = -1000
	if got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", "c"))}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %+v, %v", got, err)
	}
	if tries := pushes + 1000; tries > 2*maxFailures {
		t.Errorf("%d pushes", tries)
	}
}

func TestCancel(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a", data: "a"})
	reason := errors.New("stopped")
	for _, stage := range []string{"fetching", "changing", "pushing"} {
		t.Run(stage, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			r, _ := open(t, s)
			s.answer = func(_ http.ResponseWriter, service string) bool {
				if stage == "fetching" || stage == "pushing" && service == "git-receive-pack" {
					cancel(reason)
				}
				return false
			}
			_, err := r.Update(ctx, Update{Branch: "main", Change: func(fs.FS) (Change, error) {
				if stage == "changing" {
					cancel(reason)
				}
				return Change{Files: []File{textFile("b", stage)}, Message: "m"}, nil
			}})
			if !errors.Is(err, reason) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOnlyTouchedFoldersAreWritten(t *testing.T) {
	s := newServer(t)
	s.commit("main", manyFiles(5000)...)
	r, _ := open(t, s)
	_, err := r.Update(t.Context(), Update{Branch: "postmortem/a", Change: write(textFile("team-07/2026/a.md", "A"), textFile("team-07/2026/a.svg", "<svg/>"))})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.received) != 6 { // two blobs, three trees, one commit
		t.Errorf("%d objects were pushed", len(s.received))
	}
	if got := len(s.files("postmortem/a")); got != 5002 {
		t.Errorf("%d files", got)
	}
}

func manyFiles(n int) (entries []entry) {
	for i := range n {
		entries = append(entries, entry{
			name: fmt.Sprintf("team-%02d/%d/%04d.md", i%50, 2020+i%7, i),
			data: fmt.Sprintf("# Incident %d\n\n%s\n", i, strings.Repeat(fmt.Sprintf("The canary of %d failed. ", i), 5)),
		})
	}
	return entries
}
