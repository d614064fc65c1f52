package stream

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

// receiver is a Syslog that serves until the test or stop ends it.
type receiver struct {
	addr   string
	mu     sync.Mutex
	losses map[string]int64
	told   []event.Loss
	stop   func()
}

func (r *receiver) lost(reason string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.losses[reason]
}

// protocol is a receiver of this room.
type protocol interface {
	Listen() (net.Addr, error)
	Serve(ctx context.Context) error
	self() *Door
}

func (d *Door) self() *Door { return d }

func receive(t testing.TB, s protocol) *receiver {
	t.Helper()
	r := &receiver{losses: make(map[string]int64)}
	s.self().Address = "127.0.0.1:0"
	s.self().Loss = func(l event.Loss) {
		r.mu.Lock()
		r.losses[l.Reason] += l.Records
		r.told = append(r.told, l)
		r.mu.Unlock()
	}
	addr, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	r.addr = addr.String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// await polls until the vault holds n records.
func await(t testing.TB, m *memory, n int) []event.Record {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
		if recs := m.Records(); len(recs) >= n {
			return recs
		} else if time.Now().After(deadline) {
			t.Fatalf("%d records, want %d", len(recs), n)
		}
	}
}

func dial(t testing.TB, network, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestSyslogTakesEachDatagramAsOneRecord(t *testing.T) {
	var m memory
	r := receive(t, &Syslog{Door: Door{Network: "udp", To: &m, Place: func(_ sender.Identity, peer netip.Addr, raw []byte) (string, string, string) {
		if bytes.HasPrefix(raw, []byte("<1>")) {
			return "konseki.case", "", ""
		}
		return "vpn", "Asia/Tokyo", "assumed"
	}}})
	conn := dial(t, "udp", r.addr)
	for _, s := range []string{"<13>one\n", "two\nlines", "<1>forged", strings.Repeat("x", 60_000)} {
		if _, err := io.WriteString(conn, s); err != nil {
			t.Fatal(err)
		}
	}
	recs := await(t, &m, 3)
	if diff := cmp.Diff([]string{"<13>one\n", "two\nlines", strings.Repeat("x", 60_000)}, raws(recs)); diff != "" {
		t.Error(diff)
	}
	if rec := recs[0]; rec.Source != "vpn" || rec.Transport != "syslog/udp;peer=127.0.0.1;tz=Asia%2FTokyo;tzfrom=assumed" || rec.Received.IsZero() {
		t.Errorf("%+v", rec)
	}
	r.stop()
	if r.lost(event.WhyNoSource) != 1 {
		t.Errorf("losses %v", r.losses)
	}
}

func TestSyslogCountsEveryDatagramLost(t *testing.T) {
	var m memory
	release := make(chan struct{})
	m.Before = func() { <-release }
	s := &Syslog{Door: Door{Network: "udp", To: &m}}
	r := receive(t, s)
	conn := dial(t, "udp", r.addr)
	const sent = 3 * queueRecords
	for i := range sent {
		if _, err := fmt.Fprintf(conn, "<13>message %d", i); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	r.stop()
	got := len(m.Records())
	lost := r.lost(event.WhyUDPQueue) + r.lost(event.WhyUDPSystem)
	if int64(got)+lost != sent || lost == 0 {
		t.Errorf("%d stored, %d counted as lost, of %d", got, lost, sent)
	}
}

func TestSyslogSaysOfWhomARecordWasLost(t *testing.T) {
	var m memory
	place := func(sender.Identity, netip.Addr, []byte) (string, string, string) { return "fw", "", "" }
	r := receive(t, &Syslog{Door: Door{Network: "tcp", To: &m, Place: place}})
	conn := dial(t, "tcp", r.addr)
	if _, err := io.WriteString(conn, "5 <13>a50 <13>only a part of the frame"); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	await(t, &m, 2)
	r.stop()
	u := receive(t, &Syslog{Door: Door{Network: "udp", To: &m, Place: place, MaxFrame: 10}})
	if _, err := io.WriteString(dial(t, "udp", u.addr), "<13>longer than ten"); err != nil {
		t.Fatal(err)
	}
	u.stop()
	want := []event.Loss{
		{Source: "fw", Host: "127.0.0.1", Door: "syslog/tcp", Kind: event.LossDropped, Reason: event.WhyFrameCut, Records: 1, Bytes: 28},
		{Source: "fw", Host: "127.0.0.1", Door: "syslog/udp", Kind: event.LossRejected, Reason: event.WhyOversize, Records: 1, Bytes: 19},
	}
	if diff := cmp.Diff(want, append(r.told, u.told...)); diff != "" {
		t.Error(diff)
	}
}

func TestSyslogCountsWhatTheEndLeavesUnstored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory{Fail: func(int) error { return errors.New("disk full") }}
		var lost []event.Loss
		s := &Syslog{Door: Door{Network: "tcp", To: &m, Loss: func(l event.Loss) { lost = append(lost, l) }}}
		c := newCommitter(&m, s.unstored, slog.New(slog.DiscardHandler))
		s.prepare("syslog", "syslog/tcp")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.run(ctx)
		}()
		for range 3 {
			c.add(event.Record{Source: "fw", Transport: "syslog/tcp;peer=192.0.2.1", Raw: []byte("abc")}, true, nil)
		}
		cancel()
		c.close()
		<-ended
		want := event.Loss{Source: "fw", Host: "192.0.2.1", Door: "syslog/tcp", Kind: event.LossDropped, Reason: event.WhyStopped, Records: 1, Bytes: 3}
		if diff := cmp.Diff([]event.Loss{want, want, want}, lost); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSyslogTellsTheFramingOfEachConnection(t *testing.T) {
	for _, tt := range []struct{ name, sent, want string }{
		{"lines", "<13>a\n<13>b\r\n\nc", "<13>a|<13>b\r|c"},
		{"lines that begin with a number", "2026-03-01 x\n12 y\n", "2026-03-01 x|12 y"},
		{"counted", "5 <13>a6 <13>b\n7 <13>c\nd", "<13>a|<13>b\n|<13>c\nd"},
		{"counted with line feeds", "5 <13>a\n5 <13>b\n", "<13>a|<13>b"},
		{"counted, then cut off", "5 <13>a10 <13>b", "<13>a|<13>b"},
		{"counted, then lines", "5 <13>a<13>line\n", "<13>a|<13>line"},
		{"a count and nothing", "5", "5"},
		{"an absurd count", "9999999999 <13>a\n", "9999999999 <13>a"},
		{"too long", strings.Repeat("x", 40) + "\nb\n", strings.Repeat("x", 32) + "|" + strings.Repeat("x", 8) + "|b"},
		{"too long and counted", "40 <" + strings.Repeat("x", 39) + "1 <", "<" + strings.Repeat("x", 31) + "|" + strings.Repeat("x", 8) + "|<"},
		{"a great count", "999999999 <13>a", "<13>a"},
		{"feeds without end", strings.Repeat("\n", 100_000) + "a\n", "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m memory
			r := receive(t, &Syslog{Door: Door{Network: "tcp", To: &m, MaxFrame: 32}})
			for _, size := range []int{1, 1 << 20} {
				if size == 1 && len(tt.sent) > 1000 {
					continue
				}
				m.Set(func() { m.Recs = nil })
				conn := dial(t, "tcp", r.addr)
				for part := range slices.Chunk([]byte(tt.sent), size) {
					if _, err := conn.Write(part); err != nil {
						t.Fatal(err)
					}
				}
				conn.Close()
				want := strings.Split(tt.want, "|")
				if diff := cmp.Diff(want, raws(await(t, &m, len(want)))); diff != "" {
					t.Errorf("written by %d:\n%s", size, diff)
				}
			}
		})
	}
}

