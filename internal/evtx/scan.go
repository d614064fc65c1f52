package evtx

import "encoding/binary"

// scan reads the bytes of the chunk from at to end. The first thing that goes
// wrong stays in err, and everything read after it is zero.
type scan struct {
	r       *Reader
	at, end int
	err     error
}

func (s *scan) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.at = s.end
}

// take gives the next n bytes, or nil.
func (s *scan) take(n int) []byte {
	if s.err != nil || n < 0 || n > s.end-s.at {
		s.fail(ErrTruncated)
		return nil
	}
	b := s.r.chunk[s.at : s.at+n]
	s.at += n
	return b
}

func (s *scan) u8() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *scan) u16() uint16 {
	if b := s.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (s *scan) u32() uint32 {
	if b := s.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// text reads a string in UTF-16 with the number of its characters before it.
func (s *scan) text() string {
	b := s.take(2 * int(s.u16()))
	s.r.scratch = appendUTF16(s.r.scratch[:0], b)
	return string(s.r.scratch)
}

// name reads the offset of a name and, where the name itself stands here for
// the first time, passes it.
func (s *scan) name() string {
	offset := int(s.u32())
	if s.err != nil {
		return ""
	}
	n, err := s.r.nameAt(offset)
	if err != nil {
		s.fail(err)
		return ""
	}
	if offset == s.at {
		s.take(n.size)
	}
	return n.text
}

// name is a name of the chunk and the bytes it takes there.
type name struct {
	text string
	size int
}

// nameAt reads the name at an offset of the chunk: the offset of another name,
// a hash, the number of characters, the characters and a zero.
func (r *Reader) nameAt(offset int) (name, error) {
	if n, ok := r.names[offset]; ok {
		return n, nil
	}
	s := scan{r: r, at: offset, end: len(r.chunk)}
	if offset < 0 || offset > len(r.chunk) {
		return name{}, ErrOffset
	}
	s.take(6)
	count := int(s.u16())
	if count > maxName {
		return name{}, ErrToken
	}
	chars := s.take(2 * count)
	s.take(2)
	if s.err != nil {
		return name{}, ErrOffset
	}
	if err := r.work(8 + 2*count); err != nil {
		return name{}, err
	}
	r.scratch = appendUTF16(r.scratch[:0], chars)
	n := name{text: r.intern(r.scratch), size: 10 + 2*count}
	r.names[offset] = n
	return n, nil
}

// intern gives one string for equal names of all chunks.
func (r *Reader) intern(text []byte) string {
	if s, ok := r.interned[string(text)]; ok {
		return s
	}
	if len(r.interned) >= maxInterned {
		clear(r.interned)
	}
	s := string(text)
	r.interned[s] = s
	return s
}
