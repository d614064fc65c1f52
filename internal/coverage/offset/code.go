package offset

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/konseki/konseki/internal/coverage/packed"
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
		b = packed.AppendName(b, s.Source, last.Source)
		b = packed.AppendName(b, s.Host, last.Host)
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

// Unmarshal is the inverse of Marshal.
func Unmarshal(b []byte) ([]Summary, error) {
	if len(b) == 0 {
		return nil, nil
	}
	d := packed.Reader{Body: b[1:]}
	n := d.Uint()
	if b[0] != codeVersion || n == 0 || n > uint64(len(d.Body)/4) {
		return nil, ErrCode
	}
	all := make([]Summary, 0, n)
	var last Key
	for range n {
		s := Summary{Key: last}
		d.Name(&s.Source)
		d.Name(&s.Host)
		s.Hour += d.Int()
		s.Counts = counts(&d)
		if d.Broken || abs(s.Hour) > math.MaxInt32 {
			return nil, ErrCode
		}
		all, last = append(all, s), s.Key
	}
	if len(d.Body) > 0 {
		return nil, ErrCode
	}
	return all, nil
}

// counts reads the counts of one summary, by ascending bucket.
func counts(d *packed.Reader) []Count {
	n := d.Uint()
	if n == 0 || n > uint64(len(d.Body)/2) {
		d.Broken = true
		return nil
	}
	out := make([]Count, 0, n)
	bucket, highest := int64(0), int64(maxBucket())
	for i := range n {
		step := d.Int()
		count := d.Uint()
		if i > 0 && step <= 0 || abs(step) > 2*highest || count == 0 || count > math.MaxInt32 {
			d.Broken = true
			return nil
		}
		if bucket += step; abs(bucket) > highest {
			d.Broken = true
			return nil
		}
		out = append(out, Count{int16(bucket), int64(count)})
	}
	return out
}
