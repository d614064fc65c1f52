package skip

import (
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/query"
)

// filter tells without opening a derived file that it cannot hold an answer. It
// may say "perhaps" wrongly, never "no".
type filter struct {
	entities []uint64 // bloom filter over (column, folded value)
}

// probes is the number of bits an entity sets; with 12 bits each about 1 in 300
// absent values is not recognised as absent.
const (
	probes         = 6
	bitsPerEntity  = 12
	recentEntities = 1 << 15
)

// entityColumns are the text columns whose values a skip filter knows.
func entityColumns() []int {
	return []int{derived.ColSource, derived.ColFormat, derived.ColCode, derived.ColActor, derived.ColTarget, derived.ColSrcIP, derived.ColDstIP, derived.ColHost, derived.ColSession}
}

// newFilter builds the filter of some rows.
func newFilter(places []derived.Place) *filter {
	hashes := entityHashes(places)
	s := &filter{entities: make([]uint64, 1+len(hashes)*bitsPerEntity/64)}
	for _, h := range hashes {
		setProbes(s.entities, h)
	}
	return s
}

// entityHashes lists the hash of every entity once.
func entityHashes(places []derived.Place) []uint64 {
	var hashes []uint64
	recent := make([]uint64, recentEntities)
	note := func(h uint64) {
		if slot := &recent[h%recentEntities]; *slot != h {
			*slot = h
			hashes = append(hashes, h)
		}
	}
	for _, col := range entityColumns() {
		for _, p := range places {
			if v := p.Batch.Cols[col].Text(p.Row); len(v) > 0 {
				note(entityHash(col, v))
			}
		}
	}
	last := int64(-1)
	for _, p := range places {
		if n := p.Batch.Cols[derived.ColClass].Numbers[p.Row]; n != last {
			last = n
			note(entityHash(derived.ColClass, strconv.AppendInt(nil, n, 10)))
		}
	}
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

func entityHash(col int, value []byte) uint64 {
	if !isFolded(value) {
		value = []byte(query.Fold(string(value)))
	}
	return xxh3.HashSeed(value, uint64(col))
}

func isFolded(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

func setProbes(filter []uint64, h uint64) {
	for range probes {
		bit := probe(h, len(filter))
		filter[bit/64] |= 1 << (bit % 64)
		h = bits.RotateLeft64(h, 23) * 0x9E3779B97F4A7C15
	}
}

// probe maps a hash to a bit of a filter of the given words.
func probe(h uint64, words int) uint64 {
	bit, _ := bits.Mul64(h, uint64(words)*64)
	return bit
}

// entity reports whether a value, folded, may occur in the column.
func (s *filter) entity(col int, folded string) bool {
	h := xxh3.HashStringSeed(folded, uint64(col))
	for range probes {
		bit := probe(h, len(s.entities))
		if s.entities[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
		h = bits.RotateLeft64(h, 23) * 0x9E3779B97F4A7C15
	}
	return true
}
