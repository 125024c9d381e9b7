package index

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/debrief-sre/debrief/output"
)

// Options are the choices that are not in the documents.
type Options struct {
	Title  string // empty: [DefaultTitle]
	Link   string // where the folder is published, for the feed; empty: its links are relative
	Flavor string // the name of one of [Flavors]; empty: the first
	Force  bool   // replace the block even if it was edited by hand
}

// DefaultTitle is the title of an index that was given none.
const DefaultTitle = "Postmortems"

// Flavor is what reads the folder besides people.
type Flavor struct {
	Name string // as given in options
	Doc  string

	Markdown string // the name of the index
	Page     bool   // with an index.html, which generators would take for a page of theirs

	front  bool                  // the title is front matter
	link   func(Incident) string // leads to a document from the Markdown; a slashed path
	served func(Incident) string // where a document is read
}

// Flavors are all there are.
var Flavors = []Flavor{
	{
		Name: "plain", Doc: "a folder on GitHub, GitLab or Gitea, or in a file system", Markdown: "README.md", Page: true,
		link: source, served: source,
	},
	{
		Name: "mkdocs", Doc: "a part of docs_dir for MkDocs or Backstage TechDocs", Markdown: "index.md",
		link: source, served: func(i Incident) string { return strings.TrimSuffix(i.Path, ".md") + "/" },
	},
	{
		Name: "hugo", Doc: "a section of Hugo's content folder", Markdown: "_index.md", front: true,
		link: hugoPath, served: hugoPath,
	},
}

func source(i Incident) string { return i.Path }

var plainSlug = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// hugoPath is a page's path with Hugo's usual settings: its slug stands there
// as it is if it is made of plain letters.
func hugoPath(i Incident) string {
	name := strings.ToLower(strings.TrimSuffix(path.Base(i.Path), ".md"))
	if plainSlug.MatchString(i.Slug) {
		name = i.Slug
	}
	return path.Join(path.Dir(i.Path), name) + "/"
}

func flavorNamed(name string) (Flavor, error) {
	names := make([]string, len(Flavors))
	for k, f := range Flavors {
		if f.Name == cmp.Or(name, Flavors[0].Name) {
			return f, nil
		}
		names[k] = f.Name
	}
	return Flavor{}, fmt.Errorf("unknown flavor %q: there are %s", name, strings.Join(names, ", "))
}

// File is one file of an index.
type File struct {
	Name string // without a folder
	Data []byte
	// Shared tells that people may write around debrief's block in it.
	Shared bool
}

// Files makes the index. Their names are the same for the same options, but for
// the pictures, which are there if there is something to draw.
func Files(c Collection, o Options) ([]File, error) {
	flavor, err := flavorNamed(o.Flavor)
	if err != nil {
		return nil, err
	}
	base, err := baseOf(o.Link)
	if err != nil {
		return nil, err
	}
	o.Title = cmp.Or(o.Title, DefaultTitle)
	c = Collection{slices.Clone(c.Incidents), slices.Clone(c.Skipped)}
	c.sort()
	s := c.Statistics()
	sections, drawn := layout(c, s), pictures(s)

	text, err := markdownOf(sections, drawn, flavor, o)
	if err != nil {
		return nil, err
	}
	files := []File{{Name: flavor.Markdown, Data: text, Shared: true}}
	if flavor.Page {
		page, err := pageOf(sections, drawn, c, o)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Name: "index.html", Data: page})
	}
	data, err := jsonOf(c, s, o)
	if err != nil {
		return nil, err
	}
	feed, err := feedOf(c, flavor, base, o)
	if err != nil {
		return nil, err
	}
	files = append(files, File{Name: "index.json", Data: data}, File{Name: feedName, Data: feed})
	for _, svg := range drawn {
		files = append(files, File{Name: svg.Name + ".svg", Data: svg.Standalone()})
	}
	return files, nil
}

// baseOf is the address of the published folder, or nil.
func baseOf(link string) (*url.URL, error) {
	if link == "" {
		return nil, nil
	}
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("the index's link is no http or https address")
	}
	u.User = nil // no secret gets into a feed
	if !strings.HasSuffix(u.Path, "/") {
		u = u.JoinPath("/")
	}
	return u, nil
}

// blank is a block as people write it to say where the index shall stand.
var blank = regexp.MustCompile(`(?m)^<!-- debrief:begin ` + blockName + ` -->\s*<!-- debrief:end ` + blockName + `(?: sum=[0-9a-f]+)? -->\r?$`)

// Onto is the file's contents where there is one already; nil is none. In a
// shared file only debrief's block is renewed, by the rules of [output.Update]:
// where people deleted it there is none, and where they edited it this is an
// *[output.EditedError], or, with force, replaced and returned. An empty block
// is there to be filled.
func (f File) Onto(existing []byte, force bool) (updated []byte, replaced []output.Edited, err error) {
	if !f.Shared || existing == nil {
		return f.Data, nil, nil
	}
	empty := blank.Match(existing)
	updated, replaced, err = output.Update(existing, f.Data, force || empty)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	if empty {
		replaced = nil
	}
	return updated, replaced, nil
}

var begins = regexp.MustCompile(`(?m)^<!-- debrief:begin ` + blockName + ` -->`)

// HasBlock tells whether a Markdown document has a place for the index.
func HasBlock(document []byte) bool { return begins.Match(document) }
