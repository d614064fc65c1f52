package bench

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/rules"
)

// generated writes n events of bench/gen into a file and returns its name.
func generated(b *testing.B, n int) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "events.jsonl")
	out, err := exec.CommandContext(b.Context(), "go", "run", "./gen", "-n", strconv.Itoa(n), "-seed", "1", "-o", name).CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return name
}

// generatedRecords makes records of n events as an import would.
func generatedRecords(b *testing.B, n int) (recs []event.Record, size int64) {
	b.Helper()
	text, err := os.ReadFile(generated(b, n))
	if err != nil {
		b.Fatal(err)
	}
	via := event.Transport{Kind: "file"}.With("format", "jsonlines").With("tz", "UTC").String()
	for line := range bytes.Lines(text) {
		recs = append(recs, event.Record{Seq: uint64(len(recs) + 1), Source: "bench", Transport: via, Raw: line})
	}
	return recs, int64(len(text))
}

const pipelineEvents = 50_000

// BenchmarkNormalise measures normalise alone, one core.
func BenchmarkNormalise(b *testing.B) {
	recs, size := generatedRecords(b, pipelineEvents)
	n := normalise.New()
	var evs []event.Event
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for i := range recs {
			evs = n.Events(evs[:0], &recs[i])
		}
	}
	b.ReportMetric(float64(len(recs))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkNormaliseAndDetect measures normalise and rules on one core: with
// konseki's own rules, and with the public Linux and web rules beside them
// where the sample collections are at hand.
func BenchmarkNormaliseAndDetect(b *testing.B) {
	recs, size := generatedRecords(b, pipelineEvents)
	loaded := sigma.Load(sigma.Options{}, sigma.Tree{FS: rules.FS()})
	if len(loaded.Problems) > 0 {
		b.Fatal(loaded.Problems[0])
	}
	own := loaded.Rules
	b.Run("own", func(b *testing.B) { normaliseAndDetect(b, recs, size, own) })
	b.Run("own and public", func(b *testing.B) {
		all, public := own, os.DirFS(filepath.Join(sigmaData(b), "sigma", "rules"))
		for _, folder := range []string{"linux", "web"} {
			all = append(all, sigma.Load(sigma.Options{}, sigma.Tree{FS: public, Root: folder}).Rules...)
		}
		normaliseAndDetect(b, recs, size, all)
	})
}

func normaliseAndDetect(b *testing.B, recs []event.Record, size int64, set []*sigma.Rule) {
	n, m := normalise.New(), sigma.Compile(set).NewMatcher()
	var evs []event.Event
	var found []sigma.Match
	b.SetBytes(size)
	for b.Loop() {
		for i := range recs {
			evs = n.Events(evs[:0], &recs[i])
			for j := range evs {
				found = m.Match(&evs[j], recs[i].Raw, found[:0])
			}
		}
	}
	b.ReportMetric(float64(len(set)), "rules")
	b.ReportMetric(float64(len(recs))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkImport measures all that happens to a file of 100,000 events:
// sealing, deriving, rules, index, baselines. KONSEKI_BENCH_EVENTS changes the
// number.
func BenchmarkImport(b *testing.B) {
	n := 100_000
	if s := os.Getenv("KONSEKI_BENCH_EVENTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	name := generated(b, n)
	used := cpuTime(b)
	for b.Loop() {
		imported(b, name, n)
	}
	b.ReportMetric((cpuTime(b)-used).Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// imported imports a file into a fresh folder and checks that all arrived.
func imported(b *testing.B, name string, n int) {
	dir, err := os.MkdirTemp(b.TempDir(), "data-*")
	if err != nil {
		b.Fatal(err)
	}
	s, err := server.Open(b.Context(), dir, server.Options{Logger: slog.New(slog.DiscardHandler), Config: config.Default(), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	sum, err := s.Import(context.WithoutCancel(b.Context()), "bench", control.Import{Paths: []string{name}, Zone: "UTC"})
	if cerr := s.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		b.Fatal(err)
	}
	if sum.Events != int64(n) || sum.Unparsed != 0 {
		b.Fatalf("%d events, %d unparsed of %d", sum.Events, sum.Unparsed, n)
	}
}
