package duckdb_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/duckdb"
	"github.com/konseki/konseki/internal/index/indextest"
)

func TestNumbersAndClocksOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	rows := indextest.Numbered()
	first, second := rows[:150], rows[150:]
	one, two := indextest.Segment(t, t.TempDir(), first), indextest.Segment(t, t.TempDir(), second)
	x, err := duckdb.Open(dir, duckdb.Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(x.Add(t.Context(), rows), x.Cover(t.Context(), one), x.Cover(t.Context(), two)); err != nil {
		t.Fatal(err)
	}
	indextest.CheckContinuity(t, x, rows)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	indextest.CheckContinuity(t, again, rows)
	if err := again.Drop(t.Context(), two.Name); err != nil {
		t.Fatal(err)
	}
	indextest.CheckContinuity(t, again, first)
}

func TestNumbersOfASegmentWrittenAgainAreThoseThatAreLeft(t *testing.T) {
	rows := indextest.Numbered()
	seg := indextest.Segment(t, t.TempDir(), rows)
	x := open(t, t.TempDir())
	if err := errors.Join(x.Add(t.Context(), rows), x.Cover(t.Context(), seg)); err != nil {
		t.Fatal(err)
	}
	left := rows[100:]
	again := seg
	again.Name = "again-" + seg.Name
	err := x.Replace(t.Context(), again, func(yield func(index.Row, error) bool) {
		for _, r := range left {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	indextest.CheckContinuity(t, x, left)
}

func TestTheSameRowsInOtherBatchesGiveTheSameRuns(t *testing.T) {
	rows := indextest.Numbered()
	seg := indextest.Segment(t, t.TempDir(), rows)
	var digests [2][32]byte
	for i, n := range []int{7, len(rows)} {
		x := open(t, t.TempDir())
		for from := 0; from < len(rows); from += n {
			if err := x.Add(t.Context(), rows[from:min(from+n, len(rows))]); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.Cover(t.Context(), seg); err != nil {
			t.Fatal(err)
		}
		var err error
		if digests[i], err = x.Digest(seg.Name); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(digests[0], digests[1]); diff != "" {
		t.Error(diff)
	}
}
