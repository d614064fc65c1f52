package pages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
)

// page writes a data page of version 1, stored as it is.
func page(kind, encoding, values int, content []byte) []byte {
	field := func(b []byte, v int) []byte { return binary.AppendVarint(append(b, 0x15), int64(v)) }
	b := field(field(field(nil, kind), len(content)), len(content))
	if kind == dictionaryPage {
		b = append(b, 0x4c) // field 7
	} else {
		b = append(b, 0x2c) // field 5
	}
	b = append(field(field(b, values), encoding), 0, 0)
	return append(b, content...)
}

func open(t testing.TB, kind Kind, rows int, stored ...[]byte) *Column {
	t.Helper()
	u, err := NewUnpacker()
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.Join(stored, nil)
	c := &Column{}
	if err := c.Open(u, Chunk{Source: bytes.NewReader(all), Size: int64(len(all)), Kind: kind, Rows: rows, MaxPage: 1 << 16, Ahead: 64}, true); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestValuesOfEveryEncodingAreRead(t *testing.T) {
	c := open(t, Bytes, 5, page(dictionaryPage, plain, 2, []byte("\x01\x00\x00\x00a\x02\x00\x00\x00bc")),
		page(dataPage, rleDictionary, 3, []byte{1, 3 << 1, 1}), page(dataPage, plain, 2, []byte("\x00\x00\x00\x00\x01\x00\x00\x00z")))
	if err := c.Next(); err != nil || c.Rows != 3 || string(c.Words[c.IDs[2]]) != "bc" {
		t.Fatalf("%v %+v", err, c)
	}
	if err := c.Next(); err != nil || c.IDs != nil || !slices.Equal(c.Offsets, []uint32{0, 0, 1}) || string(c.Data) != "z" {
		t.Fatalf("%v %+v", err, c)
	}
	if err := c.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("after the end: %v", err)
	}
	// 7, 9, 11: a block of 128 in 4 miniblocks of deltas of 2 in no bits.
	head := []byte{0x80, 1, 4, 3, 14, 4, 0, 0, 0, 0}
	c = open(t, Int64, 3, page(dataPage, deltaBinaryPacked, 3, head))
	if err := c.Next(); err != nil || !slices.Equal(c.Longs, []int64{7, 9, 11}) {
		t.Fatalf("%v %v", err, c.Longs)
	}
}

func TestAPageThatLiesIsRefused(t *testing.T) {
	long := page(dataPage, plain, 1, make([]byte, 1<<17))
	head := []byte{0x80, 1, 4, 3, 2, 4, 0, 0, 0, 0} // lengths 1, 3, 5
	for name, c := range map[string]*Column{
		"more values than rows":      open(t, Int32, 1, page(dataPage, plain, 2, make([]byte, 8))),
		"fewer bytes than values":    open(t, Int32, 2, page(dataPage, plain, 2, make([]byte, 4))),
		"larger than a page may be":  open(t, Bytes, 1, long),
		"a reference too far":        open(t, Bytes, 1, page(dictionaryPage, plain, 0, nil), page(dataPage, rleDictionary, 1, []byte{1, 2, 0})),
		"an endless run of nothing":  open(t, Bytes, 1, page(dictionaryPage, plain, 1, make([]byte, 4)), page(dataPage, rleDictionary, 1, []byte{1, 0, 0, 0, 0})),
		"two dictionaries":           open(t, Bytes, 1, page(dictionaryPage, plain, 1, make([]byte, 4)), page(dictionaryPage, plain, 1, make([]byte, 4))),
		"bytes behind the values":    open(t, Bytes, 3, page(dataPage, deltaLengthByteArray, 3, append(head, make([]byte, 10)...))),
		"a value beyond the page":    open(t, Bytes, 3, page(dataPage, deltaLengthByteArray, 3, append(head, make([]byte, 8)...))),
		"other deltas than it says":  open(t, Int64, 2, page(dataPage, deltaBinaryPacked, 2, head)),
		"a width that no number has": open(t, Int64, 3, page(dataPage, deltaBinaryPacked, 3, []byte{0x80, 1, 4, 3, 2, 4, 65, 0, 0, 0})),
		"cut":                        open(t, Int32, 1, page(dataPage, plain, 1, make([]byte, 4))[:12]),
	} {
		if err := c.Next(); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

func FuzzPages(f *testing.F) {
	f.Add(byte(2), bytes.Join([][]byte{page(dictionaryPage, plain, 1, make([]byte, 4)), page(dataPage, rleDictionary, 9, []byte{1, 3, 1, 2, 2})}, nil))
	f.Add(byte(1), page(dataPage, deltaBinaryPacked, 3, []byte{0x80, 1, 4, 3, 14, 4, 0, 0, 0, 0}))
	f.Add(byte(2), page(dataPage, deltaLengthByteArray, 3, []byte{0x80, 1, 4, 3, 2, 4, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		for _, rows := range []int{1, 9, 300} {
			c := open(t, Kind(kind%3), rows, b)
			read := 0
			for c.Next() == nil {
				read += c.Rows
				for i := range c.Rows {
					if c.IDs != nil && Kind(kind%3) == Bytes {
						_ = c.Words[c.IDs[i]]
					} else if c.IDs == nil && Kind(kind%3) == Bytes {
						_ = c.Data[c.Offsets[i]:c.Offsets[i+1]]
					}
				}
			}
			if read > rows {
				t.Fatalf("%d values of %d", read, rows)
			}
		}
	})
}
