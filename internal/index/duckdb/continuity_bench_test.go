package duckdb

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/duckdb/derived"
	"github.com/konseki/konseki/internal/index/indextest"
)

// counted makes n rows of the Linux audit of forty hosts, all live, of which one
// in ten thousand is not there.
func counted(n int) []index.Row {
	rows := make([]index.Row, 0, n)
	numbers := make([]uint64, 40)
	start := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		host := i % len(numbers)
		if numbers[host]++; i%10_000 == 9_999 {
			continue
		}
		at := start.Add(time.Duration(i) * 20 * time.Millisecond)
		rows = append(rows, index.Row{Raw: fmt.Appendf(nil, "type=SYSCALL msg=audit(%d.%03d:%d): arch=c000003e syscall=59 success=yes", at.Unix(), at.Nanosecond()/1e6, numbers[host]), Event: &event.Event{
			Record: uint64(i + 1), Source: "servers", Host: fmt.Sprintf("host%02d", host), Chain: "audit", NativeSeq: strconv.FormatUint(numbers[host], 10),
			Format: "auditd", ClassUID: event.ClassProcess, Time: at, TimeRx: at.Add(time.Duration(i%900) * time.Millisecond), Live: true,
			Quality: event.Quality{Zone: event.ZoneStated, Precision: event.PrecisionMilli}, ProcessPath: "/usr/bin/cat", CmdLine: "cat /etc/hosts",
			Fields: []event.Field{{Name: "syscall", Value: "59"}, {Name: "success", Value: "yes"}, {Name: "arch", Value: "c000003e"}},
		}})
	}
	return rows
}

// BenchmarkContinuity measures what numbers and clocks cost beside the derived
// file of a segment of 65,536 records, and what they take of the disk.
func BenchmarkContinuity(b *testing.B) {
	rows := counted(65_536)
	batch := derived.NewBatch()
	for _, r := range rows {
		batch.Add(r.Event, r.Raw)
	}
	places := derived.Arrange([]*derived.Batch{batch}, 0, math.MaxUint64)
	b.Run("numbers and clocks", func(b *testing.B) {
		size := 0
		for b.Loop() {
			size = len(sequence.Marshal(sequencesOf(places))) + len(offset.Marshal(offsetsOf(places)))
		}
		b.ReportMetric(float64(size), "bytes")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/event")
	})
	b.Run("the whole file", func(b *testing.B) {
		seg := indextest.Segment(b, b.TempDir(), rows)
		for b.Loop() {
			x, err := Open(b.TempDir(), Options{Version: "1"})
			if err != nil {
				b.Fatal(err)
			}
			if err := x.Add(b.Context(), rows); err != nil {
				b.Fatal(err)
			}
			if err := x.Cover(b.Context(), seg); err != nil {
				b.Fatal(err)
			}
			if err := x.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/event")
	})
}

// BenchmarkMerge measures the answer over a million events in 16 segments.
func BenchmarkMerge(b *testing.B) {
	rows := counted(1_000_000)
	var parts [][]sequence.Run
	runs := 0
	for from := 0; from < len(rows); from += 65_536 {
		var s sequence.Builder
		for _, r := range rows[from:min(from+65_536, len(rows))] {
			s.Add(r.Event)
		}
		parts = append(parts, s.Runs())
		runs += len(parts[len(parts)-1])
	}
	gaps := 0
	for b.Loop() {
		gaps = 0
		for _, c := range sequence.Merge(parts...) {
			gaps += len(c.Gaps())
		}
	}
	b.ReportMetric(float64(runs), "runs")
	b.ReportMetric(float64(gaps), "gaps")
}
