package tail

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxWalked bounds the entries looked at for one pattern.
const maxWalked = 200_000

// found is a regular file at a path.
type found struct {
	path string
	info fs.FileInfo
}

// CheckPattern refuses what [Set.Paths] cannot hold.
func CheckPattern(pattern string) error {
	if !filepath.IsAbs(pattern) {
		return fmt.Errorf("%q must begin with /", pattern)
	}
	if strings.Contains(pattern, "\x00") {
		return fmt.Errorf("%q holds a zero byte", pattern)
	}
	if _, err := filepath.Match(pattern, ""); err != nil {
		return fmt.Errorf("%q is no pattern: *, ?, [a-z] and ** for folders at any depth", pattern)
	}
	return nil
}

// walk is the expansion of one pattern.
type walk struct {
	out   []found
	count int
	err   error
}

// expand lists the regular files that a pattern names, sorted by path. Links are
// not followed where the pattern does not spell them out: whoever may write into a
// folder of logs must not choose what is read.
func expand(pattern string) ([]found, error) {
	w := &walk{}
	parts := strings.Split(strings.Trim(filepath.ToSlash(filepath.Clean(pattern)), "/"), "/")
	w.step("/", parts)
	slices.SortFunc(w.out, func(a, b found) int { return strings.Compare(a.path, b.path) })
	return slices.CompactFunc(w.out, func(a, b found) bool { return a.path == b.path }), w.err
}

func (w *walk) step(dir string, parts []string) {
	if len(parts) == 0 || w.err != nil {
		return
	}
	part, rest := parts[0], parts[1:]
	switch {
	case part == "**":
		w.deep(dir, rest)
	case !strings.ContainsAny(part, `*?[\`):
		w.visit(filepath.Join(dir, part), rest, false)
	default:
		for _, name := range w.names(dir) {
			if ok, _ := filepath.Match(part, name); ok {
				w.visit(filepath.Join(dir, name), rest, true)
			}
		}
	}
}

// deep takes a folder and all below it.
func (w *walk) deep(dir string, rest []string) {
	if len(rest) == 0 {
		rest = []string{"*"}
	}
	w.step(dir, rest)
	for _, name := range w.names(dir) {
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err == nil && info.IsDir() {
			w.deep(path, rest)
		}
	}
}

// visit goes on below a path or takes it.
func (w *walk) visit(path string, rest []string, matched bool) {
	info, err := os.Lstat(path)
	if err == nil && !matched && info.Mode()&fs.ModeSymlink != 0 {
		info, err = os.Stat(path)
	}
	switch {
	case err != nil:
	case len(rest) > 0 && info.IsDir():
		w.step(path, rest)
	case len(rest) == 0 && info.Mode().IsRegular():
		w.out = append(w.out, found{path, info})
	}
}

func (w *walk) names(dir string) []string {
	names := names(dir)
	if w.count += len(names); w.count > maxWalked && w.err == nil {
		w.err = fmt.Errorf("more than %d names were looked at; name narrower folders", maxWalked)
	}
	return names
}

// names lists a folder, sorted; one that cannot be read has none.
func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	list, _ := f.Readdirnames(maxWalked + 1)
	slices.Sort(list)
	return list
}
