package repository

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// tree is a commit's files. Nothing is on disk under the names that they have.
type tree struct {
	objects *objects
	root    plumbing.Hash // zero: empty
}

var (
	_ fs.ReadDirFS  = tree{}
	_ fs.ReadFileFS = tree{}
	_ fs.StatFS     = tree{}
)

func newTree(objects *objects, root plumbing.Hash) tree { return tree{objects, root} }

// visible says whether an entry is a regular file or a folder with a name that
// is one.
func visible(e object.TreeEntry) bool {
	if e.Name == "." || strings.ContainsAny(e.Name, "/\x00") || !fs.ValidPath(e.Name) || isDotGit(e.Name) {
		return false
	}
	return e.Mode == filemode.Dir || isFile(e.Mode)
}

func isFile(mode filemode.FileMode) bool {
	return mode == filemode.Regular || mode == filemode.Executable || mode == filemode.Deprecated
}

// find follows a path, and no link.
func (t tree) find(op, name string) (node, error) {
	if !fs.ValidPath(name) {
		return node{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	at := node{t.objects, object.TreeEntry{Name: ".", Mode: filemode.Dir, Hash: t.root}}
	if name == "." {
		return at, nil
	}
	for element := range strings.SplitSeq(name, "/") {
		if !at.IsDir() {
			return node{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		entries, err := t.objects.folder(at.entry.Hash)
		if err != nil {
			return node{}, &fs.PathError{Op: op, Path: name, Err: err}
		}
		i := slices.IndexFunc(entries, func(e object.TreeEntry) bool { return e.Name == element && visible(e) })
		if i < 0 {
			return node{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		at.entry = entries[i]
	}
	return at, nil
}

// Open is part of [fs.FS].
func (t tree) Open(name string) (fs.File, error) {
	found, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if found.IsDir() {
		entries, err := found.list()
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return &openFolder{found, entries}, nil
	}
	info, data, err := found.read()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &openFile{info, *strings.NewReader(string(data))}, nil
}

// ReadFile is part of [fs.ReadFileFS].
func (t tree) ReadFile(name string) ([]byte, error) {
	found, err := t.find("read", name)
	if err != nil {
		return nil, err
	}
	if found.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errIsFolder}
	}
	_, data, err := found.read()
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// ReadDir is part of [fs.ReadDirFS].
func (t tree) ReadDir(name string) ([]fs.DirEntry, error) {
	found, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	entries, err := found.list()
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return entries, nil
}

// Stat is part of [fs.StatFS].
func (t tree) Stat(name string) (fs.FileInfo, error) {
	found, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return found.Info()
}

var (
	errIsFolder = errors.New("is a folder")
	errNoFolder = errors.New("is no folder")
)

// node is a file or a folder. It is the [fs.DirEntry] of itself.
type node struct {
	objects *objects
	entry   object.TreeEntry
}

func (n node) Name() string { return path.Base(n.entry.Name) }
func (n node) IsDir() bool  { return n.entry.Mode == filemode.Dir }

func (n node) Type() fs.FileMode {
	if n.IsDir() {
		return fs.ModeDir
	}
	return 0
}

func (n node) Info() (fs.FileInfo, error) {
	if n.IsDir() {
		return info{n, 0}, nil
	}
	size, err := n.objects.size(n.entry.Hash)
	return info{n, size}, err
}

func (n node) read() (info, []byte, error) {
	data, err := n.objects.file(n.entry.Hash)
	return info{n, int64(len(data))}, data, err
}

// list gives a folder's entries by name. Of a name that a damaged tree has
// twice, the first counts, as it does for find.
func (n node) list() ([]fs.DirEntry, error) {
	if !n.IsDir() {
		return nil, errNoFolder
	}
	entries, err := n.objects.folder(n.entry.Hash)
	if err != nil {
		return nil, err
	}
	var listed []fs.DirEntry
	for _, e := range entries {
		if visible(e) {
			listed = append(listed, node{n.objects, e})
		}
	}
	byName := func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) }
	slices.SortStableFunc(listed, byName)
	return slices.CompactFunc(listed, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() }), nil
}

// info is a file's description. Git keeps no times.
type info struct {
	node
	size int64
}

func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	switch i.entry.Mode {
	case filemode.Dir:
		return fs.ModeDir | 0o555
	case filemode.Executable:
		return 0o555
	default:
		return 0o444
	}
}

type openFile struct {
	info info
	strings.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openFolder struct {
	node
	left []fs.DirEntry
}

func (f *openFolder) Stat() (fs.FileInfo, error) { return f.Info() }
func (f *openFolder) Close() error               { return nil }

func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.Name(), Err: errIsFolder}
}

// ReadDir is part of [fs.ReadDirFile].
func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(f.left)
	} else if len(f.left) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.left))
	next := f.left[:n]
	f.left = f.left[n:]
	return next, nil
}
