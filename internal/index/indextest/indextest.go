// Package indextest holds the behaviour that every index shares, as a suite of tests.
//
// The oracle of every query is query.Plan.Matches over the same rows in memory.
package indextest

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

// Index is what the suite tests.
type Index interface {
	Add(ctx context.Context, rows []index.Row) error
	Cover(ctx context.Context, seg index.Segment) error
	Has(seg index.Segment) bool
	Last() uint64
	Search(ctx context.Context, req index.Request) (index.Page, error)
	Count(ctx context.Context, req index.Request) (int64, error)
	Histogram(ctx context.Context, req index.Request, width time.Duration) ([]index.Bucket, error)
	Facet(ctx context.Context, req index.Request, column string, n int) ([]index.Value, error)
	Pivot(ctx context.Context, kind, value string, from, to time.Time) (index.Pivot, error)
	Around(ctx context.Context, req index.Request) (index.Pivot, error)
	Bounds(ctx context.Context, req index.Request) (first, last time.Time, err error)
	Presence(ctx context.Context, from, to time.Time, width time.Duration) ([]index.Presence, error)
	Sequences(ctx context.Context) ([]sequence.Run, error)
	Offsets(ctx context.Context) ([]offset.Estimate, error)
	Stream(ctx context.Context, from, to time.Time) iter.Seq2[*event.Event, error]
	Close() error
}

// Run runs the suite; open gives an empty index that is closed by the test.
func Run(t *testing.T, open func(t *testing.T) Index) {
	t.Run("every query finds what its plan matches", func(t *testing.T) { testOracle(t, open(t)) })
	t.Run("pages follow each other without loss or repetition", func(t *testing.T) { testPages(t, open(t)) })
	t.Run("events come back as they were added", func(t *testing.T) { testRoundTrip(t, open(t)) })
	t.Run("aggregates equal counts over the rows", func(t *testing.T) { testAggregates(t, open(t)) })
	t.Run("pivots equal counts over the rows", func(t *testing.T) { testPivot(t, open(t)) })
	t.Run("numbers and clocks are what the rows say", func(t *testing.T) { testContinuity(t, open(t)) })
	t.Run("a stream is ordered and complete", func(t *testing.T) { testStream(t, open(t)) })
	t.Run("rows are seen exactly once while they move", func(t *testing.T) { testCover(t, open(t)) })
	t.Run("an empty index answers", func(t *testing.T) { testEmpty(t, open(t)) })
	t.Run("nonsense is refused", func(t *testing.T) { testRefusals(t, open(t)) })
}

// fill adds rows, of which two segments are covered and the rest stays hot.
func fill(t *testing.T, x Index, seed int) []index.Row {
	t.Helper()
	rows := rapid.Custom(func(t *rapid.T) []index.Row { return Draw(t, 1, 120) }).Example(seed)
	dir := t.TempDir()
	rest := rows
	for _, last := range []uint64{40, 80} {
		i := slices.IndexFunc(rest, func(r index.Row) bool { return r.Event.Record > last })
		must(t, x.Add(t.Context(), rest[:i]))
		must(t, x.Cover(t.Context(), Segment(t, dir, rest[:i])))
		rest = rest[i:]
	}
	for part := range slices.Chunk(rest, 7) {
		must(t, x.Add(t.Context(), part))
	}
	return rows
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// selects is the oracle.
func selects(req index.Request, r index.Row) bool {
	ev := r.Event
	if !req.Own && event.IsOwn(ev.Source) && ev.Source != event.SourceFinding {
		return false
	}
	if !req.From.IsZero() && ev.Time.Before(req.From) || !req.To.IsZero() && !ev.Time.Before(req.To) {
		return false
	}
	return req.Plan == nil || req.Plan.Matches(ev, r.Raw)
}

// key identifies an event in the order of answers.
type key struct {
	Time   int64
	Record uint64
	Nth    uint16
}

func keyOf(ev *event.Event) key { return key{clamp(ev.Time), ev.Record, ev.Nth} }

// clamp orders instants that an index cannot tell apart as equal.
func clamp(t time.Time) int64 {
	low, high := time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2250, 1, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case !t.After(low):
		return low.UnixNano()
	case !t.Before(high):
		return high.UnixNano()
	}
	return t.UnixNano()
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Nth, b.Nth))
}

