package collect

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

// evtxFile is a file as its framing sees it: a header and chunks, of which
// those with number 0 were never used.
func evtxFile(header bool, chunks ...byte) []byte {
	var b []byte
	if header {
		b = append([]byte("ElfFile\x00"), make([]byte, evtxHeader-8)...)
	}
	for _, n := range chunks {
		chunk := make([]byte, evtxChunk)
		if n != 0 {
			copy(chunk, evtxSignature)
			chunk[100] = n
		}
		b = append(b, chunk...)
	}
	return b
}

func TestEventLogsAreCutAtTheirChunks(t *testing.T) {
	const first = evtxHeader + evtxChunk
	for _, c := range []struct {
		about string
		data  []byte
		sizes []int
	}{
		{"nothing", nil, nil},
		{"a header alone", evtxFile(true), []int{evtxHeader}},
		{"one chunk", evtxFile(true, 1), []int{first}},
		{"three chunks", evtxFile(true, 1, 2, 3), []int{first, evtxChunk, evtxChunk}},
		{"without the header of the file", evtxFile(false, 1, 2), []int{evtxChunk, evtxChunk}},
		{"the last chunk cut off", evtxFile(true, 1, 2)[:first+1000], []int{first, 1000}},
		{"the first chunk cut off", evtxFile(true, 1)[:evtxHeader+10], []int{evtxHeader + 10}},
		{"unused chunks", evtxFile(true, 1, 0, 0, 2, 0, 3), []int{first, 2 * evtxChunk, evtxChunk, evtxChunk, evtxChunk}},
		{"unused chunks to the end", evtxFile(true, 1, 0, 0, 0)[:first+2*evtxChunk+77], []int{first, 2*evtxChunk + 77}},
		{"many unused chunks", evtxFile(true, append([]byte{1}, make([]byte, maxUnused+2)...)...), []int{first, maxUnused * evtxChunk, 2 * evtxChunk}},
		{"never used at all", evtxFile(true, 0), []int{first}},
	} {
		for _, size := range []int{1000, 1 << 20, 8 << 20} {
			recs := cutAll(t, newFramer(event.Shape{Framing: event.FrameEVTX}, Limits{}.orDefault()), Limits{}.orDefault(), size, c.data)
			var sizes []int
			for _, r := range recs {
				sizes = append(sizes, len(r.Raw))
			}
			if diff := cmp.Diff(c.sizes, sizes); diff != "" {
				t.Errorf("%s, read by %d:\n%s", c.about, size, diff)
			}
			if got := bytes.Join(rawBytes(recs), nil); !bytes.Equal(got, c.data) {
				t.Errorf("%s: the records are not the file", c.about)
			}
		}
	}
}

func rawBytes(recs []event.Record) (all [][]byte) {
	for _, r := range recs {
		all = append(all, r.Raw)
	}
	return all
}

// TestEventLogsAreKeptByteForByte cuts files of any chunks at any end.
func TestEventLogsAreKeptByteForByte(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		chunks := rapid.SliceOfN(rapid.ByteRange(0, 2), 0, 20).Draw(r, "chunks")
		data := evtxFile(rapid.Bool().Draw(r, "header"), chunks...)
		data = data[:rapid.IntRange(0, len(data)).Draw(r, "end")]
		size := rapid.IntRange(1<<12, 1<<21).Draw(r, "read size")
		shape, limits := event.Shape{Framing: event.FrameEVTX}, Limits{}.orDefault()
		recs := cutAll(t, newFramer(shape, limits), limits, size, data)
		if !bytes.Equal(bytes.Join(rawBytes(recs), nil), data) {
			r.Fatal("the records are not the file")
		}
		again := cutAll(t, newFramer(shape, limits), limits, 4<<20, data)
		if !slices.EqualFunc(rawBytes(recs), rawBytes(again), bytes.Equal) {
			r.Fatalf("read by %d: %d records, at once %d", size, len(recs), len(again))
		}
	})
}

// FuzzEVTX checks that the records of any bytes are these bytes.
func FuzzEVTX(f *testing.F) {
	f.Add(evtxFile(true)[:200])
	f.Add([]byte(evtxSignature))
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := Limits{}.orDefault()
		recs := cutAll(t, newFramer(event.Shape{Framing: event.FrameEVTX}, limits), limits, 1<<16, data)
		if !bytes.Equal(bytes.Join(rawBytes(recs), nil), data) {
			t.Fatal("the records are not the file")
		}
	})
}
