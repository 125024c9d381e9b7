package store

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/servers"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/output/store"
)

// recorded is a bundle of a real incident.
const recorded = "../../testdata/bundles/blue-green.zip"

// bucket is there in every server.
const bucket = "evidence"

// credentials are where AWS's own tools look for them.
func credentials(t *testing.T, key, secret string) {
	t.Setenv("AWS_ACCESS_KEY_ID", key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
}

// start starts a server with a bucket, which the environment may use.
func start(t *testing.T) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command, err := servers.S3(ctx, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(ctx, command, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.AddBucket(bucket); err != nil {
		t.Fatal(err)
	}
	credentials(t, accessKey, secretKey)
	return s
}

func open(t *testing.T, url string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// object is where the server keeps a bundle.
func object(s *Server, prefix string, ref store.Ref) string {
	return s.Path(bucket, prefix, "sha256", ref.SHA256[:2], ref.SHA256[2:]+".zip")
}

func TestRoundTrip(t *testing.T) {
	s := start(t)
	for _, prefix := range []string{"", "postmortems/team a"} {
		kept := open(t, s.URL(bucket, prefix, ""), store.Options{})
		ref, err := kept.Put(t.Context(), recorded)
		if err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(object(s, prefix, ref))
		if err != nil || before.Size() != ref.Size {
			t.Fatalf("the server does not hold %+v: %v", ref, err)
		}
		if again, err := kept.Put(t.Context(), recorded); err != nil || again != ref {
			t.Errorf("put again: %+v, %v", again, err)
		}
		if after, err := os.Stat(object(s, prefix, ref)); err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
			t.Errorf("the second time it was sent again (%v)", err)
		}

		path := filepath.Join(t.TempDir(), "bundle.zip")
		if err := kept.Get(t.Context(), ref, path); err != nil {
			t.Fatal(err)
		}
		b, err := evidence.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Manifest.Entries) == 0 {
			t.Error("the bundle that came back is empty")
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What a browser is told of a bundle, seen without debrief.
func TestABundleCanBeDownloaded(t *testing.T) {
	s := start(t)
	public := "http://" + s.Address + "/" + bucket
	ref, err := open(t, s.URL(bucket, "", ""), store.Options{PublicURL: public}).Put(t.Context(), recorded)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(ref.URL, public+"/sha256/") {
		t.Errorf("the URL is %s", ref.URL)
	}
	resp, err := http.Get(ref.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("without credentials the server answers %s", resp.Status)
	}
}

func TestManyPutTheSameBundle(t *testing.T) {
	s := start(t)
	path := large(t)
	var group sync.WaitGroup
	for range 8 {
		kept := open(t, s.URL(bucket, "", ""), store.Options{})
		group.Go(func() {
			if _, err := kept.Put(t.Context(), path); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// large writes a file that is sent in several parts.
func large(t *testing.T) string {
	t.Helper()
	data := make([]byte, 24<<20)
	source := rand.NewChaCha8([32]byte{})
	source.Read(data)
	path := filepath.Join(t.TempDir(), "large.zip")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheServerDiesDuringAnUpload(t *testing.T) {
	for _, test := range []struct {
		name  string
		path  func(t *testing.T) string
		after int64 // bytes
	}{
		{"in one part", func(t *testing.T) string { return shortened(t, large(t), 6<<20) }, 3 << 20},
		{"in several parts", large, 13 << 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t)
			path := test.path(t)
			through := cutAfter(t, s.Address, test.after, func() {
				if err := s.Kill(); err != nil {
					t.Error(err)
				}
			})
			if _, err := open(t, s.URL(bucket, "", through), store.Options{}).Put(t.Context(), path); err == nil {
				t.Fatal("the bundle was put although the server had died")
			} else {
				t.Log(err)
			}
			if left, err := filepath.Glob(s.Path(bucket, "sha256", "*", "*")); err != nil || len(left) > 0 {
				t.Errorf("left in the bucket: %q, %v", left, err)
			}

			if err := s.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			kept := open(t, s.URL(bucket, "", ""), store.Options{})
			ref, err := kept.Put(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			got := filepath.Join(t.TempDir(), "got.zip")
			if err := kept.Get(t.Context(), ref, got); err != nil {
				t.Fatal(err)
			}
			same(t, path, got)
		})
	}
}

func shortened(t *testing.T, path string, size int64) string {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	return path
}

func same(t *testing.T, a, b string) {
	t.Helper()
	first, err1 := os.ReadFile(a)
	second, err2 := os.ReadFile(b)
	if err1 != nil || err2 != nil || !bytes.Equal(first, second) {
		t.Errorf("%s and %s differ (%v, %v)", a, b, err1, err2)
	}
}

func TestDamageIsSeen(t *testing.T) {
	s := start(t)
	kept := open(t, s.URL(bucket, "", ""), store.Options{})
	ref, err := kept.Put(t.Context(), recorded)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(object(s, "", ref))
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(object(s, "", ref), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Put(t.Context(), recorded); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("putting: %v", err)
	}
	if err := kept.Get(t.Context(), ref, filepath.Join(t.TempDir(), "got.zip")); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("getting: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	s := start(t)
	tests := []struct {
		name, key, secret, bucket string
		is                        error
		want                      string
	}{
		// Amazon answers 403 InvalidAccessKeyId; this server has words of its own.
		{"wrong key", "somebody", secretKey, bucket, nil, "No user exists with the provided access key ID"},
		{"wrong secret", accessKey, "guess-guess", bucket, store.ErrDenied, "SignatureDoesNotMatch"},
		{"no bucket", accessKey, secretKey, "missing", store.ErrNotFound, "NoSuchBucket"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			credentials(t, test.key, test.secret)
			_, err := open(t, s.URL(test.bucket, "", ""), store.Options{}).Put(t.Context(), recorded)
			if err == nil {
				t.Fatal("no error")
			}
			if test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error: %v, want %s", err, test.want)
			}
			if strings.Contains(err.Error(), test.secret) {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
	t.Run("no bundle", func(t *testing.T) {
		ref := store.Ref{SHA256: strings.Repeat("0", 64), Size: 1}
		err := open(t, s.URL(bucket, "", ""), store.Options{}).Get(t.Context(), ref, filepath.Join(t.TempDir(), "got.zip"))
		if !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
}
