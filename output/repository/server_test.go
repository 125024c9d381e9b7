package repository

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/storage/memory"
)

// server is a git server over HTTP that keeps its repository in memory. Unlike
// go-git's own it knows shallow fetches, filters, the comparison of a branch's
// old tip, and it refuses commits whose objects it does not have.
type server struct {
	URL string

	mu       sync.Mutex
	store    *memory.Storage
	head     string
	requests []*http.Request

	// What a test may set before it makes requests. They are called with the
	// lock held.
	token    string                                           // that a request needs
	answer   func(w http.ResponseWriter, service string) bool // answers instead
	refuse   func(branch string) (status, words string)       // a hook
	pushing  func()                                           // before a branch is compared
	pushed   func(w http.ResponseWriter) bool                 // after it was moved: answers instead
	noFilter bool

	sent     []plumbing.Hash // objects of the last fetch
	received []plumbing.Hash // objects of the last push
	filter   string          // of the last fetch
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{store: memory.NewStorage(), head: "main"}
	web := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(web.Close)
	s.URL = web.URL + "/team/postmortems.git"
	return s
}

func (s *server) serve(w http.ResponseWriter, q *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, q)
	service := q.URL.Query().Get("service")
	path, found := strings.CutPrefix(q.URL.Path, "/team/postmortems.git/")
	if service == "" {
		service = path
	}
	_, password, _ := q.BasicAuth()
	switch {
	case s.answer != nil && s.answer(w, service):
	case s.token != "" && password != s.token:
		http.Error(w, "invalid credentials", http.StatusUnauthorized)
	case !found:
		http.NotFound(w, q)
	case path == "info/refs":
		s.advertise(w, service)
	case path == "git-upload-pack":
		s.upload(w, q.Body)
	case path == "git-receive-pack":
		s.receive(w, q.Body)
	default:
		http.NotFound(w, q)
	}
}

func (s *server) advertise(w io.Writer, service string) {
	refs := packp.NewAdvRefs()
	if _, web := w.(http.ResponseWriter); web {
		refs.Prefix = [][]byte{[]byte("# service=" + service), pktline.Flush}
	}
	capabilities := []string{"report-status", "ofs-delta", "side-band-64k", "delete-refs", "agent=test"}
	if service == "git-upload-pack" {
		capabilities = []string{"shallow", "ofs-delta", "side-band-64k", "no-progress", "agent=test"}
		if !s.noFilter {
			capabilities = append(capabilities, "filter")
		}
	}
	for name, ref := range s.store.ReferenceStorage {
		refs.References[name.String()] = ref.Hash()
		if service == "git-upload-pack" && name.Short() == s.head {
			head := ref.Hash()
			refs.Head = &head
			capabilities = append(capabilities, "symref=HEAD:"+name.String())
		}
	}
	for _, c := range capabilities {
		name, value, has := strings.Cut(c, "=")
		if has {
			must0(refs.Capabilities.Add(capability.Capability(name), value))
		} else {
			must0(refs.Capabilities.Add(capability.Capability(name)))
		}
	}
	must0(refs.Encode(w))
}

// upload answers the one request that a client makes for a commit.
func (s *server) upload(w io.Writer, body io.Reader) {
	var want, have plumbing.Hash
	var limit int64 = 1 << 62
	depth := 0
	s.filter = ""
	lines := pktline.NewScanner(body)
	for lines.Scan() {
		fields := strings.Fields(string(lines.Bytes()))
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "want":
			want = plumbing.NewHash(fields[1])
		case "have":
			have = plumbing.NewHash(fields[1])
		case "deepen":
			depth = must(strconv.Atoi(fields[1]))
		case "filter":
			s.filter = fields[1]
			limit = must(strconv.ParseInt(strings.TrimPrefix(fields[1], "blob:limit="), 10, 64))
		}
	}
	line := pktline.NewEncoder(w)
	if depth != 1 {
		must0(line.Encodef("ERR this server is for shallow fetches\n"))
		return
	}
	must0(line.Encodef("shallow %s\n", want))
	must0(line.Flush())
	known := map[plumbing.Hash]bool{}
	if have.IsZero() {
		must0(line.Encodef("NAK\n"))
	} else {
		must0(line.Encodef("ACK %s\n", have))
		must0(s.walk(have, known, func(plumbing.Hash) {}))
	}
	s.sent = nil
	must0(s.walk(want, known, func(h plumbing.Hash) {
		if blob, err := s.store.EncodedObject(plumbing.BlobObject, h); err != nil || blob.Size() < limit {
			s.sent = append(s.sent, h)
		}
	}))
	var pack bytes.Buffer
	_ = must(packfile.NewEncoder(&pack, s.store, false).Encode(s.sent, 0))
	band := sideband.NewMuxer(sideband.Sideband64k, w)
	for part := range slices.Chunk(pack.Bytes(), 32<<10) {
		_ = must(band.Write(part))
	}
	must0(line.Flush())
}

