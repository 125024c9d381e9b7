package repository

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

const (
	// MaxFile is the size in bytes of the largest file that is read. Larger
	// ones stay as they are.
	MaxFile = 16 << 20
	// largestFolder bounds a tree object: some 400,000 files in one folder.
	largestFolder = 32 << 20
	// foldersKept are read once, as their files are read one after another.
	foldersKept = 64
)

// objects are git's objects on disk: what was fetched and what is to be pushed.
// The store of go-git is not made for several goroutines; this is.
type objects struct {
	mu      sync.Mutex
	store   *filesystem.Storage
	largest int64           // file that is read, in bytes
	commits []plumbing.Hash // whose files are all there, the last one at the end
	folders map[plumbing.Hash][]object.TreeEntry
}

func newObjects(dir string) (*objects, error) {
	store := filesystem.NewStorageWithOptions(osfs.New(dir, osfs.WithBoundOS()), cache.NewObjectLRU(16*cache.MiByte),
		filesystem.Options{ExclusiveAccess: true, KeepDescriptors: true})
	if err := store.Init(); err != nil {
		return nil, err
	}
	return &objects{store: store, largest: MaxFile, folders: map[plumbing.Hash][]object.TreeEntry{}}, nil
}

func (o *objects) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.store.Close()
}

// complete says whether a commit and its files are there.
func (o *objects) complete(commit plumbing.Hash) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.commits, commit)
}

// tip is the newest complete commit, if there is one.
func (o *objects) tip() plumbing.Hash {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.commits) == 0 {
		return plumbing.ZeroHash
	}
	return o.commits[len(o.commits)-1]
}

// add stores a pack that brings a commit.
func (o *objects) add(commit plumbing.Hash, pack io.Reader) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := packfile.UpdateObjectStorage(o.store, pack); err != nil {
		return fmt.Errorf("fetching commit %s: %w", commit, err)
	}
	if _, err := o.store.EncodedObject(plumbing.CommitObject, commit); err != nil {
		return fmt.Errorf("the server did not send commit %s", commit)
	}
	o.commits = append(o.commits, commit)
	return nil
}

// pushed marks a commit of ours as one that the server has, too.
func (o *objects) pushed(commit plumbing.Hash) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.commits = append(o.commits, commit)
}

// rootOf is the folder of a commit.
func (o *objects) rootOf(commit plumbing.Hash) (plumbing.Hash, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c, err := object.GetCommit(o.store, commit)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("reading commit %s: %w", commit, err)
	}
	return c.TreeHash, nil
}

// folder gives what a tree object lists, as it is: the names may be anything.
// Callers must not change the slice. The zero hash is an empty folder.
func (o *objects) folder(hash plumbing.Hash) ([]object.TreeEntry, error) {
	if hash.IsZero() {
		return nil, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if entries, ok := o.folders[hash]; ok {
		return entries, nil
	}
	encoded, err := o.read(plumbing.TreeObject, hash, largestFolder)
	if err != nil {
		return nil, fmt.Errorf("reading folder %s: %w", hash, err)
	}
	var tree object.Tree
	if err := tree.Decode(encoded); err != nil {
		return nil, fmt.Errorf("reading folder %s: %w", hash, err)
	}
	if len(o.folders) >= foldersKept {
		clear(o.folders)
	}
	o.folders[hash] = tree.Entries
	return tree.Entries, nil
}

var errTooLarge = errors.New("too large to be read")

// read gives an object that is not larger than it may be. The caller holds the lock.
func (o *objects) read(kind plumbing.ObjectType, hash plumbing.Hash, largest int64) (plumbing.EncodedObject, error) {
	size, err := o.store.EncodedObjectSize(hash)
	if err != nil {
		return nil, err
	}
	if size > largest {
		return nil, errTooLarge
	}
	return o.store.EncodedObject(kind, hash)
}

// file gives a file's content.
func (o *objects) file(hash plumbing.Hash) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	encoded, err := o.read(plumbing.BlobObject, hash, o.largest)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, errTooLarge // it was left at the server
	}
	if err != nil {
		return nil, err
	}
	reader, err := encoded.Reader()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(reader)
	return data, errors.Join(err, reader.Close())
}

// size is a file's size in bytes; of one that was left at the server, the
// smallest that it can be.
func (o *objects) size(hash plumbing.Hash) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	size, err := o.store.EncodedObjectSize(hash)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return o.largest + 1, nil
	}
	return size, err
}

// write stores an object.
func (o *objects) write(encode func(plumbing.EncodedObject) error) (plumbing.Hash, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	encoded := o.store.NewEncodedObject()
	if err := encode(encoded); err != nil {
		return plumbing.ZeroHash, err
	}
	return o.store.SetEncodedObject(encoded)
}

// pack gives objects in the form that is sent. They are documents: small enough
// to be held at once.
func (o *objects) pack(hashes []plumbing.Hash) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var packed bytes.Buffer
	const noDeltas = 0
	if _, err := packfile.NewEncoder(&packed, o.store, false).Encode(hashes, noDeltas); err != nil {
		return nil, fmt.Errorf("packing the commit: %w", err)
	}
	return packed.Bytes(), nil
}
