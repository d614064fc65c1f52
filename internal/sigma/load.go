package sigma

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// maxRules bounds the rules that one call of LoadDir takes in.
const maxRules = 100_000

// LoadDir reads every *.yml and *.yaml under root, in lexical order. What
// cannot be read or is not understood becomes a problem and is left out; the
// rest is loaded.
func LoadDir(fsys fs.FS, root string) (rules []*Rule, problems []Problem) {
	first := make(map[string]string)
	err := fs.WalkDir(fsys, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			problems = append(problems, Problem{name, 0, err.Error()})
			return nil
		}
		if d.IsDir() || !isRuleFile(name) {
			return nil
		}
		data, err := readBounded(fsys, name)
		if err != nil {
			problems = append(problems, Problem{name, 0, err.Error()})
			return nil
		}
		found, bad := parseAll(name, data)
		for _, p := range bad {
			problems = append(problems, Problem{p.File, p.Line, p.Err.Error()})
		}
		for _, r := range found {
			if other, ok := first[r.ID]; ok {
				problems = append(problems, Problem{r.File, r.Line, fmt.Sprintf("id %s is taken by %s", r.ID, other)})
				continue
			}
			if len(rules) == maxRules {
				problems = append(problems, Problem{r.File, r.Line, fmt.Sprintf("more than %d rules", maxRules)})
				return fs.SkipAll
			}
			first[r.ID] = r.File
			rules = append(rules, r)
		}
		return nil
	})
	if err != nil {
		problems = append(problems, Problem{root, 0, err.Error()})
	}
	return rules, problems
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
