package past

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/debrief-sre/debrief/report"
)

// Tree reads the postmortems in a folder of a file tree and in the folders
// below it. Links lead from documents in the folder from out to them. A folder
// that does not exist holds none.
func Tree(tree fs.FS, root, from string) ([]report.Earlier, []Skipped, error) {
	var found []report.Earlier
	var skipped []Skipped
	err := fs.WalkDir(tree, root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == root:
			return fs.SkipAll
		case err != nil:
			return fmt.Errorf("reading the folder of postmortems: %w", err)
		case entry.IsDir() && name != root && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case len(markdown([]fs.DirEntry{entry})) == 0:
			return nil
		case len(found) == MaxFiles:
			skipped = append(skipped, Skipped{File: root, Reason: fmt.Sprintf("has more than %d postmortems: the last by name are not read", MaxFiles)})
			return fs.SkipAll
		}
		earlier, err := readFrom(tree, name)
		if err != nil {
			skipped = append(skipped, Skipped{File: name, Reason: err.Error(), Foreign: errors.Is(err, ErrForeign)})
			return nil
		}
		way, err := filepath.Rel(filepath.FromSlash(from), filepath.FromSlash(name))
		if err != nil {
			return fmt.Errorf("linking to %s: %w", name, err)
		}
		earlier.Link = (&url.URL{Path: filepath.ToSlash(way)}).String()
		if earlier.Slug == "" {
			earlier.Slug = strings.TrimSuffix(path.Base(name), ".md")
		}
		found = append(found, earlier)
		return nil
	})
	return found, skipped, err
}

func readFrom(tree fs.FS, name string) (report.Earlier, error) {
	file, err := tree.Open(name)
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
