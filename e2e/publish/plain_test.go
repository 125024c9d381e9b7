package publish_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/e2e/gitserver"
)

// A plain server has a bare repository and no requests.
type plain struct {
	repo    *gitserver.Repository
	clone   string   // address for people
	env     []string // of their git
	publish *publisher
}

func createBare(t *testing.T, dir string) *gitserver.Repository {
	t.Helper()
	repo, err := gitserver.Create(t.Context(), dir, withReadme)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// TestSSH publishes to a bare repository behind OpenSSH's server.
func TestSSH(t *testing.T) {
	t.Parallel()
	server, err := gitserver.StartSSH(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	repo := createBare(t, filepath.Join(t.TempDir(), "postmortems.git"))
	settings := func(key, hosts string) []string {
		return []string{"repository: " + server.URL(repo), "forge: none", "sshKeyFile: " + key, "knownHostsFile: " + hosts}
	}
	testPlain(t, plain{repo, server.URL(repo), server.Env(), newPublisher(t, "", settings(server.KeyFile, server.KnownHostsFile)...)})

	stranger, err := gitserver.StartSSH(t.Context(), t.TempDir()) // for its keys alone
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Close(); err != nil {
		t.Fatal(err)
	}
	before := branches(t, repo)
	newPublisher(t, "", settings(stranger.KeyFile, server.KnownHostsFile)...).fails(t, another, "credentials")
	newPublisher(t, "", settings(server.KeyFile, pretender(t, server, stranger))...).fails(t, another, "host key")
	newPublisher(t, "", settings(server.KeyFile, stranger.KnownHostsFile)...).fails(t, another, "host key")
	if diff := cmp.Diff(before, branches(t, repo)); diff != "" {
		t.Errorf("a publisher that was refused moved branches:\n%s", diff)
	}
}

// pretender is a known_hosts file by which the server has another's key.
func pretender(t *testing.T, server, other *gitserver.SSH) string {
	t.Helper()
	var fields [2][]string
	for i, s := range []*gitserver.SSH{server, other} {
		line, err := os.ReadFile(s.KnownHostsFile)
		if err != nil {
			t.Fatal(err)
		}
		fields[i] = strings.SplitN(string(line), " ", 2)
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(fields[0][0]+" "+fields[1][1]), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestHTTPBackend publishes to a bare repository behind git's own HTTP server.
func TestHTTPBackend(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	server, err := gitserver.StartHTTP(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	repo := createBare(t, filepath.Join(root, "sre", "postmortems.git"))
	forPeople, err := server.URLWithPassword(repo)
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(forPeople)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.User(server.User)
	settings := []string{"repository: " + address.String(), "forge: none"}
	testPlain(t, plain{repo, forPeople, nil, newPublisher(t, server.Password, settings...)})

	before := branches(t, repo)
	newPublisher(t, "wrong-password", settings...).fails(t, another, "credentials")
	if diff := cmp.Diff(before, branches(t, repo)); diff != "" {
		t.Errorf("a publisher that was refused moved branches:\n%s", diff)
	}
}

// testPlain: the branch is pushed, again only when the facts changed, and what
// people push stays.
func testPlain(t *testing.T, s plain) {
	t.Helper()
	said := s.publish.done(t, recorded)
	for _, words := range []string{head, document} {
		if !strings.Contains(said, words) {
			t.Errorf("debrief does not say where %s is: %q", words, said)
		}
	}
	first := branches(t, s.repo)
	if want := []string{"main", head}; cmp.Diff(want, sorted(first)) != "" {
		t.Errorf("branches %v, want %v", sorted(first), want)
	}
	s.publish.done(t, recorded)
	if diff := cmp.Diff(first, branches(t, s.repo)); diff != "" {
		t.Errorf("a second run with the same facts moved branches:\n%s", diff)
	}

	alices, err := gitserver.Clone(t.Context(), s.clone, filepath.Join(t.TempDir(), "clone"), alice, s.env...)
	if err != nil {
		t.Fatal(err)
	}
	if err := alices.Branch(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	text, err := s.repo.File(t.Context(), head, document)
	if err != nil {
		t.Fatal(err)
	}
	const answer = "Nobody had looked at the dashboard."
	commit := push(t, alices, map[string]string{document: answered(t, text, answer)})
	s.publish.done(t, collectedAgain(t))
	published := files(t, s.repo, head, "main")
	if !strings.Contains(published[document], answer) || !strings.Contains(published[document], note) || !s.repo.Contains(t.Context(), head, commit) {
		t.Errorf("the document has not both what alice wrote and the new facts:\n%s", published[document])
	}
}
