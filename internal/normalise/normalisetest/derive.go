package normalisetest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
)

// Derive normalises one record that came by transport.
func Derive(t testing.TB, transport, raw string) []event.Event {
	t.Helper()
	rec := &event.Record{
		Seq: 7, Received: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		Source: "s", Transport: transport, Raw: []byte(raw),
	}
	return normalise.New().Events(nil, rec)
}

// Import derives the events of a file as an import does.
func Import(t testing.TB, path string) (event.Shape, []event.Event) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shape := normalise.Recognise(filepath.Base(path), data)
	return shape, Shaped(shape, data, "file;tz=UTC;tzfrom=configured")
}

// Shaped cuts data as shape says and normalises each record.
func Shaped(shape event.Shape, data []byte, transport string) []event.Event {
	via := event.ParseTransport(transport).With("format", shape.Format).With("enc", shape.Encoding)
	if len(shape.Columns) > 0 {
		via = via.With("columns", event.JoinColumns(shape.Columns))
	}
	n := normalise.New()
	var events []event.Event
	for i, raw := range records(shape, data) {
		events = n.Events(events, &event.Record{
			Seq: uint64(i + 1), Received: time.Date(2018, 4, 1, 0, 0, 0, 0, time.UTC),
			Source: "sample", Transport: via.String(), Raw: raw,
		})
	}
	return events
}

// records cuts a whole file in the way that its shape describes.
func records(shape event.Shape, data []byte) [][]byte {
	switch shape.Framing {
	case event.FrameJSON, event.FrameJSONArray:
		return jsonRecords(shape.Framing, data)
	case event.FrameJournal: // the samples hold no empty line within a value
		return bytes.SplitAfter(bytes.TrimRight(data, "\n"), []byte("\n\n"))
	case event.FrameBinary:
		return [][]byte{data}
	case event.FrameEVTX:
		first := min(len(data), 4096+65536)
		return slices.Collect(func(yield func([]byte) bool) {
			if yield(data[:first]) {
				slices.Chunk(data[first:], 65536)(yield)
			}
		})
	}
	var all [][]byte
	for line := range bytes.Lines(data) {
		last := len(all) - 1
		switch {
		case last >= 0 && shape.Framing == event.FrameCSV && bytes.Count(all[last], []byte(`"`))%2 == 1,
			last >= 0 && shape.Continues != nil && shape.Continues(all[last], bytes.TrimRight(line, "\r\n")):
			all[last] = append(slices.Clip(all[last]), line...)
		case len(bytes.TrimSpace(line)) > 0:
			all = append(all, line)
		}
	}
	return all
}

func jsonRecords(framing event.Framing, data []byte) [][]byte {
	var all [][]byte
	dec := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	if framing == event.FrameJSONArray {
		for dec.PeekKind() == '{' || dec.PeekKind() == '"' {
			if tok, err := dec.ReadToken(); err != nil || tok.Kind() == '"' && !slices.Contains(arrayKeys(), tok.String()) && dec.SkipValue() != nil {
				return all
			}
		}
		if _, err := dec.ReadToken(); err != nil {
			return all
		}
	}
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			return all
		}
		all = append(all, bytes.Clone(v))
	}
	return all
}

func arrayKeys() []string {
	return []string{"items", "entries", "events", "records", "Records", "value"}
}

// ImportShare imports a file and requires that the format reads the share of its records.
func ImportShare(t testing.TB, path, format string, share float64) []event.Event {
	t.Helper()
	_, evs := Import(t, Shared(t, path))
	read := 0
	for i := range evs {
		if evs[i].Format == format {
			read++
		} else {
			t.Logf("%s: %q", evs[i].Format, evs[i].Message)
		}
	}
	t.Logf("%s: %d of %d events read by %s", path, read, len(evs), format)
	if len(evs) == 0 || float64(read) < share*float64(len(evs)) {
		t.Errorf("%s: %d of %d events read by %s", path, read, len(evs), format)
	}
	return evs
}

// Benchmark measures how many records like raw one core derives in a second of
// processor time: on a shared machine the wall clock says little.
func Benchmark(b *testing.B, format, raw string) {
	n := normalise.New()
	var dst []event.Event
	rec := &event.Record{Transport: "file;format=" + format, Raw: []byte(raw)}
	b.ReportAllocs()
	start := processorTime(b)
	for b.Loop() {
		if dst = n.Events(dst[:0], rec); dst[0].Format != format {
			b.Fatal(dst[0].Format)
		}
	}
	records := float64(b.N) / (processorTime(b) - start).Seconds()
	b.ReportMetric(records, "records/cpu-s")
	b.ReportMetric(records*float64(len(raw))/1e6, "MB/cpu-s")
}

// processorTime is what this process has used.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
