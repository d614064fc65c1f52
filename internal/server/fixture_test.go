package server

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/manifest"
)

// start opens a data folder, making it when there is none.
func start(t testing.TB, dir string, change ...func(*Options)) *Server {
	t.Helper()
	c := config.Default()
	c.Zone, c.Seal = "Asia/Tokyo", 200*time.Millisecond
	opts := Options{Version: "test", Logger: slog.New(slog.DiscardHandler), Config: c, Create: true}
	for _, f := range change {
		f(&opts)
	}
	s, err := Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// started is a server that is closed with the test.
func started(t testing.TB, change ...func(*Options)) *Server {
	t.Helper()
	s := start(t, t.TempDir(), change...)
	t.Cleanup(func() { closed(t, s) })
	return s
}

func closed(t testing.TB, s *Server) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// jst is an instant of April 2018 in Tokyo.
func jst(day, hour, minute int) time.Time {
	return time.Date(2018, 4, day, hour, minute, 0, 0, time.FixedZone("JST", 9*3600))
}

// vpnLine is one event of an SSL-VPN gateway.
func vpnLine(at time.Time, action, user, remote string) string {
	return fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG0" eventtime=%d tz="+0900" logid="0101039424" type="event" subtype="vpn" level="information" vd="root" logdesc="SSL VPN" action="%s" tunneltype="ssl-tunnel" tunnelid=7 remip=%s user="%s" group="staff" reason="x" msg="SSL"`,
		at.Format(time.DateOnly), at.Format(time.TimeOnly), at.UnixNano(), action, remote, user)
}

// sshLine is one line of a server's auth log, which states neither year nor zone.
func sshLine(at time.Time, what string) string {
	return at.Format("Jan _2 15:04:05") + " web-01 sshd[812]: " + what
}

const manifestText = `zone: Asia/Tokyo
sources:
  - id: vpn
    kind: vpn
    name: {ja: VPN 装置, en: VPN gateway}
    owner: infra
    paths: ["vpn/**"]
    absent:
      - {from: 2018-01-01T00:00:00+09:00, to: 2018-04-01T00:00:00+09:00, state: expired, reason: {ja: 保存期間 1 か月, en: kept for one month}}
  - id: server
    kind: server
    paths: ["server/*.log"]
  - id: chat
    kind: chat
`

// evidence writes a folder as an administrator would hand it over: two days of
// VPN and server logs with an intrusion in them, and a manifest.
func evidence(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	var vpn, ssh []string
	for h := range 40 {
		at := jst(1, 0, 0).Add(time.Duration(h) * time.Hour)
		vpn = append(vpn, vpnLine(at, "tunnel-up", "sato", "198.51.100.10"), vpnLine(at.Add(20*time.Minute), "tunnel-down", "sato", "198.51.100.10"))
		ssh = append(ssh, sshLine(at, "Accepted publickey for deploy from 192.0.2.20 port 50022 ssh2"))
	}
	intrusion := jst(2, 16, 0)
	for i := range 6 {
		vpn = append(vpn, vpnLine(intrusion.Add(time.Duration(i)*time.Second), "ssl-login-fail", "staff01", "203.0.113.7"))
	}
	vpn = append(vpn, vpnLine(intrusion.Add(time.Minute), "tunnel-up", "staff01", "203.0.113.7"))
	ssh = append(ssh, sshLine(intrusion.Add(2*time.Minute), "Accepted password for root from 192.0.2.99 port 50022 ssh2"),
		intrusion.Add(3*time.Minute).Format("Jan _2 15:04:05")+" web-01 sudo:     root : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/bin/rm -rf /var/log", "not a log line at all \x01")
	put(t, dir, manifest.Name, manifestText)
	put(t, dir, "vpn/2018-04.log", strings.Join(vpn, "\n")+"\n")
	put(t, dir, "server/auth.log", strings.Join(ssh, "\n")+"\n")
	if err := os.Chtimes(filepath.Join(dir, "server/auth.log"), jst(3, 0, 0), jst(3, 0, 0)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func put(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func imported(t testing.TB, s *Server, dir string) *control.Imported {
	t.Helper()
	sum, err := s.Import(t.Context(), "sato", control.Import{Paths: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func search(t testing.TB, s *Server, q string) *control.Result {
	t.Helper()
	r, err := s.Search(t.Context(), "sato", control.Search{Query: q, Oldest: true, Limit: 10_000})
	if err != nil {
		t.Fatalf("search %q: %v", q, err)
	}
	return r
}

// content is what must be the same whenever events are derived: all but the
// numbers of the records and when they were received.
func content(evs []event.Event, numbers bool) []string {
	out := make([]string, len(evs))
	for i := range evs {
		ev := evs[i]
		if !numbers {
			ev.Record, ev.TimeRx = 0, time.Time{}
			if ev.Quality.Zone == event.ZoneReceived {
				ev.Time = time.Time{}
			}
		}
		out[i] = fmt.Sprintf("%+v", ev)
	}
	return out
}

// own counts konseki's records of one source.
func own(t testing.TB, s *Server, source string) []event.Record {
	t.Helper()
	var out []event.Record
	for rec, err := range s.Vault().Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Source == source {
			out = append(out, rec)
		}
	}
	return out
}
