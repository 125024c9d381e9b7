package index_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/output/index"
)

func folder(t testing.TB) index.Collection {
	t.Helper()
	c, err := index.Read(os.DirFS("testdata"), "folder")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGolden makes the index of a folder that was put together of recorded
// incidents' documents and of such as people write, in every flavor.
func TestGolden(t *testing.T) {
	for _, flavor := range index.Flavors {
		t.Run(flavor.Name, func(t *testing.T) {
			o := index.Options{Title: "Postmortems of the shop", Flavor: flavor.Name, Link: "https://user:secret@git.example/shop/postmortems"}
			files, err := index.Files(folder(t), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if bytes.Contains(f.Data, []byte("user:secret")) {
					t.Errorf("%s holds a password", f.Name)
				}
				golden.Check(t, filepath.Join("testdata", "golden", flavor.Name, f.Name), f.Data)
			}
		})
	}
}

func TestUnknownOptions(t *testing.T) {
	for _, test := range []struct {
		o    index.Options
		want string
	}{
		{index.Options{Flavor: "jekyll"}, `unknown flavor "jekyll": there are plain, mkdocs, hugo`},
		{index.Options{Link: "git.example/x"}, "the index's link is no http or https address"},
		{index.Options{Link: "javascript:alert(1)"}, "the index's link is no http or https address"},
	} {
		if _, err := index.Files(index.Collection{}, test.o); err == nil || err.Error() != test.want {
			t.Errorf("%+v: %v, want %s", test.o, err, test.want)
		}
	}
}

func TestEmptyFolder(t *testing.T) {
	files, err := index.Files(index.Collection{}, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		golden.Check(t, filepath.Join("testdata", "golden", "empty", f.Name), f.Data)
	}
}

// TestWithinFolder tells that only the documents count, and not from where they
// are read.
func TestWithinFolder(t *testing.T) {
	sub, err := fs.Sub(os.DirFS("testdata"), "folder")
	if err != nil {
		t.Fatal(err)
	}
	c, err := index.Read(sub, ".")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(folder(t), c); diff != "" {
		t.Error(diff)
	}
}

func TestNoFolder(t *testing.T) {
	if _, err := index.Read(os.DirFS("testdata"), "nowhere"); err == nil {
		t.Error("a folder that does not exist was read")
	}
}
