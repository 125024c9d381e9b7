package store

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/url"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// contentType is that of bundles.
const contentType = "application/zip"

// uploads is how often an upload is begun that loses against another one of
// the same bundle, which S3 does not always let end in "exists".
const uploads = 3

// Store keeps bundles. Its methods may be called concurrently, by several
// processes as well.
type Store struct {
	bucket *blob.Bucket
	base   *url.URL // what the keys are below, for people
	prefix string
}

// Options are what an address does not say.
type Options struct {
	// PublicURL is where people find the bucket's objects, such as
	// https://evidence.example.com. Empty: refer to them by the store's scheme.
	PublicURL string
}

// Ref refers to a kept bundle.
type Ref struct {
	SHA256 string `json:"sha256"` // of the bundle's bytes, in hexadecimal
	Size   int64  `json:"size"`   // in bytes
	URL    string `json:"url"`    // such as s3://bucket/sha256/ab/cd….zip; holds no credentials
}

// Open opens the store at an address such as file:///folder, s3://bucket,
// gs://bucket or azblob://container; ?prefix= names a folder in it. Credentials
// come from where the provider's own tools have them, never from the address.
// Whether the bucket exists shows at its first use. Close the store after use.
func Open(ctx context.Context, rawURL string, o Options) (*Store, error) {
	a, err := parseAddress(rawURL)
	if err != nil {
		return nil, fmt.Errorf("opening evidence store: %w", err)
	}
	base := a.base
	if o.PublicURL != "" {
		if base, err = url.Parse(o.PublicURL); err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" ||
			base.User != nil || base.RawQuery != "" || base.Fragment != "" {
			return nil, fmt.Errorf("opening evidence store: its public address is not one to append paths to: write one such as https://evidence.example.com")
		}
	}
	bucket, err := a.bucket(ctx)
	if err != nil {
		return nil, failure("opening evidence store "+a.base.String(), err)
	}
	return &Store{bucket: bucket, base: base, prefix: a.prefix}, nil
}

// Close releases the store's connections.
func (s *Store) Close() error { return s.bucket.Close() }

// Put keeps the bundle in a file and returns when it has been read back whole.
// A bundle that is there already is verified, too, and not sent again. Where
// the store has metadata, the file's name becomes the name under which a
// browser saves the bundle.
//
// Damaged bytes in the bundle's place give [ErrDamaged]; they are left as they
// are. An interrupted upload leaves nothing there.
func (s *Store) Put(ctx context.Context, path string) (Ref, error) {
	file, err := os.Open(path)
	if err != nil {
		return Ref{}, fmt.Errorf("storing evidence: %w", err)
	}
	defer file.Close() //nolint:errcheck // it is only read
	sum := newDigest()
	size, err := io.Copy(sum, file)
	if err != nil {
		return Ref{}, fmt.Errorf("storing evidence: reading %s: %w", path, err)
	}
	ref := s.refer(sum.String(), size)
	doing := "storing evidence as " + ref.URL

	exists, err := s.exists(ctx, ref)
	if err != nil {
		return Ref{}, failure(doing, err)
	}
	if !exists {
		if err := s.upload(ctx, ref, filepath.Base(path), file); err != nil {
			return Ref{}, failure(doing, err)
		}
	}
	if err := s.read(ctx, ref, io.Discard); err != nil {
		return Ref{}, failure("verifying evidence "+ref.URL, err)
	}
	return ref, nil
}

// Get downloads a bundle to a file, which appears, or takes the place of the
// old one, only when its bytes are those that the reference states. The
// reference's URL is not used. Errors wrap [ErrNotFound], [ErrDenied] or
// [ErrDamaged] where they are known to be that.
func (s *Store) Get(ctx context.Context, ref Ref, path string) error {
	if !isSHA256(ref.SHA256) {
		return fmt.Errorf("fetching evidence: %q is not a SHA-256 hash in hexadecimal", ref.SHA256)
	}
	doing := "fetching evidence " + s.url(key(ref.SHA256))
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer file.Cleanup() //nolint:errcheck // after success there is nothing to clean up
	if err := s.read(ctx, ref, file); err != nil {
		return failure(doing, err)
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// key is the place of a bundle. It is split, so that no folder gets too large.
func key(sha256 string) string { return "sha256/" + sha256[:2] + "/" + sha256[2:] + ".zip" }

func (s *Store) url(key string) string { return s.base.JoinPath(s.prefix, key).String() }

func (s *Store) refer(sha256 string, size int64) Ref {
	return Ref{SHA256: sha256, Size: size, URL: s.url(key(sha256))}
}

// exists tells whether anything is in a bundle's place. S3 refuses to tell
// those who may not list the bucket; for them the upload will show it.
func (s *Store) exists(ctx context.Context, ref Ref) (bool, error) {
	_, err := s.bucket.Attributes(ctx, s.prefix+key(ref.SHA256))
	switch gcerrors.Code(err) {
	case gcerrors.OK:
		return true, nil
	case gcerrors.NotFound, gcerrors.PermissionDenied:
		return false, nil
	default:
		return false, err
	}
}

// upload sends a bundle, unless somebody else was first.
func (s *Store) upload(ctx context.Context, ref Ref, name string, bundle io.ReadSeeker) error {
	var err error
	for range uploads {
		if _, err := bundle.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("reading the bundle again: %w", err)
		}
		err = s.send(ctx, ref, name, bundle)
		if gcerrors.Code(err) == gcerrors.FailedPrecondition { // it is there
			return nil
		}
		if !lostRace(err) {
			return err
		}
	}
	return err
}

func (s *Store) send(ctx context.Context, ref Ref, name string, bundle io.Reader) error {
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	w, err := s.bucket.NewWriter(ctx, s.prefix+key(ref.SHA256), &blob.WriterOptions{
		ContentType:        contentType,
		ContentDisposition: mime.FormatMediaType("attachment", map[string]string{"filename": name}),
		Metadata:           map[string]string{"name": name},
		IfNotExist:         true,
	})
	if err != nil {
		return err
	}
	// A file that changes while it is read must not get the old one's place.
	if _, err := io.Copy(w, newVerifier(bundle, ref)); err != nil {
		abandon() // before Close, which would keep what was sent so far
		w.Close() //nolint:errcheck // the first error tells more
		return err
	}
	return w.Close()
}

// read copies a bundle out of the store and checks it.
func (s *Store) read(ctx context.Context, ref Ref, to io.Writer) error {
	r, err := s.bucket.NewReader(ctx, s.prefix+key(ref.SHA256), nil)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // all of it was read, or the error is known
	if r.Size() != ref.Size {
		return fmt.Errorf("%w: %d bytes are there, not %d", ErrDamaged, r.Size(), ref.Size)
	}
	_, err = io.Copy(to, newVerifier(r, ref))
	return err
}
