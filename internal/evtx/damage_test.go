package evtx_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/evtx"
	"github.com/konseki/konseki/internal/evtx/evtxtest"
)

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// logons is a chunk of so many events.
func logons(n int) []byte {
	c := evtxtest.NewChunk()
	for id := range n {
		c.Event(uint64(id+1), logon(0))
	}
	return c.Bytes()
}

// starts lists where the records of a chunk begin.
func starts(chunk []byte) []int {
	var all []int
	for rec := range evtx.NewReader().Chunk(chunk) {
		all = append(all, rec.Offset)
	}
	return all
}

func TestDamagedFileHeadersAreTold(t *testing.T) {
	bad := evtxtest.Header(1, 2, 1)
	bad[24]++
	if h, err := evtx.ParseHeader(bad); !errors.Is(err, evtx.ErrChecksum) || !h.Dirty {
		t.Errorf("%+v %v", h, err)
	}
	if _, err := evtx.ParseHeader(bad[:100]); !errors.Is(err, evtx.ErrTruncated) {
		t.Error(err)
	}
	for _, none := range [][]byte{nil, []byte("ElfFil"), []byte("PK\x03\x04")} {
		if _, err := evtx.ParseHeader(none); !errors.Is(err, evtx.ErrSignature) {
			t.Error(err)
		}
	}
}

// TestDamagedChunksGiveWhatIsLeft damages a chunk of five events in every way
// and expects the damage named and the other events read.
func TestDamagedChunksGiveWhatIsLeft(t *testing.T) {
	whole := logons(5)
	begin := starts(whole)
	le := binary.LittleEndian
	for _, c := range []struct {
		about  string
		damage func([]byte) []byte
		errs   []error
		ids    []uint64
		carved bool
	}{
		{"none", func(b []byte) []byte { return b }, nil, []uint64{1, 2, 3, 4, 5}, false},
		{"unused", func(b []byte) []byte { return make([]byte, len(b)) }, nil, nil, false},
		{"empty", func(b []byte) []byte { return nil }, nil, nil, false},
		{"header checksum", func(b []byte) []byte { b[9]++; return b }, []error{evtx.ErrChecksum}, []uint64{1, 2, 3, 4, 5}, true},
		{"signature", func(b []byte) []byte { b[0]++; return b }, []error{evtx.ErrSignature}, []uint64{1, 2, 3, 4, 5}, true},
		{"header zeroed", func(b []byte) []byte { clear(b[:512]); return b }, []error{evtx.ErrSignature}, []uint64{1, 2, 3, 4, 5}, true},
		{"records checksum", func(b []byte) []byte { b[52]++; evtxtest.SealChunk(b); return b }, []error{evtx.ErrChecksum}, []uint64{1, 2, 3, 4, 5}, true},
		{"end of records beyond the chunk", func(b []byte) []byte { le.PutUint32(b[48:], 1<<31); evtxtest.SealChunk(b); return b },
			[]error{evtx.ErrOffset}, []uint64{1, 2, 3, 4, 5}, true},
		{"end of records within the header", func(b []byte) []byte { le.PutUint32(b[48:], 100); evtxtest.SealChunk(b); return b },
			[]error{evtx.ErrOffset}, []uint64{1, 2, 3, 4, 5}, true},
		{"cut in the header", func(b []byte) []byte { return b[:300] }, []error{evtx.ErrTruncated}, nil, false},
		{"cut in the fourth record", func(b []byte) []byte { return b[:begin[3]+100] }, []error{evtx.ErrTruncated, evtx.ErrSize}, []uint64{1, 2, 3}, true},
		{"cut in a record's header", func(b []byte) []byte { return b[:begin[3]+10] }, []error{evtx.ErrTruncated, evtx.ErrTruncated}, []uint64{1, 2, 3}, true},
		{"cut behind the records", func(b []byte) []byte { return b[:60000] }, []error{evtx.ErrTruncated}, []uint64{1, 2, 3, 4, 5}, false},
		{"size of a record", func(b []byte) []byte { b[begin[2]+4]++; evtxtest.SealRecords(b); return b },
			[]error{evtx.ErrSize}, []uint64{1, 2, 4, 5}, true},
		{"huge size of a record", func(b []byte) []byte { le.PutUint32(b[begin[2]+4:], 1<<31-1); evtxtest.SealRecords(b); return b },
			[]error{evtx.ErrSize}, []uint64{1, 2, 4, 5}, true},
		{"size of zero", func(b []byte) []byte { le.PutUint32(b[begin[2]+4:], 0); evtxtest.SealRecords(b); return b },
			[]error{evtx.ErrSize}, []uint64{1, 2, 4, 5}, true},
		{"a record overwritten", func(b []byte) []byte {
			for i := begin[2]; i < begin[3]; i++ {
				b[i] = 'x'
			}
			evtxtest.SealRecords(b)
			return b
		}, []error{evtx.ErrGap}, []uint64{1, 2, 4, 5}, true},
		{"a token", func(b []byte) []byte { b[begin[2]+28] = 0x1f; evtxtest.SealRecords(b); return b }, []error{evtx.ErrToken}, []uint64{1, 2, 4, 5}, false},
		{"offset of a template beyond the chunk", func(b []byte) []byte { le.PutUint32(b[begin[2]+34:], 1<<31); evtxtest.SealRecords(b); return b },
			[]error{evtx.ErrOffset}, []uint64{1, 2, 4, 5}, false},
		{"offset of a template into the last bytes", func(b []byte) []byte { le.PutUint32(b[begin[2]+34:], 65530); evtxtest.SealRecords(b); return b },
			[]error{evtx.ErrOffset}, []uint64{1, 2, 4, 5}, false},
		{"number of values", func(b []byte) []byte { le.PutUint32(b[begin[2]+38:], 1<<32-1); evtxtest.SealRecords(b); return b },
			[]error{evtx.ErrTruncated}, []uint64{1, 2, 4, 5}, false},
		{"size of a value", func(b []byte) []byte { le.PutUint16(b[begin[2]+42:], 60000); evtxtest.SealRecords(b); return b },
			[]error{evtx.ErrTruncated}, []uint64{1, 2, 4, 5}, false},
	} {
		got := readChunk(t, c.damage(slices.Clone(whole)))
		var errs []error
		for i, d := range got.damage {
			errs = append(errs, d)
			if i < len(c.errs) && !errors.Is(d, c.errs[i]) {
				t.Errorf("%s: %v", c.about, d)
			}
		}
		if len(errs) != len(c.errs) || !cmp.Equal(got.ids, c.ids) {
			t.Errorf("%s: events %v, %v", c.about, got.ids, errs)
		}
		if n := len(got.carved); n > 0 && got.carved[n-1] != c.carved {
			t.Errorf("%s: carved %v", c.about, got.carved)
		}
	}
}

