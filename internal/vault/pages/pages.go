// Package pages reads the column pages of a Parquet file and takes none of their claims on trust.
//
// A segment may have been written by anybody. What a page says of itself is
// bounded before memory is given for it, and a page that unpacks to anything
// but what it said is refused. Only what a segment can have is read: columns
// that are neither optional nor repeated, of INT32, INT64 or BYTE_ARRAY, in
// the clear or under zstd (Apache Parquet format 2.11, data pages v1 and v2).
package pages

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// ErrPage says that a page is damaged or claims what no segment has.
var ErrPage = errors.New("malformed page")

// Kind is the physical type of a column.
type Kind int

// Kinds of columns.
const (
	Int32 Kind = iota
	Int64
	Bytes
)

// Chunk says where the pages of one column of one row group are.
type Chunk struct {
	Source  io.ReaderAt
	Offset  int64 // of the first page, a dictionary if there is one
	Size    int64 // of all pages, as they are stored
	Kind    Kind
	Rows    int  // values, one a row
	MaxPage int  // bytes that a page, and what its values unpack to, may have
	Zstd    bool // else stored as it is
	Ahead   int  // bytes to read at a time, at least
}

// Column walks the values of a chunk page by page. After Next the values of
// the page are in the exported fields; Rows of them, the first one at 0:
// of Int64 in Longs; of Int32 in Ints, or in Numbers at IDs; of Bytes in Data
// between Offsets, or in Words at IDs.
type Column struct {
	Rows    int
	Longs   []int64
	Ints    []int32
	Data    []byte
	Offsets []uint32
	IDs     []int32 // nil unless the page refers to the dictionary
	Words   [][]byte
	Numbers []int32

	chunk  Chunk
	left   int // rows in pages to come
	pos    int64
	window []byte // bytes of the file from start on
	start  int64
	plain  []byte // unpacked page
	shared bool   // Data of the last page was handed out for good
	zr     *zstd.Decoder
	header header
}

// Unpacker is what columns of one goroutine share.
type Unpacker struct{ zr *zstd.Decoder }

// NewUnpacker makes an Unpacker. It needs no closing.
func NewUnpacker() (*Unpacker, error) {
	zr, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return &Unpacker{zr}, nil
}

// Open begins with another chunk; buffers are used again, unless keep says that
// what Data and Words point to is to stay as it is for ever.
func (c *Column) Open(u *Unpacker, chunk Chunk, keep bool) error {
	if chunk.Rows < 0 || chunk.Offset < 0 || chunk.Size < 0 || chunk.Offset+chunk.Size < 0 {
		return fmt.Errorf("%w: %d rows in %d bytes", ErrPage, chunk.Rows, chunk.Size)
	}
	c.zr, c.chunk, c.left, c.pos, c.shared = u.zr, chunk, chunk.Rows, chunk.Offset, keep
	c.Rows, c.Words, c.Numbers = 0, nil, nil
	c.window, c.start = c.window[:0], chunk.Offset
	return nil
}

// Next reads the next page of values. A chunk that has fewer than it should
// ends with io.ErrUnexpectedEOF.
func (c *Column) Next() error {
	for {
		if err := c.nextHeader(); err != nil {
			return err
		}
		if c.header.kind != dictionaryPage {
			return c.readValues()
		}
		if err := c.readDictionary(); err != nil {
			return err
		}
	}
}

// Skip passes over n rows without unpacking the pages that hold only such, and
// returns how many of them are at the beginning of the page then read.
func (c *Column) Skip(n int) (int, error) {
	for n > 0 {
		if err := c.nextHeader(); err != nil {
			return 0, err
		}
		switch {
		case c.header.kind == dictionaryPage:
			if err := c.readDictionary(); err != nil {
				return 0, err
			}
		case c.header.values <= n:
			n -= c.header.values
			c.pos += int64(c.header.stored)
			c.left -= c.header.values
		default:
			return n, c.readValues()
		}
	}
	return 0, nil
}

// nextHeader reads the header of the page at pos, and moves behind it.
func (c *Column) nextHeader() error {
	end := c.chunk.Offset + c.chunk.Size
	if c.left == 0 || c.pos >= end {
		return io.ErrUnexpectedEOF
	}
	b, err := c.bytes(min(maxHeader, end-c.pos))
	if err != nil {
		return err
	}
	n, err := c.header.parse(b)
	if err != nil {
		return err
	}
	c.pos += int64(n)
	h := &c.header
	switch {
	case h.stored < 0 || int64(h.stored) > end-c.pos || h.size < 0 || h.size > c.chunk.MaxPage:
		return fmt.Errorf("%w: it claims %d bytes in %d", ErrPage, h.size, h.stored)
	case h.kind == dictionaryPage && (h.values < 0 || h.values > c.chunk.Rows):
		return fmt.Errorf("%w: a dictionary of %d values for %d rows", ErrPage, h.values, c.chunk.Rows)
	case h.kind != dictionaryPage && (h.values < 1 || h.values > c.left):
		return fmt.Errorf("%w: %d values where %d are left", ErrPage, h.values, c.left)
	}
	return nil
}

