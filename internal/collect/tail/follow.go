package tail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// matched is a file that a pattern names.
type matched struct {
	found
	set *Set
}

// find expands all patterns. A file that several name belongs to the first.
func (t *Tailer) find() []matched {
	var out []matched
	seen := map[identity]bool{}
	for i := range t.sets {
		set := &t.sets[i]
		for _, pattern := range set.Paths {
			list, err := expand(pattern)
			if err != nil {
				t.blind[set.Source] = true
			}
			t.complain(pattern, err)
			for _, f := range list {
				if id := identityOf(f.info); !seen[id] {
					seen[id] = true
					out = append(out, matched{f, set})
				}
			}
		}
	}
	return out
}

// look finds out which file holds what, by content: what was read goes on where
// all of it stands, wherever that is; what nobody has read is new.
func (t *Tailer) look(matches []matched, now time.Time) {
	s := t.survey(matches)
	var astray, unread, loose []*file // the content of those astray is not where it was
	for _, f := range t.files {
		switch {
		case f.unread() && f.Old:
			if p := s.untouched(f); p != nil {
				t.hold(f, p, now)
			} else {
				t.forget(f)
			}
		case f.unread() && s.at[f.Identity] != nil:
			unread = append(unread, f)
		case t.stays(f, s, now):
		case f.unread():
			loose = append(loose, f)
		default:
			astray = append(astray, f)
		}
	}
	// Who knows most of its content chooses first: a short beginning is like many.
	slices.SortStableFunc(astray, func(a, b *file) int { return b.known() - a.known() })
	astray = slices.DeleteFunc(astray, func(f *file) bool { return t.rehome(f, s, now) })
	for _, f := range unread {
		switch p := s.at[f.Identity]; {
		case p.held != nil, // or a copy, which its beginning did not tell
			p.path != f.from && p.stamp != f.stamp && t.isCopy(p, s.families[origin{f.set, f.from}]):
			t.forget(f)
		default:
			t.hold(f, p, now)
		}
	}
	for _, fam := range s.order {
		t.begin(fam, now)
	}
	for _, f := range astray {
		t.miss(f, now)
	}
	for _, f := range loose {
		t.drop(f, s.families[origin{f.set, f.from}], now)
	}
	t.arrange()
}

// stays reports whether a file still holds what was read of it.
func (t *Tailer) stays(f *file, s *survey, now time.Time) bool {
	p := s.at[f.Identity]
	if p == nil {
		p = s.elsewhere(f)
	}
	f.cut = p != nil && p.path == f.Now && f.Now == f.from // nobody truncates what was rotated; its inode is another file’s
	switch {
	case p != nil && p.held == nil:
		if p.stamp == f.stamp || f.Packed && f.untouched(p) {
			t.hold(f, p, now)
			return true
		}
		m, err := t.compare(f, p)
		if unsure := err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errReplaced); m == fullMatch || unsure {
			t.hold(f, p, now)
			if unsure {
				f.stamp = stamp{}
			}
			return true
		}
	case p == nil && f.content != nil: // it was removed, and is still open
		return t.remains(f, now)
	}
	return false
}

// untouched finds an old file that is known by its size and time only.
func (s *survey) untouched(f *file) *place {
	if p := s.at[f.Identity]; p != nil && p.held == nil && f.untouched(p) {
		return p
	}
	for _, p := range s.families[origin{f.set, f.from}].places {
		if p.held == nil && f.Packed && f.untouched(p) {
			p.packed = true
			return p
		}
	}
	return nil
}

// remains reports whether a file that was removed still holds, being open, what
// was read of it, and may go on.
func (t *Tailer) remains(f *file, now time.Time) bool {
	info, err := f.content.f.Stat()
	if err != nil {
		return false
	}
	if s := stampOf(info); s != f.stamp && !f.Packed {
		if m, err := f.compare(f.content); err != nil || m != fullMatch {
			f.cut = true
			return false
		}
		f.stamp = s
	}
	t.moved = t.moved || !f.gone
	f.gone = true
	f.notice(info, now)
	return !f.drained(now)
}