func TestDamageNamesThePlace(t *testing.T) {
	chunk := logons(3)
	begin := starts(chunk)
	chunk[begin[1]+28] = 0x1f
	evtxtest.SealRecords(chunk)
	got := readChunk(t, chunk)
	if d := got.damage[0]; d.Record != 2 || d.Offset != begin[1] || d.Size != begin[2]-begin[1] {
		t.Errorf("%+v", d)
	}
}

// TestRecordsBehindTheStatedEndAreReadWhenTheyGoOn takes a chunk as it stands
// in a file that is being written: its header is older than its last records.
func TestRecordsBehindTheStatedEndAreReadWhenTheyGoOn(t *testing.T) {
	chunk := logons(5)
	le := binary.LittleEndian
	le.PutUint32(chunk[48:], uint32(starts(chunk)[3]))
	le.PutUint64(chunk[32:], 3)
	evtxtest.SealRecords(chunk)
	got := readChunk(t, chunk)
	if !cmp.Equal(got.ids, []uint64{1, 2, 3, 4, 5}) || !cmp.Equal(got.carved, []bool{false, false, false, true, true}) || len(got.damage) > 0 {
		t.Errorf("%v %v %v", got.ids, got.carved, got.damage)
	}
	le.PutUint64(chunk[32:], 9) // now they are older than the chunk
	evtxtest.SealRecords(chunk)
	if got := readChunk(t, chunk); !cmp.Equal(got.ids, []uint64{1, 2, 3}) {
		t.Errorf("%v", got.ids)
	}
}

// hostileChunk asks for more than any chunk may have, or is not well formed.
type hostileChunk struct {
	chunk []byte
	err   error // what is told of it
}

