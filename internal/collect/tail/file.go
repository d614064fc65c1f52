package tail

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/konseki/konseki/internal/event"
)

const (
	chunk      = 1 << 20          // read of one file at a time
	maxChunk   = 34 << 20         // where a record is so large that less does not hold it
	settle     = 5 * time.Second  // without a change, after which a record of several lines is whole
	leave      = 60 * time.Second // without a change, after which a file that was rotated is finished
	peace      = 10 * time.Minute // a file unchanged for so long may vanish without a word
	maxRecords = 16_384           // of one file at a time
)

// file is one that is followed. Only the goroutine of Run touches it.
type file struct {
	saved
	set     *Set
	from    string   // the path that its family is rotated from
	begun   uint64   // round in which it was first seen
	stamp   stamp    // of the file when it was last known to hold what was read
	content *content // nil while it is not open
	shape   event.Shape
	shaped  bool
	replay  [][]byte // what the vault has of it beyond Offset, from before a kill
	replayP int
	dirty   bool      // there may be something to read
	atEnd   bool      // everything was read, but for a line without its end
	gone    bool      // no name leads to it any more
	cut     bool      // it was truncated: what it held may not all be in a copy
	still   time.Time // since when it has not changed
	want    int       // bytes to read at once
	used    uint64    // round in which it was last read
}

// rotated reports whether the file has left its place.
func (f *file) rotated() bool { return f.gone || f.Packed || f.Now != f.Path }

// ending says how the end of the file is to be taken.
func (f *file) ending(now time.Time) ending {
	still := now.Sub(f.still)
	switch {
	case f.Packed, f.rotated() && still >= leave:
		return endFinal
	case still >= settle:
		return endQuiet
	}
	return endNow
}

// notice takes in what the system says of the file.
func (f *file) notice(info fs.FileInfo, now time.Time) {
	if info.Size() != f.Size || !info.ModTime().Equal(f.Changed) {
		f.dirty, f.still, f.Done = true, now, false
	}
	if f.still.IsZero() {
		f.dirty, f.atEnd, f.still = !f.Done, f.Done, now
	}
	f.Size, f.Changed, f.Looked = info.Size(), info.ModTime().UTC(), now.UTC()
}

// unread reports whether nothing is known of the content: any file may be it.
func (f *file) unread() bool { return f.Offset == 0 && len(f.replay) == 0 }

// known is how many bytes of the content the vault has.
func (f *file) known() int {
	n := int(f.Offset)
	for _, raw := range f.replay {
		n += len(raw)
	}
	return n
}

// untouched reports whether a file is as long and as old as when last looked at.
func (f *file) untouched(p *place) bool {
	return p.info.Size() == f.Size && p.info.ModTime().Equal(f.Changed)
}

// drained reports whether nothing is to be expected of a file without a name.
func (f *file) drained(now time.Time) bool {
	return f.gone && f.atEnd && !f.dirty && now.Sub(f.still) >= leave
}

// lose says that what the file held is not where it was.
func (f *file) lose() {
	f.shut()
	f.Lost, f.atEnd, f.gone, f.stamp = true, false, false, stamp{}
}

func (f *file) shut() {
	if f.content != nil {
		f.content.close()
		f.content = nil
	}
}

// step is what one reading of a file leads to, once the vault has its records.
type step struct {
	f      *file
	saved  saved
	replay [][]byte
	atEnd  bool
	dirty  bool
	want   int
}

var errTruncated = errors.New("it was truncated")

