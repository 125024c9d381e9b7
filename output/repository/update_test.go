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
	"sync/atomic"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/internal/gittest"
)

func TestFirstCommitMakesTheBase(t *testing.T) {
	s := gittest.New(t)
	r, _ := open(t, s)
	u := Update{Branch: "postmortem/a", Change: write(textFile("docs/a.md", "A\n"))}
	got, err := r.Update(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	tip := s.Tip("main")
	if want := (Result{Branch: "main", Commit: tip.Hash.String(), Created: true, Changed: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if s.Tip("postmortem/a") != nil {
		t.Error("the branch was made, too")
	}
	// The second time there is a base, and it has the file.
	got, err = r.Update(t.Context(), u)
	if want := (Result{Branch: "postmortem/a", Commit: tip.Hash.String()}); got != want || err != nil {
		t.Errorf("again: got %+v, %v, want %+v", got, err, want)
	}
	if s.Tip("postmortem/a") != nil {
		t.Error("a branch without changes was made")
	}
}

func TestEmptyRepositoryTakesTheGivenBase(t *testing.T) {
	s := gittest.New(t)
	r, _ := open(t, s)
	got, err := r.Update(t.Context(), Update{Branch: "b", Base: "trunk", Change: write(textFile("a", "a"))})
	if err != nil || got.Branch != "trunk" || s.Tip("trunk") == nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := r.Update(t.Context(), Update{Branch: "c", Base: "trunk", Change: write()}); err != nil || got.Changed {
		t.Errorf("nothing to do: got %+v, %v", got, err)
	}
}

func TestUpdate(t *testing.T) {
	s := gittest.New(t)
	base := s.Commit("main",
		gittest.Text("README.md", "# Hi\r\n"),
		gittest.File{Path: "run.sh", Mode: filemode.Executable, Data: "#!/bin/sh\n"},
		gittest.File{Path: "link", Mode: filemode.Symlink, Data: "/etc/passwd"},
		gittest.File{Path: "module", Mode: filemode.Submodule, Data: strings.Repeat("ab", 20)},
		gittest.Text("docs/2025/old.md", "old\r\n"),
		gittest.Text("docs/2026/gone.md", "gone\n"),
		gittest.Text("docs.md", "sorts before docs/\n"),
		gittest.Text("pictures/only.png", "\x89PNG"),
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
	tip := s.Tip("postmortem/a")
	if want := (Result{Branch: "postmortem/a", Commit: tip.Hash.String(), Created: true, Changed: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if s.Tip("main").Hash != base || !slices.Equal(tip.ParentHashes, []plumbing.Hash{base}) {
		t.Errorf("main is %s, the parents are %v", s.Tip("main").Hash, tip.ParentHashes)
	}
	want := []string{
		`100644 README.md "# Hi\r\n"`,
		`100644 docs.md "sorts before docs/\n"`,
		`100644 docs/2025/old.md "old\r\n"`,
		`100644 docs/2026/11/a.md "A\n"`,
		`100644 docs/2026/11/a/curve.svg "<svg/>"`,
		`100644 empty ""`,
		`120000 link "/etc/passwd"`,
		`160000 module "` + strings.Repeat("ab", 20) + `"`,
		`100755 run.sh "#!/bin/sh\ntrue\n"`,
	}
	if diff := cmp.Diff(want, files(s, "postmortem/a")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	by := tip.Author
	if by.Name != "debrief" || by.Email != "debrief@example.com" || !by.When.Equal(clock) || tip.Message != "Postmortem\n" {
		t.Errorf("the commit is by %v: %q", by, tip.Message)
	}

	before := len(s.Requests)
	got, err = r.Update(t.Context(), u)
	if want := (Result{Branch: "postmortem/a", Commit: tip.Hash.String()}); got != want || err != nil {
		t.Errorf("again: got %+v, %v, want %+v", got, err, want)
	}
	if n := len(s.Requests) - before; n != 1 {
		t.Errorf("%d requests to see that there is nothing to do", n)
	}
}

func TestRemovingTheLastFile(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a/b/c", "c"))
	r, _ := open(t, s)
	got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(File{Path: "a/b/c"})})
	if err != nil || !got.Changed || got.Created {
		t.Fatalf("got %+v, %v", got, err)
	}
	if files := files(s, "main"); len(files) != 0 || s.Count("main") != 2 {
		t.Errorf("files %v", files)
	}
}

func TestChangeSeesTheBranch(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a.md", "base"))
	s.Commit("postmortem/a", gittest.Text("a.md", "edited by a person"))
	r, _ := open(t, s)
	_, err := r.Update(t.Context(), Update{Branch: "postmortem/a", Change: func(tree fs.FS) (Change, error) {
		data, err := fs.ReadFile(tree, "a.md")
		return Change{Files: []File{textFile("a.md", string(data)+", and by us")}, Message: "m"}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`100644 a.md "edited by a person, and by us"`}, files(s, "postmortem/a")); diff != "" {
		t.Error(diff)
	}
	if got := files(s, "main"); !slices.Equal(got, []string{`100644 a.md "base"`}) {
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
			s := gittest.New(t)
			tip := s.Commit("main",
				gittest.Text("file", "f"), gittest.Text("folder/a", "a"),
				gittest.File{Path: "link", Mode: filemode.Symlink, Data: "folder"},
				gittest.File{Path: "module", Mode: filemode.Submodule, Data: strings.Repeat("ab", 20)})
			r, _ := open(t, s)
			got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(test.files...)})
			if !errors.Is(err, ErrInTheWay) || s.Tip("main").Hash != tip {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestAFileMayBecomeAFolder(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a", "a"))
	r, _ := open(t, s)
	if _, err := r.Update(t.Context(), Update{Branch: "main", Change: write(File{Path: "a"}, textFile("a/b", "b"))}); err != nil {
		t.Fatal(err)
	}
	if got := files(s, "main"); !slices.Equal(got, []string{`100644 a/b "b"`}) {
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
			s := gittest.New(t)
			s.Commit("main", gittest.Text("a", "a"))
			r, w := open(t, s)
			got, err := r.Update(t.Context(), u)
			if err == nil || len(w.times) != 0 {
				t.Errorf("got %+v, waited %v", got, w.times)
			}
			if name == "a failed change" && !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
			if len(s.Received) != 0 {
				t.Error("something was pushed")
			}
		})
	}
}

func TestSomebodyPushesMeanwhile(t *testing.T) {
	for _, moment := range []string{"before the push", "during the push"} {
		t.Run(moment, func(t *testing.T) {
			s := gittest.New(t)
			s.Commit("main", gittest.Text("a", "a"))
			r, _ := open(t, s)
			once := sync.OnceFunc(func() {
				s.Commit("main", gittest.Text("a", "a"), gittest.Text("theirs", "t"))
			})
			if moment == "during the push" {
				s.Pushing = once
			}
			seen := []string{}
			got, err := r.Update(t.Context(), Update{Branch: "main", Change: func(tree fs.FS) (Change, error) {
				if moment == "before the push" {
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
			if diff := cmp.Diff([]string{`100644 a "a"`, `100644 ours "o"`, `100644 theirs "t"`}, files(s, "main")); diff != "" || s.Count("main") != 3 {
				t.Errorf("%d commits, %s", s.Count("main"), diff)
			}
			if len(s.Sent) != 3 { // their commit, tree and file
				t.Errorf("%d objects were fetched the second time", len(s.Sent))
			}
		})
	}
}

func TestConflictWithoutEnd(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a", "0"))
	n := 0
	s.Pushing = func() {
		n++
		s.Commit("main", gittest.Text("a", fmt.Sprint(n)))
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
			s := gittest.New(t)
			want := []string{}
			if start != "" {
				s.Commit("main", gittest.Text("README", "r"))
				want = append(want, `100644 README "r"`)
			}
			if start == "postmortems" {
				s.Commit("postmortems", gittest.Text("README", "r"))
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
			if diff := cmp.Diff(want, files(s, branch)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if n := s.Count(branch); n != writers && n != writers+1 {
				t.Errorf("%d commits", n)
			}
		})
	}
}

func TestOneRepositoryForSeveralGoroutines(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a/b", "b"))
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
		if got := files(s, fmt.Sprintf("p/%d", i)); len(got) != 2 {
			t.Error(got)
		}
	}
}

func TestLostAnswer(t *testing.T) {
	for name, lose := range map[string]func(http.ResponseWriter) bool{
		"connection closed": func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) },
		"gateway timeout": func(w http.ResponseWriter) bool {
			http.Error(w, "upstream timed out", http.StatusGatewayTimeout)
			return true
		},
		"empty answer": func(http.ResponseWriter) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			s := gittest.New(t)
			s.Commit("main", gittest.Text("a", "a"))
			r, _ := open(t, s)
			// Who hangs up does not say that it has counted: nothing but the
			// counter itself orders the two.
			var pushes atomic.Int32
			s.Pushed = func(w http.ResponseWriter) bool { pushes.Add(1); return lose(w) }
			got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", name))})
			if err != nil || !got.Changed || got.Commit != s.Tip("main").Hash.String() {
				t.Errorf("got %+v, %v", got, err)
			}
			if pushes.Load() != 1 || s.Count("main") != 2 {
				t.Errorf("%d pushes, %d commits", pushes.Load(), s.Count("main"))
			}
		})
	}
}

// TestSameCommitAtOnce: two make the very same commit in the same second, and one
// of them has made the branch.
func TestSameCommitAtOnce(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a", "a"))
	slow, _ := open(t, s)
	fast, _ := open(t, s)
	u := Update{Branch: "postmortem/a", Change: write(textFile("b", "b"))}
	var first Result
	var pushes atomic.Int32
	s.Pushing = func() {
		if pushes.Add(1) > 1 {
			return
		}
		var err error
		if first, err = fast.Update(t.Context(), u); err != nil {
			t.Error(err)
		}
	}
	second, err := slow.Update(t.Context(), u)
	if err != nil || first.Commit != second.Commit || !first.Created || second.Created || s.Count("postmortem/a") != 2 {
		t.Errorf("got %+v and %+v, %v", first, second, err)
	}
}

func TestLostPush(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a", "a"))
	r, _ := open(t, s)
	var pushes atomic.Int32
	s.Answer = func(w http.ResponseWriter, service string) bool {
		if service != "git-receive-pack" {
			return false
		}
		if pushes.Add(1) < 4 {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", "b"))})
	if err != nil || !got.Changed || s.Count("main") != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	pushes.Store(-1000)
	if got, err := r.Update(t.Context(), Update{Branch: "main", Change: write(textFile("b", "c"))}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %+v, %v", got, err)
	}
	if tries := pushes.Load() + 1000; tries > 2*maxFailures {
		t.Errorf("%d pushes", tries)
	}
}

func TestCancel(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a", "a"))
	reason := errors.New("stopped")
	for _, stage := range []string{"fetching", "changing", "pushing"} {
		t.Run(stage, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			r, _ := open(t, s)
			s.Answer = func(_ http.ResponseWriter, service string) bool {
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
	s := gittest.New(t)
	s.Commit("main", manyFiles(5000)...)
	r, _ := open(t, s)
	_, err := r.Update(t.Context(), Update{Branch: "postmortem/a", Change: write(textFile("team-07/2026/a.md", "A"), textFile("team-07/2026/a.svg", "<svg/>"))})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Received) != 6 { // two blobs, three trees, one commit
		t.Errorf("%d objects were pushed", len(s.Received))
	}
	if got := len(files(s, "postmortem/a")); got != 5002 {
		t.Errorf("%d files", got)
	}
}

func manyFiles(n int) (many []gittest.File) {
	for i := range n {
		many = append(many, gittest.Text(
			fmt.Sprintf("team-%02d/%d/%04d.md", i%50, 2020+i%7, i),
			fmt.Sprintf("# Incident %d\n\n%s\n", i, strings.Repeat(fmt.Sprintf("The canary of %d failed. ", i), 5)),
		))
	}
	return many
}
