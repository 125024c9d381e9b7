package publish

import (
	"bytes"
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/output/repository"
)

// overlay is a tree as it will be with some more files in it.
func overlay(tree fs.FS, files []repository.File) fs.FS {
	o := overlaid{FS: tree, files: map[string][]byte{}}
	for _, f := range files {
		o.files[f.Path] = f.Data
	}
	return o
}

type overlaid struct {
	fs.FS
	files map[string][]byte // by path
}

// Open implements [fs.FS].
func (o overlaid) Open(name string) (fs.File, error) {
	if data, ok := o.files[name]; ok {
		return &openFile{Reader: bytes.NewReader(data), info: info{path.Base(name), int64(len(data)), 0}}, nil
	}
	file, err := o.FS.Open(name)
	if err != nil && len(o.in(name)) > 0 {
		return &openFile{Reader: bytes.NewReader(nil), info: info{name: path.Base(name), mode: fs.ModeDir}}, nil // a new folder
	}
	return file, err
}

// ReadDir implements [fs.ReadDirFS].
func (o overlaid) ReadDir(name string) ([]fs.DirEntry, error) {
	added := o.in(name)
	entries, err := fs.ReadDir(o.FS, name)
	if err != nil && len(added) == 0 {
		return nil, err
	}
	for _, e := range entries {
		if !slices.ContainsFunc(added, func(a fs.DirEntry) bool { return a.Name() == e.Name() }) {
			added = append(added, e)
		}
	}
	slices.SortFunc(added, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return added, nil
}

// in are the added files and folders in a folder.
func (o overlaid) in(dir string) []fs.DirEntry {
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	found := map[string]fs.DirEntry{}
	for name, data := range o.files {
		rest, inside := strings.CutPrefix(name, prefix)
		if !inside {
			continue
		}
		if folder, _, deeper := strings.Cut(rest, "/"); deeper {
			found[folder] = fs.FileInfoToDirEntry(info{name: folder, mode: fs.ModeDir})
		} else {
			found[rest] = fs.FileInfoToDirEntry(info{name: rest, size: int64(len(data))})
		}
	}
	var entries []fs.DirEntry
	for _, e := range found {
		entries = append(entries, e)
	}
	return entries
}

type openFile struct {
	*bytes.Reader
	info info
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode | 0o444 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
