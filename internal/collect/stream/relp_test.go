package stream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

const relpOpen = "1 open 49 relp_version=0\nrelp_software=test\ncommands=syslog\n"

// said writes to a connection and reads what comes back until it holds an end.
func said(t testing.TB, conn net.Conn, text, end string) string {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return heard(t, conn, end)
}

func heard(t testing.TB, conn net.Conn, end string) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var got []byte
	buf := make([]byte, 4096)
	for !strings.Contains(string(got), end) {
		n, err := conn.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			t.Fatalf("%v after %q; want %q", err, got, end)
		}
	}
	return string(got)
}

func TestRELPAnswersWhatTheVaultHas(t *testing.T) {
	var m memory
	hold := make(chan struct{})
	m.Before = func() { <-hold }
	r := receive(t, &RELP{Door: Door{Network: "tcp", To: &m}})
	conn := dial(t, "tcp", r.addr)
	if got := said(t, conn, relpOpen, "commands=syslog\n\n"); !strings.HasPrefix(got, "1 rsp ") || !strings.Contains(got, " 200 OK\nrelp_version=0\n") {
		t.Errorf("open is answered %q", got)
	}
	if _, err := io.WriteString(conn, "2 syslog 7 <13>one\n3 syslog 9 <13>a\nb\r\n\n4 syslog 0\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 100)); err == nil && n > len("4 rsp 6 200 OK\n") {
		t.Errorf("%d bytes of answer before anything was stored", n)
	}
	close(hold)
	heard(t, conn, "3 rsp 6 200 OK\n")
	recs := await(t, &m, 2)
	if diff := cmp.Diff([]string{"<13>one", "<13>a\nb\r\n"}, raws(recs)); diff != "" {
		t.Error(diff)
	}
	if recs[0].Source != "relp" || recs[0].Transport != "relp;peer=127.0.0.1" || m.Calls != 1 {
		t.Errorf("%+v in %d appends", recs[0], m.Calls)
	}
	if got := said(t, conn, "5 close 0\n", "serverclose 0\n"); got != "5 rsp 0\n0 serverclose 0\n" {
		t.Errorf("close is answered %q", got)
	}
}

func TestRELPKeepsLongFramesInParts(t *testing.T) {
	var m memory
	r := receive(t, &RELP{Door: Door{Network: "tcp", To: &m, MaxFrame: 8}})
	conn := dial(t, "tcp", r.addr)
	said(t, conn, relpOpen+"2 syslog 20 "+"01234567"+"89abcdef"+"0123"+"\n", "2 rsp 6 200 OK\n")
	recs := m.Records()
	if diff := cmp.Diff([]string{"01234567", "89abcdef", "0123"}, raws(recs)); diff != "" {
		t.Error(diff)
	}
	for i, rec := range recs {
		if got := event.ParseTransport(rec.Transport).Get("part"); got != fmt.Sprint(i+1) {
			t.Errorf("part %q", got)
		}
	}
}

func TestRELPEndsWhatIsNotRELP(t *testing.T) {
	for name, text := range map[string]string{
		"syslog before open": "1 syslog 1 x\n",
		"no command":         "1  1 x\n",
		"no number":          "GET / HTTP/1.1\r\n\r\n",
		"a long number":      "1234567890 open 1 x\n",
		"a long size":        "1 open 1234567890 x\n",
		"no trailer":         relpOpen + "2 syslog 1 xy",
		"no data":            relpOpen + "2 syslog 5\n",
		"great offers":       "1 open 999999 x",
		"no version":         "1 open 16 commands=syslog\n\n",
		"another command":    "1 open 29 relp_version=0\ncommands=file\n\n",
		"an unknown command": relpOpen + "2 rotate 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			var m memory
			r := receive(t, &RELP{Door: Door{Network: "tcp", To: &m}})
			conn := dial(t, "tcp", r.addr)
			if _, err := io.WriteString(conn, text); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			_, err := io.ReadAll(conn)
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				t.Error("the connection stays open")
			}
			r.stop()
			if r.lost(event.WhyForm) != 1 || len(m.Records()) != 0 {
				t.Errorf("losses %v, records %q", r.losses, raws(m.Records()))
			}
		})
	}
}

// A frame cut off has no answer, so its sender has it still: nothing is lost and
// nothing is kept in halves.
func TestRELPLeavesAHalfFrameToItsSender(t *testing.T) {
	var m memory
	r := receive(t, &RELP{Door: Door{Network: "tcp", To: &m}})
	conn := dial(t, "tcp", r.addr)
	said(t, conn, relpOpen+"2 syslog 3 abc\n3 syslog 100 half", "2 rsp 6 200 OK\n")
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if diff := cmp.Diff([]string{"abc"}, raws(m.Records())); diff != "" || len(r.losses) > 0 {
		t.Error(diff, r.losses)
	}
}

