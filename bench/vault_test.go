// Package bench measures konseki on fixed, generated work.
package bench

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/audit"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
)

// lines makes n JSON lines of about 400 bytes, as a syslog or HTTP sender
// would hand them on, that compress about as well as real ones.
func lines(from, n int) []event.Record {
	recs := make([]event.Record, n)
	for i := range recs {
		k := uint64(from+i) * 0x9E3779B97F4A7C15
		recs[i] = event.Record{
			Received: time.Unix(1_790_000_000, int64(from+i)*1000).UTC(), Source: "proxy", Transport: "http;peer=192.0.2.7",
			Raw: fmt.Appendf(nil, `{"time":"2026-10-%02dT%02d:%02d:%02d.%06dZ","host":"web-%02d.example.jp","program":"nginx","pid":%d,`+
				`"client":"198.51.100.%d","user":"u%04d","method":"GET","path":"/api/v1/items/%d/detail","status":%d,"bytes":%d,`+
				`"agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0 Safari/537.36",`+
				`"request_id":"%016x","upstream":"10.0.%d.%d:8080","duration_ms":%d}`,
				k%28+1, k>>5%24, k>>10%60, k>>16%60, k>>22%1000000, k%17, k>>7%32768, k>>13%250, k>>20%5000, k>>9%100000,
				200+k>>30%5*100, k>>12%65536, 100+k>>40%30, k, k>>33%16, k>>37%250, k>>44%900),
		}
	}
	return recs
}

func open(b testing.TB, dir string) *vault.Vault {
	b.Helper()
	v, err := vault.OpenOrCreate(dir, vault.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// fill makes a closed vault of n records.
func fill(b testing.TB, n int) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "vault")
	v := open(b, dir)
	for i := 0; i < n; i += 1000 {
		if err := v.Append(context.Background(), lines(i, 1000)); err != nil {
			b.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkVerify measures raw bytes verified, from segments: of lines and of
// the gen-events set.
func BenchmarkVerify(b *testing.B) {
	for name, make := range map[string]func(testing.TB) string{
		"lines":      func(b testing.TB) string { return fill(b, 600_000) },
		"gen-events": fillEvents,
	} {
		b.Run(name, func(b *testing.B) {
			dir := make(b)
			var raw int64
			began := cpuTime(b)
			for b.Loop() {
				r, err := audit.Verify(b.Context(), dir, audit.VerifyOptions{})
				if err != nil || !r.OK() {
					b.Fatal(err, r)
				}
				raw = r.RawBytes
			}
			b.SetBytes(raw)
			b.ReportMetric(float64(raw)*float64(b.N)/1e6/(cpuTime(b)-began).Seconds(), "MB/cpu-s")
		})
	}
}

// fillEvents makes a closed vault of 200,000 events as bench/gen makes them.
func fillEvents(b testing.TB) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "events.jsonl")
	if out, err := exec.CommandContext(b.Context(), "go", "run", "./gen", "-n", "200000", "-seed", "42", "-o", path).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	all, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(b.TempDir(), "vault")
	v := open(b, dir)
	var recs []event.Record
	for line := range bytes.Lines(all) {
		at := time.Unix(1_790_000_000, int64(len(recs))*1000).UTC()
		recs = append(recs, event.Record{Received: at, Source: "events", Transport: "file", Raw: bytes.TrimSuffix(line, []byte("\n"))})
	}
	for group := range slices.Chunk(recs, 1000) {
		if err := v.Append(context.Background(), group); err != nil {
			b.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// cpuTime is what this process has used of all cores: on a shared machine the
// time on the wall says little.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRecords measures reading everything in order: segments, then the log.
func BenchmarkRecords(b *testing.B) {
	for _, n := range []int{20_000, 600_000} { // the first stays in the log
		b.Run(map[bool]string{true: "segments", false: "log"}[n > 20_000], func(b *testing.B) {
			v := open(b, fill(b, n))
			defer v.Close()
			for b.Loop() {
				got := 0
				for _, err := range v.Records(b.Context(), 1) {
					if err != nil {
						b.Fatal(err)
					}
					got++
				}
				if got != n {
					b.Fatal(got)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkProve measures proofs of records near each other, whose batches are
// at hand, proofs of records spread over the whole vault, and the reading of
// single records.
func BenchmarkProve(b *testing.B) {
	v := open(b, fill(b, 300_000))
	defer v.Close()
	prove := func(step, among uint64) func(context.Context, int) error {
		seq := uint64(0)
		return func(ctx context.Context, _ int) error {
			seq = (seq + step) % among
			_, err := v.Prove(ctx, seq+1)
			return err
		}
	}
	b.Run("near", func(b *testing.B) { acknowledge(b, 1, 1, prove(7919, 60_000)) })
	b.Run("spread", func(b *testing.B) { acknowledge(b, 1, 1, prove(79_193, 300_000)) })
	b.Run("get", func(b *testing.B) {
		seq := uint64(0)
		for b.Loop() {
			seq = (seq + 79_193) % 300_000
			if _, err := v.Get(b.Context(), seq+1); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestSegmentsAreReadableByDuckDB(t *testing.T) {
	dir := fill(t, 30_000)
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var count, first, last int64
	var received, raw string
	row := db.QueryRowContext(t.Context(), `SELECT count(*), min(seq), max(seq), max(received)::VARCHAR, max(decode(raw)) FILTER (seq = 12345)
		FROM read_parquet(?) WHERE source = 'proxy' AND transport LIKE 'http%'`, filepath.Join(dir, "segments", "*.parquet"))
	if err := row.Scan(&count, &first, &last, &received, &raw); err != nil {
		t.Fatal(err)
	}
	want := string(lines(12_344, 1)[0].Raw)
	if count != 30_000 || first != 1 || last != 30_000 || raw != want {
		t.Errorf("%d records %d to %d, received %s, record 12345 is %q", count, first, last, received, raw)
	}
}