// expected lists the keys of what a request selects, in its order.
func expected(rows []index.Row, req index.Request) []key {
	keys := []key{}
	for _, r := range rows {
		if selects(req, r) {
			keys = append(keys, keyOf(r.Event))
		}
	}
	slices.SortFunc(keys, compareKeys)
	if !req.Oldest {
		slices.Reverse(keys)
	}
	return keys
}

func keysOf(events []event.Event) []key {
	keys := make([]key, len(events))
	for i := range events {
		keys[i] = keyOf(&events[i])
	}
	return keys
}

func testOracle(t *testing.T, x Index) {
	rows := fill(t, x, 1)
	rapid.Check(t, func(r *rapid.T) {
		text := drawQuery(r, 3)
		plan, err := query.Parse(text, query.Options{})
		if err != nil {
			r.Fatalf("%s: %v", text, err)
		}
		req := index.Request{Plan: plan, Limit: 1000, Oldest: rapid.Bool().Draw(r, "oldest"), Own: rapid.Bool().Draw(r, "own")}
		want := expected(rows, req)
		page, err := x.Search(t.Context(), req)
		if err != nil {
			r.Fatalf("%s: %v", text, err)
		}
		if diff := gocmp.Diff(want, keysOf(page.Events)); diff != "" {
			r.Fatalf("%s: %s", text, diff)
		}
		n, err := x.Count(t.Context(), req)
		if err != nil || n != int64(len(want)) {
			r.Fatalf("%s: counted %d, want %d (%v)", text, n, len(want), err)
		}
	})
}

func testPages(t *testing.T, x Index) {
	rows := fill(t, x, 2)
	for _, oldest := range []bool{false, true} {
		for _, limit := range []int{1, 7, 50} {
			req := index.Request{Limit: limit, Oldest: oldest, From: time.Date(2018, 3, 1, 1, 0, 0, 0, time.UTC)}
			want := expected(rows, req)
			var got []key
			for {
				page, err := x.Search(t.Context(), req)
				must(t, err)
				got = append(got, keysOf(page.Events)...)
				if req.After = page.Next; req.After == "" || len(got) > len(want) {
					break
				}
				if len(page.Events) != limit {
					t.Fatalf("a page that another follows holds %d of %d", len(page.Events), limit)
				}
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("oldest %v, limit %d: %s", oldest, limit, diff)
			}
		}
	}
}

// kept is the event as an index gives it back: valid text, clamped times.
func kept(ev *event.Event) event.Event {
	out := *ev
	for _, s := range []*string{
		&out.Quality.Original, &out.Source, &out.Format, &out.NativeSeq, &out.EventCode, &out.ActorUser, &out.TargetUser,
		&out.SrcIP, &out.DstIP, &out.Host, &out.SessionUID, &out.ProcessPath, &out.CmdLine, &out.Object, &out.Statement,
		&out.ClientApp, &out.Message, &out.Text,
	} {
		*s = query.Clean(*s)
	}
	out.Fields, out.Chain, out.Live = nil, "", false // the last two are not kept
	for _, f := range ev.Fields {
		out.Fields = append(out.Fields, event.Field{Name: query.Clean(f.Name), Value: query.Clean(f.Value)})
	}
	if ev.Time.Year() <= 1700 {
		out.Time = time.Time{}
	} else if ev.Time.Year() >= 2250 {
		out.Time = time.Date(2250, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return out
}

func testRoundTrip(t *testing.T, x Index) {
	rows := fill(t, x, 3)
	want := make([]event.Event, len(rows))
	for i, r := range rows {
		want[i] = kept(r.Event)
	}
	slices.SortFunc(want, func(a, b event.Event) int { return compareKeys(keyOf(&a), keyOf(&b)) })
	page, err := x.Search(t.Context(), index.Request{Oldest: true, Own: true, Limit: 1000})
	must(t, err)
	if diff := gocmp.Diff(want, page.Events, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if x.Last() != 120 {
		t.Errorf("last record: got %d, want 120", x.Last())
	}
}
