package evidence_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
)

// file is an archive's entry as a person with a zip tool would see it.
type file struct{ name, data string }

func unzip(t testing.TB, data []byte) []file {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var files []file
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{f.Name, string(data)})
	}
	return files
}

func rezip(t testing.TB, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, f := range files {
		w, err := archive.Create(f.name)
		if err == nil {
			_, err = io.WriteString(w, f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// edit replaces text within one entry, once.
func edit(name, before, after string) func([]file) []file {
	return func(files []file) []file {
		for i, f := range files {
			if f.name == name && strings.Contains(f.data, before) {
				files[i].data = strings.Replace(f.data, before, after, 1)
				return files
			}
		}
		panic(name + " does not hold " + before)
	}
}

func without(name string) func([]file) []file {
	return func(files []file) []file {
		return slices.DeleteFunc(files, func(f file) bool { return f.name == name })
	}
}

func with(f file) func([]file) []file {
	return func(files []file) []file { return append(files, f) }
}

// TestDamage changes a whole bundle as a zip tool could, and wants to be told
// what is wrong with which entry.
func TestDamage(t *testing.T) {
	const events = "kubernetes/events.jsonl"
	tests := []struct {
		name   string
		damage func([]file) []file
		want   string
	}{
		{"a byte of JSON", edit("argo/rollout.json", "rate", "rbte"), "entry argo/rollout.json: damaged: its sha256 is 154f, the manifest says ce79"},
		{"a byte of JSON Lines", edit(events, "third", "4hird"), "entry kubernetes/events.jsonl: damaged: its sha256 is b34b, the manifest says e1d0"},
		{"an empty entry filled", edit("prometheus/none.jsonl", "", "\n"), "entry prometheus/none.jsonl: damaged: it holds 1 bytes, the manifest says 0"},
		{"an entry cut short", edit(events, "third", "thir"), "entry kubernetes/events.jsonl: damaged: it holds 89 bytes, the manifest says 90"},
		{"another size in the manifest", edit("manifest.json", `"size": 90`, `"size": 91`), "entry kubernetes/events.jsonl: damaged: it holds 90 bytes, the manifest says 91"},
		{"a negative size", edit("manifest.json", `"size": 90`, `"size": -1`), "entry kubernetes/events.jsonl: claims an impossible size of -1 bytes"},
		{"a huge size", edit("manifest.json", `"size": 90`, `"size": 9223372036854775807`), "entry kubernetes/events.jsonl: claims an impossible size of 9223372036854775807 bytes"},
		{"a missing entry", without(events), "entry kubernetes/events.jsonl: missing"},
		{"an extra entry", with(file{"extra.json", "{}"}), `entry "extra.json": not listed in the manifest`},
		{"an extra folder", with(file{"argo/", ""}), `entry "argo/": not listed in the manifest`},
		{"an entry twice in the archive", with(file{events, ""}), `entry "kubernetes/events.jsonl": stands twice in the archive`},
		{"the manifest twice", with(file{"manifest.json", "{}"}), `entry "manifest.json": stands twice in the archive`},
		{"an entry twice in the manifest", edit("manifest.json", `"prometheus/none.jsonl"`, `"argo/rollout.json"`), "entry argo/rollout.json: stands twice in the manifest"},
		{"the manifest lists itself", edit("manifest.json", `"argo/rollout.json"`, `"manifest.json"`), `bundle entry "manifest.json": not a usable name`},
		{"a name with ..", with(file{"../up.json", "{}"}), `entry "../up.json": not listed in the manifest`},
		{"a listed name with ..", edit("manifest.json", `"argo/rollout.json"`, `"a/../../up.json"`), `bundle entry "a/../../up.json": not a usable name`},
		{"no manifest", without("manifest.json"), "manifest.json: missing: this is not a debrief bundle"},
		{"a newer schema", edit("manifest.json", `"schemaVersion": 1`, `"schemaVersion": 2`), "manifest.json: schema version 2 is not known to this version of debrief, which reads 1 to 1"},
		{"a newer schema of other types", edit("manifest.json", `"schemaVersion": 1,`, `"schemaVersion": 9, "entries": 7,`), "manifest.json: schema version 9 is not known to this version of debrief, which reads 1 to 1"},
		{"no schema", edit("manifest.json", `"schemaVersion": 1,`, ``), "manifest.json: schema version 0 is not known to this version of debrief, which reads 1 to 1"},
		{"a manifest of another type", edit("manifest.json", `"revision": 2`, `"revision": "2"`), "manifest.json: json: cannot unmarshal string into Go struct field Scope.scope.revision of type int64"},
		{"a manifest that is no JSON", edit("manifest.json", `{`, `<`), "manifest.json: invalid character '<' looking for beginning of value"},
		{"a manifest cut short", edit("manifest.json", "\n}\n", ""), "manifest.json: unexpected end of JSON input"},
	}
	whole := sampleBundle(t)
	if _, err := read(rezip(t, unzip(t, whole))); err != nil {
		t.Fatalf("packed again without damage: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := read(rezip(t, tt.damage(unzip(t, whole))))
			if err == nil {
				t.Fatal("read without an error")
			}
			if got := shortSums(err.Error()); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
			if b != nil {
				t.Error("a damaged bundle was handed out")
			}
		})
	}
}

// shortSums keeps four digits of each hash.
func shortSums(message string) string {
	words := strings.Split(message, " ")
	for i, word := range words {
		if sum := strings.TrimSuffix(word, ","); len(sum) == 64 {
			words[i] = sum[:4] + word[64:]
		}
	}
	return strings.Join(words, " ")
}

// TestEveryFlippedByte damages each byte of the file in turn. Whatever is not
// noticed must not matter: the same manifest and entries are read.
func TestEveryFlippedByte(t *testing.T) {
	whole := sampleBundle(t)
	want := unzip(t, whole)
	unnoticed := 0
	for i := range whole {
		data := bytes.Clone(whole)
		data[i] ^= 0x20
		if _, err := read(data); err != nil {
			continue
		}
		unnoticed++
		if diff := cmp.Diff(want, unzip(t, data), cmp.AllowUnexported(file{})); diff != "" {
			t.Fatalf("byte %d of %d (-want +got):\n%s", i, len(whole), diff)
		}
	}
	t.Logf("%d of %d bytes do not matter: times and attributes in the archive's headers", unnoticed, len(whole))
}

func TestNoBundle(t *testing.T) {
	whole := sampleBundle(t)
	const want = "not a debrief bundle, or cut short (zip: not a valid zip file)"
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("a postmortem"), "one byte": {'P'},
		"the last byte is missing": whole[:len(whole)-1], "half": whole[:len(whole)/2],
	} {
		if _, err := read(data); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.zip")
	if _, err := evidence.Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("bundle %s: not a debrief bundle, or cut short (zip: not a valid zip file)", path)
	if _, err := evidence.Open(path); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestBombs reads bundles that unpack to a thousand times their size.
func TestBombs(t *testing.T) {
	const size = 17 << 20 // more than a manifest may have
	zeros := strings.Repeat("\x00", size)
	tests := []struct {
		name   string
		damage func([]file) []file
		want   string
	}{
		{"manifest", func(files []file) []file {
			return append(without("manifest.json")(files), file{"manifest.json", zeros})
		}, "manifest.json: too large"},
		{"entry", func(files []file) []file {
			return append(without("argo/rollout.json")(files), file{"argo/rollout.json", zeros})
		}, "entry argo/rollout.json: damaged: it holds 17825792 bytes, the manifest says 50"},
	}
	whole := sampleBundle(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := rezip(t, tt.damage(unzip(t, whole)))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := read(data)
			runtime.ReadMemStats(&after)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
				t.Errorf("allocated %d bytes", used)
			}
		})
	}
}
