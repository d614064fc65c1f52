package pull

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"time"
)

// maxSeen bounds the events that are remembered to tell them from new ones:
// 16 bytes each in the file.
const maxSeen = 400_000

// mark is what is remembered of an event's identity: half of its SHA-256 is
// enough that nobody finds two events with the same one.
type mark [16]byte

// packed is the size of one event in the file.
const packed = len(mark{}) + 4

// seen remembers which events are here, each until the end of the window in
// which it was read is no longer asked for.
type seen struct {
	until map[mark]uint32 // seconds since 1970
	limit int
	full  bool // something was not remembered
}

func newSeen(limit int) *seen { return &seen{until: map[mark]uint32{}, limit: limit} }

// markOf is the identity of an event: the service's own, else all of its bytes.
func markOf(id string, raw []byte) mark {
	h := sha256.New()
	if id != "" {
		h.Write([]byte("id\x00" + id))
	} else {
		h.Write([]byte("raw\x00"))
		h.Write(raw)
	}
	return mark(h.Sum(nil)[:16])
}

func (s *seen) has(m mark) bool {
	_, ok := s.until[m]
	return ok
}

// add remembers an event that was read in a window that ends at to.
func (s *seen) add(m mark, to time.Time) {
	if _, ok := s.until[m]; !ok && len(s.until) >= s.limit {
		s.full = true
		return
	}
	s.until[m] = max(s.until[m], seconds(to))
}

// forget drops the events of windows that ended before an instant.
func (s *seen) forget(before time.Time) {
	limit := seconds(before)
	maps.DeleteFunc(s.until, func(_ mark, to uint32) bool { return to < limit })
}

func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }

// pack gives the events as bytes, in order of their marks.
func (s *seen) pack() []byte {
	marks := slices.SortedFunc(maps.Keys(s.until), func(a, b mark) int { return slices.Compare(a[:], b[:]) })
	out := make([]byte, 0, len(marks)*packed)
	for _, m := range marks {
		out = binary.BigEndian.AppendUint32(append(out, m[:]...), s.until[m])
	}
	return out
}

// unpack reads what pack gave.
func (s *seen) unpack(b []byte) error {
	if len(b)%packed != 0 {
		return errors.New("the remembered events are cut off")
	}
	for ; len(b) > 0; b = b[packed:] {
		s.until[mark(b[:16])] = binary.BigEndian.Uint32(b[16:])
	}
	return nil
}
