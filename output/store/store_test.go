package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/debrief-sre/debrief/output/store"
)

// name is the file name of the test's bundle.
const name = "2026-11-22-shop-checkout-r2.zip"

// stores are what a machine without network has.
var stores = []struct {
	name string
	open func(t *testing.T) *store.Store
}{
	{"memory", func(*testing.T) *store.Store { return store.InMemory() }},
	{"folder", func(t *testing.T) *store.Store { return openFolder(t, t.TempDir(), "") }},
	{"folder with prefix", func(t *testing.T) *store.Store { return openFolder(t, t.TempDir(), "?prefix=team%20a/evidence") }},
}

func openFolder(t *testing.T, dir, query string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "file://"+(&url.URL{Path: filepath.ToSlash(dir)}).EscapedPath()+query, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bundle writes a file of many bytes, and gives what it refers to.
func bundle(t *testing.T) (path string, data []byte, sum string) {
	t.Helper()
	data = bytes.Repeat([]byte("evidence "), 100_000)
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(data)
	return path, data, hex.EncodeToString(hash[:])
}

// everywhere runs a test on each kind of store.
func everywhere(t *testing.T, test func(t *testing.T, s *store.Store)) {
	for _, kind := range stores {
		t.Run(kind.name, func(t *testing.T) {
			s := kind.open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, s)
		})
	}
}

func TestRoundTrip(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		path, data, sum := bundle(t)
		ref, err := s.Put(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if ref.SHA256 != sum || ref.Size != int64(len(data)) || !strings.HasSuffix(ref.URL, "/sha256/"+sum[:2]+"/"+sum[2:]+".zip") {
			t.Errorf("the reference is %+v", ref)
		}
		again, err := s.Put(t.Context(), path)
		if err != nil || again != ref {
			t.Errorf("put again: %+v, %v", again, err)
		}

		target := filepath.Join(t.TempDir(), "got.zip")
		if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Get(t.Context(), ref, target); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(target); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
	})
}

func TestMetadataIsKeptWhereTheStoreHasIt(t *testing.T) {
	s := store.InMemory()
	path, _, _ := bundle(t)
	ref, err := s.Put(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	contentType, disposition, got, err := s.Metadata(t.Context(), ref)
	if err != nil || contentType != "application/zip" || disposition != "attachment; filename="+name || got != name {
		t.Errorf("type %q, disposition %q, name %q, %v", contentType, disposition, got, err)
	}
}

func TestAFolderHoldsBundlesAlone(t *testing.T) {
	dir := t.TempDir()
	s := openFolder(t, dir, "?prefix=a/b")
	path, _, sum := bundle(t)
	ref, err := s.Put(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := "a/b/sha256/" + sum[:2] + "/" + sum[2:] + ".zip"
	if got := files(t, dir); !slices.Equal(got, []string{want}) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
	if got := "file://" + filepath.ToSlash(dir) + "/" + want; ref.URL != got {
		t.Errorf("the URL is %s, want %s", ref.URL, got)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		path, err = filepath.Rel(dir, path)
		found = append(found, filepath.ToSlash(path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPublicURL(t *testing.T) {
	s, err := store.Open(t.Context(), "file://"+filepath.ToSlash(t.TempDir())+"?prefix=team%20a", store.Options{PublicURL: "https://evidence.example.com/x/"})
	if err != nil {
		t.Fatal(err)
	}
	path, _, sum := bundle(t)
	ref, err := s.Put(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://evidence.example.com/x/team%20a/" + store.Key(sum); ref.URL != want {
		t.Errorf("the URL is %s, want %s", ref.URL, want)
	}
}

func TestDamagedBytesAreNeverTakenForTheBundle(t *testing.T) {
	damages := []struct {
		name   string
		damage func(data []byte) []byte
		want   string
	}{
		{"truncated", func(d []byte) []byte { return d[:len(d)-1] }, "899999 bytes are there, not 900000"},
		{"empty", func([]byte) []byte { return nil }, "0 bytes are there, not 900000"},
		{"longer", func(d []byte) []byte { return append(d, 0) }, "900001 bytes are there, not 900000"},
		{"one bit", func(d []byte) []byte { d[450_000] ^= 1; return d }, "their hash is "},
	}
	for _, damage := range damages {
		t.Run(damage.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, s *store.Store) {
				path, data, _ := bundle(t)
				ref, err := s.Put(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Overwrite(t.Context(), ref, damage.damage(bytes.Clone(data))); err != nil {
					t.Fatal(err)
				}

				_, err = s.Put(t.Context(), path)
				if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), damage.want) {
					t.Errorf("putting: %v", err)
				}
				dir := t.TempDir()
				target := filepath.Join(dir, "got.zip")
				if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
				err = s.Get(t.Context(), ref, target)
				if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), damage.want) {
					t.Errorf("getting: %v", err)
				}
				if got, err := os.ReadFile(target); err != nil || string(got) != "old" || len(files(t, dir)) != 1 {
					t.Errorf("the old file holds %q, %v, beside %q", got, err, files(t, dir))
				}
			})
		})
	}
}

