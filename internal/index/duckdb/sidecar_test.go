package duckdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zeebo/xxh3"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

func sampleSidecar() (*sidecar, []byte) {
	b := newBatch()
	for i := range 50 {
		b.add(&event.Event{Record: uint64(i + 1), Source: "vpn", ActorUser: fmt.Sprintf("User%d", i), Time: time.Unix(int64(i), 0), Fields: []event.Field{{Name: "名", Value: fmt.Sprint("a number of its own ", i)}}}, fmt.Appendf(nil, "Raw text 請求書: a number of its own %d", i))
	}
	places := arrange([]*batch{b}, 0, math.MaxUint64)
	l := fold(places)
	s := &sidecar{
		segment: "first", records: [2]uint64{1, 50}, size: 1, digest: 2, tail: 3, slots: len(l.slots), shapes: l.shapes,
		groups: []group{{-5, 7, 50}}, skip: *newSkip(places), grams: newGrams(1, 50, 1000),
	}
	return s, s.grams.table([]*batch{b}, 1, 50)
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
		s, err := unmarshalSidecar(b)
		if err != nil {
			return
		}
		if diff := cmp.Diff(b, s.marshal(b[s.tableAt:len(b)-8])); diff != "" {
			t.Fatal(diff)
		}
		if _, err := s.grams.holding(bytes.NewReader(b), s.tableAt, [][]byte{[]byte("needle")}); err != nil {
			t.Fatal(err)
		}
		s.skip.entity(colHost, "x")
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("n.1.2.3", false)
	f.Add("o.-1.2.3", true)
	f.Fuzz(func(t *testing.T, s string, oldest bool) {
		ev := event.Event{Time: time.Unix(0, 5), Record: 7, Nth: 2}
		m, err := parseCursor(makeCursor(&ev, oldest), oldest)
		if err != nil || *m != (mark{5, 7, 2}) {
			t.Fatalf("own cursor: %v %v", m, err)
		}
		_, _ = parseCursor(index.Cursor(s), oldest)
	})
}

func TestSkipFiltersNeverDenyWhatIsThere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		raw := rapid.String().Draw(r, "raw")
		user := rapid.String().Draw(r, "user")
		b := newBatch()
		b.add(&event.Event{Record: 1, ActorUser: user}, []byte(raw))
		f := &file{first: 1, last: 1, sidecar: sidecar{skip: *newSkip(arrange([]*batch{b}, 0, 9))}}
		shape := newGrams(1, 1, len(raw))
		table := bytes.NewReader(shape.table([]*batch{b}, 1, 1))
		text := query.Fold(query.Clean(raw))
		from := rapid.IntRange(0, len(text)).Draw(r, "from")
		word := text[from:rapid.IntRange(from, len(text)).Draw(r, "to")]
		if blocks, err := shape.holding(table, 0, newConjunction([]query.Text{{Word: word}}).needles); err != nil || blocks != 1 {
			r.Fatalf("denies %q in %q", word, raw)
		}
		if !f.may(query.Match{Field: "actor_user", Op: query.Equal, Value: query.Fold(user)}) {
			r.Fatalf("denies user %q", user)
		}
	})
}

func TestSkipFiltersPassOverWhatIsAbsent(t *testing.T) {
	s, table := sampleSidecar()
	wrong := 0
	for i := range 1000 {
		if s.skip.entity(colActor, fmt.Sprintf("absent%d", i)) {
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

func TestInstantsOutsideTheBoundsAreClamped(t *testing.T) {
	low, high := bounds()
	for _, tt := range []struct {
		t    time.Time
		want int64
		back time.Time
	}{
		{time.Time{}, low, time.Time{}},
		{time.Date(1700, 1, 1, 0, 0, 0, 1, time.UTC), low + 1, time.Date(1700, 1, 1, 0, 0, 0, 1, time.UTC)},
		{time.Date(1970, 1, 1, 0, 0, 0, 5, time.UTC), 5, time.Date(1970, 1, 1, 0, 0, 0, 5, time.UTC)},
		{time.Date(2249, 12, 31, 23, 59, 59, 999, time.UTC), high - 1e9 + 999, time.Date(2249, 12, 31, 23, 59, 59, 999, time.UTC)},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), high, time.Date(2250, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if got := nanos(tt.t); got != tt.want || !instant(got).Equal(tt.back) {
			t.Errorf("%v: got %d and back %v, want %d and %v", tt.t, got, instant(got), tt.want, tt.back)
		}
	}
}

func TestEveryRecordOfAFileHasABlock(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		first := rapid.Uint64Range(1, 1<<40).Draw(r, "first")
		last := first + rapid.OneOf(rapid.Uint64Range(0, 300_000), rapid.Uint64Range(0, 1<<40)).Draw(r, "more")
		g := newGrams(first, last, rapid.IntRange(0, 1<<40).Draw(r, "size"))
		if !g.valid() || g.block(first>>chunkShift) != 0 || g.block(last>>chunkShift) != uint64(g.blocks)-1 {
			r.Fatalf("%d to %d: %+v", first, last, g)
		}
	})
}
