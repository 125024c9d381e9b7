package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// Publish says where postmortems are kept, and who is told.
type Publish struct {
	Repository string `yaml:"repository"` // clone URL
	Forge      string `yaml:"forge"`      // github, gitlab, gitea or none; empty: told from the host
	API        string `yaml:"api"`        // of the forge, where it is not at the usual place
	Base       string `yaml:"base"`       // branch that requests go to; empty: the default branch

	// Templates, whose data is publish.Names.
	Branch string `yaml:"branch"`
	Path   string `yaml:"path"` // of the Markdown document; its pictures lie beside it

	Formats  []string `yaml:"formats"`  // documents beside the Markdown: html, json
	Bundle   bool     `yaml:"bundle"`   // the evidence, too
	Store    string   `yaml:"store"`    // URL of a folder or bucket that keeps the evidence
	StoreURL string   `yaml:"storeURL"` // where people find what the store keeps; empty: the store's own addresses

	TokenFile      string     `yaml:"tokenFile"`
	SSHKeyFile     string     `yaml:"sshKeyFile"`
	KnownHostsFile string     `yaml:"knownHostsFile"`
	GitHubApp      *GitHubApp `yaml:"githubApp"`

	Commit  Commit  `yaml:"commit"`
	Request Request `yaml:"request"`
	Index   *Index  `yaml:"index"` // kept current in the same commit
	Tell    Tell    `yaml:"tell"`
}

// GitHubApp is the GitHub App that debrief acts as.
type GitHubApp struct {
	ID           int64  `yaml:"id"`
	Installation int64  `yaml:"installation"`
	KeyFile      string `yaml:"keyFile"` // its private key, PEM
}

// Commit says what commits look like.
type Commit struct {
	Name           string `yaml:"name"`
	Email          string `yaml:"email"`
	Message        string `yaml:"message"`        // a template
	SigningKeyFile string `yaml:"signingKeyFile"` // OpenPGP (armored) or OpenSSH private key; empty: unsigned
}

// Request says what pull and merge requests look like.
type Request struct {
	Title     string   `yaml:"title"` // a template
	Labels    []string `yaml:"labels"`
	Reviewers []string `yaml:"reviewers"` // users, or ORGANISATION/TEAM
	Draft     bool     `yaml:"draft"`
}

// Index says what the index of all postmortems looks like.
type Index struct {
	Title  string `yaml:"title"`
	Link   string `yaml:"link"`   // address of the published folder, for the feed
	Flavor string `yaml:"flavor"` // see debrief index --help
}

// Tell says who is told of a new request.
type Tell struct {
	PagerDuty *PagerDutyNote `yaml:"pagerduty"`
	Webhooks  []Webhook      `yaml:"webhooks"`
}

// PagerDutyNote is a note on the PagerDuty incident. It needs a token that may
// write, unlike all else that debrief does there.
type PagerDutyNote struct {
	From      string `yaml:"from"` // e-mail address of the user who writes it
	TokenFile string `yaml:"tokenFile"`
}

// Webhook is an address that is told. The address is a secret.
type Webhook struct {
	Name       string `yaml:"name"`
	Format     string `yaml:"format"` // slack, teams, json or template
	URLFile    string `yaml:"urlFile"`
	SecretFile string `yaml:"secretFile"` // key that signs the body
	Template   string `yaml:"template"`   // of the body or its text
}

// files are the names of files in the section, by key.
func (p *Publish) files() map[string]*string {
	named := map[string]*string{
		"tokenFile": &p.TokenFile, "sshKeyFile": &p.SSHKeyFile, "knownHostsFile": &p.KnownHostsFile,
		"commit.signingKeyFile": &p.Commit.SigningKeyFile,
	}
	if p.GitHubApp != nil {
		named["githubApp.keyFile"] = &p.GitHubApp.KeyFile
	}
	if p.Tell.PagerDuty != nil {
		named["tell.pagerduty.tokenFile"] = &p.Tell.PagerDuty.TokenFile
	}
	for i := range p.Tell.Webhooks {
		field := item("tell.webhooks", i)
		named[join(field, "urlFile")], named[join(field, "secretFile")] = &p.Tell.Webhooks[i].URLFile, &p.Tell.Webhooks[i].SecretFile
	}
	return named
}

func (p *Publish) relativeTo(dir string) {
	for _, name := range p.files() {
		if *name != "" {
			*name = promconfig.JoinDir(dir, *name)
		}
	}
}

// ReadFile reads a file that the configuration names, such as a key, without
// the white space around it. An empty name gives nothing.
func (c *Config) ReadFile(field, name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	problem := &Error{File: c.file, Field: field}
	data, err := os.ReadFile(name)
	if err != nil {
		var of *fs.PathError
		if errors.As(err, &of) {
			err = of.Err
		}
		problem.Message = fmt.Sprintf("%s: %s", name, err)
		return nil, problem
	}
	if data = []byte(strings.TrimSpace(string(data))); len(data) == 0 {
		problem.Message = name + " is empty"
		return nil, problem
	}
	return data, nil
}

// publish notes what types cannot say.
func (p *problems) publish(c *Publish) {
	const field = "publish"
	p.address(field, "api", c.API)
	p.address(field, "storeURL", c.StoreURL)
	p.oneOf(field, "forge", c.Forge, "github", "gitlab", "gitea", "none")
	for i, format := range c.Formats {
		p.oneOf(item(join(field, "formats"), i), "", format, "md", "html", "json")
	}
	if app := c.GitHubApp; app != nil {
		switch at := join(field, "githubApp"); {
		case app.ID <= 0:
			p.in(at, "id", "is missing: give the app's number")
		case app.Installation <= 0:
			p.in(at, "installation", "is missing: give the number of the app's installation")
		case app.KeyFile == "":
			p.in(at, "keyFile", "is missing: give the file of the app's private key")
		}
	}
	if note := c.Tell.PagerDuty; note != nil && !strings.Contains(note.From, "@") {
		p.in(join(field, "tell.pagerduty"), "from", "is missing: PagerDuty wants the e-mail address of the user who writes the note")
	}
	for i, hook := range c.Tell.Webhooks {
		at := item(join(field, "tell.webhooks"), i)
		p.oneOf(at, "format", hook.Format, "slack", "teams", "json", "template")
		switch {
		case hook.URLFile == "":
			p.in(at, "urlFile", "is missing: give a file that holds the address, which is a secret")
		case hook.Format == "":
			p.in(at, "format", "is missing: give slack, teams, json or template")
		case hook.Format == "template" && hook.Template == "":
			p.in(at, "template", "is missing: give the text/template of the body")
		}
	}
}

// oneOf wants one of the words, or none.
func (p *problems) oneOf(parent, key, value string, allowed ...string) {
	for _, word := range append(allowed, "") {
		if value == word {
			return
		}
	}
	p.in(parent, key, instead(fmt.Sprintf("%q is not allowed", value), value, allowed))
}
