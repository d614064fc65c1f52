package tail

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// left holds the paths that files have left, and when the last of those was
// written to.
type left map[string]time.Time

func (l left) note(path string, at time.Time) {
	if at.After(l[path]) {
		l[path] = at
	}
}

// look takes in where the followed files are and what became of them.
func (t *Tailer) look(matches []matched, now time.Time) {
	at := make(map[identity]found, len(matches))
	for _, m := range matches {
		at[identityOf(m.info)] = m.found
	}
	moved := left{}
	for _, f := range t.files {
		if f.Lost {
			continue
		}
		was := f.Changed
		place, ok := at[f.Identity]
		if !ok {
			place, ok = f.whereabouts()
		}
		switch {
		case ok:
			t.lookAt(f, place, moved, now)
		case f.content != nil:
			if info, err := f.content.f.Stat(); err == nil {
				f.gone = true
				f.notice(info, now)
				moved.note(f.Path, info.ModTime())
			}
		default:
			f.lose(false)
		}
		if f.Lost {
			moved.note(f.Path, was)
		}
	}
	t.index()
	for _, m := range matches { // new at the path of one that has left it before
		if t.followed[identityOf(m.info)] != nil {
			continue
		}
		for _, f := range t.files {
			if f.Path == m.path && f.Now != m.path && !f.Lost {
				moved.note(f.Path, f.Changed)
			}
		}
	}
	t.traceAll(matches, moved, now)
}

// lookAt takes in what became of a file that a name leads to.
func (t *Tailer) lookAt(f *file, at found, moved left, now time.Time) {
	was, left := f.Changed, at.path != f.Now
	if left {
		f.Now, f.gone, t.changed, f.still = at.path, false, true, now
	}
	rewritten := !was.IsZero() && !at.info.ModTime().Equal(was)
	f.notice(at.info, now)
	t.verify(f, at, now)
	switch {
	case f.Lost:
	case f.Offset == 0 && (left || rewritten):
		moved.note(f.Path, was) // it may have been written and truncated since
	case left && at.path != f.Path:
		moved.note(f.Path, at.info.ModTime())
	}
}

// verify makes sure that a file that was written to, or moved, is still the one
// that was read, before others are taken for its copies.
func (t *Tailer) verify(f *file, place found, now time.Time) {
	known := f.Head.At > 0 || len(f.replay) > 0
	if f.Lost || f.Packed || !known || !f.still.Equal(now) {
		return
	}
	c, err := open(place.path, f.Identity)
	if err != nil { // it was renamed this moment, or cannot be read: the next look tells
		f.dirty = true
		return
	}
	defer c.close()
	if m, err := f.compare(c); err == nil && m != fullMatch {
		f.lose(true)
	}
}

// whereabouts looks for a file where it was last and beside that.
func (f *file) whereabouts() (found, bool) {
	if info, err := os.Lstat(f.Now); err == nil && identityOf(info) == f.Identity {
		return found{f.Now, info}, true
	}
	for _, dir := range slices.Compact([]string{filepath.Dir(f.Now), filepath.Dir(f.Path)}) {
		for _, name := range names(dir) {
			path := filepath.Join(dir, name)
			if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && identityOf(info) == f.Identity {
				return found{path, info}, true
			}
		}
	}
	return found{}, false
}

// traceAll finds what lost files held, and the files that came and were rotated
// between two looks.
func (t *Tailer) traceAll(matches []matched, moved left, now time.Time) {
	t.index()
	for _, f := range t.files {
		drained := f.gone && f.atEnd && !f.dirty && now.Sub(f.still) >= leave
		if !f.Lost && !drained {
			continue
		}
		var list []found
		for _, m := range matches {
			if m.set == f.set {
				list = append(list, m.found)
			}
		}
		cut, ahead := f.cut, !f.Packed && f.Size > f.Offset
		switch {
		case t.trace(f, list, now):
			moved.note(f.Path, f.Changed)
			if cut {
				t.hole(f, now, truncatedAfterCopy())
			}
		case drained:
			f.lose(false)
			f.ID = ""
		default:
			t.give(f, cut, ahead, now)
		}
	}
	t.files = slices.DeleteFunc(t.files, func(f *file) bool { return f.ID == "" })
	for _, path := range slices.Sorted(maps.Keys(moved)) {
		t.between(path, moved[path], now)
	}
}

// give gives a lost file up: what it held beyond the offset is nowhere.
func (t *Tailer) give(f *file, cut, ahead bool, now time.Time) {
	if f.Offset == 0 && len(f.replay) == 0 && t.newer(f.Path, f.Changed) { // it is read from there
		f.ID, t.changed = "", true
		return
	}
	peaceful := !cut && !ahead && f.Looked.Sub(f.Changed) >= peace || f.Offset == 0 && f.Size == 0
	if !peaceful {
		t.hole(f, now, goneBefore(cut))
	}
	if ahead {
		t.opts.Loss(event.Loss{
			Source: f.Source, Path: f.Path, Door: "tail", Kind: event.LossDropped, Reason: event.WhyTruncated,
			From: now, To: now, Records: 1, Bytes: f.Size - f.Offset,
		})
	}
	t.opts.Logger.Info("a file is not followed any more", "path", f.Path, "offset", f.Offset, "size", f.Size, "truncated", cut)
	f.ID, t.changed = "", true
}

