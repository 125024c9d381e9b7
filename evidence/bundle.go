package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
)

// Limits on what a bundle may claim, so that a crafted one cannot exhaust memory.
const (
	maxManifest = 16 << 20
	maxEntry    = 4 << 30
	maxLine     = 64 << 20
)

// Bundle is a sealed bundle whose entries have been verified against its manifest.
type Bundle struct {
	Manifest Manifest
	SHA256   string // of the bundle's file, in hexadecimal: sha256sum prints the same

	files  map[string]*zip.File
	closer io.Closer
}

// Open reads and verifies the bundle in a file. Close it after use.
func Open(path string) (*Bundle, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening bundle: %w", err)
	}
	info, err := file.Stat()
	if err == nil {
		var b *Bundle
		if b, err = Read(file, info.Size()); err == nil {
			b.closer = file
			return b, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("bundle %s: %w", path, err), file.Close())
}

// Read reads and verifies a bundle of the given size. The error names the
// entry that is damaged, missing or not in the manifest.
func Read(r io.ReaderAt, size int64) (*Bundle, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not a debrief bundle, or cut short (%w)", err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, size)); err != nil {
		return nil, fmt.Errorf("reading bundle: %w", err)
	}
	b := &Bundle{SHA256: hex.EncodeToString(sum.Sum(nil)), files: map[string]*zip.File{}}
	for _, f := range archive.File {
		if b.files[f.Name] != nil {
			return nil, fmt.Errorf("entry %q: stands twice in the archive", f.Name)
		}
		b.files[f.Name] = f
	}
	if err := b.readManifest(); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	if err := b.verify(archive.File); err != nil {
		return nil, err
	}
	return b, nil
}

// Close releases the bundle's file, if it was opened from one.
func (b *Bundle) Close() error {
	if b.closer == nil {
		return nil
	}
	return b.closer.Close()
}

func (b *Bundle) readManifest() error {
	f := b.files[manifestName]
	if f == nil {
		return errors.New("missing: this is not a debrief bundle")
	}
	if f.UncompressedSize64 > maxManifest {
		return errors.New("too large")
	}
	data, err := readAll(f)
	if err != nil {
		return err
	}
	// The version first: a newer manifest may not fit today's types at all.
	var version struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return err
	}
	if version.SchemaVersion < 1 || version.SchemaVersion > SchemaVersion {
		return fmt.Errorf("schema version %d is not known to this version of debrief, which reads 1 to %d", version.SchemaVersion, SchemaVersion)
	}
	return json.Unmarshal(data, &b.Manifest)
}

// verify checks that the archive holds exactly the manifest's entries, unharmed.
func (b *Bundle) verify(files []*zip.File) error {
	listed := map[string]bool{manifestName: true}
	for _, e := range b.Manifest.Entries {
		if err := checkName(e.Name); err != nil {
			return err
		}
		if listed[e.Name] {
			return fmt.Errorf("entry %s: stands twice in the manifest", e.Name)
		}
		listed[e.Name] = true
		if err := b.verifyEntry(e); err != nil {
			return fmt.Errorf("entry %s: %w", e.Name, err)
		}
	}
	for _, f := range files {
		if !listed[f.Name] {
			return fmt.Errorf("entry %q: not listed in the manifest", f.Name)
		}
	}
	return nil
}

func (b *Bundle) verifyEntry(e Entry) error {
	f := b.files[e.Name]
	if f == nil {
		return errors.New("missing")
	}
	if e.Size < 0 || e.Size > maxEntry {
		return fmt.Errorf("claims an impossible size of %d bytes", e.Size)
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("damaged: %w", err)
	}
	defer r.Close() //nolint:errcheck // nothing was written
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, e.Size+1))
	if err != nil {
		return fmt.Errorf("damaged: %w", err)
	}
	if n != e.Size {
		return fmt.Errorf("damaged: it holds %d bytes, the manifest says %d", f.UncompressedSize64, e.Size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != e.SHA256 {
		return fmt.Errorf("damaged: its sha256 is %s, the manifest says %s", got, e.SHA256)
	}
	return nil
}

// Has tells whether the bundle holds an entry.
func (b *Bundle) Has(name string) bool { return b.files[name] != nil }

// ReadJSON decodes an entry that holds one JSON value. A missing entry is an
// error that wraps [fs.ErrNotExist].
func (b *Bundle) ReadJSON(name string, v any) error {
	f := b.files[name]
	if f == nil {
		return fmt.Errorf("bundle entry %s: %w", name, fs.ErrNotExist)
	}
	data, err := readAll(f)
	if err != nil {
		return fmt.Errorf("bundle entry %s: %w", name, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("bundle entry %s: %w", name, err)
	}
	return nil
}

// Lines decodes a JSON Lines entry value by value, each with the citation of
// its line. A missing entry has no lines: its source's coverage says why. A
// line that does not decode ends the sequence with an error that names it.
func Lines[T any](b *Bundle, name string) iter.Seq2[Cited[T], error] {
	return func(yield func(Cited[T], error) bool) {
		f := b.files[name]
		if f == nil {
			return
		}
		r, err := f.Open()
		if err != nil {
			yield(Cited[T]{}, fmt.Errorf("bundle entry %s: %w", name, err))
			return
		}
		defer r.Close() //nolint:errcheck // nothing was written
		decodeLines(r, name, maxLine, yield)
	}
}

func decodeLines[T any](r io.Reader, name string, longest int, yield func(Cited[T], error) bool) {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, longest)
	n := 1
	for ; scanner.Scan(); n++ {
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		c := Cited[T]{Citation: Line(name, n)}
		if err := json.Unmarshal(scanner.Bytes(), &c.Value); err != nil {
			yield(c, fmt.Errorf("bundle entry %s, line %d: %w", name, n, err))
			return
		}
		if !yield(c, nil) {
			return
		}
	}
	if err := scanner.Err(); err != nil {
		yield(Cited[T]{}, fmt.Errorf("bundle entry %s, line %d: %w", name, n, err))
	}
}

// Cited is a value read from a bundle, with the place it was read from.
type Cited[T any] struct {
	Value    T
	Citation Citation
}

func readAll(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // nothing was written
	return io.ReadAll(io.LimitReader(r, maxEntry))
}
