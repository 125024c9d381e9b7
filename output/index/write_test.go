package index_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/index"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/folder")); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "README.md")
	write := func(o index.Options) (names []string, skipped []index.Skipped, err error) {
		written, skipped, err := index.Write(dir, o)
		for _, w := range written {
			names = append(names, strings.TrimPrefix(w, dir+string(filepath.Separator)))
		}
		return names, skipped, err
	}
	change := func(name, old, replacement string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(data), old) {
			t.Fatalf("%s does not hold %q: %v", name, old, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(string(data), old, replacement, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, got []string, err error, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", what, err, diff)
		}
	}

	got, _, err := write(index.Options{})
	expect("first", got, err, "README.md", "index.html", "index.json", "feed.atom", "index-incidents.svg", "index-budget.svg")
	got, _, err = write(index.Options{})
	expect("unchanged", got, err)

	change("README.md", "# Postmortems\n", "# Ours\n\nHow to read this.\n")
	change("2026-10-30-shop-ledger-r2.md", "status: Draft", "status: Closed")
	got, _, err = write(index.Options{})
	expect("a status changed", got, err, "README.md", "index.html", "index.json", "feed.atom")
	change("README.md", "How to read this.", "Kept.") // fails if it is gone

	change("README.md", "| Incidents | 10 |", "| Incidents | 11 |")
	change("2026-10-30-shop-ledger-r2.md", "status: Closed", "status: Draft")
	var edited *output.EditedError
	if got, _, err = write(index.Options{}); !errors.As(err, &edited) || got != nil {
		t.Errorf("an edited block: %v, %v", got, err)
	}
	got, _, err = write(index.Options{Force: true})
	expect("forced", got, err, "README.edited-index.md", "README.md", "index.html", "index.json", "feed.atom")
	change("README.edited-index.md", "| Incidents | 11 |", "")

	if err := os.WriteFile(page, []byte("# Ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, skipped, err := write(index.Options{})
	expect("without a block", got, err)
	if last := skipped[len(skipped)-1]; last.File != "README.md" || !strings.Contains(last.Reason, "has no place for the index") {
		t.Errorf("%+v", last)
	}

	if err := os.WriteFile(page, []byte("# Ours\n\n<!-- debrief:begin index -->\n<!-- debrief:end index -->\n\nMore.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _, err = write(index.Options{})
	expect("an empty block", got, err, "README.md")
	change("README.md", "| Incidents | 10 |", "")
	change("README.md", "\nMore.\n", "")
}

func TestWriteNowhere(t *testing.T) {
	if _, _, err := index.Write(filepath.Join(t.TempDir(), "missing"), index.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