func TestSyslogSlowSendersStallNobody(t *testing.T) {
	var m memory
	r := receive(t, &Syslog{Door: Door{Network: "tcp", To: &m}})
	slow := dial(t, "tcp", r.addr)
	if _, err := io.WriteString(slow, "<13>half a li"); err != nil {
		t.Fatal(err)
	}
	fast := dial(t, "tcp", r.addr)
	w := bufio.NewWriter(fast)
	for i := range 50_000 {
		fmt.Fprintf(w, "<13>fast %d\n", i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	await(t, &m, 50_000)
	if _, err := io.WriteString(slow, "ne\n"); err != nil {
		t.Fatal(err)
	}
	recs := await(t, &m, 50_001)
	if last := string(recs[50_000].Raw); last != "<13>half a line" {
		t.Errorf("%q", last)
	}
	if m.Calls > 5_000 {
		t.Errorf("%d appends for 50,001 records", m.Calls)
	}
}

func TestSyslogMakesSendersWaitForTheVault(t *testing.T) {
	var m memory
	release := make(chan struct{})
	m.Before = func() { <-release }
	r := receive(t, &Syslog{Door: Door{Network: "tcp", To: &m}})
	conn := dial(t, "tcp", r.addr)
	line := []byte("<13>" + strings.Repeat("x", 10_000) + "\n")
	const n = 10_000 // 100 MB: far more than the queue and the sockets hold
	written := make(chan int, 1)
	go func() {
		for i := range n {
			if _, err := conn.Write(line); err != nil {
				written <- i
				return
			}
		}
		written <- n
	}()
	select {
	case i := <-written:
		t.Fatalf("%d lines were taken while the vault took none", i)
	case <-time.After(200 * time.Millisecond):
	}
	close(release)
	if i := <-written; i != n {
		t.Fatalf("only %d lines were taken", i)
	}
	await(t, &m, n)
	if len(r.losses) > 0 {
		t.Error(r.losses)
	}
}

func TestSyslogTriesAgainWhenTheVaultFails(t *testing.T) {
	m := memory{Fail: func(call int) error {
		if call == 1 {
			return errors.New("disk full")
		}
		return nil
	}}
	r := receive(t, &Syslog{Door: Door{Network: "tcp", To: &m}})
	if _, err := io.WriteString(dial(t, "tcp", r.addr), "<13>a\n"); err != nil {
		t.Fatal(err)
	}
	await(t, &m, 1)
}

func TestSyslogStoresWhatItHasWhenItEnds(t *testing.T) {
	var m memory
	r := receive(t, &Syslog{Door: Door{Network: "tcp", To: &m}})
	conn := dial(t, "tcp", r.addr)
	if _, err := io.WriteString(conn, "<13>whole\n"); err != nil {
		t.Fatal(err)
	}
	await(t, &m, 1)
	if _, err := io.WriteString(conn, "<13>unfinished"); err != nil {
		t.Fatal(err)
	}
	pause(t.Context(), 50*time.Millisecond)
	r.stop()
	if diff := cmp.Diff([]string{"<13>whole", "<13>unfinished"}, raws(m.Records())); diff != "" {
		t.Error(diff)
	}
}

func TestSyslogBoundsConnectionsAndIdleness(t *testing.T) {
	var m memory
	r := receive(t, &Syslog{Door: Door{Network: "tcp", To: &m, MaxConns: 1, Idle: 300 * time.Millisecond}})
	first := dial(t, "tcp", r.addr)
	if _, err := io.WriteString(first, "<13>a\n"); err != nil {
		t.Fatal(err)
	}
	await(t, &m, 1)
	for i, conn := range []net.Conn{dial(t, "tcp", r.addr), first} {
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("connection %d: %v", i, err)
		}
	}
	r.stop()
	if r.lost(event.WhyConnections) != 1 {
		t.Error(r.losses)
	}
}

func TestSyslogOverTLS(t *testing.T) {
	var m memory
	cert := certificate(t)
	r := receive(t, &Syslog{Door: Door{Network: "tls", To: &m, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}})
	plain := dial(t, "tcp", r.addr) // stalls its own handshake only
	if _, err := io.WriteString(plain, "<"); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	conn, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "7 <13>one7 <13>two"); err != nil {
		t.Fatal(err)
	}
	recs := await(t, &m, 2)
	if diff := cmp.Diff([]string{"<13>one", "<13>two"}, raws(recs)); diff != "" || recs[0].Transport != "syslog/tls;peer=127.0.0.1" {
		t.Error(diff, recs[0].Transport)
	}
}

