package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/file"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	promconfig "github.com/prometheus/common/config"
)

const (
	agent = "debrief"
	// largestPack is more than a shallow fetch of any sane repository, and less
	// than a disk.
	largestPack = 2 << 30
)

// remote speaks git's protocol with one server. It knows nothing of what is
// fetched or pushed.
type remote struct {
	endpoint transport.Endpoint // without credentials
	client   transport.Transport
	auth     transport.AuthMethod
	secrets  []string // never to be repeated
	shown    string   // the address, for people
}

// refs is what a remote says it has.
type refs struct {
	branches map[string]plumbing.Hash // by name, without refs/heads/
	head     string                   // the branch that HEAD stands for
}

func newRemote(s Settings, dir string) (*remote, error) {
	endpoint, err := transport.NewEndpoint(s.URL)
	if err != nil || s.URL == "" {
		return nil, errors.New("the address of the git repository is none; use https://, ssh://, user@host:path or a path")
	}
	if s.Auth.Token == "" {
		s.Auth.Token = promconfig.Secret(endpoint.Password)
	}
	if s.Auth.User == "" {
		s.Auth.User = endpoint.User
	}
	secrets := []string{string(s.Auth.Token), endpoint.Password, string(s.Auth.SSHPassphrase)}
	endpoint.User, endpoint.Password = "", ""
	r := &remote{shown: endpoint.String()}
	switch endpoint.Protocol {
	case "http", "https":
		r.client = githttp.NewClient(newHTTPClient(s.Transport))
		switch {
		case s.Auth.Token == "" && s.Auth.User == "": // for everybody to read
		case s.Auth.Token == "": // https://TOKEN@host: some hand it out so
			secrets = append(secrets, s.Auth.User)
			r.auth = &githttp.BasicAuth{Username: s.Auth.User}
		case s.Auth.User == "": // each of the forges takes any name with a token
			r.auth = &githttp.BasicAuth{Username: "x-access-token", Password: string(s.Auth.Token)}
		default:
			r.auth = &githttp.BasicAuth{Username: s.Auth.User, Password: string(s.Auth.Token)}
		}
	case "ssh":
		r.client = gitssh.NewClient(nil)
		r.auth, err = newSSHAuth(s.Auth, endpoint, filepath.Join(dir, "known_hosts"))
	case "file":
		r.client = file.DefaultClient
		r.shown = endpoint.Path
	default:
		err = fmt.Errorf("git over %q is not supported; use https or ssh", endpoint.Protocol)
	}
	for _, secret := range secrets {
		if secret != "" {
			r.secrets = append(r.secrets, secret, url.QueryEscape(secret))
		}
	}
	r.endpoint = *endpoint
	if err != nil {
		return nil, r.explain(context.Background(), err)
	}
	return r, nil
}

// String is the address, without credentials.
func (r *remote) String() string { return oneLine(r.shown) }

// fetch gives the remote's branches, and stores the commit that pick wants of
// them with all its files, without its history.
func (r *remote) fetch(ctx context.Context, into *objects, pick func(refs) plumbing.Hash) (refs, error) {
	session, err := connect(ctx, func() (transport.UploadPackSession, error) {
		endpoint := r.endpoint // a redirection changes it
		return r.client.NewUploadPackSession(&endpoint, r.auth)
	})
	if err != nil {
		return refs{}, err
	}
	defer session.Close() //nolint:errcheck // the answer is read; there is nothing to flush
	advertised, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		advertised, err = packp.NewAdvRefs(), nil
	}
	if err != nil {
		return refs{}, err
	}
	now := readRefs(advertised)
	if pick == nil {
		return now, nil
	}
	want := pick(now)
	if want.IsZero() || into.complete(want) {
		return now, nil
	}
	request := uploadRequest(advertised.Capabilities, want, into.tip(), into.largest)
	response, err := session.UploadPack(ctx, request)
	if err != nil {
		return refs{}, err
	}
	defer response.Close() //nolint:errcheck // see above
	pack := &limited{from: demultiplex(request.Capabilities, response, nil), left: largestPack}
	return now, into.add(want, pack)
}

// uploadRequest asks for one commit without its history, and without what is
// known from another one or too large to be read.
func uploadRequest(offered *capability.List, want, have plumbing.Hash, largest int64) *packp.UploadPackRequest {
	request := packp.NewUploadPackRequest()
	request.Wants = []plumbing.Hash{want}
	for _, c := range []capability.Capability{capability.Sideband64k, capability.OFSDelta, capability.NoProgress} {
		set(request.Capabilities, offered, c)
	}
	set(request.Capabilities, offered, capability.Agent, agent)
	if offered.Supports(capability.Shallow) {
		set(request.Capabilities, offered, capability.Shallow)
		request.Depth = packp.DepthCommits(1)
		if !have.IsZero() {
			request.Haves, request.Shallows = []plumbing.Hash{have}, []plumbing.Hash{have}
		}
	}
	if offered.Supports(capability.Filter) {
		set(request.Capabilities, offered, capability.Filter)
		request.Filter = packp.FilterBlobLimit(uint64(largest)+1, packp.BlobLimitPrefixNone)
	}
	return request
}

