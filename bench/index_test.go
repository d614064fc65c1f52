// Package bench measures whole rooms at the sizes of an incident.
package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/index/duckdb"
	"github.com/konseki/konseki/internal/index/indextest"
	"github.com/konseki/konseki/internal/query"
)

const (
	indexSegment = 262_144
	indexBatch   = 10_000
)

// indexEvents is the number of events of the searches; KONSEKI_BENCH_EVENTS
// changes it.
func indexEvents(b *testing.B) int {
	s := os.Getenv("KONSEKI_BENCH_EVENTS")
	if s == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// makeRows makes n events like those of a small company: mixed sources, some
// 15 native fields, 500 users, needles in the hay.
func makeRows(r *rand.Rand, first uint64, n int) []index.Row {
	sources := []string{"sshd", "vpn", "web", "firewall", "database", "groupware"}
	classes := []int32{event.ClassAuthentication, event.ClassTunnel, event.ClassHTTP, event.ClassNetwork, event.ClassDatastore, event.ClassFileHosting}
	rows := make([]index.Row, n)
	for i := range rows {
		record := first + uint64(i)
		s := r.IntN(len(sources))
		ev := &event.Event{
			Record: record, Time: time.UnixMilli(1_520_000_000_000 + int64(record)*120).UTC(), Source: sources[s], Format: "json",
			Quality: event.Quality{Zone: event.ZoneStated, Precision: event.PrecisionMilli}, ClassUID: classes[s],
			ActivityID: int32(1 + r.IntN(3)), StatusID: int32(1 + r.IntN(20)/19), EventCode: strconv.Itoa(4600 + r.IntN(30)),
			ActorUser: fmt.Sprintf("user%03d", r.IntN(500)), SrcIP: fmt.Sprintf("10.20.%d.%d", r.IntN(8), r.IntN(250)),
			SrcPort: int32(1024 + r.IntN(60_000)), DstIP: "198.51.100.7", DstPort: 443, Host: fmt.Sprintf("host%02d", r.IntN(40)),
			Object: fmt.Sprintf("/docs/%d", r.IntN(5000)), BytesOut: int64(r.IntN(1 << 20)), Message: "request of a user",
		}
		switch {
		case record%400_000 == 7:
			ev.SrcIP = "203.0.113.99"
		case r.IntN(50) == 0:
			ev.SrcIP = "203.0.113.77"
		}
		ev.TimeRx = ev.Time.Add(time.Second)
		for j := range 8 {
			ev.Fields = append(ev.Fields, event.Field{Name: "attribute" + strconv.Itoa(j), Value: strconv.Itoa(r.IntN(1000))})
		}
		verb := "Accepted password"
		if ev.StatusID == event.StatusFailure {
			verb = "Failed password"
		}
		if record%100_000 == 11 {
			verb = "DROP TABLE payroll"
		}
		raw := fmt.Appendf(nil, `{"time":%q,"source":%q,"host":%q,"user":%q,"src":%q,"port":%d,"message":"%s for %s","object":%q,"id":"%016x"`,
			ev.Time.Format(time.RFC3339Nano), ev.Source, ev.Host, ev.ActorUser, ev.SrcIP, ev.SrcPort, verb, ev.ActorUser, ev.Object, r.Uint64())
		for _, f := range ev.Fields {
			raw = fmt.Appendf(raw, `,%q:%q`, f.Name, f.Value)
		}
		rows[i] = index.Row{Event: ev, Raw: append(raw, '}')}
	}
	return rows
}

func openIndex(b *testing.B, dir string) *duckdb.Index {
	x, err := duckdb.Open(dir, duckdb.Options{Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := x.Close(); err != nil {
			b.Error(err)
		}
	})
	return x
}

func ingest(b *testing.B, x *duckdb.Index, rows []index.Row, seg index.Segment) {
	for batch := range slices.Chunk(rows, indexBatch) {
		if err := x.Add(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := x.Cover(b.Context(), seg); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIndexIngest measures Add and Cover of one segment.
func BenchmarkIndexIngest(b *testing.B) {
	rows := makeRows(rand.New(rand.NewPCG(1, 2)), 1, indexSegment)
	seg := indextest.Segment(b, b.TempDir(), rows)
	dir := ""
	used := 0.0
	for b.Loop() {
		b.StopTimer()
		dir = b.TempDir()
		x := openIndex(b, dir)
		before := cpu()
		b.StartTimer()
		ingest(b, x, rows, seg)
		used += cpu() - before
	}
	b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(used*1e3/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(size(b, dir))/float64(len(rows)), "B/event")
}

// BenchmarkIndexQueries measures queries over an index of indexEvents events.
func BenchmarkIndexQueries(b *testing.B) {
	dir := b.TempDir()
	x := openIndex(b, filepath.Join(dir, "index"))
	r := rand.New(rand.NewPCG(1, 2))
	raw := b.TempDir()
	for first, total := 1, indexEvents(b); first <= total; first += indexSegment {
		rows := makeRows(r, uint64(first), min(indexSegment, total-first+1))
		ingest(b, x, rows, indextest.Segment(b, raw, rows))
	}
	b.Logf("index %d MB, raw segments %d MB", size(b, filepath.Join(dir, "index"))>>20, size(b, raw)>>20)
	search := func(text string) func() error {
		req := request(b, text)
		return func() error { _, err := x.Search(b.Context(), req); return err }
	}
	for _, q := range []struct {
		name string
		run  func() error
	}{
		{"newest", search("")},
		{"address everywhere", search("src_ip:203.0.113.77")},
		{"address needle", search("src_ip:203.0.113.99")},
		{"user and day", search("user:user003 time:2018-03-02..2018-03-03")},
		{"rare words", search(`"DROP TABLE payroll"`)},
		{"frequent words, count", func() error { _, err := x.Count(b.Context(), request(b, `"Failed password"`)); return err }},
		{"native field, count", func() error { _, err := x.Count(b.Context(), request(b, "attribute3:77")); return err }},
		{"histogram per minute", func() error { _, err := x.Histogram(b.Context(), index.Request{}, time.Minute); return err }},
		{"top addresses of failures", func() error { _, err := x.Facet(b.Context(), request(b, "status:failure"), "src_ip", 10); return err }},
		{"pivot user", func() error { _, err := x.Pivot(b.Context(), "user", "user003", time.Time{}, time.Time{}); return err }},
		{"pivot address", func() error {
			_, err := x.Pivot(b.Context(), "ip", "203.0.113.77", time.Time{}, time.Time{})
			return err
		}},
		{"presence per day", func() error { _, err := x.Presence(b.Context(), time.Time{}, time.Time{}, 24*time.Hour); return err }},
		{"stream all", func() error {
			for _, err := range x.Stream(b.Context(), time.Time{}, time.Time{}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		b.Run(q.name, func(b *testing.B) {
			before := cpu()
			for b.Loop() {
				if err := q.run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpu()-before)*1e3/float64(b.N), "cpu-ms/op")
		})
	}
}

// cpu is the processor time of the process so far, in seconds: what a loaded
// machine still tells.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func request(b *testing.B, text string) index.Request {
	plan, err := query.Parse(text, query.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return index.Request{Plan: plan}
}

func size(b *testing.B, dir string) int64 {
	var total int64
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			b.Fatal(err)
		}
		total += info.Size()
	}
	return total
}
