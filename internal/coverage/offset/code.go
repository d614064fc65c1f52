package offset

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrCode means that bytes are not what Marshal of this version writes.
var ErrCode = errors.New("not summaries of clocks of this version")

// codeVersion is the first byte of the form of summaries.
const codeVersion = 1

// Marshal writes summaries in a short form; none give no bytes.
func Marshal(all []Summary) []byte {
	if len(all) == 0 {
		return nil
	}
	b := []byte{codeVersion}
	b = binary.AppendUvarint(b, uint64(len(all)))
	var last Key
	for _, s := range all {
		b = appendName(b, s.Source, last.Source)
		b = appendName(b, s.Host, last.Host)
		b = binary.AppendVarint(b, s.Hour-last.Hour)
		b = binary.AppendUvarint(b, uint64(len(s.Counts)))
		bucket := int16(0)
		for _, c := range s.Counts {
			b = binary.AppendVarint(b, int64(c.Bucket)-int64(bucket))
			b = binary.AppendUvarint(b, uint64(c.Count))
			bucket = c.Bucket
		}
		last = s.Key
	}
	return b
}

// appendName writes a name, or 0 where it is that of the one before.
func appendName(b []byte, name, last string) []byte {
	if name == last {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(name))+1)
	return append(b, name...)
}

// Unmarshal is the inverse of Marshal.
func Unmarshal(b []byte) ([]Summary, error) {
	if len(b) == 0 {
		return nil, nil
	}
	d := decoder{body: b[1:]}
	n := d.uint()
	if b[0] != codeVersion || n == 0 || n > uint64(len(d.body)/4) {
		return nil, ErrCode
	}
	all := make([]Summary, 0, n)
	var last Key
	for range n {
		s := Summary{Key: last}
		d.name(&s.Source)
		d.name(&s.Host)
		s.Hour += d.int()
		s.Counts = d.counts()
		if d.broken || abs(s.Hour) > math.MaxInt32 {
			return nil, ErrCode
		}
		all, last = append(all, s), s.Key
	}
	if len(d.body) > 0 {
		return nil, ErrCode
	}
	return all, nil
}

// decoder reads what Marshal wrote.
type decoder struct {
	body   []byte
	broken bool
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

// name reads a name, which stays where none is given.
func (d *decoder) name(s *string) {
	n := d.uint()
	switch {
	case n == 0:
	case n-1 > uint64(len(d.body)):
		d.broken, d.body = true, nil
	default:
		*s = string(d.body[:n-1])
		d.body = d.body[n-1:]
	}
}

// counts reads the counts of one summary, by ascending bucket.
func (d *decoder) counts() []Count {
	n := d.uint()
	if n == 0 || n > uint64(len(d.body)/2) {
		d.broken = true
		return nil
	}
	out := make([]Count, 0, n)
	bucket, highest := int64(0), int64(maxBucket())
	for i := range n {
		step := d.int()
		count := d.uint()
		if i > 0 && step <= 0 || abs(step) > 2*highest || count == 0 || count > math.MaxInt32 {
			d.broken = true
			return nil
		}
		if bucket += step; abs(bucket) > highest {
			d.broken = true
			return nil
		}
		out = append(out, Count{int16(bucket), int64(count)})
	}
	return out
}
