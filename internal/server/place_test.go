package server

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
)

// TestLiveRecordsGoToTheSourceThatMatchesThem sends datagrams of two programs
// and one that nobody expects.
func TestLiveRecordsGoToTheSourceThatMatchesThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "konseki.yaml")
	text := `
zone: Asia/Tokyo
web: 127.0.0.1:0
syslog: {udp: "127.0.0.1:0"}
sources:
  - {id: vpn, kind: vpn, name: {ja: VPN 装置, en: VPN appliance}, owner: infra, zone: UTC, heartbeat: 20m, match: {addresses: [127.0.0.0/8], programs: ["openvpn*"]}}
  - {id: web/app-1, kind: web, match: {hosts: [app-1]}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), filepath.Join(dir, "data"), Options{Create: true, Live: true, Config: c, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan Addresses, 1), make(chan error, 1)
	go func() { done <- s.Serve(ctx, ServeOptions{Ready: func(a Addresses) { ready <- a }}) }()
	conn, err := net.Dial("udp", (<-ready).Syslog["udp"])
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"<30>Apr  2 10:00:00 gw openvpn-udp[3]: one", "<30>Apr  2 10:00:00 app-1 app[3]: two", "<30>Apr  2 10:00:00 db-1 app[3]: three",
	} {
		if _, err := conn.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{"vpn": "one", "web/app-1": "two", "syslog": "three"}
	for source, word := range want {
		waitFor(t, func() bool {
			r, err := s.Search(t.Context(), "sato", control.Search{Query: `source:"` + source + `" ` + word})
			if err != nil {
				t.Fatal(err)
			}
			return r.Total == 1
		})
	}
	sources, err := s.Sources(t.Context())
	if err != nil || len(sources) < 2 || sources[0].Owner != "infra" || !sources[0].Expected || sources[0].Ack != "datagram" {
		t.Errorf("%+v, %v", sources, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
