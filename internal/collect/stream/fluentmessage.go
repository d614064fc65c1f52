package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// fluentMessage is one message of the forward protocol, version 1, in any of
// its modes.
type fluentMessage struct {
	tag     []byte
	entries []byte // [time, record] one after the other
	single  bool   // Message mode: entries is time and record without the array
	chunk   []byte // what to acknowledge; nil when nothing was asked
	size    uint64 // entries as announced; 0 where nothing was
}

var (
	errFluent = errors.New("not a message of the forward protocol")
	errBomb   = errors.New("unpacks to more than a message may be")
)

// parseFluent takes a message apart. Packed entries are unpacked, to limit
// bytes at most.
func parseFluent(b []byte, limit int) (fluentMessage, error) {
	p, rest, err := first(b)
	if err != nil || !isArray(p.kind) || p.n < 2 || p.n > 4 {
		return fluentMessage{}, errFluent
	}
	items := make([][]byte, p.n)
	for i := range items {
		if items[i], rest, err = whole(rest); err != nil {
			return fluentMessage{}, err
		}
	}
	tag, _, err := first(items[0])
	if err != nil || !isText(tag.kind) && !isBytes(tag.kind) {
		return fluentMessage{}, fmt.Errorf("%w: no tag", errFluent)
	}
	m := fluentMessage{tag: tag.body}
	second, inner, err := first(items[1])
	switch {
	case err != nil:
		return m, err
	case isText(second.kind), isBytes(second.kind):
		m.options(items[2:])
		m.entries, err = unpacked(second.body, limit)
	case isArray(second.kind) && (second.n == 0 || isArray(inner[0])):
		m.options(items[2:])
		m.entries = inner
	case len(items) < 3:
		err = fmt.Errorf("%w: a time and no record", errFluent)
	default:
		m.options(items[3:])
		m.single, m.entries = true, join(items[1:3])
	}
	return m, err
}

// options reads those that matter here: chunk and size. Whether entries are
// compressed they say too, but their first bytes say it better: those of gzip
// and Zstandard begin no entry.
func (m *fluentMessage) options(items [][]byte) {
	if len(items) == 0 {
		return
	}
	p, rest, err := first(items[0])
	if err != nil || !isMap(p.kind) {
		return
	}
	for range p.n / 2 {
		key, after, err := first(rest)
		if err != nil || key.n > 0 {
			return
		}
		value, _, err := first(after)
		if err != nil {
			return
		}
		switch string(key.body) {
		case "chunk":
			if isText(value.kind) || isBytes(value.kind) {
				m.chunk = value.body
			}
		case "size":
			m.size, _ = unsigned(value)
		}
		if _, rest, err = whole(after); err != nil {
			return
		}
	}
}

// unpacked gives the entries of a packed message.
func unpacked(b []byte, limit int) ([]byte, error) {
	var r io.Reader
	switch {
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errFluent, err)
		}
		r = z
	case bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(limit)), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errFluent, err)
		}
		defer z.Close()
		r = z
	default:
		return b, nil
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	switch {
	case len(out) > limit, errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, errBomb
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errFluent, err)
	}
	return out, nil
}

// each writes the entries as JSON, one by one, into the same memory. What
// cannot be cut into entries is given whole, as the last.
func (m fluentMessage) each(take func(raw []byte) error) (n int, err error) {
	var raw []byte
	for rest := m.entries; len(rest) > 0; n++ {
		var e entry
		var cut error
		if e, rest, cut = nextEntry(rest, m.single); cut != nil {
			raw, rest = undecoded(raw[:0], m.tag, rest), nil
		} else {
			raw = entryJSON(raw[:0], m.tag, e.at, e.meta, e.record)
		}
		if err := take(raw); err != nil {
			return n, err
		}
	}
	return n, nil
}

// entry is a time and a record; of Fluent Bit it may have metadata too.
type entry struct{ at, meta, record []byte }

// nextEntry cuts [time, record] or [[time, metadata], record].
func nextEntry(b []byte, single bool) (e entry, rest []byte, err error) {
	in := b
	if !single {
		p, after, err := first(b)
		if err != nil || !isArray(p.kind) || p.n != 2 {
			return entry{}, b, errFluent
		}
		in = after
	}
	if e.at, rest, err = whole(in); err != nil {
		return entry{}, b, err
	}
	if e.record, rest, err = whole(rest); err != nil {
		return entry{}, b, err
	}
	if p, inner, err := first(e.at); err == nil && isArray(p.kind) && p.n == 2 {
		if e.at, inner, err = whole(inner); err != nil {
			return entry{}, b, err
		}
		e.meta, _, err = whole(inner)
		if err != nil {
			return entry{}, b, err
		}
	}
	return e, rest, nil
}
