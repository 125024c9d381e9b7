package repository

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// File is a file to write or, without Data, to remove. Data that is empty and
// not nil is an empty file.
type File struct {
	Path string // slashed, from the repository's root
	Data []byte
}

// branching is a part of the files to change: what is in one folder.
type branching struct {
	file    *File                 // the change of this path itself
	folders map[string]*branching // the changes below it
}

// plan sorts files by folder. It refuses paths that are not safe everywhere,
// and a path that is there twice.
func plan(files []File) (*branching, error) {
	root := &branching{}
	for _, f := range files {
		if err := CheckPath(f.Path); err != nil {
			return nil, err
		}
		at := root
		for element := range strings.SplitSeq(f.Path, "/") {
			if at.folders == nil {
				at.folders = map[string]*branching{}
			}
			if at.folders[element] == nil {
				at.folders[element] = &branching{}
			}
			at = at.folders[element]
		}
		if at.file != nil {
			return nil, fmt.Errorf("file %q is to be written twice in one change", f.Path)
		}
		at.file = &f
	}
	return root, nil
}

// edit writes the blobs and trees of a change.
type edit struct {
	objects *objects
	written []plumbing.Hash
}

func (e *edit) write(encode func(plumbing.EncodedObject) error) (plumbing.Hash, error) {
	hash, err := e.objects.write(encode)
	if err == nil {
		e.written = append(e.written, hash)
	}
	return hash, err
}

// folder gives a folder with its part of the change. Folders that the change
// does not touch are not even read; entries that it does not touch stay as they
// are. The zero hash is a folder without files, which git does not have.
func (e *edit) folder(old plumbing.Hash, change *branching, where string) (plumbing.Hash, error) {
	entries, err := e.objects.folder(old)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	entries = slices.Clone(entries)
	changed := false
	for _, name := range slices.Sorted(maps.Keys(change.folders)) {
		i := slices.IndexFunc(entries, func(e object.TreeEntry) bool { return e.Name == name })
		was := object.TreeEntry{Name: name}
		if i >= 0 {
			was = entries[i]
		}
		is, err := e.entry(was, change.folders[name], where+name)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		switch {
		case is == was:
			continue
		case is.Hash.IsZero():
			entries = slices.Delete(entries, i, i+1)
		case i < 0:
			entries = append(entries, is)
		default:
			entries[i] = is
		}
		changed = true
	}
	switch {
	case !changed:
		return old, nil
	case len(entries) == 0:
		return plumbing.ZeroHash, nil
	}
	sort.Sort(object.TreeEntrySorter(entries)) // as git compares them, with a slash after folders
	return e.write((&object.Tree{Entries: entries}).Encode)
}

// entry gives one entry of a folder after its part of the change. An entry
// without a hash is not there.
func (e *edit) entry(was object.TreeEntry, change *branching, where string) (object.TreeEntry, error) {
	is := was
	if change.file != nil {
		var err error
		if is, err = e.file(was, *change.file); err != nil {
			return is, err
		}
	}
	if change.folders == nil {
		return is, nil
	}
	if !is.Hash.IsZero() && is.Mode != filemode.Dir {
		if !change.writes() {
			return is, nil // what is to be removed below it is not there
		}
		return is, fmt.Errorf("%w: %q has to be a folder, and is not", ErrInTheWay, where)
	}
	hash, err := e.folder(is.Hash, change, where+"/")
	if err != nil || hash.IsZero() {
		return object.TreeEntry{Name: was.Name}, err
	}
	return object.TreeEntry{Name: was.Name, Mode: filemode.Dir, Hash: hash}, nil
}

// writes says whether there is more to do below a path than to remove.
func (b *branching) writes() bool {
	for _, below := range b.folders {
		if below.file != nil && below.file.Data != nil || below.writes() {
			return true
		}
	}
	return false
}

// file writes or removes one file. A link is not followed, and not replaced.
func (e *edit) file(was object.TreeEntry, f File) (object.TreeEntry, error) {
	switch {
	case f.Data == nil && was.Hash.IsZero():
		return was, nil
	case !was.Hash.IsZero() && !isFile(was.Mode):
		return was, fmt.Errorf("%w: %q has to be a regular file, and is not", ErrInTheWay, f.Path)
	case f.Data == nil:
		return object.TreeEntry{Name: was.Name}, nil
	}
	if plumbing.ComputeHash(plumbing.BlobObject, f.Data) == was.Hash {
		return was, nil
	}
	hash, err := e.write(func(o plumbing.EncodedObject) error {
		o.SetType(plumbing.BlobObject)
		w, err := o.Writer()
		if err != nil {
			return err
		}
		_, err = bytes.NewReader(f.Data).WriteTo(w)
		return err
	})
	is := object.TreeEntry{Name: was.Name, Mode: filemode.Regular, Hash: hash}
	if was.Mode == filemode.Executable {
		is.Mode = filemode.Executable
	}
	return is, err
}
