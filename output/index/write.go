package index

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/debrief-sre/debrief/output"
)

// Write reads a folder and writes its index there. Files that would not change
// are left alone; written are the paths of the others. Skipped are the files
// that were left out, those that are no postmortems among them, and a Markdown
// page without a place for the index. A block that was edited by hand is an
// *[output.EditedError], and nothing is written; with force it is kept in a
// file beside the page.
func Write(dir string, o Options) (written []string, skipped []Skipped, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the folder of postmortems: %w", err)
	}
	defer root.Close() //nolint:errcheck // it was only read
	files, skipped, err := Changes(root.FS(), o)
	if err != nil {
		return nil, skipped, err
	}
	for _, f := range files {
		name := filepath.Join(dir, f.Name)
		err := output.WriteFile(name, func(w io.Writer) error {
			_, err := w.Write(f.Data)
			return err
		})
		if err != nil {
			return written, skipped, err
		}
		written = append(written, name)
	}
	return written, skipped, nil
}

// Changes are the files that [Write] would write into a folder.
func Changes(folder fs.FS, o Options) (files []File, skipped []Skipped, err error) {
	c, err := Read(folder, ".")
	if err != nil {
		return nil, nil, err
	}
	fresh, err := Files(c, o)
	if err != nil {
		return nil, c.Skipped, err
	}
	files, homeless, err := changes(folder, fresh, o.Force)
	return files, append(c.Skipped, homeless...), err
}

// changes are the files as they shall be, of which the folder has others.
func changes(folder fs.FS, fresh []File, force bool) (files []File, homeless []Skipped, err error) {
	for _, f := range fresh {
		existing, err := fs.ReadFile(folder, f.Name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			files = append(files, f)
			continue
		case err != nil:
			return nil, nil, fmt.Errorf("reading the existing index: %w", err)
		case f.Shared && !HasBlock(existing):
			homeless = append(homeless, Skipped{File: f.Name, Reason: "has no place for the index: add the lines " + placeholder})
			continue
		}
		data, replaced, err := f.Onto(existing, force)
		if err != nil {
			return nil, nil, err
		}
		for _, edited := range replaced {
			name := strings.TrimSuffix(f.Name, ".md") + ".edited-" + edited.Name + ".md"
			files = append(files, File{Name: name, Data: []byte(edited.Body)})
		}
		if !bytes.Equal(existing, data) {
			f.Data = data
			files = append(files, f)
		}
	}
	return files, homeless, nil
}

const placeholder = "<!-- debrief:begin " + blockName + " --> and <!-- debrief:end " + blockName + " -->"
