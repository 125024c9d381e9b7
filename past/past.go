// Package past reads a folder of postmortems for what they state of
// themselves: the YAML front matter of their Markdown. Files that are no
// postmortems, or broken ones, are left out and told of; the same folder gives
// the same answer, in the order of its file names.
package past

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/debrief-sre/debrief/report"
)

// The bounds of what is read. Postmortems' names begin with their date, so that
// of too many files the earliest are left out.
const (
	MaxFiles  = 2000
	frontSize = 8 << 10 // of the front matter
)

// Skipped is a file that was left out.
type Skipped struct {
	File   string // its path
	Reason string
	// Foreign tells that it does not mean to be a postmortem: it has no front
	// matter, or not one's.
	Foreign bool
}

// Folder reads the postmortems in a folder, but not in folders below it. Links
// lead from documents in the folder out to them; an empty out is the folder
// itself. A folder that does not exist is an error, [fs.ErrNotExist].
func Folder(dir, out string) ([]report.Earlier, []Skipped, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, nil, fmt.Errorf("reading the folder of postmortems: %w", err)
	}
	way, err := wayTo(dir, out)
	if err != nil {
		return nil, nil, fmt.Errorf("linking to the folder of postmortems: %w", err)
	}
	names := markdown(entries)
	var skipped []Skipped
	if more := len(names) - MaxFiles; more > 0 {
		skipped = append(skipped, Skipped{File: dir, Reason: fmt.Sprintf("has %d Markdown files: the first %d by name are not read", len(names), more)})
		names = names[more:]
	}
	var found []report.Earlier
	for _, name := range names {
		file := filepath.Join(dir, name)
		earlier, err := read(file)
		if err != nil {
			skipped = append(skipped, Skipped{File: file, Reason: err.Error(), Foreign: errors.Is(err, ErrForeign)})
			continue
		}
		earlier.Link = (&url.URL{Path: path.Join(way, name)}).String()
		if earlier.Slug == "" {
			earlier.Slug = strings.TrimSuffix(name, ".md")
		}
		found = append(found, earlier)
	}
	return found, skipped, nil
}

// markdown are the names of the folder's Markdown files. Blocks that debrief
// itself kept beside a document are none.
func markdown(entries []fs.DirEntry) []string {
	var names []string
	for _, e := range entries {
		name := e.Name()
		if e.Type().IsRegular() && filepath.Ext(name) == ".md" && !strings.HasPrefix(name, ".") && !strings.Contains(name, ".edited-") {
			names = append(names, name)
		}
	}
	return names
}

// wayTo is the slashed relative path from one folder to another.
func wayTo(dir, out string) (string, error) {
	if out == "" {
		return "", nil
	}
	from, err := filepath.Abs(out)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	way, err := filepath.Rel(from, to)
	return filepath.ToSlash(way), err
}

func read(name string) (report.Earlier, error) {
	file, err := os.Open(name)
	if err != nil {
		return report.Earlier{}, unreadable(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, frontSize+1))
	if err != nil {
		return report.Earlier{}, unreadable(err)
	}
	return Parse(data)
}

// unreadable is an error of the file system without the path, which is told beside it.
func unreadable(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}