func TestManyPutTheSameBundle(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		path, data, sum := bundle(t)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				ref, err := s.Put(t.Context(), path)
				if err != nil || ref.SHA256 != sum || ref.Size != int64(len(data)) {
					t.Errorf("%+v, %v", ref, err)
				}
			})
		}
		group.Wait()
	})
}

// cut is a bundle that cannot be read to its end.
type cut struct {
	*bytes.Reader
	after int64
	stop  func() error
}

func (c *cut) Read(p []byte) (int, error) {
	if c.after <= 0 {
		return 0, c.stop()
	}
	n, err := c.Reader.Read(p[:min(int64(len(p)), c.after)])
	c.after -= int64(n)
	return n, err
}

func TestAnInterruptedUploadLeavesNothing(t *testing.T) {
	gone := errors.New("the disk is gone")
	tests := []struct {
		name string
		stop func(cancel func()) error
		want error
	}{
		{"unreadable", func(func()) error { return gone }, gone},
		{"truncated meanwhile", func(func()) error { return io.EOF }, store.ErrDamaged},
		{"canceled", func(cancel func()) error { cancel(); return context.Canceled }, context.Canceled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, s *store.Store) {
				path, data, sum := bundle(t)
				ref := store.Ref{SHA256: sum, Size: int64(len(data))}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				err := s.Upload(ctx, ref, &cut{bytes.NewReader(data), 300_000, func() error { return test.stop(cancel) }})
				if !errors.Is(err, test.want) {
					t.Errorf("the upload ended with %v, want %v", err, test.want)
				}
				err = s.Get(t.Context(), ref, filepath.Join(t.TempDir(), "got.zip"))
				if !errors.Is(err, store.ErrNotFound) {
					t.Errorf("the bundle's place gives %v, want nothing", err)
				}
				if _, err := s.Put(t.Context(), path); err != nil {
					t.Errorf("putting it again: %v", err)
				}
			})
		})
	}
}

func TestAnInterruptedUploadLeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	s := openFolder(t, dir, "")
	_, data, sum := bundle(t)
	err := s.Upload(t.Context(), store.Ref{SHA256: sum, Size: int64(len(data))}, &cut{bytes.NewReader(data), 300_000, func() error { return io.ErrUnexpectedEOF }})
	if err == nil || len(files(t, dir)) != 0 {
		t.Errorf("the folder holds %q after %v", files(t, dir), err)
	}
}

func TestWhatIsThereIsNotSentAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		path, data, _ := bundle(t)
		ref, err := s.Put(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		other := bytes.Clone(data)
		other[0] ^= 1
		if err := s.Overwrite(t.Context(), ref, other); err != nil {
			t.Fatal(err)
		}
		// Somebody who looked before it was there finds it at the end.
		if err := s.Upload(t.Context(), ref, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		if err := s.Get(t.Context(), ref, filepath.Join(t.TempDir(), "got.zip")); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("the upload has replaced what was there: %v", err)
		}
	})
}

func TestGetRefusesWhatIsNoHash(t *testing.T) {
	s := store.InMemory()
	for _, sum := range []string{"", "../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("a", 63)} {
		err := s.Get(t.Context(), store.Ref{SHA256: sum}, filepath.Join(t.TempDir(), "got.zip"))
		if err == nil || !strings.Contains(err.Error(), "is not a SHA-256 hash") {
			t.Errorf("%q: %v", sum, err)
		}
	}
}
