package duckdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/indextest"
	"github.com/konseki/konseki/internal/query"
)

func openTest(t testing.TB) *Index {
	t.Helper()
	x, err := Open(t.TempDir(), Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

// logLine makes a JSON line with fields that repeat columns, stand in the line
// as they are or with escapes, or are nowhere else.
func logLine(i int) index.Row {
	at := time.Date(2026, 9, 1, 0, 0, i, 287_941_000, time.UTC)
	ev := &event.Event{
		Record: uint64(i + 1), Time: at, Source: "web", Format: "jsonlines", Host: fmt.Sprintf("web-%02d", i%7), SrcIP: fmt.Sprintf("192.0.2.%d", i%50),
		StatusID: int32(i % 3), BytesOut: int64(i * 37), Quality: event.Quality{Zone: event.ZoneStated, Original: at.Format(time.RFC3339Nano)},
		Message: fmt.Sprintf(`GET "/docs/%d/請求書.xlsx" by Sato from here, row %d`, i*i, i),
	}
	for _, f := range [][2]string{
		{"time", ev.Quality.Original}, {"host", ev.Host}, {"addr", ev.SrcIP}, {"bytes", fmt.Sprint(ev.BytesOut)}, {"outcome", []string{"", "success", "failure"}[i%3]},
		{"request", fmt.Sprintf("%016x", i*7_654_321)}, {"message", ev.Message}, {"rare", strings.Repeat("x", i%100/97)},
	} {
		ev.Add(f[0], f[1])
	}
	raw := []byte("{")
	for n, f := range ev.Fields {
		if n > 0 {
			raw = append(raw, ',')
		}
		raw = derived.AppendQuoted(append(derived.AppendQuoted(raw, f.Name), ':'), f.Value)
	}
	return index.Row{Event: ev, Raw: append(raw, '}')}
}

func logLines(n int) []index.Row {
	rows := make([]index.Row, n)
	for i := range rows {
		rows[i] = logLine(i)
	}
	return rows
}

// coverRows adds rows, some at a time, and moves them into a derived file.
func coverRows(t testing.TB, x *Index, rows []index.Row, each int) index.Segment {
	t.Helper()
	seg := indextest.Segment(t, t.TempDir(), rows)
	for part := range slices.Chunk(rows, each) {
		if err := x.Add(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Cover(t.Context(), seg); err != nil {
		t.Fatal(err)
	}
	return seg
}

func planOf(t testing.TB, text string) *query.Plan {
	t.Helper()
	plan, err := query.Parse(text, query.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestDerivedFilesAreByteIdentical(t *testing.T) {
	rows := logLines(3000)
	rows = append(rows, rapid.Custom(func(t *rapid.T) []index.Row { return indextest.Draw(t, 3001, 200) }).Example(1)...)
	var files [][]byte
	var digests [][32]byte
	for _, each := range []int{1, 977, len(rows)} {
		x := openTest(t)
		seg := coverRows(t, x, rows, each)
		digest, err := x.Digest(seg.Name)
		if err != nil {
			t.Fatal(err)
		}
		f := x.state.Load().files[0]
		b, err := os.ReadFile(f.path)
		side, failed := os.ReadFile(f.path + skipSuffix)
		if err != nil || failed != nil {
			t.Fatal(err, failed)
		}
		files, digests = append(files, append(b, side...)), append(digests, digest)
	}
	for i := range files {
		if !bytes.Equal(files[0], files[i]) || digests[0] != digests[i] {
			t.Errorf("the derived file %d differs from the first: %d and %d bytes", i, len(files[i]), len(files[0]))
		}
	}
}

func TestWhatIsSaidElsewhereIsNotKept(t *testing.T) {
	x := openTest(t)
	coverRows(t, x, logLines(1000), 100)
	f := x.state.Load().files[0]
	names := func(it derived.Item) (homes []string) {
		for _, s := range f.Shapes {
			if h, ok := s.Home(it); ok {
				homes = append(homes, fmt.Sprint([]string{"column", "slot", "record"}[h.Kind]))
				if h.Kind == derived.InColumn {
					homes[len(homes)-1] += " " + derived.Specs()[h.N].Name
				}
			}
		}
		slices.Sort(homes)
		return slices.Compact(homes)
	}
	for _, tt := range []struct {
		it   derived.Item
		want string
	}{
		{derived.Item{Col: derived.ColFields, Name: "host"}, "column host"}, {derived.Item{Col: derived.ColFields, Name: "addr"}, "column src_ip"}, {derived.Item{Col: derived.ColFields, Name: "bytes"}, "column bytes_out"},
		{derived.Item{Col: derived.ColFields, Name: "outcome"}, "slot"}, {derived.Item{Col: derived.ColFields, Name: "message"}, "record"},
		{derived.Item{Col: derived.ColFields, Name: "time"}, "record"}, {derived.Item{Col: derived.ColMessage}, "record"}, {derived.Item{Col: derived.ColOriginal}, "record"},
	} {
		if got := names(tt.it); !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%v lies in %v, not in %s", tt.it, got, tt.want)
		}
	}
	for _, s := range f.Shapes {
		message, _ := s.Home(derived.Item{Col: derived.ColFields, Name: "message"})
		if s.Message != message {
			t.Error("the message is kept beside the field that says it")
		}
	}
}

// roundTrip compares what is found with what was added.
func roundTrip(t *testing.T, x *Index, rows []index.Row) {
	t.Helper()
	var got []event.Event
	req := index.Request{Oldest: true, Own: true, Limit: 700}
	for {
		page, err := x.Search(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Events...)
		if req.After = page.Next; page.Next == "" {
			break
		}
	}
	want := make([]event.Event, len(rows))
	for i, r := range rows {
		want[i] = *r.Event
		want[i].TimeRx = derived.Instant(derived.Nanos(want[i].TimeRx))
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestEventsComeBackFromRecordsAndSlots(t *testing.T) {
	x := openTest(t)
	rows := logLines(2500)
	coverRows(t, x, rows[:1000], 100)
	coverRows(t, x, rows[1000:2000], 100)
	if err := x.Add(t.Context(), rows[2000:]); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, x, rows)
}

func TestRowsOfManyShapesComeBack(t *testing.T) {
	x := openTest(t)
	var rows []index.Row
	for i := range 3 * derived.MaxShapes {
		r := logLine(i)
		r.Event.Fields = nil
		for j := range i % (derived.MaxNames + 10) { // more names than slots, then than a template has
			r.Event.Add(fmt.Sprintf("name%d", i%5+j), fmt.Sprint(i*j))
		}
		r.Event.Add(fmt.Sprintf("only%d", i), "once")
		rows = append(rows, r)
	}
	coverRows(t, x, rows, 100)
	f := x.state.Load().files[0]
	if len(f.Shapes) > derived.MaxShapes || f.Slots > derived.MaxSlots || f.Slots < derived.MaxSlots/2 {
		t.Errorf("%d shapes, %d slots", len(f.Shapes), f.Slots)
	}
	roundTrip(t, x, rows)
	for _, i := range []int{0, 5, derived.MaxNames + 3, 3*derived.MaxShapes - 1} {
		if n, err := x.Count(t.Context(), index.Request{Plan: planOf(t, fmt.Sprintf("only%d:once", i))}); n != 1 || err != nil {
			t.Errorf("a row with a name of its own: %d, %v", n, err)
		}
	}
}

func TestQueriesFindWhatLiesInRecords(t *testing.T) {
	x := openTest(t)
	rows := logLines(3000)
	coverRows(t, x, rows[:1500], 500)
	coverRows(t, x, rows[1500:2500], 500)
	if err := x.Add(t.Context(), rows[2500:]); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`message:"get \"/docs/49/請求書.xlsx\" by sato from here, row 7"`, `message:*/docs/49/*`, `message:*請求書*"row 8"*`, `NOT message:*"row 8"*`, `message:*"\""*`,
		`message:*`, `message:"" OR host:web-03`, `"message":*49*`, `"message":?ET*`, `request:*`, `request:""`, `request:0000000000?4cbb1`, `NOT request:*7*`,
		`request:>5`, `bytes:>=40000`, `bytes:37`, `addr:192.0.2.7 outcome:success`, `"host":WEB-01 OR outcome:failure`, `rare:x`, `NOT rare:x`, `rare:""`, `absent:""`,
		`"time":2026-09-01T00:0*`, `time_original:*"00:07"*`, `sato message:*"row 12"*`, `NOT (sato message:*"row 12"*)`, `message:*nowhere*`, `message:*a* OR nowhere`,
		`(message:*"row 9"* OR request:*c*) -"row 91"`, `message:*` + strings.Repeat("x", 300) + `*`,
	} {
		plan, err := query.Parse(text, query.Options{})
		if err != nil {
			t.Fatal(text, err)
		}
		var want, got []uint64
		for _, r := range rows {
			if plan.Matches(r.Event, r.Raw) {
				want = append(want, r.Event.Record)
			}
		}
		req := index.Request{Plan: plan, Oldest: true, Limit: 10_000}
		page, err := x.Search(t.Context(), req)
		if err != nil {
			t.Fatal(text, err)
		}
		for _, ev := range page.Events {
			got = append(got, ev.Record)
		}
		n, err := x.Count(t.Context(), req)
		if !slices.Equal(want, got) || int(n) != len(want) || err != nil {
			t.Errorf("%s: found %d, counted %d, want %d (%v)", text, len(got), n, len(want), err)
		}
	}
}

func TestFacetsAndSQLReadRecords(t *testing.T) {
	x := openTest(t)
	rows := logLines(400)
	coverRows(t, x, rows[:300], 100)
	if err := x.Add(t.Context(), rows[300:]); err != nil {
		t.Fatal(err)
	}
	req := index.Request{Plan: planOf(t, "host:web-02 addr:192.0.2.9")}
	got, err := x.Facet(t.Context(), req, "message", 10)
	var want []index.Value
	for _, r := range rows {
		if req.Plan.Matches(r.Event, r.Raw) {
			want = append(want, index.Value{Value: r.Event.Message, Count: 1})
		}
	}
	slices.SortFunc(want, func(a, b index.Value) int { return strings.Compare(a.Value, b.Value) })
	if diff := cmp.Diff(want, got); diff != "" || err != nil || len(want) < 1 {
		t.Errorf("facet: %v %s", err, diff)
	}
	const text = "SELECT message, time_original, fields->>'message', fields->>'outcome', fields->>'request', fields->>'bytes', bytes_out::VARCHAR FROM events ORDER BY record"
	_, answer, err := x.SQL(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for row, err := range answer {
		if err != nil || i >= len(rows) {
			t.Fatal(i, err)
		}
		ev := rows[i].Event
		request, _ := ev.Get("request")
		bytesOut, _ := ev.Get("bytes")
		wanted := []any{ev.Message, ev.Quality.Original, ev.Message, any(nil), request, bytesOut, bytesOut}
		if outcome, ok := ev.Get("outcome"); ok {
			wanted[3] = outcome
		}
		if diff := cmp.Diff(wanted, row); diff != "" {
			t.Fatal(diff)
		}
		i++
	}
	if i != len(rows) {
		t.Errorf("%d rows", i)
	}
}

// sealed is a row of a segment with records under a key.
type sealed struct {
	Seq  int64  `parquet:"seq,delta"`
	Form int32  `parquet:"form,dict"`
	Raw  []byte `parquet:"raw"`
}

func TestRecordsThatAreNotInTheClearComeFromTheVault(t *testing.T) {
	rows := logLines(3000)
	gone := uint64(0)
	records := func(_ context.Context, from uint64) iter.Seq2[event.Record, error] {
		return func(yield func(event.Record, error) bool) {
			for _, r := range rows {
				rec := event.Record{Seq: r.Event.Record, Raw: r.Raw}
				if rec.Seq == gone {
					rec.Raw, rec.Gone = nil, event.Shredded
				}
				if rec.Seq >= from && !yield(rec, nil) {
					return
				}
			}
		}
	}
	underKeys := make([]sealed, len(rows))
	for i, r := range rows {
		underKeys[i] = sealed{int64(r.Event.Record), int32(1 + i%3), []byte("sealed, sealed, sealed, sealed, sealed, sealed")}
	}
	for name, damage := range map[string]func(path string) error{
		"encrypted":  func(path string) error { return os.WriteFile(path, []byte("age-encryption.org/v1\n"), 0o600) },
		"under keys": func(path string) error { return parquet.WriteFile(path, underKeys) },
		"replaced":   os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			x, err := Open(t.TempDir(), Options{Version: "1", Records: records})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := x.Close(); err != nil {
					t.Error(err)
				}
			}()
			if err := damage(coverRows(t, x, rows, 1000).Path); err != nil {
				t.Fatal(err)
			}
			gone = 0
			roundTrip(t, x, rows)
			for _, text := range []string{`"row 2999"`, `message:*"row 2999"*`} {
				if n, err := x.Count(t.Context(), index.Request{Plan: planOf(t, text)}); n != 1 || err != nil {
					t.Errorf("%s: %d, %v", text, n, err)
				}
			}
			gone = 3000
			page, err := x.Search(t.Context(), index.Request{Limit: 1})
			if err != nil || len(page.Events) != 1 || page.Events[0].Message != "" || page.Events[0].Host != rows[2999].Event.Host {
				t.Errorf("of a shredded record: %v, %v", page.Events, err)
			}
		})
	}
}

func TestARecordThatIsNotThereIsAnError(t *testing.T) {
	x := openTest(t)
	seg := coverRows(t, x, logLines(50), 50)
	if err := os.Truncate(seg.Path, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Search(t.Context(), index.Request{}); err == nil {
		t.Error("events were shown without what their records say")
	}
	if n, err := x.Count(t.Context(), index.Request{Plan: planOf(t, "host:web-01")}); n != 7 || err != nil {
		t.Errorf("what needs no record: %d, %v", n, err)
	}
	if !x.Has(seg) {
		t.Error("the derived file was blamed for the segment")
	}
}

func TestADroppedSegmentIsInNoAnswer(t *testing.T) {
	dir := t.TempDir()
	x, err := Open(dir, Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	rows := logLines(300)
	var segs []index.Segment
	for part := range slices.Chunk(rows, 100) {
		segs = append(segs, coverRows(t, x, part, 100))
	}
	if err := errors.Join(x.Drop(t.Context(), segs[1].Name, "never known"), x.Drop(t.Context())); err != nil {
		t.Fatal(err)
	}
	check := func(x *Index) {
		t.Helper()
		if n, err := x.Count(t.Context(), index.Request{Plan: planOf(t, "host:* AND sato")}); n != 200 || err != nil {
			t.Errorf("counted %d (%v)", n, err)
		}
		roundTrip(t, x, slices.Concat(rows[:100], rows[200:]))
		n := 0
		for ev, err := range x.Stream(t.Context(), time.Time{}, time.Time{}) {
			if err != nil || ev.Record > 100 && ev.Record <= 200 {
				t.Fatal(ev, err)
			}
			n++
		}
		if n != 200 || x.Has(segs[1]) || len(x.Segments()) != 2 || x.Segments()[1].Name != segs[2].Name {
			t.Errorf("streamed %d; still has %v, of %v", n, x.Has(segs[1]), x.Segments())
		}
		if _, err := x.Digest(segs[1].Name); !errors.Is(err, ErrUncovered) {
			t.Errorf("digest: %v", err)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*101-*")); len(left) > 0 || err != nil {
			t.Errorf("left on the disk: %v %v", left, err)
		}
	}
	check(x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}()
	if !again.Has(segs[0]) || !again.Has(segs[2]) {
		t.Fatal("the other segments are gone, too")
	}
	check(again)
}

func TestHotRowsOfADroppedSegmentAreGoneToo(t *testing.T) {
	x := openTest(t)
	rows := logLines(20)
	seg := indextest.Segment(t, t.TempDir(), rows[:10])
	if x.Has(seg) {
		t.Fatal("nothing was covered yet")
	}
	if err := errors.Join(x.Add(t.Context(), rows), x.Drop(t.Context(), seg.Name)); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, x, rows[10:])
}

func TestARewrittenSegmentTakesThePlaceOfTheOldOnes(t *testing.T) {
	dir := t.TempDir()
	x, err := Open(dir, Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	rows := logLines(250)
	old := []index.Segment{coverRows(t, x, rows[:100], 100), coverRows(t, x, rows[100:200], 100)}
	if err := x.Add(t.Context(), rows[200:]); err != nil {
		t.Fatal(err)
	}
	kept := slices.DeleteFunc(slices.Clone(rows[:200]), func(r index.Row) bool { return r.Event.Record%10 == 5 })
	fresh := indextest.Segment(t, t.TempDir(), kept)
	fresh.Name = "rewritten"
	if err := x.Cover(t.Context(), fresh); x.Has(fresh) || !errors.Is(err, ErrRewritten) {
		t.Fatal("the old file counts for the rewritten segment", err)
	}
	all := func(yield func(index.Row, error) bool) {
		for _, r := range kept {
			if !yield(r, nil) {
				return
			}
		}
	}
	broken := func(yield func(index.Row, error) bool) {
		if yield(kept[0], nil) {
			yield(index.Row{}, os.ErrPermission)
		}
	}
	if err := x.Replace(t.Context(), fresh, broken); !errors.Is(err, os.ErrPermission) || !x.Has(old[0]) {
		t.Fatal("what could not be read was taken", err)
	}
	if err := errors.Join(x.Replace(t.Context(), fresh, all), x.Replace(t.Context(), fresh, broken)); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, x, slices.Concat(kept, rows[200:]))
	if !x.Has(fresh) || x.Has(old[0]) || x.Has(old[1]) {
		t.Errorf("has the new one %v, the old ones %v %v", x.Has(fresh), x.Has(old[0]), x.Has(old[1]))
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}()
	if !again.Has(fresh) {
		t.Fatal("it is gone after opening again")
	}
	roundTrip(t, again, kept)
}

func TestDropLetsRunningQueriesEnd(t *testing.T) {
	x := openTest(t)
	seg := coverRows(t, x, logLines(5000), 5000)
	dropped := make(chan error, 1)
	n := 0
	for _, err := range x.Stream(t.Context(), time.Time{}, time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			go func() { dropped <- x.Drop(t.Context(), seg.Name) }()
			for x.Has(seg) {
				runtime.Gosched()
			}
		}
		select {
		case err := <-dropped:
			t.Fatal("dropped while it was read", err)
		default:
		}
	}
	if err := <-dropped; err != nil || n != 5000 {
		t.Errorf("%d events, %v", n, err)
	}
}

func TestFilesOfTheSameRecordsAreBuiltAgain(t *testing.T) {
	dir := t.TempDir()
	rows := logLines(30)
	for _, name := range []string{"old", "new"} {
		x, err := Open(filepath.Join(dir, name), Options{Version: "1"})
		if err != nil {
			t.Fatal(err)
		}
		seg := indextest.Segment(t, t.TempDir(), rows)
		seg.Name = name
		if err := errors.Join(x.Add(t.Context(), rows), x.Cover(t.Context(), seg), x.Close()); err != nil {
			t.Fatal(err)
		}
	}
	moved, err := filepath.Glob(filepath.Join(dir, "old", "0*"))
	if err != nil || len(moved) != 2 {
		t.Fatal(moved, err)
	}
	for _, path := range moved {
		if err := os.Rename(path, filepath.Join(dir, "new", filepath.Base(path))); err != nil {
			t.Fatal(err)
		}
	}
	x, err := Open(filepath.Join(dir, "new"), Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	if left := x.Segments(); len(left) > 0 || x.Last() != 0 {
		t.Errorf("kept %v", left)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}
