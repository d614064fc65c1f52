// Package skip tells which files, blocks of records and records cannot hold what a query looks for.
//
// Beside each derived file lies a sidecar with what is known of it: time ranges,
// a filter of the entities in it, and a table that tells by four bytes of text in
// which blocks of records they occur. What passes both is searched for words.
package skip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"os"
	"slices"
	"strconv"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/konseki/konseki/internal/query"
	"github.com/zeebo/xxh3"
)

// errSkip means that a sidecar file is not what this version writes.
var errSkip = errors.New("not a sidecar of this version")

const skipMagic = "konseki skip 6\n\x00"

// Sidecar is what is known of a derived file without opening it.
type Sidecar struct {
	Size    uint64    // bytes of the derived file
	Digest  uint64    // XXH3-64 of it
	Tail    uint64    // XXH3-64 of its last tailBytes, where its footer is
	Decoded uint64    // rows whose text is not the raw bytes
	Segment string    // the name of the vault's
	Records [2]uint64 // the first and the last
	Slots   int       // a multiple of derived.SlotStep
	Shapes  []*derived.Shape
	Groups  []Group
	// What the rows say of the numbers and of the clocks of their sources, as
	// coverage/sequence and coverage/offset write it.
	Sequences, Offsets []byte

	filter   filter
	grams    grams
	SidePath string // of the sidecar's file
	tableAt  int64  // where the table of grams begins in it
}

// Describe completes a sidecar by what the rows of its file say, arranged and in
// the batches that they are of, and returns the bytes of the sidecar's file. All
// fields but Decoded and Groups have to be set.
func (s *Sidecar) Describe(batches []*derived.Batch, places []derived.Place) []byte {
	for g := range slices.Chunk(places, derived.RowGroupRows) {
		at := func(p derived.Place) int64 { return p.Batch.Cols[derived.ColTime].Numbers[p.Row] }
		s.Groups = append(s.Groups, Group{at(g[0]), at(g[len(g)-1]), len(g)})
	}
	size := 0
	for _, p := range places {
		size += len(p.Batch.Cols[derived.ColText].Text(p.Row))
		if p.Batch.Cols[derived.ColTextKind].Numbers[p.Row] != derived.TextIsRaw {
			s.Decoded++
		}
	}
	s.filter = *newFilter(places)
	s.grams = newGrams(s.Records[0], s.Records[1], size)
	b := s.marshal(s.grams.table(batches, s.Records[0], s.Records[1]))
	s.tableAt = int64(len(b) - 8 - s.grams.bytes())
	return b
}

// Group is one row group: its first and last instant, see derived.Nanos.
type Group struct {
	Earliest, Latest int64
	Rows             int
}

