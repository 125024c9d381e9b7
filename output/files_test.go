package output

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "x.md")
	for _, text := range []string{"first", "second"} {
		if err := WriteFile(path, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("got %q, %v", got, err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&^0o644 != 0 {
		t.Errorf("mode %s", info.Mode())
	}
}

// TestWriteFileFails: what was there stays, and nothing else appears.
func TestWriteFileFails(t *testing.T) {
	temp, dir := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	path := filepath.Join(dir, "x.md")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := WriteFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half of i"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("holds %q, %v", got, err)
	}
	if err := WriteFile(dir, func(io.Writer) error { return nil }); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if err := WriteFile(filepath.Join(path, "below-a-file.md"), func(io.Writer) error { return nil }); err == nil {
		t.Error("a file was taken for a folder")
	}
	for folder, want := range map[string]int{temp: 0, dir: 1, filepath.Dir(dir): 2} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != want {
			t.Errorf("%s holds %v", folder, entries)
		}
	}
}

func TestLookup(t *testing.T) {
	tests := []struct {
		names []string
		want  []string
		err   string
	}{
		{nil, nil, ""},
		{[]string{"md", " json"}, []string{"md", "json"}, ""},
		{[]string{"html", "md", "html"}, []string{"html", "md"}, ""},
		{[]string{"md", "docx"}, nil, `unknown format "docx": there are md, html, json, pdf`},
		{[]string{""}, nil, `unknown format "": there are md, html, json, pdf`},
	}
	for _, tt := range tests {
		formats, err := Lookup(tt.names)
		if (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%q: %v, want %s", tt.names, err, tt.err)
		}
		if len(formats) != len(tt.want) {
			t.Errorf("%q: %d formats, want %q", tt.names, len(formats), tt.want)
			continue
		}
		for i, f := range formats {
			if f.Name != tt.want[i] {
				t.Errorf("%q: %s, want %s", tt.names, f.Name, tt.want[i])
			}
		}
	}
}