// read cuts the next records of the file; each is given to take. errTruncated
// says that the content is no longer the one that was read before.
func (f *file) read(t *Tailer, now time.Time, take func(raw []byte, via string)) (*step, error) {
	buf, behind, err := f.fetch()
	if err != nil {
		return nil, err
	}
	data := buf[behind:]
	s := &step{f: f, saved: f.saved, want: chunk}
	s.atEnd = len(buf) < markBytes+max(f.want, chunk)
	end := endMore
	if s.atEnd {
		end = f.ending(now)
	}
	if !f.shaped {
		if err := f.recognise(t, &s.saved, data, end); err != nil {
			return nil, err
		}
		if !f.shaped {
			return s, nil
		}
	}
	c := &cutting{shape: f.shape, limits: t.opts.Limits, part: f.Part, replay: f.replay, replayed: f.replayP}
	via := f.transport(now)
	done, taken, same := c.cut(data, end, maxRecords, func(raw []byte, part int) { take(raw, withPart(via, part)) })
	if !same {
		return nil, errTruncated
	}
	s.saved.Offset, s.saved.Part, s.replay = f.Offset+int64(done), c.part, c.replay
	if done > 0 {
		s.remember(buf[:behind+done])
	}
	if taken == maxRecords {
		s.atEnd = false
	}
	// A line without its end, or a record that may go on, is looked at again.
	s.dirty = !s.atEnd || done < len(data) && end != endFinal
	s.saved.Done = s.atEnd && !s.dirty
	if !s.atEnd && done == 0 {
		s.want = min(2*max(f.want, chunk), maxChunk)
	}
	return s, nil
}

// fetch reads on, with the bytes before, and makes sure that these are the ones
// that were read then.
func (f *file) fetch() (buf []byte, behind int, err error) {
	base := max(0, f.Offset-markBytes)
	behind = int(f.Offset - base)
	buf = make([]byte, markBytes+max(f.want, chunk))
	n, err := f.content.read(buf, base)
	if err != nil {
		return nil, 0, err
	}
	buf = buf[:n]
	if n < behind || len(f.Marks) > 0 && f.Marks[len(f.Marks)-1] != markOf(f.Offset, buf[:behind]) {
		return nil, 0, errTruncated
	}
	if f.Packed || f.Head.At == 0 { // what is packed stays as it is
		return buf, behind, nil
	}
	if same, err := f.content.holds(f.Head); err != nil || !same {
		return nil, 0, cmp.Or(err, errTruncated)
	}
	return buf, behind, nil
}

// remember marks the new offset by the bytes before it, of which buf holds enough.
func (s *step) remember(buf []byte) {
	last := min(len(buf), markBytes)
	if s.saved.Offset < markBytes {
		last = int(s.saved.Offset)
	}
	m := markOf(s.saved.Offset, buf[len(buf)-last:])
	marks := append([]mark(nil), s.saved.Marks...)
	if len(marks) == maxMarks {
		marks = marks[1:]
	}
	s.saved.Marks = append(marks, m)
	if s.saved.Head.At < markBytes { // then buf begins where the file does
		at := min(len(buf), markBytes)
		s.saved.Head = markOf(int64(at), buf[:at])
	}
}

// recognise tells the file's shape from its first bytes: the same bytes again
// after a restart. It waits for a whole line.
func (f *file) recognise(t *Tailer, s *saved, data []byte, end ending) error {
	head := data[:min(len(data), headBytes)]
	if f.Shaped > 0 {
		head = make([]byte, f.Shaped)
		n, err := f.content.read(head, 0)
		if err != nil {
			return err
		}
		head = head[:n]
	} else if f.Offset > 0 {
		head = nil
	} else if n := (&cutting{}).lastLine(head); n > 0 {
		head = head[:n]
	} else if len(head) < headBytes && end != endFinal {
		return nil
	}
	s.Shaped = len(head)
	for len(head) > 0 && head[0] == 0 {
		head = head[1:]
	}
	f.shape = f.set.shapeOf(t.opts.Recognise, filepath.Base(f.Path), head)
	f.shaped = true
	return nil
}

// commit takes a step for done.
func (s *step) commit() {
	f := s.f
	f.saved, f.replay, f.atEnd, f.dirty, f.want = s.saved, s.replay, s.atEnd, s.dirty, s.want
}
