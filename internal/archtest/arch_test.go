package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/konseki/konseki/"

// source is one Go file of the project.
type source struct {
	path string // relative to the root, with slashes
	room string // "vault", "index/duckdb", "cmd/konseki", …
	ast  *ast.File
	set  *token.FileSet
	test bool
	text string
}

func sources(t *testing.T) []source {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var out []source
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "tools") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		rel, _ := filepath.Rel(root, path)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		room := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(rel)), "internal/")
		out = append(out, source{rel, room, f, set, strings.HasSuffix(rel, "_test.go"), string(text)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoomsDependOnlyDownwards(t *testing.T) {
	table := rooms()
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		r, ok := table[s.room]
		if !ok {
			t.Errorf("%s: room %q is not in the table; add it with its sentence or put the code elsewhere", s.path, s.room)
			continue
		}
		for _, imp := range s.ast.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			to, ours := strings.CutPrefix(path, module)
			if !ours {
				continue
			}
			to = strings.TrimPrefix(to, "internal/")
			if !r.anything && !slices.Contains(r.may, to) {
				t.Errorf("%s imports %s; %s may import %v", s.path, to, s.room, r.may)
			}
		}
	}
}

func TestEveryRoomHasItsSentence(t *testing.T) {
	docs := map[string]string{}
	for _, s := range sources(t) {
		if s.ast.Doc != nil && !s.test {
			docs[s.room] += s.ast.Doc.Text()
		}
	}
	table := rooms()
	for _, name := range slices.Sorted(maps.Keys(table)) {
		want := table[name].sentence
		if want == "" {
			continue
		}
		if got, _, _ := strings.Cut(docs[name], "\n"); got != want {
			t.Errorf("%s begins with\n  %q\nwant\n  %q", name, got, want)
		}
	}
}

func TestSizesStayReadable(t *testing.T) {
	const maxFile, maxPackage, maxFunc = 600, 5000, 80
	lines := map[string]int{}
	for _, s := range sources(t) {
		n := strings.Count(s.text, "\n")
		if s.test {
			continue
		}
		lines[s.room] += n
		if n > maxFile {
			t.Errorf("%s has %d lines; at most %d", s.path, n, maxFile)
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s has an init function; build the value in New", s.path)
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > maxFunc {
				t.Errorf("%s: %s has %d lines; at most %d", s.path, f.Name.Name, n, maxFunc)
			}
		}
	}
	for room, n := range lines {
		if n > maxPackage {
			t.Errorf("%s has %d lines; at most %d", room, n, maxPackage)
		}
	}
}

// TestNoPackageVariables allows errors, embedded files and compiled templates.
func TestNoPackageVariables(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, d := range s.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for _, name := range v.Names {
					if !allowedVariable(s, g, v, name.Name) {
						t.Errorf("%s: package variable %s; pass it or return it from a function", s.path, name.Name)
					}
				}
			}
		}
	}
}

func allowedVariable(s source, g *ast.GenDecl, v *ast.ValueSpec, name string) bool {
	if name == "_" || strings.HasPrefix(name, "Err") || strings.HasPrefix(name, "err") {
		return true
	}
	if s.room == "cmd/konseki" && name == "version" {
		return true // set by the linker
	}
	doc := ""
	for _, c := range []*ast.CommentGroup{g.Doc, v.Doc} {
		if c != nil {
			for _, l := range c.List {
				doc += l.Text
			}
		}
	}
	return strings.Contains(doc, "//go:embed")
}

func TestNoRoomIsNamedForNothing(t *testing.T) {
	for _, s := range sources(t) {
		switch filepath.Base(s.room) {
		case "util", "utils", "common", "helpers", "types", "models", "base", "manager", "misc":
			t.Errorf("%s: a package named %s says nothing", s.path, filepath.Base(s.room))
		}
	}
}

// TestOnlyTheProjectSpeaks looks for what belongs to a workplace, not a project.
func TestOnlyTheProjectSpeaks(t *testing.T) {
	foreign := regexp.MustCompile(`/work/|/root/|\bTODO\b|\bFIXME\b|not implemented`)
	for _, s := range sources(t) {
		if s.room == "archtest" {
			continue
		}
		for i, line := range strings.Split(s.text, "\n") {
			if m := foreign.FindString(line); m != "" {
				t.Errorf("%s:%d holds %q", s.path, i+1, m)
			}
		}
	}
}

func TestEveryExportIsDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, d := range s.ast.Decls {
			if name := undocumented(d); name != "" {
				t.Errorf("%s: exported %s has no comment", s.path, name)
			}
		}
	}
}

func undocumented(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d.Recv)) {
			return "func " + d.Name.Name
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok && t.Name.IsExported() && d.Doc == nil && t.Doc == nil {
				return fmt.Sprint("type ", t.Name.Name)
			}
		}
	}
	return ""
}

func exportedReceiver(r *ast.FieldList) bool {
	typ := r.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}