// walk visits a commit and its files, without its history. It fails if one of
// them is missing.
func (s *server) walk(hash plumbing.Hash, seen map[plumbing.Hash]bool, visit func(plumbing.Hash)) error {
	if seen[hash] {
		return nil
	}
	seen[hash] = true
	encoded, err := s.store.EncodedObject(plumbing.AnyObject, hash)
	if err != nil {
		return fmt.Errorf("object %s: %w", hash, err)
	}
	visit(hash)
	switch encoded.Type() {
	case plumbing.CommitObject:
		commit, err := object.DecodeCommit(s.store, encoded)
		if err != nil {
			return err
		}
		return s.walk(commit.TreeHash, seen, visit)
	case plumbing.TreeObject:
		tree, err := object.DecodeTree(s.store, encoded)
		if err != nil {
			return err
		}
		for _, e := range tree.Entries {
			if e.Mode == filemode.Submodule {
				continue
			}
			if err := s.walk(e.Hash, seen, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *server) receive(w io.Writer, body io.ReadCloser) {
	request := packp.NewReferenceUpdateRequest()
	must0(request.Decode(body))
	pack := must(io.ReadAll(request.Packfile))
	s.received = objectsOf(pack)
	must0(packfile.UpdateObjectStorage(s.store, bytes.NewReader(pack)))
	if s.pushing != nil {
		s.pushing()
	}
	command := request.Commands[0]
	status, words := s.move(command)
	if answer, web := w.(http.ResponseWriter); web && s.pushed != nil && s.pushed(answer) {
		return
	}
	report := packp.NewReportStatus()
	report.UnpackStatus = "ok"
	report.CommandStatuses = []*packp.CommandStatus{{ReferenceName: command.Name, Status: status}}
	var encoded bytes.Buffer
	must0(report.Encode(&encoded))
	band := sideband.NewMuxer(sideband.Sideband64k, w)
	if words != "" {
		_ = must(band.WriteChannel(sideband.ProgressMessage, []byte(words)))
	}
	_ = must(band.Write(encoded.Bytes()))
	must0(pktline.NewEncoder(w).Flush())
}

// move does to a branch what git does: nothing, unless all is there, the branch
// is what the client thinks, and the hook agrees.
func (s *server) move(c *packp.Command) (status, words string) {
	commit, err := object.GetCommit(s.store, c.New)
	if err != nil {
		return "missing necessary objects", ""
	}
	for _, parent := range commit.ParentHashes {
		if s.store.HasEncodedObject(parent) != nil {
			return "missing necessary objects", ""
		}
	}
	if s.walk(c.New, map[plumbing.Hash]bool{}, func(plumbing.Hash) {}) != nil {
		return "missing necessary objects", ""
	}
	if s.refuse != nil {
		if status, words := s.refuse(c.Name.Short()); status != "" {
			return status, words
		}
	}
	var old plumbing.Hash
	if ref, err := s.store.Reference(c.Name); err == nil {
		old = ref.Hash()
	}
	if old != c.Old || !c.Old.IsZero() && !slices.Contains(commit.ParentHashes, c.Old) {
		return "failed to update ref", ""
	}
	must0(s.store.SetReference(plumbing.NewHashReference(c.Name, c.New)))
	return "ok", ""
}

func objectsOf(pack []byte) (hashes []plumbing.Hash) {
	into := memory.NewStorage()
	must0(packfile.UpdateObjectStorage(into, bytes.NewReader(pack)))
	for hash := range into.Objects {
		hashes = append(hashes, hash)
	}
	return hashes
}

// entry is a file of a commit that a test makes. Its mode is Regular if it has none.
type entry struct {
	name string // of one element, or of several with slashes
	mode filemode.FileMode
	data string
}

// commit puts a commit on a branch, as a person would by pushing.
func (s *server) commit(branch string, entries ...entry) plumbing.Hash {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commitLocked(branch, entries...)
}

func (s *server) commitLocked(branch string, entries ...entry) plumbing.Hash {
	by := object.Signature{Name: "Ada", Email: "ada@example.com"}
	commit := &object.Commit{Author: by, Committer: by, Message: fmt.Sprintf("%d files\n", len(entries)), TreeHash: s.folder(entries)}
	name := plumbing.NewBranchReferenceName(branch)
	if ref, err := s.store.Reference(name); err == nil {
		commit.ParentHashes = []plumbing.Hash{ref.Hash()}
	}
	hash := s.put(commit.Encode)
	must0(s.store.SetReference(plumbing.NewHashReference(name, hash)))
	return hash
}

func (s *server) folder(entries []entry) plumbing.Hash {
	below := map[string][]entry{}
	tree := &object.Tree{}
	for _, e := range entries {
		if folder, rest, nested := strings.Cut(e.name, "/"); nested {
			e.name = rest
			below[folder] = append(below[folder], e)
			continue
		}
		if e.mode == 0 {
			e.mode = filemode.Regular
		}
		hash := plumbing.NewHash(e.data) // of a submodule
		if e.mode != filemode.Submodule {
			hash = s.put(func(o plumbing.EncodedObject) error {
				o.SetType(plumbing.BlobObject)
				_, err := must(o.Writer()).Write([]byte(e.data))
				return err
			})
		}
		tree.Entries = append(tree.Entries, object.TreeEntry{Name: e.name, Mode: e.mode, Hash: hash})
	}
	for name, entries := range below {
		tree.Entries = append(tree.Entries, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: s.folder(entries)})
	}
	slices.SortFunc(tree.Entries, func(a, b object.TreeEntry) int {
		slash := func(e object.TreeEntry) string {
			if e.Mode == filemode.Dir {
				return e.Name + "/"
			}
			return e.Name
		}
		return strings.Compare(slash(a), slash(b))
	})
	return s.put(tree.Encode)
}

func (s *server) put(encode func(plumbing.EncodedObject) error) plumbing.Hash {
	o := s.store.NewEncodedObject()
	must0(encode(o))
	return must(s.store.SetEncodedObject(o))
}

// tip is the commit of a branch; nil if there is none.
func (s *server) tip(branch string) *object.Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, err := s.store.Reference(plumbing.NewBranchReferenceName(branch))
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return nil
	}
	return must(object.GetCommit(s.store, must(ref, err).Hash()))
}

// files lists what a branch has: mode, path and content.
func (s *server) files(branch string) (list []string) {
	commit := s.tip(branch)
	if commit == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list(commit.TreeHash, "", &list)
	return list
}

func (s *server) list(tree plumbing.Hash, below string, list *[]string) {
	for _, e := range must(object.GetTree(s.store, tree)).Entries {
		content := "-> " + e.Hash.String()[:7]
		switch e.Mode {
		case filemode.Dir:
			s.list(e.Hash, below+e.Name+"/", list)
			continue
		case filemode.Submodule:
		default:
			content = string(must(io.ReadAll(must(must(object.GetBlob(s.store, e.Hash)).Reader()))))
		}
		*list = append(*list, fmt.Sprintf("%o %s %q", e.Mode, below+e.Name, content))
	}
}

// count is the number of commits on a branch.
func (s *server) count(branch string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	hash := must(s.store.Reference(plumbing.NewBranchReferenceName(branch))).Hash()
	for {
		n++
		commit := must(object.GetCommit(s.store, hash))
		if len(commit.ParentHashes) == 0 {
			return n
		}
		hash = commit.ParentHashes[0]
	}
}

func must0(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](v T, err error) T {
	must0(err)
	return v
}
