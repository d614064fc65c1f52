package skip

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/google/go-cmp/cmp"
	"github.com/zeebo/xxh3"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

func sampleSidecar() (*Sidecar, []byte) {
	b := derived.NewBatch()
	for i := range 50 {
		b.Add(&event.Event{Record: uint64(i + 1), Source: "vpn", ActorUser: fmt.Sprintf("User%d", i), Time: time.Unix(int64(i), 0), Fields: []event.Field{{Name: "名", Value: fmt.Sprint("a number of its own ", i)}}}, fmt.Appendf(nil, "Raw text 請求書: a number of its own %d", i))
	}
	places := derived.Arrange([]*derived.Batch{b}, 0, math.MaxUint64)
	l := derived.Fold(places)
	s := &Sidecar{
		Segment: "first", Records: [2]uint64{1, 50}, Size: 1, Digest: 2, Tail: 3, Slots: len(l.Slots), Shapes: l.Shapes,
		Groups: []Group{{-5, 7, 50}}, filter: *newFilter(places), grams: newGrams(1, 50, 1000),
	}
	return s, s.grams.table([]*derived.Batch{b}, 1, 50)
}

func FuzzSidecar(f *testing.F) {
	side, table := sampleSidecar()
	good := side.marshal(table)
	f.Add(good)
	f.Add(good[:64])
	f.Add([]byte(skipMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		// The sum is made right, so that what it guards is reached.
		if len(b) >= 8 {
			b = binary.LittleEndian.AppendUint64(b[:len(b)-8], xxh3.Hash(b[:len(b)-8]))
		}
		s, err := UnmarshalSidecar(b)
		if err != nil {
			return
		}
		if diff := cmp.Diff(b, s.marshal(b[s.tableAt:len(b)-8])); diff != "" {
			t.Fatal(diff)
		}
		if _, err := s.grams.holding(bytes.NewReader(b), s.tableAt, [][]byte{[]byte("needle")}); err != nil {
			t.Fatal(err)
		}
		s.filter.entity(derived.ColHost, "x")
	})
}

func TestSkipFiltersNeverDenyWhatIsThere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		raw := rapid.String().Draw(r, "raw")
		user := rapid.String().Draw(r, "user")
		b := derived.NewBatch()
		b.Add(&event.Event{Record: 1, ActorUser: user}, []byte(raw))
		s := Sidecar{Records: [2]uint64{1, 1}, filter: *newFilter(derived.Arrange([]*derived.Batch{b}, 0, 9))}
		shape := newGrams(1, 1, len(raw))
		table := bytes.NewReader(shape.table([]*derived.Batch{b}, 1, 1))
		text := query.Fold(query.Clean(raw))
		from := rapid.IntRange(0, len(text)).Draw(r, "from")
		word := text[from:rapid.IntRange(from, len(text)).Draw(r, "to")]
		if blocks, err := shape.holding(table, 0, NewConjunction([]query.Text{{Word: word}}).needles); err != nil || blocks != 1 {
			r.Fatalf("denies %q in %q", word, raw)
		}
		if !s.May(query.Match{Field: "actor_user", Op: query.Equal, Value: query.Fold(user)}) {
			r.Fatalf("denies user %q", user)
		}
	})
}

func TestSkipFiltersPassOverWhatIsAbsent(t *testing.T) {
	s, table := sampleSidecar()
	wrong := 0
	for i := range 1000 {
		if s.filter.entity(derived.ColActor, fmt.Sprintf("absent%d", i)) {
			wrong++
		}
	}
	if wrong > 20 {
		t.Errorf("%d of 1000 absent users were not recognised", wrong)
	}
	if blocks, err := s.grams.holding(bytes.NewReader(table), 0, [][]byte{[]byte("payroll")}); err != nil || blocks != 0 {
		t.Error("an absent word was not recognised")
	}
}

func TestEveryRecordOfAFileHasABlock(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		first := rapid.Uint64Range(1, 1<<40).Draw(r, "first")
		last := first + rapid.OneOf(rapid.Uint64Range(0, 300_000), rapid.Uint64Range(0, 1<<40)).Draw(r, "more")
		g := newGrams(first, last, rapid.IntRange(0, 1<<40).Draw(r, "size"))
		if !g.valid() || g.block(first>>ChunkShift) != 0 || g.block(last>>ChunkShift) != uint64(g.blocks)-1 {
			r.Fatalf("%d to %d: %+v", first, last, g)
		}
	})
}
