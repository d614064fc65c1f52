package sigma

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// maxRules bounds the rules that one call of Load takes in.
const maxRules = 100_000

// Options say how rules are loaded.
type Options struct {
	// Placeholders are the values of %name% in values under |expand. A rule
	// that uses a name without values is refused.
	Placeholders map[string][]string
}

// A Tree is a folder of rule files.
type Tree struct {
	Name string // put before the paths in Problem.File and Meta.File; may be empty
	FS   fs.FS
	Root string // a folder of FS; "" is the same as "."
}

// A Collection is what a set of trees holds.
type Collection struct {
	Rules []*Rule
	// Correlations stand behind those that they take as inputs.
	Correlations []*Correlation
	Problems     []Problem
}

// Load reads every *.yml and *.yaml under the trees, in lexical order; ids and
// names are resolved over all of them and filters applied. What cannot be read
// or honoured becomes a Problem and is left out; the rest is loaded.
func Load(o Options, trees ...Tree) *Collection {
	l := &loader{options: o, first: make(map[string]string), out: &Collection{}}
	for _, t := range trees {
		l.tree(t)
	}
	return l.out
}

// LoadDir is Load of one folder without placeholders, rules only.
func LoadDir(fsys fs.FS, root string) (rules []*Rule, problems []Problem) {
	c := Load(Options{}, Tree{FS: fsys, Root: root})
	return c.Rules, c.Problems
}

type loader struct {
	options Options
	first   map[string]string // the file that an id was first met in
	out     *Collection
}

func (l *loader) refuse(file string, line int, reason string) {
	l.out.Problems = append(l.out.Problems, Problem{file, line, reason})
}

func (l *loader) tree(t Tree) {
	root := cmp.Or(t.Root, ".")
	err := fs.WalkDir(t.FS, root, func(name string, d fs.DirEntry, err error) error {
		shown := path.Join(t.Name, name)
		if err != nil {
			l.refuse(shown, 0, err.Error())
			return nil
		}
		if d.IsDir() || !isRuleFile(name) {
			return nil
		}
		data, err := readBounded(t.FS, name)
		if err != nil {
			l.refuse(shown, 0, err.Error())
			return nil
		}
		return l.file(shown, data)
	})
	if err != nil {
		l.refuse(path.Join(t.Name, root), 0, err.Error())
	}
}

// file takes in what one file holds.
func (l *loader) file(name string, data []byte) error {
	found, bad := parseAll(name, data)
	for _, p := range bad {
		l.refuse(p.File, p.Line, p.Err.Error())
	}
	for _, r := range found {
		if other, ok := l.first[r.ID]; ok {
			l.refuse(r.File, r.Line, fmt.Sprintf("id %s is taken by %s", r.ID, other))
			continue
		}
		if len(l.out.Rules) == maxRules {
			l.refuse(r.File, r.Line, fmt.Sprintf("more than %d rules", maxRules))
			return fs.SkipAll
		}
		l.first[r.ID] = r.File
		l.out.Rules = append(l.out.Rules, r)
	}
	return nil
}

func isRuleFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yml", ".yaml":
		return true
	}
	return false
}

// readBounded reads at most one byte more than a rule file may have.
func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}
