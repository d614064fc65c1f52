package tail

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// names of rotated files: what is added to, or put into, the name of the log.
type rotation struct{ packed, added *regexp.Regexp }

func newRotation() rotation {
	return rotation{
		packed: regexp.MustCompile(`\.(gz|zst|bz2|xz)$`),
		added:  regexp.MustCompile(`^[.\-_~]?(\d[\d.\-_:TZ]*|old|bak|prev)$`),
	}
}

// of reports whether a name is one that rotation gives to what was called base:
// base.1, base-20261122.gz, or stem-20261122.ext of stem.ext.
func (r rotation) of(base, name string) bool {
	name = r.packed.ReplaceAllString(name, "")
	if rest, ok := strings.CutPrefix(name, base); ok {
		return rest == "" || r.added.MatchString(rest)
	}
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	middle, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), stem)
	return ok && ext != "" && strings.HasSuffix(name, ext) && r.added.MatchString(middle)
}

// plain is what a name is called without what rotation added to it.
func (r rotation) plain(name string) string {
	name = r.packed.ReplaceAllString(name, "")
	for cut := true; cut; {
		cut = false
		for i := len(name) - 1; i > 0; i-- {
			if strings.IndexByte(".-_~", name[i]) >= 0 && r.added.MatchString(name[i:]) {
				name, cut = name[:i], true
				break
			}
		}
	}
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if i := strings.IndexFunc(stem, func(c rune) bool { return c >= '0' && c <= '9' }); ext != "" && i > 1 && r.added.MatchString(stem[i-1:]) {
		return stem[:i-1] + ext
	}
	return name
}

// related reports whether one of the names may be a rotated form of the other.
func (r rotation) related(a, b string) bool {
	return r.plain(filepath.Base(a)) == r.plain(filepath.Base(b))
}

// match says how far a file holds the content of another.
type match uint8

const (
	noMatch   match = iota
	partMatch       // all that it holds was read
	fullMatch       // it holds all that was read, and perhaps more
)

// compare looks whether a file holds what f has read.
func (f *file) compare(c *content) (match, error) {
	if len(f.replay) > 0 {
		if same, err := f.replayed(c); err != nil || !same {
			return noMatch, err
		}
		if f.Offset == 0 {
			return fullMatch, nil
		}
	}
	if f.Head.At == 0 || len(f.Marks) == 0 {
		return noMatch, nil
	}
	if same, err := c.holds(f.Head); err != nil || !same {
		return noMatch, err
	}
	for i := len(f.Marks) - 1; i >= 0; i-- {
		m := f.Marks[i]
		same, err := c.holds(m)
		if err != nil {
			return noMatch, err
		}
		if same && i == len(f.Marks)-1 {
			return fullMatch, nil
		}
		if same {
			length, err := c.length(m.At)
			if err != nil || length >= f.Marks[i+1].At { // it differs before the next mark
				return noMatch, err
			}
			return partMatch, nil
		}
		if length, err := c.length(m.from()); err != nil || length >= m.At {
			return noMatch, err
		}
	}
	return partMatch, nil // shorter than what is remembered, and it begins alike
}

// replayed reports whether a content holds, after what was read, the records
// that the vault has from before a kill.
func (f *file) replayed(c *content) (bool, error) {
	buf := make([]byte, appendBytes+2*chunk)
	n, err := c.read(buf, f.Offset)
	if err != nil {
		return false, err
	}
	_, same := (&cutting{replay: f.replay}).known(buf[:n], n == len(buf))
	return same, nil
}

// length tells how long a content is, which is known to reach up to from.
func (c *content) length(from int64) (int64, error) {
	if !c.packed {
		return c.size(), nil
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := c.read(buf, from)
		from += int64(n)
		if err != nil || n < len(buf) {
			return from, err
		}
	}
}

// siblings lists the files beside a path that rotation may have made of it and
// that nobody follows yet, the oldest first.
func (t *Tailer) siblings(path string) (out []found) {
	dir, base := filepath.Split(path)
	for _, name := range names(dir) {
		if name == base || !t.rotation.of(base, name) {
			continue
		}
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || !info.Mode().IsRegular() || t.followed[identityOf(info)] != nil {
			continue
		}
		out = append(out, found{filepath.Join(dir, name), info})
	}
	oldestFirst(out)
	return out
}

// oldestFirst sorts files by when they were last written, and what was written
// at once by how far it was rotated.
func oldestFirst(list []found) {
	slices.SortStableFunc(list, func(a, b found) int {
		if c := a.info.ModTime().Compare(b.info.ModTime()); c != 0 {
			return c
		}
		if c := len(b.path) - len(a.path); c != 0 {
			return c
		}
		return strings.Compare(b.path, a.path)
	})
}

// trace looks for what a lost file held among the files beside it, and goes on
// there. Where it is nowhere, what was not read of it is lost.
func (t *Tailer) trace(f *file, matches []found, now time.Time) (goesOn bool) {
	candidates := t.siblings(f.Path)
	if f.Now != f.Path {
		candidates = append(candidates, t.siblings(f.Now)...)
	}
	for _, m := range matches {
		if t.followed[identityOf(m.info)] == nil && m.path != f.Path && t.rotation.related(f.Path, m.path) {
			candidates = append(candidates, m)
		}
	}
	best, kind := found{}, noMatch
	for _, c := range candidates {
		if k := t.compare(f, c); k > kind {
			best, kind = c, k
		}
	}
	if kind == noMatch {
		return false
	}
	return t.moveTo(f, best, kind, now)
}

func (t *Tailer) compare(f *file, c found) match {
	content, err := open(c.path, identityOf(c.info))
	if err != nil {
		return noMatch
	}
	defer content.close()
	m, err := f.compare(content)
	if err != nil {
		t.opts.Logger.Warn("a rotated file could not be read", "path", c.path, "error", err)
	}
	return m
}

// moveTo makes f go on in another file that holds its content.
func (t *Tailer) moveTo(f *file, to found, kind match, now time.Time) bool {
	content, err := open(to.path, identityOf(to.info))
	if err != nil {
		return false
	}
	if kind == partMatch { // all of it is in the vault
		length, err := content.length(0)
		if err != nil {
			content.close()
			return false
		}
		f.Offset, f.Part = min(f.Offset, length), 0
		f.Marks = slices.DeleteFunc(f.Marks, func(m mark) bool { return m.At > f.Offset })
		if f.Head.At > f.Offset {
			f.Head = mark{}
		}
		if n := len(f.Marks); n == 0 || f.Marks[n-1].At != f.Offset {
			f.Marks = append(f.Marks, content.markAt(f.Offset))
		}
	}
	f.shut()
	f.content, f.Packed = content, content.packed
	f.Identity, f.Now, f.Lost, f.gone = identityOf(to.info), to.path, false, false
	f.dirty, f.still, f.atEnd = true, now, false
	f.Size, f.Changed, f.Looked = to.info.Size(), to.info.ModTime().UTC(), now.UTC()
	t.followed[f.Identity] = f
	t.changed = true
	return true
}

// markAt marks a content at an offset that it reaches.
func (c *content) markAt(at int64) mark {
	m := mark{At: at}
	p := make([]byte, at-m.from())
	n, _ := c.read(p, m.from())
	return markOf(at, p[:n])
}
