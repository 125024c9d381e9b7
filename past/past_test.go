package past_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/past"
	"github.com/debrief-sre/debrief/report"
)

const ours = `---
title: Canary Rollout of checkout (Revision 2) Aborted after Failed Analysis
date: "2026-11-22"
slug: 2026-11-22-shop-checkout-r2
status: Closed
services:
- shop/checkout
tags:
- postmortem
- rollout
- abort
- analysis
start: 2026-11-22T19:54:10Z
revision: 2
aborted: 2026-11-22T19:55:08Z
images:
- "registry.local/checkout@sha256:1234"
metrics:
- error-rate
generator: debrief v1.0.0
---

# Blameless Postmortem
`

func TestParse(t *testing.T) {
	full := report.Earlier{
		PastIncident: report.PastIncident{
			Title: "Canary Rollout of checkout (Revision 2) Aborted after Failed Analysis", Slug: "2026-11-22-shop-checkout-r2",
			Service: "shop/checkout", Date: time.Date(2026, time.November, 22, 19, 55, 8, 0, time.UTC),
		},
		Aborted: true, Images: []string{"registry.local/checkout@sha256:1234"}, Metrics: []string{"error-rate"},
	}
	without := func(lines ...string) string {
		text := ours
		for _, line := range lines {
			text = strings.Replace(text, line+"\n", "", 1)
		}
		return text
	}
	dated := func(e report.Earlier, date string, aborted bool) report.Earlier {
		e.Date, _ = time.Parse(time.RFC3339, date)
		e.Aborted = aborted
		return e
	}
	tests := []struct {
		name, document string
		want           report.Earlier
	}{
		{"ours", ours, full},
		{"with CRLF and a byte order mark", "\ufeff" + strings.ReplaceAll(ours, "\n", "\r\n"), full},
		{"older, with tags", without("aborted: 2026-11-22T19:55:08Z"), dated(full, "2026-11-22T19:54:10Z", true)},
		{"not aborted", without("aborted: 2026-11-22T19:55:08Z", "- abort"), dated(full, "2026-11-22T19:54:10Z", false)},
		{"with a date alone", without("aborted: 2026-11-22T19:55:08Z", "start: 2026-11-22T19:54:10Z"), dated(full, "2026-11-22T00:00:00Z", true)},
		{
			"by hand", "---\ntitle: \"A\\nB \\u202e\\x1b[31m\"\ndate: 2026-01-02T10:00:00Z\nservices: [cart]\nowner: {team: a}\n---",
			report.Earlier{PastIncident: report.PastIncident{Title: "A B [31m", Service: "cart", Date: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := past.Parse([]byte(test.document))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var broken = map[string]string{
	"":                                     "is no postmortem: it is empty",
	"# README\n":                           "is no postmortem: it has no front matter",
	"---\ntitle: A\n---\n":                 "is no postmortem: its front matter lacks one of title, date and services",
	"---\n---\n":                           "is no postmortem: its front matter is not one YAML document",
	"---\ntitle: A\n":                      "has front matter that does not end",
	"---\ntitle: [\n---\n":                 "has front matter that is not YAML",
	"---\ntitle: \xff\n---\n":              "has front matter that is not UTF-8",
	"---\ntitle: {a: b}\n---\n":            "has front matter whose title is not what a postmortem has",
	"---\ntitle: &a A\nslug: *a\n---\n":    "has front matter whose title is not what a postmortem has",
	"---\n- a\n---\n":                      "is no postmortem: its front matter is not a mapping",
	strings.Replace(ours, "T19:55", "", 1): `has a time in its front matter that is none: "2026-11-22:08Z"`,
	"---\ntitle: A\ndate: soon\nservices: [a]\n---\n":                       `has a date in its front matter that is none: "soon"`,
	"---\n" + strings.Repeat("# long\n", 4000) + "---\n":                    "has front matter of more than 8 KiB",
	"---\ntitle: " + strings.Repeat("[", 8000) + "\n---\n":                  "has front matter that is not YAML",
	"---\na: &a [1,1]\nb: &b [*a,*a]\nimages: [*b,*b]\ntitle: x\n---\n":     "has front matter whose images is not what a postmortem has",
	"---\ntitle: A\ndate: 2026-01-02\nservices: [a]\nstart: 10:00\n---\n":   `has a time in its front matter that is none: "10:00"`,
	"---\ntitle: A\ndate: 2026-13-02\nservices: [a]\n---\n":                 `has a date in its front matter that is none: "2026-13-02"`,
	"---\ntitle: A\ndate: 2026-01-02\nservices: [a]\nimages: web:1\n---\n":  "has front matter whose images is not what a postmortem has",
	"---\ntitle: A\ntitle: B\ndate: 2026-01-02\nservices: [a]\n---\ntext\n": "has front matter that is not YAML",
}

func TestParseBroken(t *testing.T) {
	for document, want := range broken {
		if _, err := past.Parse([]byte(document)); err == nil || err.Error() != want {
			t.Errorf("%.60q: %v, want %s", document, err, want)
		}
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFolder(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "old")
	write(t, dir, "a (1):b.md", ours)
	write(t, dir, "unnamed.md", strings.Replace(ours, "slug: 2026-11-22-shop-checkout-r2\n", "", 1))
	write(t, dir, "README.md", "# Postmortems\n")
	write(t, dir, "broken.md", "---\ntitle: [\n---\n")
	write(t, dir, "unnamed.edited-summary.md", "kept\n")
	write(t, dir, ".hidden.md", ours)
	write(t, dir, "unnamed.json", "{}")
	write(t, dir, "2025/deeper.md", ours)
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "endless.md")); err != nil {
		t.Fatal(err)
	}
	for out, links := range map[string][]string{
		"":                           {"./a%20%281%29:b.md", "unnamed.md"},
		dir:                          {"./a%20%281%29:b.md", "unnamed.md"},
		filepath.Join(root, "new/x"): {"../../old/a%20%281%29:b.md", "../../old/unnamed.md"},
	} {
		found, skipped, err := past.Folder(dir, out)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range found {
			got = append(got, e.Link)
		}
		if diff := cmp.Diff(links, got); diff != "" {
			t.Errorf("from %q: %s", out, diff)
		}
		if len(found) == 2 && found[1].Slug != "unnamed" {
			t.Errorf("slug is %q", found[1].Slug)
		}
		want := []past.Skipped{
			{File: filepath.Join(dir, "README.md"), Reason: "is no postmortem: it has no front matter", Foreign: true},
			{File: filepath.Join(dir, "broken.md"), Reason: "has front matter that is not YAML"},
		}
		if diff := cmp.Diff(want, skipped); diff != "" {
			t.Error(diff)
		}
	}
}

func TestFolderMissing(t *testing.T) {
	if _, _, err := past.Folder(filepath.Join(t.TempDir(), "none"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

// TestFolderIsBounded leaves out the earliest of too many files.
func TestFolderIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range past.MaxFiles + 2 {
		write(t, dir, fmt.Sprintf("%05d.md", i), "")
	}
	_, skipped, err := past.Folder(dir, "")
	if err != nil || len(skipped) != past.MaxFiles+1 {
		t.Fatalf("%d skipped, error %v", len(skipped), err)
	}
	if want := fmt.Sprintf("has %d Markdown files: the first 2 by name are not read", past.MaxFiles+2); skipped[0].Reason != want || skipped[1].File != filepath.Join(dir, "00002.md") {
		t.Errorf("skipped %+v", skipped[:2])
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(ours))
	for document := range broken {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		e, err := past.Parse(document)
		if err != nil {
			if strings.ContainsFunc(err.Error(), unicode.IsControl) || len(err.Error()) > 300 {
				t.Errorf("error is %q", err)
			}
			return
		}
		if e.Date.IsZero() && e.Date.Year() != 1 || e.Date.Location() != time.UTC {
			t.Errorf("date is %v", e.Date)
		}
		for _, text := range []string{e.Title, e.Slug, e.Service} {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || utf8.RuneCountInString(text) > 200 {
				t.Errorf("text is %q", text)
			}
		}
	})
}
