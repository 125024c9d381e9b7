package templates

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

//go:generate go test -run TestDocs -update .

// TestDocs keeps docs/templates.md in step with the types, the functions and
// the example.
func TestDocs(t *testing.T) {
	golden.Check(t, "../docs/templates.md", docs(t))
}

func docs(t *testing.T) []byte {
	t.Helper()
	source, err := os.ReadFile("testdata/docs.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("testdata/example/" + Entry)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		"<<STYLES>>", stylesTable(), "<<PARTIALS>>", partialsList(), "<<FUNCTIONS>>", functionsTable(), "<<KINDS>>", "`"+strings.Join(kindNames(), "`, `")+"`",
		"<<EXAMPLE>>", string(example), "<<RESULT>>", exampleResult(t), "<<TYPES>>", typesTables(t),
	).Replace(string(source))
	return []byte("<!-- Made from templates/testdata/docs.md and the types by go generate ./templates; edit those instead. -->\n\n" + text)
}

// exampleResult renders the example: a small story with known words.
func exampleResult(t *testing.T) string {
	t.Helper()
	set, err := Load("testdata/example")
	if err != nil {
		t.Fatal(err)
	}
	at := func(seconds int) time.Time {
		return time.Date(2026, time.January, 15, 14, 33, seconds, 0, time.UTC)
	}
	v := View{Report: report.Report{
		Events: []report.Event{
			{Time: at(0), Kind: timeline.SLIBreached, Title: "availability below its objective of 99.9 %", Key: true},
			{Time: at(20), Kind: timeline.AlertFiring, Title: "Alert ErrorBudgetBurn firing", Key: true},
			{Time: at(50), Kind: timeline.PageAcknowledged, Title: "Page acknowledged", Role: "on-call engineer", Key: true},
		},
		Phases: []report.Phase{{Name: "Undetected", Start: at(0), End: at(20)}, {Name: "Until the abort", Start: at(20), End: at(45)}},
	}}
	var out bytes.Buffer
	if err := set.Render(&out, v); err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(out.String(), "## Alerts")
	if !found {
		t.Fatal("the example has no alerts")
	}
	for strings.Contains(after, "\n\n\n") { // as package output does
		after = strings.ReplaceAll(after, "\n\n\n", "\n\n")
	}
	return "## Alerts" + strings.ReplaceAll(after, " -->\n\n###", " -->\n###")
}

func stylesTable() string {
	var b strings.Builder
	b.WriteString("| Template | What it is |\n| --- | --- |\n")
	for _, s := range Styles {
		fmt.Fprintf(&b, "| `%s` | %s |\n", s.Name, s.Doc)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func functionsTable() string {
	var b strings.Builder
	b.WriteString("| Function | Gives |\n| --- | --- |\n")
	for _, f := range ours {
		fmt.Fprintf(&b, "| `%s %s` | %s |\n", f.name, f.arguments, f.doc)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// partialsList names what all templates may include.
func partialsList() string {
	var names []string
	set := &Set{root: Default().root}
	for _, name := range set.partials() {
		if strings.HasPrefix(set.root.Lookup(name).ParseName, "partials:") {
			names = append(names, "`"+name+"`")
		}
	}
	return strings.Join(names, ", ")
}

// typesTables document the view and every type that it reaches, in the order
// in which a reader meets them.
func typesTables(t *testing.T) string {
	comments := typeComments(t)
	var b strings.Builder
	seen := map[reflect.Type]bool{}
	queue := []reflect.Type{reflect.TypeFor[View](), reflect.TypeFor[report.Report]()}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		about := comments[next.String()]
		fmt.Fprintf(&b, "### %s\n\n%s\n\n| Field | Type | Meaning |\n| --- | --- | --- |\n", next.Name(), about.doc)
		for field := range next.Fields() {
			fmt.Fprintf(&b, "| `.%s` | %s | %s |\n", field.Name, typeName(field), about.members[field.Name])
			if below := element(field.Type); documented(below) {
				queue = append(queue, below)
			}
		}
		for method := range next.Methods() {
			if doc := about.members[method.Name]; doc != "" && method.Name != "String" && !(next == reflect.TypeFor[View]() && method.Name != "Picture") {
				fmt.Fprintf(&b, "| `.%s` | method | %s |\n", method.Name, doc)
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimSpace(b.String())
}

func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

func documented(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && strings.HasPrefix(t.PkgPath(), "github.com/debrief-sre/")
}

// typeName says what a field holds, in a template author's words.
func typeName(field reflect.StructField) string {
	t, prefix := field.Type, ""
	switch {
	case field.Anonymous:
		return "[" + t.Name() + "](#" + strings.ToLower(t.Name()) + "); its fields are also those of the view"
	case t.Kind() == reflect.Slice:
		t, prefix = t.Elem(), "list of "
	case t.Kind() == reflect.Pointer:
		t, prefix = t.Elem(), "nil or "
	}
	switch {
	case documented(t):
		return prefix + "[" + t.Name() + "](#" + strings.ToLower(t.Name()) + ")"
	case t == reflect.TypeFor[time.Time]():
		return prefix + "time"
	case t.Kind() == reflect.Float64, t.Kind() == reflect.Int, t.Kind() == reflect.Int64 && t.PkgPath() == "":
		return prefix + "number"
	case t.Kind() == reflect.Bool:
		return prefix + "true or false"
	case t.Kind() == reflect.String:
		return prefix + "text"
	default:
		return prefix + t.Name()
	}
}

type typeComment struct {
	doc     string
	members map[string]string // of fields and methods
}

// typeComments reads the comments of the types in our packages' sources.
func typeComments(t *testing.T) map[string]typeComment {
	t.Helper()
	found := map[string]typeComment{}
	for _, dir := range []string{".", "../report", "../evidence", "../timeline", "../slo"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			collectComments(file, found)
		}
	}
	return found
}

func collectComments(file *ast.File, found map[string]typeComment) {
	of := func(name string) typeComment {
		key := file.Name.Name + "." + name
		if found[key].members == nil {
			found[key] = typeComment{members: map[string]string{}}
		}
		return found[key]
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv != nil && n.Doc != nil && n.Name.IsExported() {
				if receiver, ok := n.Recv.List[0].Type.(*ast.Ident); ok {
					of(receiver.Name).members[n.Name.Name] = sentence(n.Doc.Text())
				}
			}
			return false
		case *ast.GenDecl:
			for _, spec := range n.Specs {
				spec, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				about := of(spec.Name.Name)
				about.doc = sentence(n.Doc.Text())
				if s, ok := spec.Type.(*ast.StructType); ok {
					fieldComments(s, about.members)
				}
				found[file.Name.Name+"."+spec.Name.Name] = about
			}
		}
		return true
	})
}

func fieldComments(s *ast.StructType, into map[string]string) {
	for _, field := range s.Fields.List {
		words := strings.TrimSpace(field.Doc.Text() + " " + field.Comment.Text())
		for _, name := range field.Names {
			into[name.Name] = sentence(words)
		}
	}
}

// sentence is a comment on one line, without what Markdown would read into it.
func sentence(s string) string {
	var p comment.Parser
	pr := comment.Printer{TextWidth: -1}
	plain := string(pr.Text(p.Parse(strings.NewReplacer("[", "", "]", "").Replace(s))))
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(strings.Join(strings.Fields(plain), " "))
}
