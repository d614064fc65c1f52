package bench

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/server"
)

// citing is a server with n records in segments and a case that cites them all, a
// hundred a sentence.
func citing(b *testing.B, n int) *server.Server {
	b.Helper()
	s, err := server.Open(b.Context(), b.TempDir(), server.Options{Logger: slog.New(slog.DiscardHandler), Config: config.Default(), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	var seqs []uint64
	for i := 0; i < n; i += 1000 {
		recs := lines(i, min(1000, n-i))
		if err := s.Vault().Append(b.Context(), recs); err != nil {
			b.Fatal(err)
		}
		for j := range recs {
			seqs = append(seqs, recs[j].Seq)
		}
	}
	if _, err := s.OpenCase(b.Context(), "kay", "c1", event.Phrase{EN: "large"}); err != nil {
		b.Fatal(err)
	}
	var ops []event.Record
	for cites := range slices.Chunk(seqs, 100) {
		text := fmt.Sprintf("sentence %d", len(ops))
		op, err := investigate.Putting("c1", "kay", time.Unix(1_790_001_000, 0).UTC(),
			&investigate.Statement{Text: event.Phrase{JA: text, EN: text}, Certainty: investigate.Confirmed, Cites: cites})
		if err != nil {
			b.Fatal(err)
		}
		rec, err := control.OwnRecord(event.SourceCase, op)
		if err != nil {
			b.Fatal(err)
		}
		ops = append(ops, rec)
	}
	if err := s.Vault().Append(b.Context(), ops); err != nil {
		b.Fatal(err)
	}
	if err := s.Service.Flow.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkBundle exports a case that cites many records as people do - evidence,
// proofs, documents in two languages and all forms, files for other tools - and
// verifies the bundle; heap is what is in use at most while it does, cpu the
// processor time of the whole process.
func BenchmarkBundle(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := citing(b, n)
			file := filepath.Join(b.TempDir(), "bundle.zip")
			b.Run("write", func(b *testing.B) {
				for b.Loop() {
					f, err := os.Create(file)
					if err != nil {
						b.Fatal(err)
					}
					began := cpuTime(b)
					peak := highest(b, func() error { return s.Export(b.Context(), "kay", "c1", nil, f) })
					b.ReportMetric((cpuTime(b) - began).Seconds(), "cpu-s")
					st, err := f.Stat()
					if err != nil || f.Close() != nil {
						b.Fatal(err)
					}
					b.ReportMetric(peak, "heap-MB")
					b.ReportMetric(float64(st.Size())/1e6, "file-MB")
				}
			})
			b.Run("verify", func(b *testing.B) {
				raw, err := os.ReadFile(file)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					began := cpuTime(b)
					peak := highest(b, func() error {
						rep, err := report.VerifyBundle(bytes.NewReader(raw), int64(len(raw)), "")
						if err == nil && (!rep.OK || rep.Records < n) {
							b.Error(rep.Records, rep.Problems[:min(3, len(rep.Problems))])
						}
						return err
					})
					b.ReportMetric((cpuTime(b) - began).Seconds(), "cpu-s")
					b.ReportMetric(peak, "heap-MB")
				}
			})
		})
	}
}

// highest gives the growth of the heap while do runs, in MB, looked at every 50 ms.
func highest(b *testing.B, do func() error) float64 {
	b.Helper()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan error, 1)
	go func() { done <- do() }()
	var most uint64
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case err := <-done:
			if err != nil {
				b.Fatal(err)
			}
			tick.Stop()
			return float64(most) / 1e6
		case <-tick.C:
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse-min(before.HeapInuse, now.HeapInuse))
		}
	}
}
