package server

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
)

// opened is a server with the evidence and a case on it.
func opened(t *testing.T, change ...func(*Options)) *Server {
	t.Helper()
	s := started(t, change...)
	imported(t, s, evidence(t))
	openCase(t, s)
	return s
}

func openCase(t *testing.T, s *Server) {
	t.Helper()
	if _, err := s.OpenCase(t.Context(), "sato", "c1", event.Phrase{EN: "Intrusion"}); err != nil {
		t.Fatal(err)
	}
	row := control.Row{At: jst(2, 16, 0), Text: event.Phrase{EN: "first trace"}, Query: "user:staff01"}
	if _, err := s.AddRow(t.Context(), "sato", "c1", row); err != nil {
		t.Fatal(err)
	}
}

func raced(t *testing.T, s *Server, caseID string) (*control.Race, map[string]control.Heat) {
	t.Helper()
	r, err := s.Race(t.Context(), caseID)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]control.Heat{}
	for _, h := range r.Lines {
		by[h.Source] = h
	}
	return r, by
}

// TestTheRaceTellsWhatRollsOffWhen asks three days after the evidence ends.
func TestTheRaceTellsWhatRollsOffWhen(t *testing.T) {
	t.Parallel()
	s := opened(t)
	now := jst(6, 0, 0)
	s.Service.Now = func() time.Time { return now }
	for id, origin := range map[string]event.Period{"vpn": event.Days(2), "server": event.Days(30)} {
		if err := s.AddSource(t.Context(), "sato", control.Source{ID: id, Kind: id, Ack: "file", Retention: event.Days(400), OriginRetention: origin}); err != nil {
			t.Fatal(err)
		}
	}
	r, by := raced(t, s, "c1")
	var order []string
	for _, h := range r.Lines {
		order = append(order, h.Source)
	}
	if want := []string{"chat", "vpn", "server"}; !slices.Equal(order, want) {
		t.Errorf("the race lists %v, want %v: unknown first, then the soonest", order, want)
	}
	if r.Why != "timeline" || !r.Needed.Equal(jst(2, 16, 0)) {
		t.Errorf("needed since %s by %s", r.Needed, r.Why)
	}
	if left, known := new(by["server"]).OriginLeft(r.At); !known || left != jst(32, 16, 0).Sub(now) {
		t.Errorf("server: %s left at its origin", left)
	}
	vpn := by["vpn"]
	if left, known := vpn.OriginLeft(r.At); !known || left != -32*time.Hour {
		t.Errorf("vpn: %s left at its origin", left)
	}
	// The last VPN record is of the 2nd, 16:01; the origin has what is younger than two days.
	if len(vpn.Lost) != 1 || !vpn.Lost[0].To.Equal(jst(4, 0, 0)) || vpn.Lost[0].From.Sub(jst(2, 16, 1)) > time.Second {
		t.Errorf("vpn: lost %+v", vpn.Lost)
	}
	if len(vpn.Only) != 1 || !vpn.Only[0].From.Equal(jst(4, 0, 0)) || !vpn.Only[0].To.Equal(now) || !strings.Contains(vpn.Do.EN, "rolling off now") {
		t.Errorf("vpn: only at the origin %+v: %s", vpn.Only, vpn.Do.EN)
	}
	if vpn.OldestSeq == 0 || vpn.HereUntil.IsZero() || vpn.HereUntil.Before(time.Now().AddDate(0, 0, 399)) {
		t.Errorf("vpn: oldest record %d, here until %s", vpn.OldestSeq, vpn.HereUntil)
	}
	if !strings.Contains(by["chat"].Do.JA, "不明") || len(by["chat"].Lost) > 0 {
		t.Errorf("chat: %+v", by["chat"])
	}

	if _, err := s.StartHold(t.Context(), "sato", control.Hold{Case: "c1", Sources: []string{"vp?"}, From: jst(1, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	r, by = raced(t, s, "c1")
	if r.Why != "hold" || !r.Needed.Equal(jst(1, 0, 0)) || !by["vpn"].HereUntil.IsZero() || by["server"].HereUntil.IsZero() {
		t.Errorf("held: needed since %s by %s; vpn here until %s, server until %s", r.Needed, r.Why, by["vpn"].HereUntil, by["server"].HereUntil)
	}
	if _, err := s.Race(t.Context(), "none"); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("the race of no case: %v", err)
	}
}

// TestHoldsOutliveARestart reopens twice: once the records of the holds are in
// the log, once in a segment.
func TestHoldsOutliveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	imported(t, s, evidence(t))
	openCase(t, s)
	if _, err := s.StartHold(t.Context(), "sato", control.Hold{Case: "c1", Reason: "suspicion"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.StartHold(t.Context(), "sato", control.Hold{Case: "c1", Sources: []string{"vpn"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ReleaseHold(t.Context(), "sato", "c1", " "); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("released without a reason: %v", err)
	}
	for range 2 {
		closed(t, s)
		s = start(t, dir)
		holds, err := s.Holds(t.Context())
		if err != nil || len(holds) != 2 || holds[0].ID != "c1/1" || holds[0].Reason != "suspicion" || holds[1].Released != nil {
			t.Fatalf("%+v, %v", holds, err)
		}
		imported(t, s, evidence(t)) // nothing new, and more own records
		s.Vault().Cut()
		search(t, s, "anything")
	}
	released, err := s.ReleaseHold(t.Context(), "tanaka", "c1", "over")
	if err != nil || len(released) != 2 {
		t.Errorf("%+v, %v", released, err)
	}
	closed(t, s)
}

func TestARetentionThatCannotBeHadStopsTheStart(t *testing.T) {
	t.Parallel()
	s := started(t)
	opts := Options{Config: s.Config, Logger: s.logger, Create: true}
	opts.Config.Keep.Preset = "pci"
	opts.Config.Keep.Default = event.Days(90)
	if _, err := Open(t.Context(), t.TempDir(), opts); err == nil || !strings.Contains(err.Error(), "keep.default") {
		t.Errorf("error %v", err)
	}
}
