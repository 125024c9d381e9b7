// Package templates turns a report into Markdown. Templates are text/template
// files whose data is a [View]; everything that a source collected must go
// through one of the escaping functions (text, code, fence), as text/template
// escapes nothing by itself.
//
// The built-in templates, one for each style of postmortem, say which sections
// there are and what people are asked. What debrief states stands in partials
// that all of them share.
package templates

import (
	"cmp"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/debrief-sre/debrief/report"
)

//go:embed builtin
var builtin embed.FS

const (
	// Entry is the file that a document is rendered from. Other files hold what
	// it includes.
	Entry = "postmortem.md.tmpl"

	sharedDir   = "builtin/partials"
	defaultName = "default"
)

// Style is a built-in template.
type Style struct{ Name, Doc string }

// Styles are all built-in templates.
var Styles = []Style{
	{defaultName, "blameless postmortem with every fact, measure, query and event"},
	{"google-sre", "after the example in Google's Site Reliability Engineering"},
	{"pagerduty", "after PagerDuty's postmortem template"},
	{"atlassian", "after Atlassian's incident postmortem template, with the five whys"},
	{"executive", "one page: what happened, what it cost, what is done about it"},
	{"public", "for customers: no internal name, host, namespace, image or query"},
}

// Names are the built-in templates' names.
func Names() []string {
	names := make([]string, len(Styles))
	for i, s := range Styles {
		names[i] = s.Name
	}
	return names
}

// Set is a parsed template with the partials that it may include.
type Set struct {
	name   string
	root   *template.Template
	files  []File
	public bool
}

// File is a template file of a set.
type File struct {
	Name   string // slashed, relative to the set's folder
	Source string

	shown  string // the name that errors show
	shared bool   // a partial that comes with debrief
}

// Default is the built-in template that is used unless another one is chosen.
func Default() *Set {
	set, err := Builtin(defaultName)
	if err != nil {
		panic(err) // it is embedded, and tested
	}
	return set
}

// Builtin gives a built-in template.
func Builtin(name string) (*Set, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("unknown template %q%s: there are %s", name, didYouMean(name, Names()), strings.Join(Names(), ", "))
	}
	own, err := readFiles(builtin, path.Join("builtin", name), name+" ")
	if err != nil {
		return nil, err
	}
	return newSet(name, own)
}

// Load reads a template from a folder: postmortem.md.tmpl and, below the
// folder, more *.tmpl files. The built-in partials may be included too; a
// definition in the folder takes the place of the built-in one of its name. A
// field, function or partial that does not exist is an [*Error] already here,
// before anything is collected.
func Load(dir string) (*Set, error) {
	own, err := readFiles(os.DirFS(dir), ".", filepath.Clean(dir)+string(filepath.Separator))
	if err != nil {
		return nil, fmt.Errorf("reading templates: %w", err)
	}
	if !slices.ContainsFunc(own, func(f File) bool { return f.Name == Entry }) {
		return nil, fmt.Errorf("%s has no %s, which the document is rendered from; `debrief templates init` writes one to start with", dir, Entry)
	}
	set, err := newSet(dir, own)
	if err != nil {
		return nil, err
	}
	return set, set.check()
}

// readFiles reads a folder's templates, in the order of their names.
func readFiles(fsys fs.FS, dir, shown string) ([]File, error) {
	var files []File
	err := fs.WalkDir(fsys, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".tmpl" {
			return err
		}
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		relative := strings.TrimPrefix(name, dir+"/")
		files = append(files, File{Name: relative, Source: string(source), shown: shown + filepath.FromSlash(relative)})
		return nil
	})
	return files, err
}

// newSet parses a template's own files after the shared ones, whose
// definitions they may replace.
func newSet(name string, own []File) (*Set, error) {
	shared, err := readFiles(builtin, sharedDir, "built-in partial ")
	if err != nil {
		return nil, err
	}
	for i := range shared {
		// No file of the user's has this name, so that errors find the right one.
		shared[i].Name, shared[i].shared = "partials:"+shared[i].Name, true
	}
	set := &Set{name: name, root: template.New("").Option("missingkey=error").Funcs(hermetic()).Funcs(functions())}
	set.files = append(shared, own...)
	for _, f := range set.files {
		if _, err := set.root.New(f.Name).Parse(strings.ReplaceAll(f.Source, "\r\n", "\n")); err != nil {
			return nil, set.explain(err)
		}
	}
	set.public, err = set.forPublic()
	return set, err
}

// audience is the definition by which a template says for whom it is.
const audience = "audience"

// forPublic tells whether the template declares that its documents leave the house.
func (s *Set) forPublic() (bool, error) {
	t := s.root.Lookup(audience)
	if t == nil {
		return false, nil
	}
	switch said := strings.TrimSpace(t.Root.String()); said {
	case "public":
		return true, nil
	case "internal":
		return false, nil
	default:
		return false, fmt.Errorf("%s: the definition %q says %q; it is public or internal", s.name, audience, said)
	}
}

// Public tells whether the set's documents are for people outside. Its reports
// are made anonymous; see [Set.Prepare].
func (s *Set) Public() bool { return s.public }

// Prepare gives the report as the set's documents may show it: for the public,
// one without anything internal, else the report as it is. A prepared report
// is not changed by preparing it again.
func (s *Set) Prepare(r report.Report) report.Report {
	if !s.public {
		return r
	}
	return anonymous(r)
}

// Render writes the document's Markdown, without front matter. What the set
// may not show of the view is not in it.
func (s *Set) Render(w io.Writer, v View) error {
	v.Report = s.Prepare(v.Report)
	if err := s.root.ExecuteTemplate(w, Entry, v); err != nil {
		return s.explain(err)
	}
	return nil
}

// Files are the files that the document is made of: the set's own, and those
// shared partials that it includes and does not define itself.
func (s *Set) Files() []File {
	used := s.included()
	var files []File
	for _, f := range s.files {
		if f.shared && !used[f.Name] {
			continue
		}
		f.Name = strings.Replace(f.Name, ":", "/", 1)
		files = append(files, f)
	}
	slices.SortStableFunc(files, func(a, b File) int { // the entry first
		return cmp.Or(-cmp.Compare(isEntry(a), isEntry(b)), strings.Compare(a.Name, b.Name))
	})
	return files
}

func isEntry(f File) int {
	if f.Name == Entry {
		return 1
	}
	return 0
}

// included follows the entry's includes, and gives the files that they are in.
func (s *Set) included() map[string]bool {
	files, seen := map[string]bool{}, map[string]bool{}
	var follow func(name string)
	follow = func(name string) {
		t := s.root.Lookup(name)
		if t == nil || t.Tree == nil || seen[name] {
			return
		}
		seen[name], files[t.ParseName] = true, true
		eachInclude(t.Root, follow)
	}
	follow(Entry)
	return files
}

// eachInclude calls f for every {{ template }} below a node.
func eachInclude(n parse.Node, f func(name string)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				eachInclude(child, f)
			}
		}
	case *parse.TemplateNode:
		f(n.Name)
	case *parse.IfNode:
		eachInclude(n.List, f)
		eachInclude(n.ElseList, f)
	case *parse.RangeNode:
		eachInclude(n.List, f)
		eachInclude(n.ElseList, f)
	case *parse.WithNode:
		eachInclude(n.List, f)
		eachInclude(n.ElseList, f)
	}
}
