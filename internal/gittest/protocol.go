package gittest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

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

// advertise says which branches there are, and what the server can do.
func (s *Server) advertise(w io.Writer, service string, web bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refs := packp.NewAdvRefs()
	if web {
		refs.Prefix = [][]byte{[]byte("# service=" + service), pktline.Flush}
	}
	capabilities := []string{"report-status", "ofs-delta", "side-band-64k", "delete-refs", "agent=test"}
	if service == Fetch {
		capabilities = []string{"shallow", "ofs-delta", "side-band-64k", "no-progress", "agent=test"}
		if !s.NoFilter {
			capabilities = append(capabilities, "filter")
		}
	}
	for name, ref := range s.store.ReferenceStorage {
		refs.References[name.String()] = ref.Hash()
		if service == Fetch && name.Short() == s.Head {
			head := ref.Hash()
			refs.Head = &head
			capabilities = append(capabilities, "symref=HEAD:"+name.String())
		}
	}
	for _, c := range capabilities {
		if name, value, has := strings.Cut(c, "="); has {
			must0(refs.Capabilities.Add(capability.Capability(name), value))
		} else {
			must0(refs.Capabilities.Add(capability.Capability(name)))
		}
	}
	must0(refs.Encode(w))
}

// wanted is what a client asks for: a commit's files without its history, but
// for what it has and for large files.
type wanted struct {
	commit, have plumbing.Hash
	depth        int
	filter       string
	limit        int64 // of a file's size, in bytes
}

func readWanted(body io.Reader) wanted {
	q := wanted{limit: 1 << 62}
	lines := pktline.NewScanner(body)
	for lines.Scan() {
		fields := strings.Fields(string(lines.Bytes()))
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "want":
			q.commit = plumbing.NewHash(fields[1])
		case "have":
			q.have = plumbing.NewHash(fields[1])
		case "deepen":
			q.depth = must(strconv.Atoi(fields[1]))
		case "filter":
			q.filter = fields[1]
			q.limit = must(strconv.ParseInt(strings.TrimPrefix(q.filter, "blob:limit="), 10, 64))
		}
	}
	return q
}

// upload answers the one request that a client makes for a commit.
func (s *Server) upload(w io.Writer, body io.Reader) {
	q := readWanted(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	line := pktline.NewEncoder(w)
	if q.depth != 1 {
		must0(line.Encodef("ERR this server is for shallow fetches\n"))
		return
	}
	must0(line.Encodef("shallow %s\n", q.commit))
	must0(line.Flush())
	known := map[plumbing.Hash]bool{}
	if q.have.IsZero() {
		must0(line.Encodef("NAK\n"))
	} else {
		must0(line.Encodef("ACK %s\n", q.have))
		must0(s.walk(q.have, known, func(plumbing.Hash) {}))
	}
	s.Filter, s.Sent = q.filter, nil
	must0(s.walk(q.commit, known, func(h plumbing.Hash) {
		if blob, err := s.store.EncodedObject(plumbing.BlobObject, h); err != nil || blob.Size() < q.limit {
			s.Sent = append(s.Sent, h)
		}
	}))
	var pack bytes.Buffer
	_ = must(packfile.NewEncoder(&pack, s.store, false).Encode(s.Sent, 0))
	band := sideband.NewMuxer(sideband.Sideband64k, w)
	for part := range slices.Chunk(pack.Bytes(), 32<<10) {
		_ = must(band.Write(part))
	}
	must0(line.Flush())
}

// walk visits a commit and its files, without its history. It fails if one of
// them is missing.
func (s *Server) walk(hash plumbing.Hash, seen map[plumbing.Hash]bool, visit func(plumbing.Hash)) error {
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

// receive takes a push of one branch.
func (s *Server) receive(w io.Writer, body io.ReadCloser) {
	request := packp.NewReferenceUpdateRequest()
	must0(request.Decode(body))
	s.keep(must(io.ReadAll(request.Packfile)))
	if s.Pushing != nil {
		s.Pushing()
	}
	command := request.Commands[0]
	status, words := s.judge(command)
	if answer, web := w.(http.ResponseWriter); web && s.Pushed != nil && s.Pushed(answer) {
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

// keep stores the objects of a push.
func (s *Server) keep(pack []byte) {
	into := memory.NewStorage()
	must0(packfile.UpdateObjectStorage(into, bytes.NewReader(pack)))
	s.mu.Lock()
	defer s.mu.Unlock()
	must0(packfile.UpdateObjectStorage(s.store, bytes.NewReader(pack)))
	s.Received = nil
	for hash := range into.Objects {
		s.Received = append(s.Received, hash)
	}
}

// judge asks the hook, and moves a branch if it agrees.
func (s *Server) judge(c *packp.Command) (status, words string) {
	if s.Refuse != nil {
		if status, words := s.Refuse(c.Name.Short()); status != "" {
			return status, words
		}
	}
	return s.move(c), ""
}

// move does to a branch what git does: nothing, unless all of the commit is
// there and the branch is what the client thinks.
func (s *Server) move(c *packp.Command) (status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const incomplete = "missing necessary objects"
	commit, err := object.GetCommit(s.store, c.New)
	if err != nil {
		return incomplete
	}
	for _, parent := range commit.ParentHashes {
		if s.store.HasEncodedObject(parent) != nil {
			return incomplete
		}
	}
	if s.walk(c.New, map[plumbing.Hash]bool{}, func(plumbing.Hash) {}) != nil {
		return incomplete
	}
	var old plumbing.Hash
	if ref, err := s.store.Reference(c.Name); err == nil {
		old = ref.Hash()
	}
	if old != c.Old || !c.Old.IsZero() && !slices.Contains(commit.ParentHashes, c.Old) {
		return "failed to update ref"
	}
	must0(s.store.SetReference(plumbing.NewHashReference(c.Name, c.New)))
	return "ok"
}
