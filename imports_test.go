package debrief_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/debrief-sre/debrief"

// layers says which of our packages a package must not reach, directly or by
// way of others. "*" is every package of ours that is not listed under but.
var layers = []struct {
	of  string // and the packages below it
	not []string
	but []string // exceptions to "*"
	why string
}{
	{of: "slo", not: []string{"*"}, why: "arithmetic knows nothing of incidents"},
	{of: "evidence", not: []string{"*"}, but: []string{"slo"}, why: "a bundle outlives every other package's form"},
	{of: "timeline", not: []string{"*"}, but: []string{"slo", "evidence"}, why: "the story is the same whoever told it and whoever reads it"},
	{of: "report", not: []string{"collectors", "templates", "output", "config", "cmd"}, why: "a report does not know where it came from or how it will look"},
	{of: "templates", not: []string{"collectors", "output", "config", "cmd"}, why: "a template's data is the report alone"},
	{of: "past", not: []string{"collectors", "templates", "output", "config", "cmd"}, why: "a postmortem is read by what it states, whoever wrote it"},
	{of: "output", not: []string{"collectors", "config", "watch", "cmd"}, why: "documents are rendered offline"},
	{of: "collectors", not: []string{"report", "templates", "output", "config", "watch", "cmd"}, why: "a collector asks one source, and no more"},
	{of: "output/repository", not: []string{"*"}, why: "git does not know what it carries"},
	{of: "output/forge", not: []string{"*"}, why: "a request's words are its caller's"},
	{of: "output/store", not: []string{"*"}, but: []string{"internal/printable"}, why: "a bundle is bytes with a hash"},
	{of: "output/notify", not: []string{"output", "past"}, why: "telling is not publishing"},
	{of: "watch", not: []string{"*"}, why: "the watcher is told what to do about an incident"},
	{of: "config", not: []string{"collectors", "report", "templates", "output", "cmd"}, why: "a file's meaning does not depend on what is done with it"},
}

// ambient are calls whose result is not in their arguments. Only main makes
// them, and hands on what it got: the same evidence gives the same document.
var ambient = map[string][]string{
	"time":         {"Now", "Since", "Until"},
	"os":           {"Getenv", "LookupEnv", "Environ", "ExpandEnv"},
	"math/rand":    {"*"},
	"math/rand/v2": {"*"},
}

// ambientIn are the folders that may: main, and what only tests use.
var ambientIn = []string{"cmd", "e2e", "internal/replay"}

// source is a parsed file of the module that is no test.
type source struct {
	pkg  string // its folder, slashed
	file *ast.File
}

func sources(t *testing.T) (files []source, positions *token.FileSet) {
	t.Helper()
	positions = token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(positions, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, source{path.Dir(filepath.ToSlash(name)), file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, positions
}

// ours gives each package's imports of this module.
func ours(files []source) map[string][]string {
	imports := map[string][]string{}
	for _, f := range files {
		for _, spec := range f.file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser has checked it
			}
			if inside, ok := strings.CutPrefix(name, module+"/"); ok {
				imports[f.pkg] = append(imports[f.pkg], inside)
			}
		}
	}
	return imports
}

func below(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }

func TestLayers(t *testing.T) {
	files, _ := sources(t)
	imports := ours(files)
	for _, layer := range layers {
		found := false
		for pkg := range imports {
			found = found || below(pkg, layer.of)
		}
		for _, f := range files {
			found = found || below(f.pkg, layer.of)
		}
		if !found {
			t.Errorf("there is no package %s", layer.of)
		}
		for pkg := range imports {
			if !below(pkg, layer.of) {
				continue
			}
			for reached, way := range reach(imports, pkg) {
				if below(reached, layer.of) || !forbidden(reached, layer.not, layer.but) {
					continue
				}
				t.Errorf("%s must not import %s: %s (%s)", pkg, reached, layer.why, strings.Join(way, " -> "))
			}
		}
	}
}

func forbidden(pkg string, not, but []string) bool {
	is := func(folder string) bool { return below(pkg, folder) }
	return slices.ContainsFunc(not, is) || slices.Contains(not, "*") && !slices.ContainsFunc(but, is)
}

// reach gives the packages that one imports, however indirectly, each with a way to it.
func reach(imports map[string][]string, from string) map[string][]string {
	ways := map[string][]string{}
	todo := [][]string{{from}}
	for len(todo) > 0 {
		way := todo[0]
		todo = todo[1:]
		for _, next := range imports[way[len(way)-1]] {
			if ways[next] == nil {
				ways[next] = append(slices.Clone(way), next)
				todo = append(todo, ways[next])
			}
		}
	}
	return ways
}

func TestNothingAmbient(t *testing.T) {
	files, positions := sources(t)
	for _, f := range files {
		if slices.ContainsFunc(ambientIn, func(folder string) bool { return below(f.pkg, folder) }) {
			continue
		}
		names := map[string]string{} // by which the file calls the packages
		for _, spec := range f.file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil || ambient[imported] == nil {
				continue
			}
			if slices.Contains(ambient[imported], "*") {
				t.Errorf("%s: imports %s", positions.Position(spec.Pos()), imported)
			}
			name := path.Base(imported)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			names[name] = imported
		}
		ast.Inspect(f.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := selector.X.(*ast.Ident); ok && slices.Contains(ambient[names[x.Name]], selector.Sel.Name) {
				t.Errorf("%s: uses %s.%s; take it as an argument", positions.Position(n.Pos()), x.Name, selector.Sel.Name)
			}
			return true
		})
	}
}
