package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/google/renameio/v2"
)

const manifestName = "manifest.json"

// entryTime is the earliest time that a zip archive can state.
var entryTime = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Writer gathers the entries of a bundle. Entries are spooled to a temporary
// folder, so that sources can write theirs at the same time and none is held
// in memory. Its methods may be called concurrently; one File may not.
type Writer struct {
	// Filter rewrites every value before it is stored, the manifest included.
	// Set it before the first entry is created; nil stores values as they are.
	Filter Filter

	dir string

	mu       sync.Mutex
	files    map[string]*File
	coverage []Coverage
}

// Filter rewrites one JSON value, to keep secrets out of a bundle, and counts
// what it took out. It may be called concurrently.
type Filter func(value []byte) (rewritten []byte, redactions int, err error)

// NewWriter prepares a bundle. Call Discard when done, sealed or not.
func NewWriter() (*Writer, error) {
	dir, err := os.MkdirTemp("", "debrief-bundle-")
	if err != nil {
		return nil, fmt.Errorf("creating a folder for the bundle: %w", err)
	}
	return &Writer{dir: dir, files: map[string]*File{}}, nil
}

// Discard removes the spooled entries.
func (w *Writer) Discard() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, f := range w.files {
		if f.file != nil {
			errs = append(errs, f.file.Close())
			f.file = nil
		}
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// Cover adds a source's coverage record.
func (w *Writer) Cover(c ...Coverage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.coverage = append(w.coverage, c...)
}

// File is an entry being written.
type File struct {
	name  string
	file  *os.File
	buf   *bufio.Writer
	sum   hash.Hash
	size  int64
	lines int

	filter     Filter
	redactions int
}

// Create starts an entry, such as "kubernetes/events.jsonl". It is an error to
// create a name twice or one that is no clean relative path.
func (w *Writer) Create(name string) (*File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.files[name] != nil {
		return nil, fmt.Errorf("bundle entry %s: written twice", name)
	}
	file, err := os.CreateTemp(w.dir, "entry-")
	if err != nil {
		return nil, fmt.Errorf("bundle entry %s: %w", name, err)
	}
	f := &File{name: name, file: file, buf: bufio.NewWriter(file), sum: sha256.New(), filter: w.Filter}
	w.files[name] = f
	return f, nil
}

// write appends bytes as they are.
func (f *File) write(p []byte) (int, error) {
	n, err := f.buf.Write(p)
	f.sum.Write(p[:n])
	f.size += int64(n)
	if err != nil {
		return n, fmt.Errorf("bundle entry %s: %w", f.name, err)
	}
	return n, nil
}

// Append writes v as one line of JSON Lines. HTML characters are not escaped:
// PromQL stays readable.
func (f *File) Append(v any) error {
	line, redactions, err := encode(v, "", f.filter)
	if err != nil {
		return fmt.Errorf("bundle entry %s, line %d: %w", f.name, f.lines+1, err)
	}
	if _, err := f.write(line); err != nil {
		return err
	}
	f.lines++
	f.redactions += redactions
	return nil
}

// encode makes one line of JSON of a value and filters it.
func encode(v any, indent string, filter Filter) (line []byte, redactions int, err error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, 0, err
	}
	if filter == nil {
		return buf.Bytes(), 0, nil
	}
	line, redactions, err = filter(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
	return append(line, '\n'), redactions, err
}

// Lines is the number of values appended so far.
func (f *File) Lines() int { return f.lines }

// WriteJSON writes a whole entry holding the one value v.
func (w *Writer) WriteJSON(name string, v any) error {
	f, err := w.Create(name)
	if err != nil {
		return err
	}
	return f.Append(v)
}

// Seal writes the bundle to path: first to a temporary file beside it, then
// renamed. Of the manifest, the schema version, the entries and the coverage
// are filled in from what was written.
func (w *Writer) Seal(path string, m Manifest) error {
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("writing bundle: %w", err)
	}
	defer pending.Cleanup() //nolint:errcheck // the file is gone or will be found by the next run
	if err := w.WriteTo(pending, m); err != nil {
		return err
	}
	if err := pending.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("writing bundle %s: %w", filepath.Base(path), err)
	}
	return nil
}

