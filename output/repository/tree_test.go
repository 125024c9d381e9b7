package repository

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/debrief-sre/debrief/internal/gittest"
)

func treeOf(t *testing.T, s *gittest.Server) fs.FS {
	t.Helper()
	r, _ := open(t, s)
	tree, err := r.Tree(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestTree(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main",
		gittest.Text("README.md", "# Hi\n"),
		gittest.File{Path: "run.sh", Mode: filemode.Executable, Data: "true\n"},
		gittest.Text("docs/2026/a.md", "A\r\n"),
		gittest.Text("docs.md", ""))
	tree := treeOf(t, s)
	if err := fstest.TestFS(tree, "README.md", "run.sh", "docs/2026/a.md", "docs.md"); err != nil {
		t.Fatal(err)
	}
	if data, err := fs.ReadFile(tree, "docs/2026/a.md"); string(data) != "A\r\n" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := fs.Stat(tree, "run.sh"); err != nil || info.Mode() != 0o555 || info.Size() != 5 {
		t.Errorf("%v, %v", info, err)
	}
	for _, name := range []string{"nowhere", "README.md/a", "docs/2027/a.md"} {
		if _, err := fs.ReadFile(tree, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"docs", "../etc/passwd", "/etc/passwd", ""} {
		if _, err := fs.ReadFile(tree, name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTreeOfAMissingBranch(t *testing.T) {
	s := gittest.New(t)
	r, _ := open(t, s)
	if _, err := r.Tree(t.Context(), "main"); !errors.Is(err, ErrNoBranch) {
		t.Errorf("got %v", err)
	}
}

func TestHostileTree(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main",
		gittest.Text("a.md", "a"),
		gittest.Text("docs/b.md", "b"),
		gittest.File{Path: "passwd", Mode: filemode.Symlink, Data: "/etc/passwd"},
		gittest.File{Path: "up", Mode: filemode.Symlink, Data: ".."},
		gittest.File{Path: "module", Mode: filemode.Submodule, Data: strings.Repeat("ab", 20)},
		gittest.Text("..", "up"),
		gittest.Text(".", "here"),
		gittest.Text(".GIT", "gitdir: /etc"),
		gittest.Text("git~1", "gitdir: /etc"),
		gittest.Text(".g\u200cit", "gitdir: /etc"),
		gittest.Text("\xff\xfe", "not UTF-8"),
		gittest.Text("z.md", "first"),
		gittest.Text("z.md", "second"))
	tree := treeOf(t, s)
	var seen []string
	err := fs.WalkDir(tree, ".", func(name string, _ fs.DirEntry, err error) error {
		seen = append(seen, name)
		return err
	})
	if want := []string{".", "a.md", "docs", "docs/b.md", "z.md"}; err != nil || !slices.Equal(seen, want) {
		t.Errorf("saw %q, %v", seen, err)
	}
	for _, name := range []string{"passwd", "up/a.md", "module", ".GIT", "git~1"} {
		if _, err := fs.ReadFile(tree, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := fstest.TestFS(tree, "a.md"); err != nil {
		t.Error(err)
	}
}

func TestLargeFiles(t *testing.T) {
	const largest = 100
	for _, filter := range []bool{true, false} {
		s := gittest.New(t)
		s.NoFilter = !filter
		s.Commit("main",
			gittest.Text("small", "s"),
			gittest.Text("largest", strings.Repeat("a", largest)),
			gittest.Text("larger", strings.Repeat("b", largest+1)))
		r, _ := open(t, s)
		r.objects.largest = largest
		tree, err := r.Tree(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		if want := 5; filter && len(s.Sent) != want-1 || !filter && len(s.Sent) != want {
			t.Errorf("with a filter %v: %d objects sent", filter, len(s.Sent))
		}
		if data, err := fs.ReadFile(tree, "largest"); len(data) != largest || err != nil {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		if _, err := fs.ReadFile(tree, "larger"); !errors.Is(err, errTooLarge) {
			t.Errorf("got %v", err)
		}
		if info, err := fs.Stat(tree, "larger"); err != nil || info.Size() != largest+1 {
			t.Errorf("%v, %v", info, err)
		}
		// What is not there can stay, and be replaced.
		for _, f := range []File{textFile("new", "n"), textFile("larger", "now small")} {
			if _, err := r.Update(t.Context(), Update{Branch: "main", Change: write(f)}); err != nil {
				t.Error(err)
			}
			if got := len(files(s, "main")); got != 4 {
				t.Errorf("%d files", got)
			}
		}
	}
}

func TestFilterAsksForWhatIsRead(t *testing.T) {
	s := gittest.New(t)
	s.Commit("main", gittest.Text("a", "a"))
	treeOf(t, s)
	if want := "blob:limit=16777217"; s.Filter != want {
		t.Errorf("filter %q", s.Filter)
	}
}

func TestReadingStopsAtTheLimit(t *testing.T) {
	from := &limited{from: strings.NewReader("12345678"), left: 5}
	data := make([]byte, 100)
	if n, err := from.Read(data); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := from.Read(data); err == nil {
		t.Error("no error")
	}
}
