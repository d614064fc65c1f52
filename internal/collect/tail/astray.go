package tail

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

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
		was := *f
		if !t.shorten(f, best) {
			return false
		}
		t.mourn(&was, now)
	case f.cut && !f.Old:
		t.hole(f, now, truncatedAfterCopy())
	}
	t.hold(f, best, now)
	return true
}

// candidates lists the places that may hold what a file held: of its family, the
// oldest first, and of the families of its rotated names in other folders. At the
// path itself a beginning that is like many does not count, unless the file is of
// another device only because the machine was started anew.
func (s *survey) candidates(t *Tailer, f *file) (out []*place) {
	var own, others []*place
	base := filepath.Base(f.from)
	for _, fam := range s.order {
		other := filepath.Base(fam.path)
		if fam.set != f.set || fam.path != f.from && (other == base || !t.rotation.of(base, other)) {
			continue
		}
		for _, p := range fam.places {
			switch {
			case p.held != nil, p.info.Size() == 0:
			case fam.path != f.from:
				others = append(others, p)
			case p.path == f.from:
				if f.Head.At == markBytes || p.stamp.Inode == f.Identity.Inode {
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
	f.Offset, f.Part, f.replay, f.Sure = end.At, 0, nil, t.opts.To.Size()
	return true
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
func (t *Tailer) drop(f *file, fam *family, now time.Time) {
	renewed := slices.ContainsFunc(fam.files, func(o *file) bool { return o != f && o.unread() && o.Size > 0 && !o.Old })
	if f.Size > 0 && !renewed {
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
