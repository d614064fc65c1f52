// Gen writes the benchmark's events: JSON lines of a mixed estate, about 400
// bytes each, the same for the same seed.
//
// Usage: gen [-n 5000000] [-seed 42] [-o events.jsonl]
//
// The events span one week whatever their number and come in time order.
// Users and internal addresses follow Zipf's law, public addresses are uniform
// over a large pool, and about one event in three thousand that has an outside
// address bears that of an intruder, 203.0.113.77, so that a search for it
// finds a handful.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

func main() {
	n := flag.Int("n", 5_000_000, "how many `events`")
	out := flag.String("o", "events.jsonl", "`file` to write; - for standard output")
	seed := flag.Uint64("seed", 42, "`seed` of everything random")
	flag.Parse()
	if err := run(*n, *out, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes n events to the named file.
func run(n int, out string, seed uint64) (err error) {
	if n < 0 {
		return fmt.Errorf("-n %d: give 0 or more events", n)
	}
	if out == "-" {
		return write(os.Stdout, n, seed)
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	return write(f, n, seed)
}

// write writes n events to w.
func write(w io.Writer, n int, seed uint64) error {
	buf := bufio.NewWriterSize(w, 1<<20)
	e := newEstate(seed)
	start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	step := 7 * 24 * time.Hour / time.Duration(max(n, 1))
	var line []byte
	for i := range n {
		at := start.Add(time.Duration(i)*step + time.Duration(e.r.Int64N(int64(step)+1)))
		ev := e.next(i, at)
		line = ev.appendJSON(line[:0])
		if _, err := buf.Write(line); err != nil {
			return err
		}
	}
	return buf.Flush()
}

// entry is one event before it is written.
type entry struct {
	at                           time.Time
	host, source, user, src, dst string
	port, status                 int
	bytes                        int64
	action, outcome              string
	message                      []byte // printable ASCII
}

// appendJSON appends the event as one JSON object and a line feed.
func (e *entry) appendJSON(b []byte) []byte {
	b = append(b, `{"time":"`...)
	b = e.at.AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	for _, m := range [...]struct{ key, value string }{
		{"host", e.host}, {"source", e.source}, {"user", e.user}, {"src_ip", e.src}, {"dst_ip", e.dst},
	} {
		b = append(b, `","`...)
		b = append(b, m.key...)
		b = append(b, `":"`...)
		b = append(b, m.value...)
	}
	b = strconv.AppendInt(append(b, `","dst_port":`...), int64(e.port), 10)
	b = strconv.AppendInt(append(b, `,"status":`...), int64(e.status), 10)
	b = strconv.AppendInt(append(b, `,"bytes":`...), e.bytes, 10)
	b = append(append(b, `,"action":"`...), e.action...)
	b = append(append(b, `","outcome":"`...), e.outcome...)
	b = append(b, `","message":"`...)
	for _, c := range e.message {
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, "\"}\n"...)
}
