package sequence

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// ErrCode means that bytes are not what Marshal of this version writes.
var ErrCode = errors.New("not runs of this version")

// codeVersion is the first byte of the form of runs.
const codeVersion = 1

// Marshal writes runs in a short form: a version, the names of chains once and
// in the order of the runs, and per run differences to the one before, all as
// variable-length integers. Times keep nanoseconds between the years 1678 and
// 2262. No runs give no bytes.
func Marshal(runs []Run) []byte {
	if len(runs) == 0 {
		return nil
	}
	b := []byte{codeVersion}
	b = binary.AppendUvarint(b, uint64(len(runs)))
	var last Run
	for i, r := range runs {
		fresh := i == 0 || r.Chain != last.Chain
		b = appendHead(b, &r, &last, fresh)
		b = binary.AppendUvarint(b, r.First)
		b = binary.AppendUvarint(b, r.Last-r.First)
		b = binary.AppendVarint(b, nanos(r.From)-nanos(last.From))
		b = binary.AppendVarint(b, nanos(r.To)-nanos(r.From))
		b = binary.AppendVarint(b, int64(r.FromRecord-last.FromRecord))
		b = binary.AppendVarint(b, int64(r.ToRecord-r.FromRecord))
		b = binary.AppendVarint(b, r.Count)
		last = r
	}
	return b
}

// appendHead writes the flags of a run and, where it changes, its chain.
func appendHead(b []byte, r, last *Run, fresh bool) []byte {
	flags := byte(0)
	if fresh {
		flags |= 1
	}
	if r.Coarse {
		flags |= 2
	}
	b = append(b, flags)
	if !fresh {
		return b
	}
	for _, s := range [...][2]string{{r.Chain.Source, last.Chain.Source}, {r.Chain.Host, last.Chain.Host}, {r.Chain.Chain, last.Chain.Chain}} {
		if s[0] == s[1] {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(s[0]))+1)
		b = append(b, s[0]...)
	}
	return b
}

// leastRun is the fewest bytes that a run takes.
const leastRun = 8

// Unmarshal is the inverse of Marshal.
func Unmarshal(b []byte) ([]Run, error) {
	if len(b) == 0 {
		return nil, nil
	}
	d := decoder{body: b[1:]}
	n := d.uint()
	if b[0] != codeVersion || n == 0 || n > uint64(len(d.body)/leastRun) {
		return nil, ErrCode
	}
	runs := make([]Run, 0, n)
	var last Run
	from := nanos(last.From)
	for range n {
		r := Run{Chain: last.Chain}
		flags := d.byte()
		if flags&1 != 0 {
			for _, s := range [...]*string{&r.Chain.Source, &r.Chain.Host, &r.Chain.Chain} {
				d.name(s)
			}
		}
		r.Coarse = flags&2 != 0
		r.First = d.uint()
		r.Last = r.First + d.uint()
		from += d.int()
		to := from + d.int()
		r.From, r.To = instant(from), instant(to)
		r.FromRecord = last.FromRecord + uint64(d.int())
		r.ToRecord = r.FromRecord + uint64(d.int())
		r.Count = d.int()
		if d.broken || flags > 3 || r.Last < r.First || nanos(r.From) != from || nanos(r.To) != to {
			return nil, ErrCode
		}
		runs, last = append(runs, r), r
	}
	if len(d.body) > 0 {
		return nil, ErrCode
	}
	return runs, nil
}

type decoder struct {
	body   []byte
	broken bool
}

func (d *decoder) byte() byte {
	if len(d.body) == 0 {
		d.broken = true
		return 0
	}
	c := d.body[0]
	d.body = d.body[1:]
	return c
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.body)
	return take(d, n, size)
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.body)
	return take(d, n, size)
}

func take[T uint64 | int64](d *decoder, n T, size int) T {
	if size <= 0 {
		d.broken, d.body = true, nil
		return 0
	}
	d.body = d.body[size:]
	return n
}

// name reads a name, which stays where its length is given as none.
func (d *decoder) name(s *string) {
	n := d.uint()
	if n == 0 {
		return
	}
	if n-1 > uint64(len(d.body)) || n > math.MaxInt32 {
		d.broken, d.body = true, nil
		return
	}
	*s = string(d.body[:n-1])
	d.body = slices.Clip(d.body[n-1:])
}