func hostile() map[string]hostileChunk {
	record := func(write func(*evtxtest.Body)) []byte {
		c := evtxtest.NewChunk()
		c.Record(1, at(), write)
		return c.Bytes()
	}
	return map[string]hostileChunk{
		"a template in itself": {record(func(b *evtxtest.Body) {
			b.Fragment()
			b.Bytes(0x0c, 1)
			b.U32(0)
			def := b.At() + 4
			b.U32(def)
			b.U32(0)
			b.Bytes(make([]byte, 16)...)
			b.U32(18)
			b.Fragment()
			b.Bytes(0x0c, 1)
			b.U32(0)
			b.U32(def)
			b.U32(0)
			b.End()
			b.Values()
		}), evtx.ErrLoop},
		"elements in elements": {record(func(b *evtxtest.Body) {
			b.Fragment()
			for range 2000 {
				b.Open("a", -1)
				b.Body()
			}
		}), evtx.ErrDepth},
		"values in values": {record(func(b *evtxtest.Body) {
			b.Fragment()
			nest(b, 300)
		}), evtx.ErrDepth},
		"an element that does not end": {record(func(b *evtxtest.Body) { b.Open("Event", -1); b.Body() }), evtx.ErrToken},
		"an end without an element":    {record(func(b *evtxtest.Body) { b.Fragment(); b.Bytes(4) }), evtx.ErrToken},
		"an attribute in no element":   {record(func(b *evtxtest.Body) { b.Fragment(); b.Bytes(6); b.Name("a") }), evtx.ErrToken},
		"two elements":                 {record(func(b *evtxtest.Body) { b.Open("a", -1); b.Empty(); b.Open("b", -1); b.Empty(); b.End() }), evtx.ErrToken},
		"no element":                   {record(func(b *evtxtest.Body) { b.Fragment(); b.End() }), evtx.ErrToken},
		"a name beyond the chunk":      {record(func(b *evtxtest.Body) { b.Bytes(1); b.U16(-1); b.U32(0); b.U32(1 << 30); b.Bytes(3) }), evtx.ErrOffset},
		"a name that is too long": {record(func(b *evtxtest.Body) {
			b.Open(strings.Repeat("n", 600), -1)
			b.Empty()
			b.End()
		}), evtx.ErrToken},
		"one value many times": {record(func(b *evtxtest.Body) {
			b.Fragment()
			b.Template("t", func(b *evtxtest.Body) {
				b.Open("Event", -1)
				b.Body()
				for range 5000 {
					b.Slot(0, evtx.String)
				}
				b.Close()
			}, evtxtest.Value{Type: evtx.String, Data: make([]byte, 20000)})
			b.End()
		}), evtx.ErrTooLarge},
		"one template many times":          {manyInstances(), evtx.ErrTooLarge},
		"many templates in the same bytes": {manyTemplates(), evtx.ErrTooLarge},
	}
}

// manyTemplates is a chunk whose records each take another stretch of the same
// 30 KB for their template.
func manyTemplates() []byte {
	c := evtxtest.NewChunk()
	begin := 0
	c.Record(1, at(), func(b *evtxtest.Body) {
		begin = b.At()
		for range 7500 {
			b.Bytes(0x0f, 0x40, 0, 0) // the header of a fragment, and a size of 16 KB
		}
	})
	for id := uint64(2); c.Len() < 65000; id++ {
		c.Record(id, at(), func(b *evtxtest.Body) {
			b.Fragment()
			b.Bytes(0x0c, 1)
			b.U32(0)
			b.U32(begin + 4*int(id))
			b.Values()
			b.End()
		})
	}
	return c.Bytes()
}

// nest writes binary XML in a value in binary XML.
func nest(b *evtxtest.Body, depth int) {
	b.Template("nest", func(b *evtxtest.Body) {
		b.Open("a", -1)
		b.Body()
		b.Slot(0, evtx.BinXML)
		b.Close()
	}, evtxtest.Value{Type: evtx.BinXML, Write: func(b *evtxtest.Body) {
		if depth > 0 {
			nest(b, depth-1)
		}
	}})
}

// manyInstances is a chunk of small records of one template as large as can be.
func manyInstances() []byte {
	c := evtxtest.NewChunk()
	for id := uint64(1); c.Len() < 65000; id++ {
		c.Record(id, at(), func(b *evtxtest.Body) {
			b.Fragment()
			b.Template("big", func(b *evtxtest.Body) {
				b.Open("Event", -1)
				b.Body()
				for range 700 {
					b.Open(strings.Repeat("n", 500), -1)
					b.Empty()
				}
				b.Close()
			})
			b.End()
		})
	}
	return c.Bytes()
}

func TestHostileChunksAreRefusedWithinBounds(t *testing.T) {
	for about, c := range hostile() {
		got := readChunk(t, c.chunk)
		if !slices.ContainsFunc(got.damage, func(d *evtx.Damage) bool { return errors.Is(d, c.err) }) {
			t.Errorf("%s: %v is not told, but %v", about, c.err, got.damage)
		}
		size := 0
		for _, s := range got.json {
			size += len(s)
		}
		if size > 4<<20 {
			t.Errorf("%s: %d bytes", about, size)
		}
	}
}

func TestNamesWithoutCharactersAreRead(t *testing.T) {
	json, _ := one(t, func(b *evtxtest.Body) {
		b.Fragment()
		b.Open("", -1, "", func() { b.Text("v") })
		b.Body()
		b.Text("")
		b.Close()
		b.End()
	})
	if want := `{"":{"#attributes":{"":"v"},"#text":""}}`; json != want {
		t.Error(json)
	}
}

// TestNoByteChangedGoesUnnoticed changes one byte of a chunk anywhere in what
// its checksums cover.
func TestNoByteChangedGoesUnnoticed(t *testing.T) {
	whole := logons(4)
	free := int(binary.LittleEndian.Uint32(whole[48:]))
	rapid.Check(t, func(t *rapid.T) {
		chunk := slices.Clone(whole)
		place := rapid.IntRange(0, free-1).Draw(t, "place")
		if place >= 120 && place < 124 {
			place = 0 // no checksum covers the flags
		}
		chunk[place] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
		damaged := false
		for _, damage := range evtx.NewReader().Chunk(chunk) {
			damaged = damaged || damage != nil
		}
		if !damaged {
			t.Fatalf("byte %d changed", place)
		}
	})
}
