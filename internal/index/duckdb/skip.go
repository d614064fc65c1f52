package duckdb

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/query"
)

// skip tells without opening a derived file that it cannot hold an answer. It
// may say "perhaps" wrongly, never "no".
type skip struct {
	entities []uint64 // bloom filter over (column, folded value)
	grams    []uint64 // bitmap over hashes of 4 bytes of folded text
}

// probes is the number of bits an entity sets; with 12 bits each about 1 in 300
// absent values is not recognised as absent.
const (
	probes         = 6
	bitsPerEntity  = 12
	gramLength     = 4
	minGramBits    = 1 << 12
	maxGramBits    = 1 << 22
	recentEntities = 1 << 15
)

// entityColumns are the text columns whose values a skip filter knows.
func entityColumns() []int {
	return []int{colSource, colFormat, colCode, colActor, colTarget, colSrcIP, colDstIP, colHost, colSession}
}

// newSkip builds the filter of some rows.
func newSkip(places []place) *skip {
	hashes := entityHashes(places)
	s := &skip{entities: make([]uint64, 1+len(hashes)*bitsPerEntity/64)}
	for _, h := range hashes {
		setProbes(s.entities, h)
	}
	size := 0
	for _, p := range places {
		size += len(p.batch.cols[colText].text(p.row))
	}
	s.grams = make([]uint64, min(max(1<<bits.Len(uint(size/8)), minGramBits), maxGramBits)/64)
	for _, p := range places {
		s.addText(p.batch.cols[colText].text(p.row))
	}
	return s
}

// entityHashes lists the hash of every entity, most of them once.
func entityHashes(places []place) []uint64 {
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
			if v := p.batch.cols[col].text(p.row); len(v) > 0 {
				note(entityHash(col, v))
			}
		}
	}
	last := int64(-1)
	for _, p := range places {
		if n := p.batch.cols[colClass].numbers[p.row]; n != last {
			last = n
			note(entityHash(colClass, strconv.AppendInt(nil, n, 10)))
		}
	}
	return hashes
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
func (s *skip) entity(col int, folded string) bool {
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

// addText notes every 4 bytes of the folded text.
func (s *skip) addText(text []byte) {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			text = []byte(query.Fold(string(text)))
			break
		}
	}
	shift := s.shift()
	var gram uint32
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		gram = gram>>8 | uint32(c)<<24
		if i >= gramLength-1 {
			bit := gram * 0x9E3779B1 >> shift
			s.grams[bit/64] |= 1 << (bit % 64)
		}
	}
}

// shift brings a 32-bit hash to the size of the bitmap, a power of two.
func (s *skip) shift() int { return 32 - bits.Len(uint(len(s.grams)*64-1)) }

// text reports whether the folded word may occur.
func (s *skip) text(folded string) bool {
	shift := s.shift()
	for i := 0; i+gramLength <= len(folded); i++ {
		bit := binary.LittleEndian.Uint32([]byte(folded[i:i+gramLength])) * 0x9E3779B1 >> shift
		if s.grams[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// may reports whether a node may hold for an event of the file.
func (f *file) may(n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		for _, c := range n.Nodes {
			if !f.may(c) {
				return false
			}
		}
	case query.Or:
		for _, c := range n.Nodes {
			if f.may(c) {
				return true
			}
		}
		return false
	case query.Text:
		return f.mayText(n)
	case query.Match:
		return f.mayMatch(n)
	}
	return true
}

func (f *file) mayText(n query.Text) bool {
	if !n.Wild {
		return f.skip.text(n.Word)
	}
	for _, p := range query.Pattern(n.Word) {
		if p.Wild == 0 && !f.skip.text(p.Literal) {
			return false
		}
	}
	return true
}

func (f *file) mayMatch(n query.Match) bool {
	if n.Native || n.Op != query.Equal {
		return true
	}
	switch n.Field {
	case "record":
		return n.Number >= 0 && uint64(n.Number) >= f.first && uint64(n.Number) <= f.last
	case "class_uid":
		return f.skip.entity(colClass, strconv.FormatInt(n.Number, 10))
	}
	if n.Value == "" {
		return true
	}
	for _, col := range entityColumns() {
		if specs()[col].name == n.Field {
			return f.skip.entity(col, n.Value)
		}
	}
	return true
}

// errSkip means that a sidecar file is not what this version writes.
var errSkip = errors.New("not a sidecar of this version")

const skipMagic = "konseki skip 1\n\x00"

// sidecar is all that is known of a derived file without opening it.
type sidecar struct {
	size   uint64 // bytes of the derived file
	digest uint64 // XXH3-64 of it
	tail   uint64 // XXH3-64 of its last tailBytes, where its footer is
	groups []group
	skip   skip
}

// group is one row group.
type group struct {
	earliest, latest int64
	rows             int
}

// marshal writes the sidecar as 64-bit little-endian words between a magic and
// an XXH3-64 of all before it.
func (s *sidecar) marshal() []byte {
	b := []byte(skipMagic)
	word := func(n uint64) { b = binary.LittleEndian.AppendUint64(b, n) }
	word(s.size)
	word(s.digest)
	word(s.tail)
	word(uint64(len(s.groups)))
	for _, g := range s.groups {
		word(uint64(g.earliest))
		word(uint64(g.latest))
		word(uint64(g.rows))
	}
	for _, filter := range [][]uint64{s.skip.entities, s.skip.grams} {
		word(uint64(len(filter)))
		for _, w := range filter {
			word(w)
		}
	}
	word(xxh3.Hash(b))
	return b
}

// unmarshalSidecar is the inverse of marshal.
func unmarshalSidecar(b []byte) (*sidecar, error) {
	if len(b) < len(skipMagic)+8 || len(b)%8 != 0 || string(b[:len(skipMagic)]) != skipMagic {
		return nil, errSkip
	}
	body := b[:len(b)-8]
	if binary.LittleEndian.Uint64(b[len(b)-8:]) != xxh3.Hash(body) {
		return nil, errSkip
	}
	body = body[len(skipMagic):]
	ok := true
	word := func() uint64 {
		if len(body) < 8 {
			ok = false
			return 0
		}
		n := binary.LittleEndian.Uint64(body)
		body = body[8:]
		return n
	}
	s := &sidecar{size: word(), digest: word(), tail: word()}
	for n := word(); n > 0 && ok; n-- {
		s.groups = append(s.groups, group{int64(word()), int64(word()), int(word())})
	}
	for _, filter := range []*[]uint64{&s.skip.entities, &s.skip.grams} {
		for n := word(); n > 0 && ok; n-- {
			*filter = append(*filter, word())
		}
	}
	if !ok || len(body) > 0 || len(s.skip.entities) == 0 || bits.OnesCount(uint(len(s.skip.grams))) != 1 {
		return nil, errSkip
	}
	return s, nil
}