func TestRELPCountsWhatIsSentAgainAndKeepsIt(t *testing.T) {
	var m memory
	r := receive(t, &RELP{Door: Door{Network: "tcp", To: &m}})
	first := dial(t, "tcp", r.addr)
	said(t, first, relpOpen+"2 syslog 3 abc\n3 syslog 3 abc\n", "3 rsp 6 200 OK\n")
	if err := first.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = first.Close()
	pause(t.Context(), 50*time.Millisecond)
	second := dial(t, "tcp", r.addr)
	said(t, second, relpOpen+"2 syslog 3 abc\n3 syslog 3 def\n4 syslog 3 abc\n5 syslog 3 abc\n6 close 0\n", "serverclose")
	third := dial(t, "tcp", r.addr)
	said(t, third, relpOpen+"2 syslog 3 abc\n", "2 rsp 6 200 OK\n")
	r.stop()
	if n := len(m.Records()); n != 7 {
		t.Errorf("%d records of 7", n)
	}
	if r.lost(event.WhySameBatch) != 2 || r.told[0].Kind != event.LossDuplicate {
		t.Errorf("%+v", r.told)
	}
}

func TestRELPAcknowledgesNothingThatAFailingVaultDoesNotTake(t *testing.T) {
	m := memory{Fail: func(int) error { return errors.New("disk full") }}
	s := &RELP{Door: Door{Network: "tcp", To: &m}}
	r := receive(t, s)
	conn := dial(t, "tcp", r.addr)
	said(t, conn, relpOpen+"2 syslog 3 abc\n", "commands=syslog\n\n")
	if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	_ = conn.Close()
	m.Set(func() { m.Fail = nil })
	r.stop()
	if len(r.losses) > 0 {
		t.Errorf("what its sender has still is counted as lost: %v", r.losses)
	}
}

func TestSendersThatMayNotWriteAreRefused(t *testing.T) {
	var m memory
	s := &RELP{Door: Door{Network: "tcp", To: &m, Place: func(sender.Identity, netip.Addr, []byte) (string, string, string) {
		return "konseki.case", "", ""
	}}}
	r := receive(t, s)
	conn := dial(t, "tcp", r.addr)
	if got := said(t, conn, relpOpen+"2 syslog 3 abc\n", "serverclose"); strings.Contains(got, "2 rsp 6 200") {
		t.Errorf("acknowledged: %q", got)
	}
	r.stop()
	if len(m.Records()) != 0 || r.lost(event.WhyNoSource) != 1 {
		t.Error(raws(m.Records()), r.losses)
	}
}

func TestASenderIsSlowedToItsPaceAndNobodyElse(t *testing.T) {
	var m memory
	paces := sender.NewPaces(func(name string) sender.Pace {
		if name == "slow" {
			return sender.Pace{Records: 1}
		}
		return sender.Pace{}
	})
	d := &Door{Network: "tcp", To: &m, Paces: paces}
	d.prepare("relp", "relp")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	slow := &link{door: d, ctx: ctx, who: sender.Identity{Name: "slow", How: "certificate"}}
	if err := slow.wait(10, 1); err != nil { // what it may save up
		t.Error(err)
	}
	if err := slow.wait(1, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second has not passed: %v", err)
	}
	other := &link{door: d, ctx: t.Context(), peer: netip.MustParseAddr("192.0.2.1")}
	if err := other.wait(1_000_000, 1); err != nil {
		t.Error(err)
	}
}

// FuzzRELP: whatever comes, reading ends, and what is taken was announced.
func FuzzRELP(f *testing.F) {
	for _, seed := range []string{relpOpen, "1 syslog 3 abc\n2 close 0\n", "1 syslog 99999 a", "1 syslog 0\n", "\n\n1 a 1 \n\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := relpReader{bufio.NewReaderSize(bytes.NewReader(data), 16)}
		var buf []byte
		total := 0
		for {
			h, err := r.head()
			if err != nil {
				return
			}
			got := 0
			buf, err = r.data(h.size, 8, buf, func(part []byte, number int, last bool) error {
				if got += len(part); len(part) > 8 || last != (got == h.size) || number > 0 != (h.size > 8) {
					t.Fatalf("part %d of %d bytes, %d of %d", number, len(part), got, h.size)
				}
				return nil
			})
			if total += got; err != nil {
				return
			}
			if total > len(data) {
				t.Fatal("more than was sent")
			}
		}
	})
}
