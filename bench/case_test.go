package bench

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/server"
)

// wideCase is a server on a case of n statements and n timeline rows, each citing
// one of a hundred records.
func wideCase(b *testing.B, n int) *server.Server {
	b.Helper()
	s, err := server.Open(b.Context(), b.TempDir(), server.Options{Logger: slog.New(slog.DiscardHandler), Config: config.Default(), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	at := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
	recs := make([]event.Record, 100)
	for i := range recs {
		recs[i] = event.Record{Source: "vpn", Transport: "file", Raw: fmt.Appendf(nil, `{"time":%q,"user":"u%d","src_ip":"192.0.2.%d"}`, at.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), i, i)}
	}
	if err := s.Vault().Append(b.Context(), recs); err != nil {
		b.Fatal(err)
	}
	if _, err := s.OpenCase(b.Context(), "bench", "wide", event.Phrase{EN: "wide"}); err != nil {
		b.Fatal(err)
	}
	var ops []event.Record
	put := func(p investigate.Part) {
		op, err := investigate.Putting("wide", "bench", at, p)
		if err != nil {
			b.Fatal(err)
		}
		rec, err := control.OwnRecord(event.SourceCase, op)
		if err != nil {
			b.Fatal(err)
		}
		ops = append(ops, rec)
	}
	for i := range n {
		when, text := at.Add(time.Duration(i%100)*time.Minute), event.Phrase{JA: fmt.Sprintf("記述 %d：VPN に接続した", i), EN: fmt.Sprintf("statement %d: a session of the VPN", i)}
		put(&investigate.Statement{Text: text, Certainty: investigate.Confirmed, Cites: []uint64{recs[i%100].Seq}, At: when, About: fmt.Sprint("about", i)})
		put(&investigate.Row{Text: text, At: when, Precision: investigate.Exact, What: "event", Cites: []uint64{recs[i%100].Seq}})
	}
	if err := s.Vault().Append(b.Context(), ops); err != nil {
		b.Fatal(err)
	}
	if err := s.Service.Flow.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkCase is a case of 10,000 statements and 10,000 rows: as it is shown,
// linted and written as a report.
func BenchmarkCase(b *testing.B) {
	const n = 10_000
	s := wideCase(b, n)
	b.Run("show", func(b *testing.B) {
		for b.Loop() {
			if c, err := s.Case(b.Context(), "wide"); err != nil || len(c.Statements) != n || len(c.Timeline) != n {
				b.Fatal(err)
			}
		}
	})
	b.Run("lint", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Lint(b.Context(), "bench", "wide"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("put", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			if _, err := s.Put(b.Context(), "bench", "wide", &investigate.Task{Text: event.Phrase{EN: fmt.Sprint("task ", i)}, Status: "open"}, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, format := range casework.Formats() {
		b.Run("report/"+format, func(b *testing.B) {
			for b.Loop() {
				var out strings.Builder
				if err := s.Report(b.Context(), "bench", "wide", casework.Document{Kind: "final", Lang: "ja", Format: format}, &out); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(out.Len()), "bytes")
			}
		})
	}
}
