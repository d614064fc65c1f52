package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/konseki/konseki/internal/collect/stream"
)

// BenchmarkAppendStreams measures the doors that acknowledge: 8 senders, each
// of which sends 100 records, waits until all are acknowledged, and goes on.
func BenchmarkAppendStreams(b *testing.B) {
	const senders, size = 8, 100
	text := lines(0, 1)[0].Raw
	var relp bytes.Buffer
	entries := []byte{}
	for range size {
		fmt.Fprintf(&relp, "2 syslog %d %s\n", len(text), text)
		entries = msgp.AppendInt64(append(entries, 0x92), 1767225600)
		entries = msgp.AppendStringFromBytes(msgp.AppendString(msgp.AppendMapHeader(entries, 1), "log"), text)
	}
	fluent := msgp.AppendBytes(msgp.AppendString(msgp.AppendArrayHeader(nil, 3), "bench"), entries)
	fluent = msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(fluent, 1), "chunk"), "c")
	for _, way := range []struct {
		name, hello string
		message     []byte
		answer      int
		open        func(stream.Door) door
	}{
		{"relp", "1 open 49 relp_version=0\nrelp_software=test\ncommands=syslog\n", relp.Bytes(), size * len("2 rsp 6 200 OK\n"), func(d stream.Door) door { return &stream.RELP{Door: d} }},
		{"fluent", "", fluent, len("\x81\xa3ack\xa1c"), func(d stream.Door) door { return &stream.Fluent{Door: d} }},
	} {
		b.Run(way.name, func(b *testing.B) {
			v := open(b, filepath.Join(b.TempDir(), "vault"))
			defer closing(b, v)
			at := serve(b, way.open(stream.Door{Network: "tcp", Address: "127.0.0.1:0", To: v}))
			conns := make([]net.Conn, senders)
			for i := range conns {
				conns[i] = connect(b, "tcp", at)
				if way.hello != "" {
					exchange(b, conns[i], []byte(way.hello), 1)
				}
			}
			b.SetBytes(int64(size * len(text)))
			acknowledge(b, senders, size, func(_ context.Context, i int) error {
				return exchange(b, conns[i], way.message, way.answer)
			})
		})
	}
}

type door interface {
	Listen() (net.Addr, error)
	Serve(ctx context.Context) error
}

// serve opens a door until the benchmark ends.
func serve(b *testing.B, d door) string {
	at, err := d.Listen()
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Serve(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return at.String()
}

func connect(b *testing.B, network, at string) net.Conn {
	conn, err := net.Dial(network, at)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return conn
}

// exchange sends and reads at least so many bytes of answer.
func exchange(b *testing.B, conn net.Conn, text []byte, answer int) error {
	if _, err := conn.Write(text); err != nil {
		return err
	}
	buf := make([]byte, 4096)
	for got := 0; got < answer; {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		got += n
	}
	return nil
}

// BenchmarkSyslog measures how fast one sender of plain syslog is taken: over
// TCP as fast as the vault takes it; over UDP the share lost at full speed too.
func BenchmarkSyslog(b *testing.B) {
	for _, network := range []string{"tcp", "udp"} {
		b.Run(network, func(b *testing.B) {
			v := open(b, filepath.Join(b.TempDir(), "vault"))
			defer closing(b, v)
			conn := connect(b, network, serve(b, &stream.Syslog{Door: stream.Door{Network: network, Address: "127.0.0.1:0", To: v}}))
			w := bufio.NewWriterSize(conn, 64<<10)
			text := append(bytes.Clone(lines(0, 1)[0].Raw), '\n')
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if network == "udp" {
					_, _ = conn.Write(text)
				} else if _, err := w.Write(text); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
			for last := uint64(0); v.Size() < uint64(b.N) && (network == "tcp" || v.Size() > last); {
				last = v.Size()
				<-time.After(20 * time.Millisecond)
			}
			b.ReportMetric(float64(v.Size())/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(100*(1-float64(v.Size())/float64(b.N)), "%lost")
		})
	}
}
