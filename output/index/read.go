package index

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/past"
)

// The bounds of what is read.
const (
	MaxDocuments = 10_000  // in one folder; of more, the first by path are left out
	documentSize = 4 << 20 // of one document
	reportSize   = 64 << 20
)

// Read reads the postmortems in and below a folder of a file system; "." is its
// root. A document is a Markdown file that states a date, in its front matter or
// at the beginning of its name. Where the JSON form lies beside it the figures
// are taken from there: it is renewed as a whole, while front matter belongs to
// people. Files that cannot be read are in the collection's Skipped; only a
// folder that cannot be read is an error.
func Read(fsys fs.FS, dir string) (Collection, error) {
	names, err := walk(fsys, dir)
	if err != nil {
		return Collection{}, fmt.Errorf("reading the folder of postmortems: %w", err)
	}
	var c Collection
	if more := len(names.documents) - MaxDocuments; more > 0 {
		c.Skipped = append(c.Skipped, Skipped{File: ".", Reason: fmt.Sprintf("has %d documents: the first %d by path are not read", len(names.documents), more)})
		names.documents = names.documents[more:]
	}
	for _, name := range names.documents {
		r := reader{fsys: fsys, dir: dir, others: names.others, incident: Incident{Path: name}}
		if err := r.read(); err != nil {
			r.skip(name, err)
		} else {
			c.Incidents = append(c.Incidents, r.incident)
		}
		c.Skipped = append(c.Skipped, r.skipped...)
	}
	c.sort()
	return c, nil
}

// listing are a folder's files by their paths in it.
type listing struct {
	documents []string        // sorted
	others    map[string]bool // pages and JSON forms
}

// walk lists the regular files. Hidden folders, what links elsewhere, the index
// itself and blocks that debrief kept beside a document are left out.
func walk(fsys fs.FS, dir string) (listing, error) {
	found := listing{others: map[string]bool{}}
	err := fs.WalkDir(fsys, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base, within := entry.Name(), strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		if dir == "." {
			within = name
		}
		switch hidden := strings.HasPrefix(base, "."); {
		case entry.IsDir() && hidden && name != dir:
			return fs.SkipDir
		case !entry.Type().IsRegular() || hidden:
		case path.Ext(base) == ".md":
			if !isIndex(base) && !strings.Contains(base, ".edited-") {
				found.documents = append(found.documents, within)
			}
		default:
			found.others[within] = true
		}
		return nil
	})
	slices.Sort(found.documents)
	return found, err
}

// isIndex tells the names that site generators and forges take for a folder's
// own page.
func isIndex(base string) bool {
	return slices.Contains([]string{"readme.md", "index.md", "_index.md"}, strings.ToLower(base))
}

// reader reads one document.
type reader struct {
	fsys     fs.FS
	dir      string
	others   map[string]bool
	incident Incident
	skipped  []Skipped
}

func (r *reader) skip(file string, err error) {
	r.skipped = append(r.skipped, Skipped{File: file, Reason: err.Error(), Foreign: errors.Is(err, past.ErrForeign)})
}

var dated = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)

func (r *reader) read() error {
	name := r.incident.Path
	source, err := r.contents(name, documentSize)
	if err != nil {
		return err
	}
	front, err := past.ReadFront(source)
	if err != nil && !errors.Is(err, past.ErrForeign) {
		return err
	}
	base := strings.TrimSuffix(path.Base(name), ".md")
	if front.Date == "" {
		front.Date = dated.FindString(base) // older documents have no front matter
	}
	if front.Date == "" {
		return fmt.Errorf("%w: neither its front matter nor its name states a date", past.ErrForeign)
	}
	text := outlineOf(source)
	if err := r.front(front, text, base); err != nil {
		return err
	}
	r.incident.Actions = text.actions
	stem := strings.TrimSuffix(name, ".md")
	if r.others[stem+".html"] {
		r.incident.Page = stem + ".html"
	}
	if r.others[stem+".json"] {
		if err := r.report(stem + ".json"); err != nil {
			r.skip(stem+".json", err)
		}
	}
	return nil
}

// contents reads a file of a limited size.
func (r *reader) contents(name string, limit int64) ([]byte, error) {
	file, err := r.fsys.Open(path.Join(r.dir, name))
	if err != nil {
		return nil, unreadable(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("is larger than %d MiB", limit>>20)
	}
	return data, nil
}

// unreadable is an error of the file system without the path, which is told beside it.
func unreadable(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// words is a value of the front matter as a headline: one line, no more.
func words(s string) string { return shorten(printable.Line(s), 200) }

// shorten cuts a text to a number of characters.
func shorten(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return strings.TrimRight(string(runes[:most-1]), " ") + "…"
	}
	return s
}

// latest is the last of the times that are known.
func latest(times ...*time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t != nil && t.After(last) {
			last = *t
		}
	}
	return last
}
