package forge

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Kind is a kind of forge.
type Kind struct {
	Name    string   // in the configuration
	Aliases []string // other names for it there
	Doc     string
	Hosts   []string // the public ones of this kind; with a leading dot, all below it
	// New gives the repository of the settings. It asks nothing of the server.
	New func(Settings) (Forge, error)

	site siteRule
	// probe is the path, below the site's root, of an answer that is the same
	// for everybody; is tells whether an answer to it is this kind's.
	probe string
	is    func(status int, header http.Header, body []byte) bool
}

// Kinds are all kinds of forges.
var Kinds = []Kind{
	{
		Name: "github", Doc: "GitHub and GitHub Enterprise: a token, or a GitHub App",
		Hosts: []string{"github.com", residency}, New: newGitHub,
		site: githubSite, probe: "/api/v3/meta", is: isGitHub,
	},
	{
		Name: "gitlab", Doc: "GitLab: a personal, group or project access token with the scope api",
		Hosts: []string{"gitlab.com"}, New: newGitLab,
		site: gitlabSite, probe: "/api/v4/version", is: isGitLab,
	},
	{
		Name: "gitea", Aliases: []string{"forgejo"},
		Doc:   "Gitea and Forgejo: a token with the scopes write:repository and write:issue",
		Hosts: []string{"codeberg.org", "gitea.com"}, New: newGitea,
		site: giteaSite, probe: "/api/v1/version", is: isGitea,
	},
}

func (k Kind) called(name string) bool {
	return strings.EqualFold(k.Name, name) || slices.ContainsFunc(k.Aliases, func(alias string) bool { return strings.EqualFold(alias, name) })
}

func (k Kind) serves(host string) bool {
	return slices.ContainsFunc(k.Hosts, func(known string) bool {
		return host == known || strings.HasPrefix(known, ".") && strings.HasSuffix(host, known)
	})
}

// isGitHub goes by headers that GitHub Enterprise sets on every answer, also
// where it wants everybody to sign in first.
func isGitHub(_ int, header http.Header, body []byte) bool {
	ours := header.Get("X-Github-Enterprise-Version") != "" || header.Get("X-Github-Request-Id") != ""
	return ours && json.Valid(body)
}

// isGitLab knows GitLab by its refusal to tell strangers its version.
func isGitLab(status int, _ http.Header, body []byte) bool {
	var answer struct{ Message, Version, Revision string }
	if json.Unmarshal(body, &answer) != nil {
		return false
	}
	return status == http.StatusUnauthorized && answer.Message == "401 Unauthorized" ||
		status == http.StatusOK && answer.Version != "" && answer.Revision != ""
}

func isGitea(status int, _ http.Header, body []byte) bool {
	var answer struct{ Message, Version string }
	if json.Unmarshal(body, &answer) != nil {
		return false
	}
	// One that shows nothing to strangers refuses this, too.
	refused := status == http.StatusUnauthorized || status == http.StatusForbidden
	return status == http.StatusOK && answer.Version != "" ||
		refused && bytes.Contains(bytes.ToLower(body), []byte("signed in user"))
}
