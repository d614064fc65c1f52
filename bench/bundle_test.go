package bench

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/report"
	others "github.com/konseki/konseki/internal/report/exchange"
	"github.com/konseki/konseki/internal/vault"
)

// citing is a vault of n records and the bundle of a case that cites them all, a
// hundred a sentence.
func citing(b *testing.B, n int) (*vault.Vault, report.Bundle) {
	b.Helper()
	v := open(b, filepath.Join(b.TempDir(), "vault"))
	b.Cleanup(func() { _ = v.Close() })
	for i := 0; i < n; i += 1000 {
		if err := v.Append(b.Context(), lines(i, min(1000, n-i))); err != nil {
			b.Fatal(err)
		}
	}
	desk := investigate.NewDesk()
	add := func(op investigate.Operation, err error) {
		var raw []byte
		if err == nil {
			raw, err = op.Encode()
		}
		recs := []event.Record{{Source: event.SourceCase, Transport: "konseki", Raw: raw}}
		if err == nil {
			err = v.Append(b.Context(), recs)
		}
		if err == nil {
			err = desk.Apply(recs[0])
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	now := time.Unix(1_790_001_000, 0).UTC()
	add(investigate.Operation{Case: "c1", Op: "open", By: "kay", At: now, Title: event.Phrase{EN: "large"}}, nil)
	for from := 1; from <= n; from += 100 {
		s := &investigate.Statement{Text: event.Phrase{EN: fmt.Sprint("sentence ", from)}, Certainty: investigate.Confirmed}
		for seq := from; seq < min(from+100, n+1); seq++ {
			s.Cites = append(s.Cites, uint64(seq))
		}
		add(investigate.Putting("c1", "kay", now, s))
	}
	if err := v.Seal(b.Context()); err != nil {
		b.Fatal(err)
	}
	in := report.Input{Case: desk.Case("c1"), Zone: time.UTC, Now: now, Version: "bench", Records: map[uint64]report.Cited{}}
	out := report.Bundle{Input: in, PublicKey: v.Status().PublicKey, By: "kay", Evidence: proving(b, v, in.Case.Cited(true))}
	out.Files = append(out.Files, report.File{Name: "events.csv", Write: func(w io.Writer) error {
		to := map[string]io.Writer{}
		for _, f := range others.Formats() {
			to[f.Name] = io.Discard
		}
		to["csv"] = w
		_, err := others.WriteAll(to, others.Input{Case: in.Case, Events: deriving(b, v, in.Case.Cited(false)), Zone: time.UTC, Lang: "en"})
		return err
	}})
	out.Seal = func(is report.Issue) (e report.Evidence, err error) {
		raw, err := json.Marshal(is)
		recs := []event.Record{{Source: event.SourceReport, Transport: "konseki", Raw: raw}}
		if err == nil {
			err = v.Append(b.Context(), recs)
		}
		if err == nil {
			err = v.Seal(b.Context())
		}
		for e, err := range proving(b, v, []uint64{recs[0].Seq}) {
			return e, err
		}
		return e, err
	}
	return v, out
}

func proving(b *testing.B, v *vault.Vault, seqs []uint64) iter.Seq2[report.Evidence, error] {
	return func(yield func(report.Evidence, error) bool) {
		prover := v.Prover()
		for _, seq := range seqs {
			rec, d, err := v.Disclose(b.Context(), seq, nil)
			e := report.Evidence{Record: rec, Disclosure: d}
			if err == nil {
				e.Proof, err = prover.Prove(b.Context(), seq)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func deriving(b *testing.B, v *vault.Vault, seqs []uint64) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		read := normalise.New()
		for _, seq := range seqs {
			rec, err := v.Get(b.Context(), seq)
			if err != nil {
				yield(event.Event{}, err)
				return
			}
			for _, ev := range read.Events(nil, &rec) {
				if !yield(ev, nil) {
					return
				}
			}
		}
	}
}

// BenchmarkBundle writes the bundle of a case that cites many records, and
// verifies it; heap is what is in use at most while it does.
func BenchmarkBundle(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, bundle := citing(b, n)
			for _, exchanged := range []bool{false, true} {
				one := bundle
				name := "whole"
				if !exchanged {
					one.Files, name = nil, "evidence"
				}
				file := filepath.Join(b.TempDir(), "bundle.zip")
				b.Run("write/"+name, func(b *testing.B) {
					for b.Loop() {
						f, err := os.Create(file)
						if err != nil {
							b.Fatal(err)
						}
						peak := highest(b, func() error { return report.WriteBundle(f, one) })
						st, err := f.Stat()
						if err != nil || f.Close() != nil {
							b.Fatal(err)
						}
						b.ReportMetric(peak, "heap-MB")
						b.ReportMetric(float64(st.Size())/1e6, "file-MB")
					}
				})
				b.Run("verify/"+name, func(b *testing.B) {
					raw, err := os.ReadFile(file)
					if err != nil {
						b.Fatal(err)
					}
					for b.Loop() {
						peak := highest(b, func() error {
							rep, err := report.VerifyBundle(bytes.NewReader(raw), int64(len(raw)), "")
							if err == nil && !rep.OK {
								b.Error(rep.Problems[:min(3, len(rep.Problems))])
							}
							return err
						})
						b.ReportMetric(peak, "heap-MB")
					}
				})
			}
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
