package tail

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

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
			old := fam.fresh || t.legacy && fam.predates(p)
			sealed := filepath.Ext(p.path) == ".xz"
			if sealed && !old && !p.named {
				t.opts.Logger.Warn("xz is not unpacked; import the file if it was packed before it was read", "path", p.path)
			}
			if f.Old = !p.named && (old || sealed); f.Old {
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
	small := c.size() < markBytes
	for _, f := range fam.files {
		if f.Lost || f.Identity == p.stamp.identity || !f.gone && small && !t.twins(f, p, fam) {
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
	if f.Now == fam.path {
		return f.begun != t.rounds || !p.info.ModTime().Before(f.Changed)
	}
	return bare(f.Now) == bare(p.path)
}