// compare looks how far a place holds what was read of a file.
func (t *Tailer) compare(f *file, p *place) (match, error) {
	if f.content != nil && !f.Packed && p.stamp.identity == f.Identity {
		return f.compare(f.content)
	}
	c, err := open(p.path, p.stamp.identity)
	if err != nil {
		return noMatch, err
	}
	defer c.close()
	p.packed = c.packed
	return f.compare(c)
}

// hold says that a place holds a file.
func (t *Tailer) hold(f *file, p *place, now time.Time) {
	if p.held = f; p.stamp.identity != f.Identity {
		f.shut()
		f.still, f.dirty, f.atEnd, f.Done, f.Packed = now, !f.Old, f.Old, false, p.packed
	}
	if p.path != f.Now || p.stamp.identity != f.Identity {
		f.still, t.changed, t.moved = now, true, true
	}
	f.Now, f.Identity, f.stamp, f.Lost, f.gone = p.path, p.stamp.identity, p.stamp, false, false
	f.notice(p.info, now)
}

// elsewhere looks for a file where it was last and beside that, under any name.
func (s *survey) elsewhere(f *file) *place {
	is := func(path string) *place {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || identityOf(info) != f.Identity {
			return nil
		}
		return &place{found: found{path, info}, stamp: stampOf(info)}
	}
	if p := is(f.Now); p != nil || f.gone {
		return p
	}
	for _, dir := range slices.Compact([]string{filepath.Dir(f.Now), filepath.Dir(f.Path)}) {
		for _, name := range names(dir) {
			if p := is(filepath.Join(dir, name)); p != nil {
				return p
			}
		}
	}
	return nil
}

// arrange puts the files in the order in which they are read: of a family the
// oldest first, the path itself last.
func (t *Tailer) arrange() {
	t.files = slices.DeleteFunc(t.files, func(f *file) bool { return f.ID == "" })
	for id, c := range t.copies {
		if c.round != t.rounds {
			delete(t.copies, id)
		}
	}
	t.legacy = false
	if !t.moved {
		return
	}
	t.moved = false
	last := func(f *file) int {
		if f.Now == f.from && !f.gone && !f.Lost {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(t.files, func(a, b *file) int {
		if c := strings.Compare(a.from, b.from); c != 0 {
			return c
		}
		if c := last(a) - last(b); c != 0 {
			return c
		}
		return older(a.Now, b.Now, a.Changed.Compare(b.Changed))
	})
}

// settle closes what need not be open: a packed file that was read to its end.
func (t *Tailer) settle() {
	for _, f := range t.files {
		if f.Packed && f.atEnd && !f.dirty {
			f.shut()
		}
	}
}

// open reads the checkpoint, and what the vault has beyond it.
func (t *Tailer) open(ctx context.Context) error {
	st, err := load(t.opts.File)
	if err != nil {
		return err
	}
	if st.Proven == nil {
		st.Proven = map[string]proven{}
	}
	t.state, t.idle, t.legacy = st, t.opts.Now(), st.Version == 1
	t.moved = true
	byID := map[string]*file{}
	for _, s := range st.Files {
		f := &file{saved: s, set: t.setOf(s)}
		if f.set == nil {
			continue // it is no longer to be followed
		}
		t.files = append(t.files, f)
		byID[s.ID] = f
	}
	if !st.Doubt {
		return nil
	}
	for rec, err := range t.opts.To.Records(ctx, st.Pending+1) {
		if err != nil {
			return fmt.Errorf("tail: look for what was appended last: %w", err)
		}
		via := event.ParseTransport(rec.Transport)
		if f := byID[via.Get("id")]; f != nil && via.Kind == "tail" && rec.Seq > f.Sure {
			f.Done, f.replay = false, append(f.replay, slices.Clone(rec.Raw))
			f.replayP, _ = strconv.Atoi(via.Get("part"))
		}
	}
	return nil
}

// setOf finds the set that a remembered file belongs to.
func (t *Tailer) setOf(s saved) *Set {
	for i := range t.sets {
		if t.sets[i].Source == s.Source {
			return &t.sets[i]
		}
	}
	return nil
}
