package past_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/debrief-sre/debrief/past"
)

func TestTree(t *testing.T) {
	document := func(title string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("---\ntitle: " + title + "\ndate: \"2026-11-22\"\nservices: [shop/checkout]\n---\n")}
	}
	tree := fstest.MapFS{
		"postmortems/2025/a.md":          document("First"),
		"postmortems/2026/b c.md":        document("Second"),
		"postmortems/2026/notes.md":      {Data: []byte("# Notes\n")},
		"postmortems/.hidden/d.md":       document("Hidden"),
		"postmortems/2026/b.edited-x.md": document("Kept beside"),
		"elsewhere/e.md":                 document("Elsewhere"),
	}
	found, skipped, err := past.Tree(tree, "postmortems", "postmortems/2026")
	if err != nil {
		t.Fatal(err)
	}
	var links []string
	for _, e := range found {
		links = append(links, e.Title+" "+e.Link)
	}
	if want := []string{"First ../2025/a.md", "Second b%20c.md"}; !slices.Equal(links, want) {
		t.Errorf("found %q, want %q", links, want)
	}
	if len(skipped) != 1 || skipped[0].File != "postmortems/2026/notes.md" || !skipped[0].Foreign {
		t.Errorf("skipped %+v", skipped)
	}
	if found, _, err := past.Tree(tree, "nowhere", "."); err != nil || len(found) > 0 {
		t.Errorf("a missing folder: %v, %v", found, err)
	}
}