func set(list, offered *capability.List, c capability.Capability, values ...string) {
	if offered.Supports(c) {
		_ = list.Set(c, values...) // fails only for values that the capability does not take
	}
}

// demultiplex takes what a server says to people out of what it sends.
func demultiplex(agreed *capability.List, from io.Reader, words io.Writer) io.Reader {
	if !agreed.Supports(capability.Sideband64k) {
		return from
	}
	d := sideband.NewDemuxer(sideband.Sideband64k, from)
	d.Progress = words
	return d
}

func readRefs(advertised *packp.AdvRefs) refs {
	now := refs{branches: map[string]plumbing.Hash{}}
	for name, hash := range advertised.References {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			now.branches[branch] = hash
		}
	}
	for _, pair := range advertised.Capabilities.Get(capability.SymRef) {
		if branch, ok := strings.CutPrefix(pair, "HEAD:refs/heads/"); ok && CheckRef(branch) == nil {
			now.head = branch
		}
	}
	if now.head == "" { // HEAD stands for a branch that is not there, or the server is old
		now.head = "main"
		if _, ok := now.branches["main"]; !ok && !now.branches["master"].IsZero() {
			now.head = "master"
		}
	}
	return now
}

var (
	// errMoved means that the branch is not what the commit was made for.
	errMoved = errors.New("the branch has moved")
	// errNoReport means that nobody knows whether a push worked.
	errNoReport = errors.New("the server did not say whether the push worked")
)

// push moves a branch, from where the caller saw it. The pack holds what the
// server lacks.
func (r *remote) push(ctx context.Context, branch string, from, to plumbing.Hash, pack []byte) error {
	session, err := connect(ctx, func() (transport.ReceivePackSession, error) {
		endpoint := r.endpoint
		if auth, ok := r.auth.(gitssh.AuthMethod); ok {
			return newSSHPush(ctx, &endpoint, auth)
		}
		return r.client.NewReceivePackSession(&endpoint, r.auth)
	})
	if err != nil {
		return err
	}
	defer session.Close() //nolint:errcheck // the report is read; there is nothing to flush
	advertised, err := session.AdvertisedReferencesContext(ctx)
	if err != nil && !errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return err
	}
	name := plumbing.NewBranchReferenceName(branch)
	if advertised.References[name.String()] != from {
		return errMoved
	}
	var words bytes.Buffer
	request := packp.NewReferenceUpdateRequest()
	for _, c := range []capability.Capability{capability.ReportStatus, capability.Sideband64k, capability.OFSDelta} {
		set(request.Capabilities, advertised.Capabilities, c)
	}
	set(request.Capabilities, advertised.Capabilities, capability.Agent, agent)
	request.Commands = []*packp.Command{{Name: name, Old: from, New: to}}
	request.Packfile = io.NopCloser(bytes.NewReader(pack))
	request.Progress = &ceiling{to: &words, left: 16 << 10}
	report, err := session.ReceivePack(ctx, request)
	switch {
	case report == nil && err == nil:
		return errNoReport
	case report == nil:
		return fmt.Errorf("pushing: %w%s", err, remark(words.String()))
	case report.UnpackStatus != "ok":
		return r.refused(branch, report.UnpackStatus+remark(words.String()))
	}
	for _, status := range report.CommandStatuses {
		if status.ReferenceName == name && status.Status != "ok" {
			return r.refused(branch, status.Status+remark(words.String()))
		}
	}
	return nil
}

func remark(words string) string {
	if words = oneLine(words); words == "" {
		return ""
	}
	return "; " + words
}

// connect opens a session, and leaves it behind if the context ends first:
// opening one over ssh takes no context.
func connect[S io.Closer](ctx context.Context, open func() (S, error)) (S, error) {
	type result struct {
		session S
		err     error
	}
	done := make(chan result, 1)
	go func() {
		session, err := open()
		done <- result{session, err}
	}()
	select {
	case r := <-done:
		return r.session, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				_ = r.session.Close()
			}
		}()
		var none S
		return none, context.Cause(ctx)
	}
}

// limited fails when there is more to read than anybody needs.
type limited struct {
	from io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("the git server sends more than debrief takes")
	}
	n, err := l.from.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// ceiling keeps the beginning of what is written.
type ceiling struct {
	to   *bytes.Buffer
	left int
}

func (c *ceiling) Write(p []byte) (int, error) {
	kept := p[:min(len(p), c.left)]
	c.left -= len(kept)
	c.to.Write(kept)
	return len(p), nil
}
