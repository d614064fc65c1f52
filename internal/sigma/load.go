package sigma

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxFile bounds one rule file in bytes, maxDocuments its YAML documents.
const (
	maxFile      = 1 << 20
	maxDocuments = 1000
)

// maxRules bounds the documents, and maxTotal the nodes and values, that one
// call of Load takes in.
const (
	maxRules = 100_000
	maxTotal = 2_000_000
)

// maxReason bounds the text of a Problem, which may cite a file.
const maxReason = 500

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
	Filters      []Filter // those applied
	Problems     []Problem
}

// Load reads every *.yml and *.yaml under the trees, in lexical order; ids and
// names are resolved over all of them and filters applied. What cannot be read
// or honoured becomes a Problem and is left out; the rest is loaded.
//
// Of documents with the same id the first is taken. Load needs time and memory
// in proportion to the files, whatever they hold.
func Load(o Options, trees ...Tree) *Collection {
	l := newLoader(o)
	for _, t := range trees {
		l.tree(t)
	}
	return l.collection()
}

// Parse reads the rules of one YAML file, which may hold several documents.
// It returns the rules that are sound, filters of the file applied, together
// with the first error, a *ParseError, met in the others.
func Parse(file string, data []byte) ([]*Rule, error) {
	l := newLoader(Options{})
	l.file(file, data)
	c := l.collection()
	if len(c.Problems) == 0 {
		return c.Rules, nil
	}
	p := c.Problems[0]
	return c.Rules, &ParseError{p.File, p.Line, errors.New(p.Reason)}
}

// A loader gathers the documents of files, then makes a Collection of them.
type loader struct {
	options       Options
	left, program int
	full          bool
	documents     []*document // in reading order
	problems      []Problem
	files         map[string]int // in reading order
}

func newLoader(o Options) *loader {
	return &loader{options: o, left: maxTotal, program: maxProgramOfAll, files: make(map[string]int)}
}

// problem notes why something in a file was left out; line is used where err
// knows no better.
func (l *loader) problem(file string, line int, err error) {
	if known, ok := errors.AsType[*located](err); ok {
		line = known.line
	}
	reason := err.Error()
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + " …"
	}
	l.problems = append(l.problems, Problem{file, line, reason})
}

func (l *loader) tree(t Tree) {
	root := cmp.Or(t.Root, ".")
	err := fs.WalkDir(t.FS, root, func(name string, d fs.DirEntry, err error) error {
		shown := path.Join(t.Name, name)
		if err != nil {
			l.problem(shown, 0, err)
			return nil
		}
		if d.IsDir() || !isRuleFile(name) {
			return nil
		}
		data, err := readBounded(t.FS, name)
		if err != nil {
			l.problem(shown, 0, err)
			return nil
		}
		l.file(shown, data)
		if l.full {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		l.problem(path.Join(t.Name, root), 0, err)
	}
}

// file takes in what one file holds.
func (l *loader) file(name string, data []byte) {
	if _, ok := l.files[name]; !ok {
		l.files[name] = len(l.files)
	}
	if len(data) > maxFile {
		l.problem(name, 0, fmt.Errorf("file larger than %d bytes", maxFile))
		return
	}
	docs, err := documents(data)
	if err != nil {
		l.problem(name, 0, err)
	} else if len(docs) == 0 {
		l.problem(name, 1, errors.New("holds no rule"))
	}
	w := newWalker(l.options, len(data), l.left, l.program)
	left, program := w.left, w.program
	for i, doc := range docs {
		if l.full = len(l.documents) == maxRules || l.left <= 0; l.full {
			l.problem(name, doc.Line, errors.New("too many rules: what follows is not read"))
			return
		}
		p := w.document(doc)
		p.File = name
		if p.ID == "" {
			p.ID = strings.TrimSuffix(path.Base(name), path.Ext(name))
			if i > 0 {
				p.ID = fmt.Sprintf("%s-%d", p.ID, i+1)
			}
		}
		l.documents = append(l.documents, p)
	}
	l.left -= left - max(w.left, 0)
	l.program -= program - max(w.program, 0)
}

// collection resolves what the documents say of each other.
func (l *loader) collection() *Collection {
	c := &Collection{}
	d := newDirectory(l.documents)
	l.applyFilters(d)
	for _, p := range l.documents {
		if p.refused == nil && p.rule != nil {
			p.rule.Meta = p.Meta
			c.Rules = append(c.Rules, p.rule)
		}
	}
	r := &resolver{directory: d, out: c}
	for _, p := range l.documents {
		if p.correlation != nil {
			r.resolve(p)
		}
	}
	c.quieten()
	for _, p := range l.documents {
		if p.refused != nil {
			l.problem(p.File, p.Line, p.refused)
		} else if p.filter != nil {
			c.Filters = append(c.Filters, p.filter.made(p.Meta))
		}
	}
	slices.SortStableFunc(l.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(l.order(a.File), l.order(b.File)), cmp.Compare(a.Line, b.Line))
	})
	c.Problems = l.problems
	return c
}

// order ranks files as they were read, what is no file after them.
func (l *loader) order(file string) int {
	if n, ok := l.files[file]; ok {
		return n
	}
	return len(l.files)
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
