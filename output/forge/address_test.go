package forge

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	tests := []struct{ repository, api, github, gitlab, gitea string }{ // root and path by each kind; "" refused
		{
			repository: "https://forge.test/acme/docs.git",
			github:     "https://forge.test acme/docs", gitlab: "https://forge.test acme/docs", gitea: "https://forge.test acme/docs",
		},
		{
			repository: "https://bot:pa%20ss@Forge.Test:443/acme/docs/",
			github:     "https://forge.test acme/docs", gitlab: "https://forge.test acme/docs", gitea: "https://forge.test acme/docs",
		},
		{
			repository: "http://forge.test:3000/git/acme/docs.git",
			github:     "http://forge.test:3000/git acme/docs", gitlab: "http://forge.test:3000 git/acme/docs", gitea: "http://forge.test:3000/git acme/docs",
		},
		{
			repository: "http://forge.test/git/acme/docs.git", api: "http://forge.test/git/api/v4/",
			github: "http://forge.test/git/api/v4 acme/docs", gitlab: "http://forge.test/git acme/docs", gitea: "http://forge.test/git/api/v4 acme/docs",
		},
		{
			repository: "git@forge.test:acme/docs.git", api: "https://api.forge.test",
			github: "https://api.forge.test acme/docs", gitlab: "https://api.forge.test acme/docs", gitea: "https://api.forge.test acme/docs",
		},
		{
			repository: "forge.test:/acme/docs",
			github:     "https://forge.test acme/docs", gitlab: "https://forge.test acme/docs", gitea: "https://forge.test acme/docs",
		},
		{
			repository: "ssh://git@forge.test:2222/acme/platform/sre/docs.git",
			gitlab:     "https://forge.test acme/platform/sre/docs",
		},
		{
			repository: "ssh://git@ssh.github.com:443/acme/docs.git",
			github:     "https://github.com acme/docs", gitlab: "https://github.com acme/docs", gitea: "https://github.com acme/docs",
		},
		{
			repository: "http://[::1]:3000/acme/docs",
			github:     "http://[::1]:3000 acme/docs", gitlab: "http://[::1]:3000 acme/docs", gitea: "http://[::1]:3000 acme/docs",
		},
		{repository: ""},
		{repository: "docs"},
		{repository: "/srv/git/docs.git"},
		{repository: "../acme/docs"},
		{repository: "file:///srv/git/docs.git"},
		{repository: "https://forge.test/docs"},
		{repository: "https://forge.test/../acme/docs"},
		{repository: "https://forge.test/acme/..%2fadmin"},
		{repository: "https://forge.test/acme/docs?x=1"},
		{repository: "https://forge.test/acme/do cs"},
		{repository: "https://forge.test/acme//docs"},
		{repository: "https:///acme/docs"},
		{repository: "-oProxyCommand=x:acme/docs"},
		{repository: "git@forge.test:acme/docs", api: "ftp://forge.test"},
		{repository: "git@forge.test:acme/docs", api: "https://bot:password@forge.test"},
	}
	for _, test := range tests {
		for name, c := range map[string]struct {
			rule siteRule
			want string
		}{"github": {githubSite, test.github}, "gitlab": {gitlabSite, test.gitlab}, "gitea": {giteaSite, test.gitea}} {
			a, err := parseAddress(test.repository)
			var at site
			if err == nil {
				at, err = c.rule.of(a, test.api)
			}
			got := ""
			if err == nil {
				got = at.root + " " + strings.Join(at.path, "/")
			} else if strings.Contains(err.Error(), "password") {
				t.Errorf("%s: error %q holds a password", test.repository, err)
			}
			if got != c.want {
				t.Errorf("%s as %s: got %q, %v; want %q", test.repository, name, got, err, c.want)
			}
		}
	}
}

func TestGitHubBase(t *testing.T) {
	tests := []struct{ repository, api, want string }{
		{"git@github.com:acme/docs", "", "https://api.github.com/"},
		{"https://www.example.com/acme/docs", "", "https://www.example.com/api/v3/"},
		{"https://acme.ghe.com/acme/docs", "", "https://api.acme.ghe.com/"},
		{"https://ghe.test:8443/acme/docs", "https://ghe.test:8443/api/v3", "https://ghe.test:8443/api/v3/"},
		{"https://ghe.test/acme/docs", "https://ghe.test", "https://ghe.test/api/v3/"},
		{"git@github.com:acme/docs", "https://api.github.com", "https://api.github.com/"},
	}
	for _, test := range tests {
		a, err := parseAddress(test.repository)
		if err != nil {
			t.Fatal(err)
		}
		at, err := githubSite.of(a, test.api)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := githubBase(at.root, test.api); got != test.want || err != nil {
			t.Errorf("%s, %q: got %q, %v; want %q", test.repository, test.api, got, err, test.want)
		}
	}
}

// Whatever is taken for an address gives a URL of that host, whose path needs
// no escaping and does not climb.
func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"https://u:p@forge.test:8080/a/b/c.git", "git@forge.test:acme/docs.git", "ssh://git@[::1]:22/acme/docs", "a:b/c", "https://forge.test/a/%2e%2e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, repository string) {
		a, err := parseAddress(repository)
		if err != nil {
			if !errors.Is(err, errAddress) {
				t.Errorf("error %v", err)
			}
			return
		}
		for _, rule := range []siteRule{githubSite, gitlabSite, giteaSite} {
			at, err := rule.of(a, "")
			if err != nil {
				continue
			}
			address := at.root + "/" + strings.Join(at.path, "/")
			u, err := url.Parse(address)
			if err != nil || u.Host != a.host || u.User != nil || u.String() != address || strings.Contains(u.Path, "/../") || strings.HasSuffix(u.Path, "/..") {
				t.Errorf("%q gives %q, %v", repository, address, err)
			}
			if !rule.nested && len(at.path) != 2 {
				t.Errorf("%q gives %q", repository, at.path)
			}
		}
	})
}