// newer reports whether rotation left a file that nobody follows yet and that was
// written to since.
func (t *Tailer) newer(path string, since time.Time) bool {
	return slices.ContainsFunc(t.siblings(path), func(c found) bool { return !c.info.ModTime().Before(since) })
}

// between follows the files that were made of a path between two looks: rotated
// names that nobody has seen, written since the last one that was.
func (t *Tailer) between(path string, since time.Time, now time.Time) {
	var set *Set
	for _, f := range t.files {
		if f.Path == path {
			set = f.set
		}
	}
	for i := range t.sets {
		if set == nil && slices.ContainsFunc(t.sets[i].Paths, func(p string) bool { ok, _ := filepath.Match(p, path); return ok }) {
			set = &t.sets[i]
		}
	}
	if set == nil {
		return
	}
	for _, c := range t.siblings(path) {
		if !c.info.ModTime().Before(since) && !t.isCopy(c, path, set) {
			t.follow(c, path, set, now)
		}
	}
}

// index lists the files by identity.
func (t *Tailer) index() {
	clear(t.followed)
	for _, f := range t.files {
		if !f.Lost {
			t.followed[f.Identity] = f
		}
	}
}

// adopt follows the files that patterns name and nobody follows yet.
func (t *Tailer) adopt(matches []matched, now time.Time) {
	t.index()
	var fresh []found
	sets := map[string]*Set{}
	for _, m := range matches {
		if t.followed[identityOf(m.info)] == nil {
			fresh = append(fresh, m.found)
			sets[m.path] = m.set
		}
	}
	oldestFirst(fresh)
	for _, m := range fresh {
		if len(t.files) >= maxFiles {
			t.blind[sets[m.path].Source] = true
			t.complain(m.path, fmt.Errorf("%d files are followed already", maxFiles))
			return
		}
		if !t.isCopy(m, m.path, sets[m.path]) {
			t.follow(m, m.path, sets[m.path], now)
		}
	}
}

// follow begins with a file.
func (t *Tailer) follow(m found, path string, set *Set, now time.Time) {
	f := &file{set: set, dirty: true, saved: saved{
		ID:     newID(path, identityOf(m.info), now, t.rounds<<16+uint64(len(t.files))),
		Source: set.Source, Path: path, Now: m.path, Identity: identityOf(m.info),
	}}
	f.notice(m.info, now)
	at := slices.IndexFunc(t.files, func(o *file) bool {
		return o.Path == path && m.path != path && o.set == set && (o.Now == path && !o.gone ||
			o.Changed.After(m.info.ModTime()) || o.Offset == 0 && o.Changed.Equal(m.info.ModTime()))
	})
	if at < 0 {
		at = len(t.files)
	}
	t.files = slices.Insert(t.files, at, f) // what was rotated away is older than what stands there now
	t.followed[f.Identity] = f
	t.changed = true
	delete(t.copies, f.Identity)
}

// isCopy reports whether a file holds nothing but what a followed file of a
// related name holds, as the copy does that is made before a truncation.
func (t *Tailer) isCopy(m found, path string, set *Set) bool {
	id := identityOf(m.info)
	if known, ok := t.copies[id]; ok && known.info.Size() == m.info.Size() && known.info.ModTime().Equal(m.info.ModTime()) {
		return true
	}
	for _, f := range t.files {
		if f.Lost || f.set != set || f.Identity == id || f.Path == m.path || !t.rotation.related(f.Path, path) {
			continue
		}
		unread := f.Head.At == 0 && len(f.replay) == 0
		if (unread || t.compare(f, m) != noMatch) && f.covers(m, unread) {
			if len(t.copies) >= maxFiles {
				clear(t.copies)
			}
			t.copies[id] = m
			return true
		}
	}
	delete(t.copies, id)
	return false
}

// covers reports whether the end of a file that begins like f stands in f too,
// and, where that is not known yet, whether it begins like f.
func (f *file) covers(m found, unread bool) bool {
	c, err := open(m.path, identityOf(m.info))
	if err != nil {
		return false
	}
	defer c.close()
	own := f.content
	if own == nil {
		if own, err = open(f.Now, f.Identity); err != nil {
			return false
		}
		defer own.close()
	}
	if unread {
		if n := min(own.size(), markBytes); n == 0 || own.packed || !c.has(own.markAt(n)) {
			return false
		}
	}
	length, err := c.length(0)
	if err != nil || !unread && length <= f.Offset {
		return err == nil
	}
	return own.has(c.markAt(length))
}

func (c *content) has(m mark) bool {
	same, err := c.holds(m)
	return err == nil && same
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
	t.state, t.idle = st, t.opts.Now()
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
			f.replay = append(f.replay, slices.Clone(rec.Raw))
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
