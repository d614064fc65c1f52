package duckdb_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/indextest"
)

// overlapping covers segments whose events are of the same days, more than a
// row group each, and leaves the last of them hot.
func overlapping(t testing.TB, x indextest.Index, segments, each int) {
	t.Helper()
	dir := t.TempDir()
	start := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
	for s := range segments {
		rows := make([]index.Row, each)
		for i := range rows {
			record := s*each + i + 1
			rows[i] = index.Row{Event: &event.Event{
				Record: uint64(record), Source: fmt.Sprintf("source%d", s), Host: fmt.Sprintf("host%d", record%97),
				Time: start.Add(time.Duration(i/2) * time.Second),
			}, Raw: []byte("text")}
		}
		err := x.Add(t.Context(), rows)
		if s < segments-1 {
			err = errors.Join(err, x.Cover(t.Context(), indextest.Segment(t, dir, rows)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStreamMergesFilesOfTheSameTime(t *testing.T) {
	const segments, each = 3, 40_000
	x := open(t, t.TempDir())
	overlapping(t, x, segments, each)
	n, last := 0, event.Event{}
	for ev, err := range x.Stream(t.Context(), time.Time{}, time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		if ev.Time.Before(last.Time) || ev.Time.Equal(last.Time) && ev.Record <= last.Record {
			t.Fatalf("record %d at %v follows %d at %v", ev.Record, ev.Time, last.Record, last.Time)
		}
		if want := fmt.Sprintf("source%d host%d", (ev.Record-1)/each, ev.Record%97); ev.Source+" "+ev.Host != want {
			t.Fatalf("record %d came as %s %s", ev.Record, ev.Source, ev.Host)
		}
		n, last = n+1, *ev
	}
	if n != segments*each {
		t.Errorf("%d events", n)
	}
	from, to := time.Date(2018, 3, 1, 5, 0, 0, 0, time.UTC), time.Date(2018, 3, 1, 5, 0, 10, 0, time.UTC)
	n = 0
	for range x.Stream(t.Context(), from, to) {
		n++
	}
	if n != segments*20 {
		t.Errorf("%d events within ten seconds", n)
	}
}

func BenchmarkStreamOfOverlappingFiles(b *testing.B) {
	x := open(b, b.TempDir())
	overlapping(b, x, 13, 40_000)
	for b.Loop() {
		for _, err := range x.Stream(b.Context(), time.Time{}, time.Time{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
