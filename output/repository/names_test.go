package repository

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSafeName(t *testing.T) {
	for text, want := range map[string]string{
		"shop-checkout-r2":        "shop-checkout-r2",
		"2026-11-22-shop.v1_a":    "2026-11-22-shop.v1_a",
		strings.Repeat("a", 100):  strings.Repeat("a", 100),
		"":                        "unnamed-e3b0c442",
		"..":                      "unnamed-5ec1f7e7",
		"日本":                      "unnamed-cf2abf0c",
		"a/b":                     "a-b-c14cddc0",
		"a b":                     "a-b-c8687a08",
		"../../etc/passwd":        "etc-passwd-3754d6cb",
		"-rf":                     "rf-686c39ac",
		"x.lock":                  "x.lock-f53b5310",
		"a@{1}":                   "a-1-24151029",
		"CON":                     "CON-a3dbc4b6",
		"com1.md":                 "com1-md-5057c4fe",
		"a.":                      "a-5ab640fa",
		"HEAD":                    "HEAD-b5180223",
		"Prüfung\x00\u202e":       "Pr-fung-d030a0f6",
		strings.Repeat("x/", 150): strings.Repeat("x-", 46)[:91] + "-55c73dda",
	} {
		if got := SafeName(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func checkSafeName(t interface{ Errorf(string, ...any) }, text string) {
	name := SafeName(text)
	if len(name) > longestName || strings.Contains(name, "/") {
		t.Errorf("%q: %q", text, name)
	}
	for _, problem := range []error{
		CheckRef(name), CheckRef("postmortem/" + name), CheckRef(name + "/x"),
		CheckPath(name), CheckPath("a/" + name + "/b"), CheckPath(name + ".md"),
	} {
		if problem != nil {
			t.Errorf("%q: %q: %v", text, name, problem)
		}
	}
	if again := SafeName(name); again != name {
		t.Errorf("%q: %q becomes %q", text, name, again)
	}
}

func TestSafeNameProperties(t *testing.T) {
	nasty := rapid.SampledFrom([]string{"a", "B", "/", "..", ".", " ", "-", "@{", ".lock", ".git", "~1", "con", "nul.", "é", "\x00", "\\", ":", "refs/heads/", "HEAD", strings.Repeat("z", 99)})
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(nasty, 0, 8).Draw(t, "parts")
		text := strings.Join(parts, "")
		checkSafeName(t, text)
		other := rapid.String().Draw(t, "other")
		checkSafeName(t, other)
		if a, b := SafeName(text), SafeName(other); a == b && text != other {
			t.Errorf("%q and %q are both %q", text, other, a)
		}
	})
}

func FuzzSafeName(f *testing.F) {
	for _, text := range []string{"", "a/b", "con.txt", "x.lock", ".git", "HEAD", "@", "é", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkSafeName(t, text) })
}

func TestCheckRef(t *testing.T) {
	for _, name := range []string{"main", "postmortem/shop-checkout-r2", "feature/ü", "a.b", "v1@2", "heads/x"} {
		if err := CheckRef(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{
		"", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a..b", "a.lock", "a.LOCK/b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[b", `a\b`,
		"@", "a@{1}", "-a", "HEAD", "refs/heads/a", "a\x00", "a\n", "a\x7f", "a\u202eb", "\xff", strings.Repeat("a", 201),
	} {
		if err := CheckRef(name); err == nil {
			t.Errorf("%q is taken", name)
		} else if strings.ContainsAny(err.Error(), "\x00\n\x7f") {
			t.Errorf("%q", err)
		}
	}
}

func TestCheckPath(t *testing.T) {
	for _, name := range []string{"a", "docs/2026/a b.md", ".github/x.yml", ".gitignore", "a/ü.md", "conduct.md", "-a"} {
		if err := CheckPath(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{
		"", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", `a\b`, `..\a`, "C:/a", "a:b", "a?", "a|b",
		".git", ".git/config", "a/.GIT/b", ".Git ", ".git.", ".git...", "git~1", "GIT~1/a", ".g\u200cit", "\ufeff.git", ".git::$INDEX_ALLOCATION",
		"con", "a/NUL.txt", "com1", "lpt9.md", "a.", "a /b", " a", "a\x00b", "a\nb", "\xff", strings.Repeat("a", 256), strings.Repeat("a/", 600) + "a",
	} {
		if err := CheckPath(name); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

// A path that is taken never leads out, or into git's own folder.
func FuzzCheckPath(f *testing.F) {
	for _, name := range []string{"a/b", "../a", ".git/x", "a/./b", "git~1"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if CheckPath(name) != nil {
			return
		}
		for element := range strings.SplitSeq(name, "/") {
			bare := strings.ToLower(strings.TrimRight(element, ". "))
			if element == "" || bare == "" || bare == ".git" || bare == "git~1" || strings.ContainsAny(element, "\\:\x00\n") {
				t.Errorf("%q is taken", name)
			}
		}
	})
}
