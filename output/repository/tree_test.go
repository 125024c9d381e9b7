package repository

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

func treeOf(t *testing.T, s *server) fs.FS {
	t.Helper()
	r, _ := open(t, s)
	tree, err := r.Tree(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestTree(t *testing.T) {
	s := newServer(t)
	s.commit("main",
		entry{name: "README.md", data: "# Hi\n"},
		entry{name: "run.sh", mode: filemode.Executable, data: "true\n"},
		entry{name: "docs/2026/a.md", data: "A\r\n"},
		entry{name: "docs.md", data: ""})
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
	s := newServer(t)
	r, _ := open(t, s)
	if _, err := r.Tree(t.Context(), "main"); !errors.Is(err, ErrNoBranch) {
		t.Errorf("got %v", err)
	}
}

func TestHostileTree(t *testing.T) {
	s := newServer(t)
	s.commit("main",
		entry{name: "a.md", data: "a"},
		entry{name: "docs/b.md", data: "b"},
		entry{name: "passwd", mode: filemode.Symlink, data: "/etc/passwd"},
		entry{name: "up", mode: filemode.Symlink, data: ".."},
		entry{name: "module", mode: filemode.Submodule, data: strings.Repeat("ab", 20)},
		entry{name: "..", data: "up"},
		entry{name: ".", data: "here"},
		entry{name: ".GIT", data: "gitdir: /etc"},
		entry{name: "git~1", data: "gitdir: /etc"},
		entry{name: ".g\u200cit", data: "gitdir: /etc"},
		entry{name: "\xff\xfe", data: "not UTF-8"},
		entry{name: "z.md", data: "first"},
		entry{name: "z.md", data: "second"})
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
		s := newServer(t)
		s.noFilter = !filter
		s.commit("main",
			entry{name: "small", data: "s"},
			entry{name: "largest", data: strings.Repeat("a", largest)},
			entry{name: "larger", data: strings.Repeat("b", largest+1)})
		r, _ := open(t, s)
		r.objects.largest = largest
		tree, err := r.Tree(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		if want := 5; filter && len(s.sent) != want-1 || !filter && len(s.sent) != want {
			t.Errorf("with a filter %v: %d objects sent", filter, len(s.sent))
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
			if got := len(s.files("main")); got != 4 {
				t.Errorf("%d files", got)
			}
		}
	}
}

func TestFilterAsksForWhatIsRead(t *testing.T) {
	s := newServer(t)
	s.commit("main", entry{name: "a", data: "a"})
	treeOf(t, s)
	if want := "blob:limit=16777217"; s.filter != want {
		t.Errorf("filter %q", s.filter)
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