// bytes gives n bytes of the file from pos on; they are good until the next call.
func (c *Column) bytes(n int64) ([]byte, error) {
	if at := c.pos - c.start; at >= 0 && at+n <= int64(len(c.window)) {
		return c.window[at : at+n], nil
	}
	ahead := max(n, min(int64(c.chunk.Ahead), c.chunk.Offset+c.chunk.Size-c.pos))
	if int64(cap(c.window)) < ahead {
		c.window = make([]byte, ahead)
	}
	c.window, c.start = c.window[:ahead], c.pos
	if got, err := c.chunk.Source.ReadAt(c.window, c.pos); int64(got) < ahead {
		c.window = c.window[:0]
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return c.window[:n], nil
}

// unpacked gives the bytes of the page at pos, and moves behind it. The levels
// of a data page v2, which no segment has, would stand before the values.
func (c *Column) unpacked(fresh bool) ([]byte, error) {
	b, err := c.bytes(int64(c.header.stored))
	if err != nil {
		return nil, err
	}
	c.pos += int64(c.header.stored)
	size := c.header.size
	if c.header.checked && crc32.ChecksumIEEE(b) != c.header.crc {
		return nil, fmt.Errorf("%w: it does not match its checksum", ErrPage)
	}
	if !c.chunk.Zstd || c.header.stays {
		if len(b) != size {
			return nil, fmt.Errorf("%w: it claims %d bytes and has %d", ErrPage, size, len(b))
		}
		if fresh {
			return append([]byte(nil), b...), nil
		}
		return b, nil
	}
	dst := c.plain
	if fresh {
		dst = nil
	}
	// The unpacker needs some room beyond the end to be fast; it never writes
	// more than there is room for.
	const room = 64
	if cap(dst) < size+room {
		dst = make([]byte, 0, size+room)
	}
	out, err := c.zr.DecodeAll(b, dst[:0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPage, err)
	}
	if len(out) != size {
		return nil, fmt.Errorf("%w: it claims %d bytes and has %d", ErrPage, size, len(out))
	}
	if !fresh {
		c.plain = out
	}
	return out, nil
}

func (c *Column) readDictionary() error {
	if c.Words != nil || c.Numbers != nil || c.left != c.chunk.Rows {
		return fmt.Errorf("%w: a second dictionary", ErrPage)
	}
	if c.header.encoding != plain && c.header.encoding != plainDictionary {
		return fmt.Errorf("%w: a dictionary in encoding %d", ErrPage, c.header.encoding)
	}
	n := c.header.values
	b, err := c.unpacked(true)
	if err != nil {
		return err
	}
	switch c.chunk.Kind {
	case Bytes:
		offsets, data, err := plainBytes(nil, b, n)
		if err != nil {
			return err
		}
		c.Words = make([][]byte, n)
		for i := range c.Words {
			c.Words[i] = data[offsets[i]:offsets[i+1]:offsets[i+1]]
		}
	case Int32:
		c.Numbers, err = plainInt32(make([]int32, 0, n), b, n)
	default:
		err = fmt.Errorf("%w: a dictionary of long numbers", ErrPage)
	}
	return err
}

// readValues reads a page of values.
func (c *Column) readValues() error {
	n := c.header.values
	b, err := c.unpacked(c.shared && c.chunk.Kind == Bytes)
	if err != nil {
		return err
	}
	c.IDs = nil
	switch e := c.header.encoding; {
	case e == rleDictionary || e == plainDictionary:
		size := max(len(c.Words), len(c.Numbers))
		c.IDs, err = dictionaryIDs(c.Ints[:0], b, n, size)
		c.Ints = c.IDs
	case c.chunk.Kind == Int64 && e == plain:
		c.Longs, err = plainInt64(c.Longs[:0], b, n)
	case c.chunk.Kind == Int64 && e == deltaBinaryPacked:
		c.Longs, _, err = deltas(c.Longs[:0], b, n)
	case c.chunk.Kind == Int32 && e == plain:
		c.Ints, err = plainInt32(c.Ints[:0], b, n)
	case c.chunk.Kind == Int32 && e == deltaBinaryPacked:
		if c.Longs, _, err = deltas(c.Longs[:0], b, n); err == nil {
			c.Ints = c.Ints[:0]
			for _, v := range c.Longs {
				c.Ints = append(c.Ints, int32(v))
			}
		}
	case c.chunk.Kind == Bytes && e == plain:
		c.Offsets, c.Data, err = plainBytes(c.Offsets[:0], b, n)
	case c.chunk.Kind == Bytes && e == deltaLengthByteArray:
		err = c.lengthBytes(b, n)
	default:
		err = fmt.Errorf("%w: values in encoding %d", ErrPage, e)
	}
	if err != nil {
		return err
	}
	c.Rows = n
	c.left -= n
	return nil
}

// lengthBytes takes byte arrays that stand one after the other behind their
// lengths. Nothing may be between or after them: another reader might take it
// for them.
func (c *Column) lengthBytes(b []byte, n int) (err error) {
	var rest []byte
	if c.Longs, rest, err = deltas(c.Longs[:0], b, n); err != nil {
		return err
	}
	c.Offsets = append(c.Offsets[:0], 0)
	end := int64(0)
	for _, length := range c.Longs {
		if length < 0 || length > int64(len(rest))-end {
			return fmt.Errorf("%w: a value of %d bytes in a page of %d", ErrPage, length, len(b))
		}
		end += length
		c.Offsets = append(c.Offsets, uint32(end))
	}
	if end != int64(len(rest)) {
		return fmt.Errorf("%w: %d bytes after its values", ErrPage, int64(len(rest))-end)
	}
	c.Data = rest
	return nil
}
