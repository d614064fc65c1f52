package duckdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"github.com/konseki/konseki/internal/query"
)

// skip tells without opening a derived file that it cannot hold an answer. It
// may say "perhaps" wrongly, never "no".
type skip struct {
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
	return []int{colSource, colFormat, colCode, colActor, colTarget, colSrcIP, colDstIP, colHost, colSession}
}

// newSkip builds the filter of some rows.
func newSkip(places []place) *skip {
	hashes := entityHashes(places)
	s := &skip{entities: make([]uint64, 1+len(hashes)*bitsPerEntity/64)}
	for _, h := range hashes {
		setProbes(s.entities, h)
	}
	return s
}

// entityHashes lists the hash of every entity once.
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

const skipMagic = "konseki skip 5\n\x00"

// sidecar is what is known of a derived file without opening it.
type sidecar struct {
	size    uint64    // bytes of the derived file
	digest  uint64    // XXH3-64 of it
	tail    uint64    // XXH3-64 of its last tailBytes, where its footer is
	decoded uint64    // rows whose text is not the raw bytes
	segment string    // its name
	records [2]uint64 // the first and the last
	slots   int
	shapes  []*shape
	groups  []group
	skip    skip
	grams   grams
	tableAt int64 // where the table of grams begins in the sidecar's file
}

// group is one row group.
type group struct {
	earliest, latest int64
	rows             int
}

// marshal writes the sidecar as 64-bit little-endian words after a magic, with
// texts as their length and, made up with zeros, their bytes; then the table of
// grams, and an XXH3-64 of all before it.
func (s *sidecar) marshal(table []byte) []byte {
	b := []byte(skipMagic)
	word := func(n uint64) { b = binary.LittleEndian.AppendUint64(b, n) }
	text := func(t []byte) {
		word(uint64(len(t)))
		b = append(b, t...)
		b = append(b, make([]byte, -len(t)&7)...)
	}
	text([]byte(s.segment))
	for _, n := range []uint64{s.records[0], s.records[1], s.size, s.digest, s.tail, s.decoded, uint64(s.slots), uint64(len(s.shapes))} {
		word(n)
	}
	for _, shape := range s.shapes {
		text(shape.marshal())
	}
	word(uint64(len(s.groups)))
	for _, g := range s.groups {
		word(uint64(g.earliest))
		word(uint64(g.latest))
		word(uint64(g.rows))
	}
	word(uint64(len(s.skip.entities)))
	for _, w := range s.skip.entities {
		word(w)
	}
	for _, n := range []uint64{s.grams.base, s.grams.per, uint64(s.grams.blocks), uint64(s.grams.log)} {
		word(n)
	}
	b = append(b, table...)
	word(xxh3.Hash(b))
	return b
}

// sidecarReader reads what marshal wrote.
type sidecarReader struct {
	body   []byte
	broken bool
}

func (r *sidecarReader) word() uint64 {
	if len(r.body) < 8 {
		r.broken = true
		return 0
	}
	n := binary.LittleEndian.Uint64(r.body)
	r.body = r.body[8:]
	return n
}

func (r *sidecarReader) text() []byte {
	n := r.word()
	if n > uint64(len(r.body)) {
		r.broken = true
		return nil
	}
	t, pad := r.body[:n], -n&7
	r.body = r.body[n:]
	if pad > uint64(len(r.body)) || !bytes.Equal(r.body[:pad], make([]byte, pad)) {
		r.broken = true
		return nil
	}
	r.body = r.body[pad:]
	return t
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
	r := &sidecarReader{body: body[len(skipMagic):]}
	s := &sidecar{segment: string(r.text())}
	s.records = [2]uint64{r.word(), r.word()}
	s.size, s.digest, s.tail, s.decoded, s.slots = r.word(), r.word(), r.word(), r.word(), int(r.word())
	for n := r.word(); n > 0 && !r.broken; n-- {
		shape, err := unmarshalShape(r.text())
		if err != nil {
			return nil, errors.Join(errSkip, err)
		}
		s.shapes = append(s.shapes, shape)
	}
	for n := r.word(); n > 0 && !r.broken; n-- {
		s.groups = append(s.groups, group{int64(r.word()), int64(r.word()), int(r.word())})
	}
	for n := r.word(); n > 0 && !r.broken; n-- {
		s.skip.entities = append(s.skip.entities, r.word())
	}
	s.grams = grams{base: r.word(), per: r.word(), blocks: int(r.word()), log: int(r.word())}
	if r.broken || !s.valid() || len(r.body) != s.grams.bytes() {
		return nil, errSkip
	}
	s.tableAt = int64(len(b) - 8 - len(r.body))
	return s, nil
}

// valid reports whether the parts agree.
func (s *sidecar) valid() bool {
	if s.slots < 0 || s.slots > maxSlots || s.slots%slotStep != 0 || len(s.skip.entities) == 0 || !s.grams.valid() {
		return false
	}
	for _, shape := range s.shapes {
		for _, h := range shape.homes() {
			if h.kind != inColumn && h.n >= s.slots {
				return false
			}
		}
	}
	return s.records[0] <= s.records[1] && s.grams.spans(s.records[0], s.records[1])
}
