package bench

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/rules"
)

const (
	askedEvents = 300_000
	askedUnread = 3_000
)

// asked is a server with one file of events and of lines that no format reads.
func asked(b *testing.B) *server.Server {
	b.Helper()
	dir := b.TempDir()
	text, err := os.ReadFile(generated(b, askedEvents))
	if err != nil {
		b.Fatal(err)
	}
	var unread bytes.Buffer
	for i := range askedUnread {
		fmt.Fprintf(&unread, "\x02 some device %d wrote this %d%%3A%d\n", i, i*7, i*13)
	}
	name := filepath.Join(dir, "events.jsonl")
	if err := os.WriteFile(name, append(text, unread.Bytes()...), 0o600); err != nil {
		b.Fatal(err)
	}
	s, err := server.Open(b.Context(), b.TempDir(), server.Options{Logger: slog.New(slog.DiscardHandler), Config: config.Default(), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	sum, err := s.Import(b.Context(), "bench", control.Import{Paths: []string{name}, Zone: "UTC"})
	if err != nil || sum.Unparsed != askedUnread {
		b.Fatal(sum, err)
	}
	return s
}

// BenchmarkAsk asks for what is there and for what is not; the latter has
// everything searched that may have been overlooked.
func BenchmarkAsk(b *testing.B) {
	s := asked(b)
	first, err := s.Search(b.Context(), "bench", control.Search{Limit: 1})
	if err != nil || len(first.Events) == 0 {
		b.Fatal(err)
	}
	from := first.Events[0].Time.Add(-24 * time.Hour)
	for name, ask := range map[string]control.Ask{
		"account":       {Kind: "login", Account: "nobody"},
		"account/short": {Kind: "login", Account: "nobody", From: from, To: from.Add(25 * time.Hour)},
		"address":       {Kind: "transfer", Address: "2001:db8::77"},
		"object":        {Kind: "access", Object: "no/such/thing.xlsx"},
		"everything":    {Kind: "login"},
	} {
		b.Run(name, func(b *testing.B) {
			ask.Zone = time.UTC
			var r *control.Result
			for b.Loop() {
				if r, err = s.Ask(b.Context(), "bench", ask); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(r.Total), "found")
			b.ReportMetric(float64(len(r.Answer.Because)), "reasons")
		})
	}
}

// BenchmarkBacktest runs konseki's own rules over all of it, with their verdicts.
func BenchmarkBacktest(b *testing.B) {
	s := asked(b)
	own := sigma.Load(sigma.Options{}, sigma.Tree{FS: rules.FS()})
	for b.Loop() {
		if out, err := s.Backtest(b.Context(), "bench", own, time.Time{}, time.Time{}, func(uint64, uint64) {}); err != nil || len(out) == 0 {
			b.Fatal(len(out), err)
		}
	}
	b.ReportMetric(askedEvents*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
