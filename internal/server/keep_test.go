package server

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
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
	if _, err := s.Put(t.Context(), "sato", "c1", &row, 0); err != nil {
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
	if vpn.Oldest.IsZero() || vpn.HereUntil.IsZero() || vpn.HereUntil.Before(time.Now().AddDate(0, 0, 399)) {
		t.Errorf("vpn: oldest record of %s, here until %s", vpn.Oldest, vpn.HereUntil)
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

// daysAgo is somewhat less than n days ago.
func daysAgo(n int) time.Time {
	return time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -n).Add(2 * time.Hour)
}

// aged makes a data folder whose vault received a VPN and an SSH record every
// day of the last n days, in segments of 100 records.
func aged(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	now := daysAgo(n)
	v, err := vault.OpenOrCreate(filepath.Join(dir, vaultFolder), vault.Options{SegmentRecords: 100, BatchRecords: 10, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for day := n; day > 0; day-- {
		now = daysAgo(day)
		err := v.Append(t.Context(), []event.Record{
			{Source: "vpn", Transport: "syslog/tcp;tz=Asia%2FTokyo", Raw: []byte(vpnLine(now, "tunnel-up", "sato", "203.0.113.7"))},
			{Source: "server", Transport: "syslog/tcp;tz=UTC;ref=" + now.Format("2006-01-02T15%3A04%3A05Z"), Raw: []byte(sshLine(now, "Accepted publickey for deploy from 192.0.2.20 port 50022 ssh2"))},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func keeps(period event.Period) func(*Options) {
	return func(o *Options) { o.Config.Keep.Default = period }
}

func expired(t *testing.T, s *Server, dry bool) *control.Expiry {
	t.Helper()
	x, err := s.Expire(t.Context(), "sato", dry)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func sound(t *testing.T, s *Server) {
	t.Helper()
	v, err := s.VerifyVault(t.Context(), "sato", nil)
	if err != nil || !v.OK {
		t.Errorf("the vault does not verify: %+v, %v", v, err)
	}
}

// counts tells how many VPN and server events can be found.
func counts(t *testing.T, s *Server) [2]int64 {
	return [2]int64{search(t, s, "source:vpn").Total, search(t, s, "source:server").Total}
}

func TestWhatIsOlderThanItsRetentionIsLetGo(t *testing.T) {
	t.Parallel()
	dir := aged(t, 500)
	s := start(t, dir, keeps(event.Days(400)))
	if got := counts(t, s); got != [2]int64{500, 500} {
		t.Fatalf("%v events before", got)
	}
	dry := expired(t, s, true)
	if got := counts(t, s); got != [2]int64{500, 500} || len(own(t, s, event.SourceExpiry)) != 0 {
		t.Errorf("a dry run leaves %v events and %d records", got, len(own(t, s, event.SourceExpiry)))
	}
	x := expired(t, s, false)
	if x.Records != 200 || dry.Records != 200 || x.Bytes <= 0 || len(x.Lines) != 2 || x.Lines[1].Retention != event.Days(400) {
		t.Errorf("let go %+v, the dry run said %+v", x, dry)
	}
	if got := counts(t, s); got != [2]int64{400, 400} {
		t.Errorf("%v events after", got)
	}
	if r := search(t, s, "203.0.113.7 source:vpn"); r.Total != 400 { // raw text, in segments that moved
		t.Errorf("%d records hold the address", r.Total)
	}
	if again := expired(t, s, false); again.Records != 0 {
		t.Errorf("letting go again lets go %d", again.Records)
	}
	sound(t, s)
	closed(t, s)

	s = start(t, dir, keeps(event.Days(400)), func(o *Options) { o.Reindex = true })
	if got := counts(t, s); got != [2]int64{400, 400} {
		t.Errorf("%v events after the index was derived again", got)
	}
	closed(t, s)
}

func TestHeldRecordsDoNotExpire(t *testing.T) {
	t.Parallel()
	dir := aged(t, 500)
	s := start(t, dir, keeps(event.Days(400)))
	openCase(t, s)
	hold := control.Hold{Case: "c1", Sources: []string{"vp*"}, From: daysAgo(460), To: daysAgo(450)}
	if _, err := s.StartHold(t.Context(), "sato", hold); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	s = start(t, dir, keeps(event.Days(400))) // the hold counts although it is only a record
	x := expired(t, s, false)
	if len(x.Held) != 1 || x.Held[0].Hold != "c1/1" || x.Held[0].Source != "vpn" || x.Held[0].Records != 12 {
		t.Errorf("held back %+v", x.Held)
	}
	if got := counts(t, s); got != [2]int64{412, 400} {
		t.Errorf("%v events after", got)
	}
	if _, err := s.ReleaseHold(t.Context(), "sato", "c1", "over"); err != nil {
		t.Fatal(err)
	}
	if x := expired(t, s, false); x.Records != 12 || len(x.Held) != 0 {
		t.Errorf("after the release %d records go and %+v is held", x.Records, x.Held)
	}
	sound(t, s)
	closed(t, s)
}

func TestWhatAnOpenCaseCitesStays(t *testing.T) {
	t.Parallel()
	s := start(t, aged(t, 500), keeps(event.Days(400)))
	if _, err := s.OpenCase(t.Context(), "sato", "c1", event.Phrase{EN: "Intrusion"}); err != nil {
		t.Fatal(err)
	}
	row := control.Row{At: daysAgo(490), Text: event.Phrase{EN: "first trace"}, Cites: []uint64{21}}
	if _, err := s.Put(t.Context(), "sato", "c1", &row, 0); err != nil {
		t.Fatal(err)
	}
	x := expired(t, s, false)
	if len(x.Held) != 1 || x.Held[0].Case != "c1" || x.Held[0].Hold != "" || !slices.Equal(x.Open, []string{"c1"}) {
		t.Errorf("held back %+v; open cases without a hold %v", x.Held, x.Open)
	}
	if _, err := s.Record(t.Context(), "sato", 21); err != nil {
		t.Errorf("the cited record: %v", err)
	}
	if _, err := s.Record(t.Context(), "sato", 23); !errors.Is(err, control.ErrNotFound) || !strings.Contains(err.Error(), "expired") {
		t.Errorf("a record let go: %v", err)
	}
	var report strings.Builder
	if err := s.Report(t.Context(), "sato", "c1", casework.Document{Lang: "en", Format: "md"}, &report); err != nil || !strings.Contains(report.String(), "203.0.113.7") {
		t.Errorf("the report does not show the cited record: %v", err)
	}
	closed(t, s)
}

// TestExpiredWindowIsUnknownBecauseExpired asks for a time whose records were
// let go: the answer is unknown, and says why, also after a restart.
func TestExpiredWindowIsUnknownBecauseExpired(t *testing.T) {
	t.Parallel()
	dir := aged(t, 500)
	s := start(t, dir, keeps(event.Days(400)))
	expired(t, s, false)
	for range 2 {
		r, err := s.Search(t.Context(), "sato", control.Search{Query: "source:vpn user:nobody", From: daysAgo(480), To: daysAgo(470)})
		if err != nil {
			t.Fatal(err)
		}
		if r.Answer.Verdict != coverage.VerdictUnknown || len(r.Answer.Coverage) != 1 || r.Answer.Coverage[0].State != coverage.Expired {
			t.Errorf("%s because %+v", r.Answer.Verdict, r.Answer.Because)
		}
		iv := r.Answer.Coverage[0].Intervals[0]
		if iv.Proof != "expiry" || iv.Reason.EN != "kept for 400 days, then let go" || iv.Reason.JA != "保存期間（400 日）を過ぎて手放した" {
			t.Errorf("%+v", iv)
		}
		if r, err = s.Search(t.Context(), "sato", control.Search{Query: "source:vpn user:nobody", From: daysAgo(300), To: daysAgo(290)}); err != nil || r.Answer.Coverage[0].State == coverage.Expired {
			t.Errorf("what is kept counts as expired: %+v, %v", r.Answer.Coverage, err)
		}
		closed(t, s)
		s = start(t, dir, keeps(event.Days(400)))
	}
	closed(t, s)
}

// TestAnExpiryThatWasCutShortIsEnded seals only the begin of a run, as a crash
// leaves it, and opens again.
func TestAnExpiryThatWasCutShortIsEnded(t *testing.T) {
	t.Parallel()
	dir := aged(t, 450)
	s := start(t, dir, keeps(event.Days(400)))
	counts(t, s)
	// The vault lets go, and konseki is gone before it can tell.
	lines := []control.Expired{{Source: "vpn", Retention: event.Days(400), Records: 50, Windows: []control.ExpiredWindow{{From: daysAgo(450), To: daysAgo(400)}}}}
	rec, err := control.OwnRecord(event.SourceExpiry, map[string]any{"op": "expiry.begin", "by": "konseki", "lines": lines})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Vault().Append(t.Context(), []event.Record{rec}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Vault().Expire(t.Context(), vault.ExpireRequest{Until: func(source string, at time.Time) bool { return source == "vpn" && at.Before(daysAgo(400)) }}); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	s = start(t, dir, keeps(event.Days(400)))
	if got := counts(t, s); got != [2]int64{400, 450} {
		t.Errorf("%v events after", got)
	}
	ended := 0
	for _, rec := range own(t, s, event.SourceExpiry) {
		if strings.Contains(string(rec.Raw), `"op":"expiry.end"`) && strings.Contains(string(rec.Raw), "interrupted") {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d records end the run", ended)
	}
	closed(t, s)
	s = start(t, dir, keeps(event.Days(400)))
	if n := len(own(t, s, event.SourceExpiry)); n != 3 {
		t.Errorf("%d records of expiry after opening again", n)
	}
	closed(t, s)
}
