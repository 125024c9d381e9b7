package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// digest is a running SHA-256.
type digest struct{ hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

// String is the hash so far, in hexadecimal.
func (d digest) String() string { return hex.EncodeToString(d.Sum(nil)) }

func isSHA256(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && hex.EncodeToString(raw) == s // lower case alone
}

// verifier passes bytes on, and at their end says whether they were those of
// a reference: in the place of io.EOF it gives [ErrDamaged]. It passes on no
// more than the reference says there are.
type verifier struct {
	from io.Reader
	want Ref
	sum  digest
	size int64
}

func newVerifier(from io.Reader, want Ref) *verifier {
	return &verifier{from: from, want: want, sum: newDigest()}
}

// Read implements io.Reader.
func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.from.Read(p)
	v.sum.Write(p[:n])
	v.size += int64(n)
	switch {
	case v.size > v.want.Size:
		return 0, fmt.Errorf("%w: there are more than %d bytes", ErrDamaged, v.want.Size)
	case !errors.Is(err, io.EOF):
		return n, err
	case v.size < v.want.Size:
		return n, fmt.Errorf("%w: they end after %d of %d bytes", ErrDamaged, v.size, v.want.Size)
	case v.sum.String() != v.want.SHA256:
		return n, fmt.Errorf("%w: their hash is %s", ErrDamaged, v.sum)
	}
	return n, io.EOF
}