// marshal writes the sidecar as 64-bit little-endian words after a magic, with
// texts as their length and, made up with zeros, their bytes; then the table of
// grams, and an XXH3-64 of all before it.
func (s *Sidecar) marshal(table []byte) []byte {
	b := []byte(skipMagic)
	word := func(n uint64) { b = binary.LittleEndian.AppendUint64(b, n) }
	text := func(t []byte) {
		word(uint64(len(t)))
		b = append(b, t...)
		b = append(b, make([]byte, -len(t)&7)...)
	}
	text([]byte(s.Segment))
	for _, n := range []uint64{s.Records[0], s.Records[1], s.Size, s.Digest, s.Tail, s.Decoded, uint64(s.Slots), uint64(len(s.Shapes))} {
		word(n)
	}
	for _, shape := range s.Shapes {
		text(shape.Marshal())
	}
	text(s.Sequences)
	text(s.Offsets)
	word(uint64(len(s.Groups)))
	for _, g := range s.Groups {
		word(uint64(g.Earliest))
		word(uint64(g.Latest))
		word(uint64(g.Rows))
	}
	word(uint64(len(s.filter.entities)))
	for _, w := range s.filter.entities {
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

// UnmarshalSidecar is the inverse of marshal, for all fields but SidePath.
func UnmarshalSidecar(b []byte) (*Sidecar, error) {
	if len(b) < len(skipMagic)+8 || len(b)%8 != 0 || string(b[:len(skipMagic)]) != skipMagic {
		return nil, errSkip
	}
	body := b[:len(b)-8]
	if binary.LittleEndian.Uint64(b[len(b)-8:]) != xxh3.Hash(body) {
		return nil, errSkip
	}
	r := &sidecarReader{body: body[len(skipMagic):]}
	s := &Sidecar{Segment: string(r.text())}
	s.Records = [2]uint64{r.word(), r.word()}
	s.Size, s.Digest, s.Tail, s.Decoded, s.Slots = r.word(), r.word(), r.word(), r.word(), int(r.word())
	for n := r.word(); n > 0 && !r.broken; n-- {
		shape, err := derived.UnmarshalShape(r.text())
		if err != nil {
			return nil, errors.Join(errSkip, err)
		}
		s.Shapes = append(s.Shapes, shape)
	}
	// Copies, so that they do not keep the whole file in memory.
	s.Sequences, s.Offsets = bytes.Clone(r.text()), bytes.Clone(r.text())
	for n := r.word(); n > 0 && !r.broken; n-- {
		s.Groups = append(s.Groups, Group{int64(r.word()), int64(r.word()), int(r.word())})
	}
	for n := r.word(); n > 0 && !r.broken; n-- {
		s.filter.entities = append(s.filter.entities, r.word())
	}
	s.grams = grams{base: r.word(), per: r.word(), blocks: int(r.word()), log: int(r.word())}
	if r.broken || !s.valid() || len(r.body) != s.grams.bytes() {
		return nil, errSkip
	}
	s.tableAt = int64(len(b) - 8 - len(r.body))
	return s, nil
}

// valid reports whether the parts agree.
func (s *Sidecar) valid() bool {
	if s.Slots < 0 || s.Slots > derived.MaxSlots || s.Slots%derived.SlotStep != 0 || len(s.filter.entities) == 0 || !s.grams.valid() {
		return false
	}
	for _, shape := range s.Shapes {
		for _, h := range shape.Homes() {
			if h.Kind != derived.InColumn && h.N >= s.Slots {
				return false
			}
		}
	}
	return s.Records[0] <= s.Records[1] && s.grams.spans(s.Records[0], s.Records[1])
}

// May reports whether a node may hold for an event of the file.
func (s *Sidecar) May(n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		for _, c := range n.Nodes {
			if !s.May(c) {
				return false
			}
		}
	case query.Or:
		for _, c := range n.Nodes {
			if s.May(c) {
				return true
			}
		}
		return false
	case query.Text:
		return s.mayText(n)
	case query.Match:
		return s.mayMatch(n)
	}
	return true
}

func (s *Sidecar) mayMatch(n query.Match) bool {
	if n.Native || n.Op != query.Equal {
		return true
	}
	switch n.Field {
	case "record":
		return n.Number >= 0 && uint64(n.Number) >= s.Records[0] && uint64(n.Number) <= s.Records[1]
	case "class_uid":
		return s.filter.entity(derived.ColClass, strconv.FormatInt(n.Number, 10))
	}
	if n.Value == "" {
		return true
	}
	for _, col := range entityColumns() {
		if derived.Specs()[col].Name == n.Field {
			return s.filter.entity(col, n.Value)
		}
	}
	return true
}

// Holding gives the blocks of a file's records that may hold the words, as bits.
// What cannot be read rules nothing out.
func (s *Sidecar) Holding(c *Conjunction) uint64 {
	every := ^uint64(0) >> (64 - s.grams.blocks)
	table, err := os.Open(s.SidePath)
	if err != nil {
		return every
	}
	defer table.Close()
	blocks, err := s.grams.holding(table, s.tableAt, c.needles)
	if err != nil {
		return every
	}
	return blocks
}

// Blocks is how many blocks the file's records are in, at most 64.
func (s *Sidecar) Blocks() int { return s.grams.blocks }

// Chunks yields the chunks of a file's records that may hold the words.
func (s *Sidecar) Chunks(c *Conjunction) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		blocks := s.Holding(c)
		for chunk := s.Records[0] >> ChunkShift; chunk <= s.Records[1]>>ChunkShift; chunk++ {
			if blocks>>s.grams.block(chunk)&1 != 0 && !yield(chunk) {
				return
			}
		}
	}
}

func (s *Sidecar) mayText(n query.Text) bool { return s.Holding(NewConjunction([]query.Text{n})) != 0 }
