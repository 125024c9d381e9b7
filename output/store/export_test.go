package store

import (
	"context"
	"io"
	"net/url"

	"gocloud.dev/blob/memblob"
)

// InMemory is a store that is gone when it is closed.
func InMemory() *Store {
	return &Store{bucket: memblob.OpenBucket(nil), base: &url.URL{Scheme: "mem", Host: "bucket"}}
}

// Key is the place of a bundle.
var Key = key

// Overwrite puts other bytes in a bundle's place.
func (s *Store) Overwrite(ctx context.Context, ref Ref, data []byte) error {
	return s.bucket.WriteAll(ctx, s.prefix+key(ref.SHA256), data, nil)
}

// Metadata is what is kept beside a bundle.
func (s *Store) Metadata(ctx context.Context, ref Ref) (contentType, disposition, name string, err error) {
	a, err := s.bucket.Attributes(ctx, s.prefix+key(ref.SHA256))
	if err != nil {
		return "", "", "", err
	}
	return a.ContentType, a.ContentDisposition, a.Metadata["name"], nil
}

// Upload sends a bundle from a reader.
func (s *Store) Upload(ctx context.Context, ref Ref, bundle io.ReadSeeker) error {
	return s.upload(ctx, ref, "bundle.zip", bundle)
}

// ParseAddress gives the parts of a store's address.
func ParseAddress(raw string) (open, base, prefix string, err error) {
	a, err := parseAddress(raw)
	if err != nil {
		return "", "", "", err
	}
	return a.driver.String(), a.base.String(), a.prefix, nil
}
