package server

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
)

const deviceList = "address,name,owner,from,to\n192.0.2.14,PC-114,engineer K,2018-04-01 09:12,2018-04-02\n"

// TestTheEstateOutlivesARestart and is the same whether its records stand in
// the tail or in a closed segment.
func TestTheEstateOutlivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	ctx := t.Context()
	if _, err := s.ImportEstate(ctx, "sato", "devices", "assets.csv", []byte("address,name\nx,y\n")); !errors.Is(err, control.ErrInvalid) {
		t.Fatal(err)
	}
	ed, err := s.ImportEstate(ctx, "sato", "devices", "assets.csv", []byte(deviceList))
	if err != nil || ed.Version != 1 || ed.Record == 0 {
		t.Fatal(ed, err)
	}
	if ed, err = s.ImportEstate(ctx, "sato", "networks", "n.csv", []byte("network,name\n198.51.100.0/24,VPN pool\n")); err != nil {
		t.Fatal(err)
	}
	if rec, err := s.Vault().Get(ctx, ed.Record); err != nil || rec.Source != event.SourceEstate {
		t.Fatal(rec, err)
	}
	check := func(s *Server) {
		t.Helper()
		if d, ok := s.Estate().Device(netip.MustParseAddr("192.0.2.14"), jst(1, 10, 0)); !ok || d.Owner != "engineer K" {
			t.Errorf("%+v %v", d, ok)
		}
		if n := len(s.Estate().Editions()); n != 2 {
			t.Errorf("%d editions", n)
		}
		p, err := s.Pivot(t.Context(), "sato", "ip", "198.51.100.7", time.Time{}, time.Time{})
		if err != nil || !p.Inside {
			t.Errorf("an address of an own network is outside: %+v, %v", p, err)
		}
	}
	check(s)
	for range 2 { // once from the log, once from a segment
		closed(t, s)
		s = start(t, dir)
		check(s)
		imported(t, s, evidence(t))
		s.Vault().Cut()
		search(t, s, "anything")
	}
}