func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), NotBefore: time.Now().Add(-time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestSyslogListenExplainsItself(t *testing.T) {
	for _, s := range []*Syslog{{Door: Door{Network: "sctp"}}, {Door: Door{Network: "tls", Address: "127.0.0.1:0"}}, {Door: Door{Network: "tcp", Address: "192.0.2.1:1"}}, {Door: Door{Network: "udp", Address: "nonsense"}}} {
		if _, err := s.Listen(); err == nil || !strings.HasPrefix(err.Error(), "stream: syslog "+s.Network) {
			t.Errorf("%s %s: %v", s.Network, s.Address, err)
		}
	}
}

// FuzzSyslogStream: whatever a connection sends, every byte of it that is not
// framing is kept, and reading ends.
func FuzzSyslogStream(f *testing.F) {
	for _, seed := range []string{"<13>a\nb", "5 <13>a5 <13>b", "5 <13>a\nx", "99999999999 <", "\n\n1 <", "12", "0 <"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kept := 0
		fr := &frames{r: bufio.NewReaderSize(bytes.NewReader(data), 16), limit: 8, cut: func([]byte) {}, take: func(raw []byte, part int) bool {
			if len(raw) > 8 {
				t.Fatalf("a record of %d bytes", len(raw))
			}
			kept += len(raw)
			return true
		}}
		if err := fr.run(); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		framing := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) + bytes.Count(data, []byte("\x00")) + bytes.Count(data, []byte(" "))
		for _, c := range data {
			if c >= '0' && c <= '9' {
				framing++
			}
		}
		if kept > len(data) || kept < len(data)-framing {
			t.Fatalf("%d of %d bytes kept, at most %d are framing: %q", kept, len(data), framing, data)
		}
	})
}

func BenchmarkSyslogTCP(b *testing.B) {
	m := memory{Drop: true}
	r := receive(b, &Syslog{Door: Door{Network: "tcp", To: &m}})
	conn := dial(b, "tcp", r.addr)
	w := bufio.NewWriterSize(conn, 64<<10)
	line := []byte("<34>1 2026-03-01T12:00:00Z host1 su - ID47 - 'su root' failed for hanako on /dev/pts/8\n")
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Write(line); err != nil {
			b.Fatal(err)
		}
	}
	w.Flush()
	for m.Count() < uint64(b.N) {
		pause(b.Context(), time.Millisecond)
	}
}
