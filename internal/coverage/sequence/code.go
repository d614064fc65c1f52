package sequence

import (
	"encoding/binary"
	"errors"

	"github.com/konseki/konseki/internal/coverage/packed"
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
		b = packed.AppendName(b, s[0], s[1])
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
	d := packed.Reader{Body: b[1:]}
	n := d.Uint()
	if b[0] != codeVersion || n == 0 || n > uint64(len(d.Body)/leastRun) {
		return nil, ErrCode
	}
	runs := make([]Run, 0, n)
	var last Run
	from := nanos(last.From)
	for range n {
		r := Run{Chain: last.Chain}
		flags := d.Byte()
		if flags&1 != 0 {
			for _, s := range [...]*string{&r.Chain.Source, &r.Chain.Host, &r.Chain.Chain} {
				d.Name(s)
			}
		}
		r.Coarse = flags&2 != 0
		r.First = d.Uint()
		r.Last = r.First + d.Uint()
		from += d.Int()
		to := from + d.Int()
		r.From, r.To = instant(from), instant(to)
		r.FromRecord = last.FromRecord + uint64(d.Int())
		r.ToRecord = r.FromRecord + uint64(d.Int())
		r.Count = d.Int()
		if d.Broken || flags > 3 || r.Last < r.First || nanos(r.From) != from || nanos(r.To) != to {
			return nil, ErrCode
		}
		runs, last = append(runs, r), r
	}
	if len(d.Body) > 0 {
		return nil, ErrCode
	}
	return runs, nil
}
