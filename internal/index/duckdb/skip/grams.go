package skip

import (
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/konseki/konseki/internal/index/duckdb/derived"
)

// grams is the shape of a table that tells which blocks of records may hold a
// text. A row of it stands for 4 bytes of folded text by their hash, and has a
// bit for every block in which they occur. The table stays on the disk, where a
// word needs few of its bytes.
type grams struct {
	base   uint64 // the first chunk of the first block
	per    uint64 // chunks of a block
	blocks int
	log    int // log2 of the number of rows
}

const (
	gramLength   = 4
	minPer       = 8192 / ChunkRecords
	maxBlocks    = 64
	minGramLog   = 8
	maxGramLog   = 18
	bytesPerGram = 8 // of text, for a row in the table
)

// newGrams gives the table's shape for the records first to last with so many
// bytes of text.
func newGrams(first, last uint64, size int) grams {
	g := grams{base: first >> ChunkShift}
	chunks := last>>ChunkShift - g.base + 1
	g.per = max(minPer, (chunks+maxBlocks-1)/maxBlocks)
	count := func() int { return int((chunks + g.per - 1) / g.per) }
	for count() > 8 && count()%8 == 1 { // a byte of each row for one block
		g.per++
	}
	g.blocks = count()
	g.log = min(max(bits.Len(uint(size/bytesPerGram/g.blocks)), minGramLog), maxGramLog)
	return g
}

// valid reports whether the shape is one that newGrams makes.
func (g *grams) valid() bool {
	return g.per >= minPer && g.blocks > 0 && g.blocks <= maxBlocks && g.log >= minGramLog && g.log <= maxGramLog
}

// spans reports whether the blocks hold the records first to last.
func (g *grams) spans(first, last uint64) bool {
	return g.base == first>>ChunkShift && g.block(last>>ChunkShift) == uint64(g.blocks)-1
}

// block is the number of a chunk's block.
func (g *grams) block(chunk uint64) uint64 { return (chunk - g.base) / g.per }

// stride is the length of a table's row in bytes.
func (g *grams) stride() int { return (g.blocks + 7) / 8 }

func (g *grams) bytes() int { return g.stride() << g.log }

func gramHash(gram uint32, log int) uint32 { return gram * 0x9E3779B1 >> (32 - log) }

// table notes the text of the rows whose record lies in [first,last].
func (g *grams) table(batches []*derived.Batch, first, last uint64) []byte {
	seen := make([][]uint64, g.blocks)
	for i := range seen {
		seen[i] = make([]uint64, 1<<g.log/64)
	}
	var l Lines
	for _, b := range batches {
		if b.TopRecord < first || b.LowRecord > last {
			continue
		}
		l.Fold(b.Cols[derived.ColText].Data, 0, b.Cols[derived.ColText].Ends)
		for row, n := range b.Cols[derived.ColRecord].Numbers {
			if record := uint64(n); record >= first && record <= last {
				noteGrams(seen[g.block(record>>ChunkShift)], g.log, l.row(row))
			}
		}
	}
	table := make([]byte, g.bytes())
	stride := g.stride()
	for block, set := range seen {
		for i, w := range set {
			for ; w != 0; w &= w - 1 {
				table[(i*64+bits.TrailingZeros64(w))*stride+block/8] |= 1 << (block % 8)
			}
		}
	}
	return table
}

// noteGrams sets the bits of all grams of a text.
func noteGrams(set []uint64, log int, text []byte) {
	if len(text) < gramLength {
		return
	}
	mask := uint32(len(set)*64 - 1)
	gram := binary.LittleEndian.Uint32(text) << 8
	for _, c := range text[gramLength-1:] {
		gram = gram>>8 | uint32(c)<<24
		bit := gramHash(gram, log) & mask
		set[bit/64] |= 1 << (bit % 64)
	}
}

// holding gives the blocks, as bits, that may hold all of the literals, by the
// table that begins at an offset of r.
func (g *grams) holding(r io.ReaderAt, offset int64, literals [][]byte) (uint64, error) {
	all := ^uint64(0) >> (64 - g.blocks)
	row := make([]byte, 8)
	for _, text := range literals {
		for i := 0; i+gramLength <= len(text) && all != 0; i++ {
			n := int64(gramHash(binary.LittleEndian.Uint32(text[i:]), g.log))
			if _, err := r.ReadAt(row[:g.stride()], offset+n*int64(g.stride())); err != nil {
				return 0, err
			}
			all &= binary.LittleEndian.Uint64(row)
		}
	}
	return all, nil
}

// Raw text is searched by chunks of consecutive records.
const (
	ChunkShift   = 11
	ChunkRecords = 1 << ChunkShift
)
