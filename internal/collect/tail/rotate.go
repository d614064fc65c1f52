package tail

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// names of rotated files: what is added to, or put into, the name of the log.
type rotation struct{ added *regexp.Regexp }

func newRotation() rotation {
	return rotation{added: regexp.MustCompile(`^[.\-_~]?(\d[\d.\-_:TZ]*|old|bak|prev)$`)}
}

// bare is a name without what packing adds to it.
func bare(name string) string {
	switch ext := filepath.Ext(name); ext {
	case ".gz", ".zst", ".bz2", ".xz":
		return strings.TrimSuffix(name, ext)
	}
	return name
}

// of reports whether a name is one that rotation gives to what was called base:
// base.1, base-20261122.gz, or stem-20261122.ext of stem.ext.
func (r rotation) of(base, name string) bool {
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	if !strings.HasPrefix(name, stem) {
		return false
	}
	name = bare(name)
	if rest, ok := strings.CutPrefix(name, base); ok {
		return rest == "" || r.added.MatchString(rest)
	}
	middle, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), stem)
	return ok && ext != "" && strings.HasSuffix(name, ext) && r.added.MatchString(middle)
}

// match says how far a file holds the content of another.
type match uint8

const (
	noMatch   match = iota
	partMatch       // all that it holds was read
	fullMatch       // it holds all that was read, and perhaps more
)

// compare looks how far a content is what f has read: up to the offset by its
// marks, and after that the records that the vault has from before a kill.
func (f *file) compare(c *content) (match, error) {
	if f.Offset == 0 {
		return f.replayed(c)
	}
	last := len(f.Marks) - 1
	if last < 0 {
		return noMatch, nil
	}
	if same, err := c.holds(f.Head); err != nil || !same {
		return noMatch, err
	}
	if same, err := c.holds(f.Marks[last]); err != nil || same {
		if err != nil {
			return noMatch, err
		}
		return f.replayed(c)
	}
	end, err := c.end(f.Head.At)
	if err != nil {
		return noMatch, err
	}
	for _, m := range slices.Backward(f.Marks) {
		if m.At > end.At {
			continue
		}
		if same, err := c.holds(m); err != nil || !same {
			return noMatch, err
		}
		break
	}
	return partMatch, nil // it ends before what was read does, and is alike up to there
}

// replayed tells how far a content holds, after what was read, the records that
// the vault has from before a kill.
func (f *file) replayed(c *content) (match, error) {
	if len(f.replay) == 0 {
		return fullMatch, nil
	}
	size := 2 * chunk
	for _, raw := range f.replay {
		size += len(raw)
	}
	buf := make([]byte, size)
	n, err := c.peek(buf, f.Offset)
	if err != nil {
		return noMatch, err
	}
	k := &cutting{replay: f.replay}
	done, same := k.known(buf[:n], n == size)
	if same {
		return fullMatch, nil
	}
	for done < n && between(buf[done]) {
		done++
	}
	if bytes.HasPrefix(k.replay[0], buf[done:n]) {
		return partMatch, nil
	}
	return noMatch, nil
}

// within reports whether all that a content holds, a line at least, is how
// another begins. shallow looks at the first KiB only.
func (c *content) within(o *content, shallow bool) bool {
	head := make([]byte, markBytes)
	n, err := c.peek(head, 0)
	if err != nil || n < markBytes && !bytes.Contains(head[:n], []byte{'\n'}) {
		return false
	}
	if same, err := o.holds(markOf(int64(n), head[:n])); err != nil || !same || shallow {
		return same && err == nil
	}
	end, err := c.end(int64(n))
	if err != nil {
		return false
	}
	same, err := o.holds(end)
	return err == nil && same
}

// oldestFirst sorts places by when they were last written, and what was written
// at once by how far it was rotated.
func oldestFirst(list []*place) {
	slices.SortStableFunc(list, func(a, b *place) int {
		return older(a.path, b.path, a.info.ModTime().Compare(b.info.ModTime()))
	})
}

func older(a, b string, byTime int) int {
	if byTime != 0 {
		return byTime
	}
	if c := len(b) - len(a); c != 0 {
		return c
	}
	return strings.Compare(b, a)
}
