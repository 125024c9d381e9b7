package gittest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// File is a file of a commit.
type File struct {
	Path string // slashed; the server takes and gives any
	Mode filemode.FileMode
	Data string // of a symbolic link where it leads, of a submodule its commit
}

// String is the file's mode, path and content, on one line.
func (f File) String() string { return fmt.Sprintf("%o %s %q", f.Mode, f.Path, f.Data) }

// Text is a regular file.
func Text(path, data string) File { return File{path, filemode.Regular, data} }

// Commit puts a commit on a branch, as a person would by pushing: its files are
// these and no others.
func (s *Server) Commit(branch string, files ...File) plumbing.Hash {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := object.Signature{Name: "Ada", Email: "ada@example.com"}
	commit := &object.Commit{Author: by, Committer: by, Message: fmt.Sprintf("%d files\n", len(files)), TreeHash: s.folder(files)}
	name := plumbing.NewBranchReferenceName(branch)
	if ref, err := s.store.Reference(name); err == nil {
		commit.ParentHashes = []plumbing.Hash{ref.Hash()}
	}
	hash := s.put(commit.Encode)
	must0(s.store.SetReference(plumbing.NewHashReference(name, hash)))
	return hash
}

// folder writes the tree of a folder.
func (s *Server) folder(files []File) plumbing.Hash {
	below := map[string][]File{}
	tree := &object.Tree{}
	for _, f := range files {
		if folder, rest, nested := strings.Cut(f.Path, "/"); nested {
			f.Path = rest
			below[folder] = append(below[folder], f)
			continue
		}
		tree.Entries = append(tree.Entries, object.TreeEntry{Name: f.Path, Mode: f.Mode, Hash: s.blob(f)})
	}
	for name, files := range below {
		tree.Entries = append(tree.Entries, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: s.folder(files)})
	}
	slices.SortStableFunc(tree.Entries, func(a, b object.TreeEntry) int { return strings.Compare(sortedAs(a), sortedAs(b)) })
	return s.put(tree.Encode)
}

func sortedAs(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

func (s *Server) blob(f File) plumbing.Hash {
	if f.Mode == filemode.Submodule {
		return plumbing.NewHash(f.Data)
	}
	return s.put(func(o plumbing.EncodedObject) error {
		o.SetType(plumbing.BlobObject)
		_, err := must(o.Writer()).Write([]byte(f.Data))
		return err
	})
}

func (s *Server) put(encode func(plumbing.EncodedObject) error) plumbing.Hash {
	o := s.store.NewEncodedObject()
	must0(encode(o))
	return must(s.store.SetEncodedObject(o))
}

// Delete removes a branch, as forges do after a merge.
func (s *Server) Delete(branch string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must0(s.store.RemoveReference(plumbing.NewBranchReferenceName(branch)))
}

// Tip is the newest commit of a branch; nil if there is no such branch.
func (s *Server) Tip(branch string) *object.Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tip(branch)
}

func (s *Server) tip(branch string) *object.Commit {
	ref, err := s.store.Reference(plumbing.NewBranchReferenceName(branch))
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return nil
	}
	return must(object.GetCommit(s.store, must(ref, err).Hash()))
}

// Count is the number of commits on a branch.
func (s *Server) Count(branch string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for commit := s.tip(branch); commit != nil; n++ {
		if len(commit.ParentHashes) == 0 {
			return n + 1
		}
		commit = must(object.GetCommit(s.store, commit.ParentHashes[0]))
	}
	return n
}

// Files are what the tip of a branch has, in git's order.
func (s *Server) Files(branch string) (files []File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if commit := s.tip(branch); commit != nil {
		s.list(commit.TreeHash, "", &files)
	}
	return files
}

func (s *Server) list(tree plumbing.Hash, below string, files *[]File) {
	for _, e := range must(object.GetTree(s.store, tree)).Entries {
		f := File{Path: below + e.Name, Mode: e.Mode, Data: e.Hash.String()}
		switch e.Mode {
		case filemode.Dir:
			s.list(e.Hash, f.Path+"/", files)
			continue
		case filemode.Submodule:
		default:
			f.Data = string(must(io.ReadAll(must(must(object.GetBlob(s.store, e.Hash)).Reader()))))
		}
		*files = append(*files, f)
	}
}
