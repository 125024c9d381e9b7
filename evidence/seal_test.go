package evidence_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/debrief-sre/debrief/evidence"
)

// filesIn names everything below the folders.
func filesIn(t *testing.T, dirs ...string) []string {
	t.Helper()
	var names []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names
}

func TestSeal(t *testing.T) {
	temp, dir := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	w, err := evidence.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	sample.put(t, w, "kubernetes/events.jsonl")
	path := filepath.Join(dir, "x.zip")
	if err := w.Seal(path, sampleManifest); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, seal(t, w)) {
		t.Error("Seal and WriteTo differ")
	}
	b, err := evidence.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if left := filesIn(t, temp, dir); len(left) != 1 {
		t.Errorf("left %v, want the bundle alone", left)
	}
}

func TestSealFails(t *testing.T) {
	tests := []struct {
		name  string
		path  func(dir string) string
		spoil func(t *testing.T, w *evidence.Writer)
	}{
		{"no such folder", func(dir string) string { return filepath.Join(dir, "no", "x.zip") }, nil},
		{"a folder of that name", func(dir string) string { return filepath.Join(dir, "folder") }, nil},
		{"entries are gone", func(dir string) string { return filepath.Join(dir, "x.zip") }, func(t *testing.T, w *evidence.Writer) {
			if err := w.Discard(); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			temp, dir := t.TempDir(), t.TempDir()
			t.Setenv("TMPDIR", temp)
			if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
				t.Fatal(err)
			}
			// An older bundle of the name stays as it was.
			old := filepath.Join(dir, "x.zip")
			if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			w, err := evidence.NewWriter()
			if err != nil {
				t.Fatal(err)
			}
			sample.put(t, w, "kubernetes/events.jsonl")
			if tt.spoil != nil {
				tt.spoil(t, w)
			}
			if err := w.Seal(tt.path(dir), sampleManifest); err == nil {
				t.Fatal("sealed")
			}
			if err := w.Discard(); err != nil {
				t.Error(err)
			}
			if left := filesIn(t, temp, dir, filepath.Join(dir, "folder")); len(left) != 2 {
				t.Errorf("left %v, want the folder and the older bundle", left)
			}
			if data, err := os.ReadFile(old); err != nil || string(data) != "old" {
				t.Errorf("the older bundle holds %q, %v", data, err)
			}
		})
	}
}
