package forge

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// address is where a repository is cloned from.
type address struct {
	scheme string   // "http" or "https"; "" for SSH, which tells nothing of the API's
	host   string   // lower case; with the port if there is a scheme and it is not its usual one
	path   []string // at least an owner and a repository, without ".git"
}

var (
	errAddress = errors.New("not the address of a repository on a forge: want https://host/owner/repository, ssh://git@host/owner/repository or git@host:owner/repository")
	// pathPart is what all forges allow in the names of owners and repositories.
	// It needs no escaping in a URL.
	pathPart = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	hostName = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$`)
)

// sshHosts are names by which public forges serve SSH where port 22 is closed.
var sshHosts = map[string]string{
	"ssh.github.com":    "github.com",
	"altssh.gitlab.com": "gitlab.com",
}

// parseAddress reads a clone URL. Its error does not repeat the URL, which may
// hold a password.
func parseAddress(repository string) (address, error) {
	a, path, err := splitAddress(repository)
	if err != nil {
		return address{}, err
	}
	a.host = strings.ToLower(a.host)
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	a.path = strings.Split(path, "/")
	if len(a.path) < 2 {
		return address{}, errAddress
	}
	for _, part := range a.path {
		if !pathPart.MatchString(part) || part == "." || part == ".." {
			return address{}, fmt.Errorf("%w: %q cannot be part of its path", errAddress, part)
		}
	}
	return a, nil
}

func splitAddress(repository string) (a address, path string, err error) {
	if !strings.Contains(repository, "://") {
		// As git reads it: [user@]host:path.
		host, path, found := strings.Cut(repository, ":")
		if _, after, ok := strings.Cut(host, "@"); ok {
			host = after
		}
		if !found || !hostName.MatchString(host) {
			return address{}, "", errAddress
		}
		return address{host: sshHost(host)}, path, nil
	}
	u, err := url.Parse(repository)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return address{}, "", errAddress
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if !hostName.MatchString(host) {
		return address{}, "", errAddress
	}
	switch u.Scheme {
	case "http", "https":
		if port := u.Port(); port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
			host += ":" + port
		}
		return address{scheme: u.Scheme, host: host}, u.Path, nil
	case "ssh", "git+ssh", "ssh+git":
		return address{host: sshHost(host)}, u.Path, nil
	default:
		return address{}, "", errAddress
	}
}

func sshHost(host string) string {
	if public, ok := sshHosts[strings.ToLower(host)]; ok {
		return public
	}
	return host
}

// siteRule tells how a kind of forge lays out addresses.
type siteRule struct {
	suffix string // of the API, below the site's root
	nested bool   // groups hold groups: a repository's path may be of any length
}

var (
	githubSite = siteRule{suffix: "/api/v3"}
	gitlabSite = siteRule{suffix: "/api/v4", nested: true}
	giteaSite  = siteRule{suffix: "/api/v1"}
)

// site is a repository's place on a forge.
type site struct {
	root string   // of the forge, without a slash at the end
	path []string // of the repository: owner and name, or groups and name
}

// of tells where a repository is. api is Settings.API.
func (r siteRule) of(a address, api string) (site, error) {
	s := site{path: a.path}
	if api != "" {
		u, err := parseAPI(api)
		if err != nil {
			return site{}, err
		}
		u.Path = strings.TrimSuffix(u.Path, r.suffix)
		s.root = u.String()
		below := strings.Split(strings.Trim(u.Path, "/"), "/")
		if a.scheme != "" && u.Host == a.host && u.Path != "" && len(a.path) > len(below)+1 && slices.Equal(below, a.path[:len(below)]) {
			s.path = a.path[len(below):]
		}
	} else {
		scheme := a.scheme
		if scheme == "" {
			scheme = "https"
		}
		s.root = scheme + "://" + a.host
	}
	if r.nested {
		return s, nil
	}
	last := len(s.path) - 2
	if last > 0 && a.scheme == "" {
		return site{}, fmt.Errorf("%w: this kind of forge has no groups within groups", errAddress)
	}
	if api == "" && last > 0 {
		s.root += "/" + strings.Join(s.path[:last], "/")
	}
	s.path = s.path[last:]
	return s, nil
}

func parseAPI(api string) (*url.URL, error) {
	u, err := url.Parse(api)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the address of the forge's API is not a plain http or https URL")
	}
	u.Host = strings.ToLower(u.Host)
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}
