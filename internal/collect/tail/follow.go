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
		case p.held != nil, f.Old && !f.untouched(p), // or a copy, which its beginning did not tell
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
		t.drop(f, now)
	}
	t.arrange()
}

// stays reports whether a file still holds what was read of it.
func (t *Tailer) stays(f *file, s *survey, now time.Time) bool {
	p := s.at[f.Identity]
	if p == nil {
		p = s.elsewhere(f)
	}
	f.cut = p != nil && p.path == f.Now
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
	return f.compare(c)
}

// hold says that a place holds a file.
func (t *Tailer) hold(f *file, p *place, now time.Time) {
	if p.held = f; p.stamp.identity != f.Identity {
		f.shut()
		f.still, f.dirty, f.atEnd = now, true, false
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

// rehome looks for what a file held among the files that hold nothing else, and
// goes on there.
func (t *Tailer) rehome(f *file, s *survey, now time.Time) bool {
	var best *place
	kind := noMatch
	for _, p := range s.candidates(t, f) {
		k, err := t.compare(f, p)
		if err != nil {
			t.opts.Logger.Warn("a file could not be compared with what was read", "path", p.path, "error", err)
		}
		if k > kind {
			best, kind = p, k
		}
		if kind == fullMatch {
			break
		}
	}
	switch {
	case f.Old && kind != fullMatch, kind == noMatch:
		return false
	case kind == partMatch && !f.Lost: // if it is so at the next look, too
		best.spoken = true
		return false
	case kind == partMatch:
		t.mourn(f, now)
		if !t.shorten(f, best) {
			return false
		}
	case f.cut && !f.Old:
		t.hole(f, now, truncatedAfterCopy())
	}
	t.hold(f, best, now)
	return true
}

// candidates lists the places that may hold what a file held: of its family, the
// oldest first, and of the families of its rotated names in other folders. At the
// path itself only what is surely the same counts.
func (s *survey) candidates(t *Tailer, f *file) (out []*place) {
	var own, others []*place
	for _, fam := range s.order {
		if fam.set != f.set || fam.path != f.from && !t.rotation.of(filepath.Base(f.from), filepath.Base(fam.path)) {
			continue
		}
		for _, p := range fam.places {
			switch {
			case p.held != nil, p.info.Size() == 0:
			case fam.path != f.from:
				others = append(others, p)
			case p.path == f.from:
				if f.Head.At == markBytes {
					others = append([]*place{p}, others...)
				}
			default:
				own = append(own, p)
			}
		}
	}
	oldestFirst(own)
	return append(own, others...)
}

// shorten takes the beginning of what was read for all there is of it.
func (t *Tailer) shorten(f *file, p *place) bool {
	c, err := open(p.path, p.stamp.identity)
	if err != nil {
		return false
	}
	defer c.close()
	end, err := c.end(f.Head.At)
	if err != nil {
		return false
	}
	f.Marks = append(slices.DeleteFunc(f.Marks, func(m mark) bool { return m.At >= end.At }), end)
	f.Offset, f.Part, f.replay, f.Sure, f.Packed = end.At, 0, nil, t.opts.To.Size(), c.packed
	return true
}

// begin follows what is new in a family. A copy is not new, nor are the rotated
// files that were there before the path was followed.
func (t *Tailer) begin(fam *family, now time.Time) {
	for _, p := range fam.places {
		switch {
		case p.held != nil, p.spoken, p.info.Size() == 0 && !p.named, p.path != fam.path && t.isCopy(p, fam):
		case len(t.files) >= maxFiles:
			t.blind[fam.set.Source] = true
			t.complain(p.path, fmt.Errorf("%d files are followed already", maxFiles))
		default:
			f := t.follow(p, fam, now)
			if f.Old = !p.named && (fam.fresh || t.legacy && fam.predates(p)); f.Old {
				t.remember(f, p)
			}
		}
	}
}

// predates reports whether a file was written before all that is followed.
func (fam *family) predates(p *place) bool {
	return !slices.ContainsFunc(fam.files, func(f *file) bool { return !f.Old && f.Changed.Before(p.info.ModTime()) })
}

// follow begins with a file.
func (t *Tailer) follow(p *place, fam *family, now time.Time) *file {
	path := fam.path
	if p.named {
		path = p.path
	}
	f := &file{set: fam.set, from: fam.path, begun: t.rounds, saved: saved{
		ID:     newID(path, p.stamp.identity, now, t.rounds<<16+uint64(len(t.files))),
		Source: fam.set.Source, Path: path, Now: p.path, Identity: p.stamp.identity,
	}}
	t.hold(f, p, now)
	t.files, fam.files = append(t.files, f), append(fam.files, f)
	t.changed, t.moved = true, true
	return f
}

// remember marks the content of a file that is not to be read. One that is packed
// is known by its size and times.
func (t *Tailer) remember(f *file, p *place) {
	f.atEnd, f.dirty = true, false
	c, err := open(p.path, p.stamp.identity)
	if err != nil {
		return
	}
	defer c.close()
	if f.Packed = c.packed; c.packed {
		return
	}
	head, err := c.head()
	end, errEnd := c.end(head.At)
	if err == nil && errEnd == nil && end.At > 0 {
		f.Offset, f.Head, f.Marks = end.At, head, []mark{end}
	}
}

// isCopy reports whether a file holds nothing but what another of the family
// holds, as the copy does that is made before a truncation or by packing.
func (t *Tailer) isCopy(p *place, fam *family) bool {
	was := t.copies[p.stamp.identity]
	if was.stamp == p.stamp && (was.whole || was.round == t.rounds) {
		was.round = t.rounds
		t.copies[p.stamp.identity] = was
		return true
	}
	c, err := open(p.path, p.stamp.identity)
	if err != nil {
		return false
	}
	defer c.close()
	for _, f := range fam.files {
		if f.Lost || f.Identity == p.stamp.identity || !f.gone && c.size() < markBytes && !t.twins(f, p, fam) {
			continue
		}
		// While it is being packed, all of it would have to be unpacked at each look.
		shallow := c.packed && !f.Packed && was.stamp != p.stamp
		if f.contains(c, shallow) {
			t.copies[p.stamp.identity] = duplicate{p.stamp, !shallow, t.rounds}
			return true
		}
	}
	return false
}

// contains reports whether a content is how that of the file begins.
func (f *file) contains(c *content, shallow bool) bool {
	if f.content != nil && !f.content.packed {
		return c.within(f.content, shallow)
	}
	o, err := open(f.Now, f.Identity)
	if err != nil {
		return false
	}
	defer o.close()
	return c.within(o, shallow)
}

// twins reports whether rotation makes copies of one name under the other: a
// short content may come twice without being a copy. What is seen for the first
// time together is a copy if it was written last.
func (t *Tailer) twins(f *file, p *place, fam *family) bool {
	bare := func(path string) string { return t.rotation.packed.ReplaceAllString(path, "") }
	if f.Now == fam.path {
		return f.begun != t.rounds || !p.info.ModTime().Before(f.Changed)
	}
	return bare(f.Now) == bare(p.path)
}

// miss takes in that what a file held is nowhere: it may have been renamed while
// the folder was listed, so only what is missed twice is lost.
func (t *Tailer) miss(f *file, now time.Time) {
	switch {
	case f.gone && f.drained(now):
		t.forget(f)
	case !f.Lost:
		f.lose()
	default:
		t.mourn(f, now)
		t.forget(f)
	}
	t.changed, t.moved = true, true
}

func (t *Tailer) forget(f *file) {
	f.shut()
	f.ID, t.changed = "", true
}

// drop forgets a file of which nothing was read. If it had something, and nothing
// new is there that may be it, that is lost.
func (t *Tailer) drop(f *file, now time.Time) {
	renewed := slices.ContainsFunc(t.files, func(o *file) bool {
		return o.from == f.from && o.set == f.set && o != f && o.unread() && o.Size > 0 && !o.Old
	})
	if f.Size > 0 && !f.Old && !renewed {
		t.mourn(f, now)
	}
	t.forget(f)
}

// mourn counts what a file held beyond the offset and is nowhere.
func (t *Tailer) mourn(f *file, now time.Time) {
	if f.Old {
		return
	}
	ahead := !f.Packed && f.Size > f.Offset
	if peaceful := !f.cut && !ahead && f.Looked.Sub(f.Changed) >= peace; !peaceful {
		t.hole(f, now, goneBefore(f.cut))
	}
	if ahead {
		t.opts.Loss(event.Loss{
			Source: f.Source, Path: f.Path, Door: "tail", Kind: event.LossDropped, Reason: event.WhyTruncated,
			From: now, To: now, Records: 1, Bytes: f.Size - f.Offset,
		})
	}
	t.opts.Logger.Info("a file is not followed any more", "path", f.Path, "offset", f.Offset, "size", f.Size, "truncated", f.cut)
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