// compareCoverage orders records whatever the order in which their sources finished.
func compareCoverage(a, b Coverage) int {
	return cmp.Or(
		cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.Asked, b.Asked),
		cmp.Compare(a.Status, b.Status),
		cmp.Compare(a.Reason, b.Reason),
		cmp.Compare(a.Objects, b.Objects),
	)
}

// WriteTo writes the sealed bundle to out.
func (w *Writer) WriteTo(out io.Writer, m Manifest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.SchemaVersion = SchemaVersion
	m.Coverage = slices.SortedFunc(slices.Values(w.coverage), compareCoverage)
	m.Entries = []Entry{}
	files := slices.SortedFunc(maps.Values(w.files), func(a, b *File) int { return cmp.Compare(a.name, b.name) })
	for _, f := range files {
		m.Entries = append(m.Entries, Entry{Name: f.name, Size: f.size, SHA256: hex.EncodeToString(f.sum.Sum(nil))})
		countRedactions(m.Coverage, f.name, f.redactions)
	}

	archive := zip.NewWriter(out)
	if err := writeManifest(archive, m, w.Filter); err != nil {
		return err
	}
	for _, f := range files {
		if err := f.copyTo(archive); err != nil {
			return fmt.Errorf("bundle entry %s: %w", f.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("writing bundle: %w", err)
	}
	return nil
}

// countRedactions adds what was taken out of an entry to the coverage record of
// its source: the one that is named like it, else the source's first.
func countRedactions(coverage []Coverage, entry string, redactions int) {
	if redactions == 0 {
		return
	}
	named := strings.TrimSuffix(entry, path.Ext(entry))
	i := slices.IndexFunc(coverage, func(c Coverage) bool { return c.Source == named })
	if i < 0 {
		source := path.Dir(entry)
		i = slices.IndexFunc(coverage, func(c Coverage) bool { return c.Source == source || strings.HasPrefix(c.Source, source+"/") })
	}
	if i >= 0 {
		coverage[i].Redactions += redactions
	}
}

func writeManifest(archive *zip.Writer, m Manifest, filter Filter) error {
	entry, err := createEntry(archive, manifestName)
	if err != nil {
		return fmt.Errorf("writing %s: %w", manifestName, err)
	}
	data, _, err := encode(m, "  ", filter)
	if err == nil {
		_, err = entry.Write(data)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", manifestName, err)
	}
	return nil
}

func (f *File) copyTo(archive *zip.Writer) error {
	if err := f.buf.Flush(); err != nil {
		return err
	}
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	entry, err := createEntry(archive, f.name)
	if err != nil {
		return err
	}
	_, err = io.Copy(entry, f.file)
	return err
}

func createEntry(archive *zip.Writer, name string) (io.Writer, error) {
	return archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: entryTime})
}

// checkName refuses names that could leave a folder or clash with the manifest.
func checkName(name string) error {
	if name == manifestName || name == "." || !fs.ValidPath(name) || strings.ContainsAny(name, "\\:#") || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("bundle entry %q: not a usable name", name)
	}
	return nil
}

// Copy takes an entry over from another bundle as it is.
func (w *Writer) Copy(from *Bundle, name string) error {
	source := from.files[name]
	if source == nil {
		return fmt.Errorf("bundle entry %s: %w", name, fs.ErrNotExist)
	}
	r, err := source.Open()
	if err != nil {
		return fmt.Errorf("bundle entry %s: %w", name, err)
	}
	defer r.Close() //nolint:errcheck // nothing was written
	f, err := w.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(writerFunc(f.write), r)
	return err
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }
