package control

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

// keeping is a service of which only the registry is used.
func keeping(p Policy) *Service {
	return New(Deps{Keep: p, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return day(400) }})
}

// own folds one own record.
func own(t *testing.T, s *Service, seq uint64, source string, body any) {
	t.Helper()
	rec, err := OwnRecord(source, body)
	if err != nil {
		t.Fatal(err)
	}
	rec.Seq = seq
	if err := s.registry.apply(rec); err != nil {
		t.Fatal(err)
	}
}

func registered(t *testing.T, s *Service, seq uint64, src Source) {
	t.Helper()
	src.Expected = true
	own(t, s, seq, event.SourceRegistry, sourceOp{At: day(1), By: "sato", Op: "source.add", Source: src})
}

// TestOwnRecordsNeverExpire tries every source of konseki's own under a policy
// that lets everything go after an hour.
func TestOwnRecordsNeverExpire(t *testing.T) {
	hour, err := event.ParsePeriod("1h")
	if err != nil {
		t.Fatal(err)
	}
	s := keeping(Policy{Default: hour, Sources: map[string]event.Period{"*": hour, "?*": hour}})
	v := s.newSurvey(day(400), nil)
	for _, own := range []string{event.SourceFinding, event.SourceCase, event.SourceRegistry, event.SourceImport, event.SourceAccess, event.SourceLoss,
		event.SourceExpiry, event.SourceReport, event.SourceHold, event.OwnPrefix + "anything"} {
		if v.judge(own, day(1)) {
			t.Errorf("a record of %s is let go", own)
		}
	}
	if !v.judge("vpn", day(1)) || v.judge("vpn", day(400)) {
		t.Error("of vpn the old record stays, or the new one goes")
	}
}

func TestAHoldHoldsWhatItNames(t *testing.T) {
	h := Hold{Sources: []string{"vpn*", "auth"}, From: day(10), To: day(20)}
	for _, c := range []struct {
		source string
		at     time.Time
		files  bool
		want   bool
	}{
		{"vpn", day(15), false, true}, {"vpn-osaka", day(15), false, true}, {"auth", day(15), false, true}, {"auth2", day(15), false, false},
		{"vpn", day(9), false, true}, {"vpn", day(8), false, false}, {"vpn", day(20), false, true}, {"vpn", day(21), false, false},
		{"vpn", day(300), true, true}, {"vpn", day(8), true, false},
	} {
		if got := h.holds(c.source, c.at, c.files); got != c.want {
			t.Errorf("%s received %s (files %t): %t", c.source, c.at.Format(time.DateOnly), c.files, got)
		}
	}
	if everything := (&Hold{}); !everything.holds("any/thing", day(1), false) {
		t.Error("a hold that names nothing does not hold everything")
	}
}

// TestHeldRecordsAreCountedByTheirHold judges, with one hold, what is too old.
func TestHeldRecordsAreCountedByTheirHold(t *testing.T) {
	s := keeping(Policy{Default: event.Days(30)})
	own(t, s, 1, event.SourceHold, holdOp{At: day(2), By: "sato", Op: opHoldStart, Case: "c1", Sources: []string{"vpn"}, From: day(10), To: day(20)})
	v := s.newSurvey(day(100), nil)
	var kept []int
	for n := 1; n < 100; n += 3 {
		if !v.judge("vpn", day(n)) {
			kept = append(kept, n)
		}
	}
	if want := []int{10, 13, 16, 19, 70, 73, 76, 79, 82, 85, 88, 91, 94, 97}; !slices.Equal(kept, want) {
		t.Errorf("kept %v, want %v", kept, want)
	}
	if diff := cmp.Diff([]HeldBack{{Hold: "c1/1", Case: "c1", Source: "vpn", Records: 4}}, v.heldBack()); diff != "" {
		t.Error(diff)
	}
	want := []run{{day(1), day(7)}, {day(22), day(67)}}
	if got := v.sources["vpn"].runs; !slices.Equal(got, want) {
		t.Errorf("let go in runs %v, want %v", got, want)
	}
	own(t, s, 2, event.SourceHold, holdOp{At: day(3), By: "sato", Op: opHoldRelease, Case: "c1", Reason: "over"})
	if !v.judge("vpn", day(15)) {
		t.Error("it is held although the hold was released")
	}
}

func TestAHoldFoldedTwiceIsOneHold(t *testing.T) {
	s := keeping(Policy{})
	for range 2 {
		own(t, s, 1, event.SourceHold, holdOp{Op: opHoldStart, Case: "c1"})
		own(t, s, 2, event.SourceHold, holdOp{Op: opHoldStart, Case: "c2"})
		own(t, s, 3, event.SourceHold, holdOp{Op: opHoldRelease, Case: "c1", Reason: "over"})
		own(t, s, 4, event.SourceHold, holdOp{Op: opHoldStart, Case: "c1"})
	}
	var got []string
	for _, h := range s.registry.allHolds() {
		got = append(got, h.ID)
		if (h.Released != nil) != (h.Record == 1) {
			t.Errorf("%s of record %d: released %v", h.ID, h.Record, h.Released)
		}
	}
	if want := []string{"c1/1", "c2/1", "c1/2"}; !slices.Equal(got, want) {
		t.Errorf("holds %v, want %v", got, want)
	}
}

// TestRaceListsSoonestFirst orders sources as people must act: first those of
// which nobody knows, then by what rolls off soonest, here or at the origin.
func TestRaceListsSoonestFirst(t *testing.T) {
	heat := func(id string, origin event.Period, originUntil, hereUntil time.Time) Heat {
		return Heat{Kept: Kept{Source: id, Origin: origin}, OriginUntil: originUntil, HereUntil: hereUntil}
	}
	none := time.Time{}
	list := []Heat{
		heat("never", event.Forever(), none, none), heat("in-a-week", event.Days(7), day(107), none), heat("unknown-b", event.Period{}, none, none),
		heat("gone", event.Days(7), day(90), none), heat("here-tomorrow", event.Days(90), day(190), day(101)), heat("unknown-a", event.Period{}, none, day(105)),
	}
	slices.SortStableFunc(list, comparePressing)
	var got []string
	for _, h := range list {
		got = append(got, h.Source)
	}
	if want := []string{"unknown-a", "unknown-b", "gone", "here-tomorrow", "in-a-week", "never"}; !slices.Equal(got, want) {
		t.Errorf("the race lists %v, want %v", got, want)
	}
}

func TestExpiredWindowsThatTouchAreOne(t *testing.T) {
	s := keeping(Policy{})
	registered(t, s, 1, Source{ID: "vpn"})
	line := func(from, to int) Expired {
		return Expired{Source: "vpn", Retention: event.Days(400), Windows: []ExpiredWindow{{From: day(from), To: day(to)}}}
	}
	for i, l := range []Expired{line(1, 10), line(20, 30), line(10, 12), line(5, 8)} {
		begun := uint64(10 + 2*i)
		own(t, s, begun, event.SourceExpiry, expiryOp{Op: opExpireBegin, Records: 5, Lines: []Expired{l}})
		own(t, s, begun+1, event.SourceExpiry, expiryOp{Op: opExpire, Begun: begun, Records: 5, Lines: []Expired{l}})
	}
	var got [][2]int
	for _, a := range s.registry.judged()[0].Absent {
		got = append(got, [2]int{a.From.YearDay(), a.To.YearDay()})
		if a.State != coverage.Expired || a.Reason.EN != "kept for 400 days, then let go" || a.Proof != "expiry" {
			t.Errorf("%+v", a)
		}
	}
	if want := [][2]int{{1, 12}, {20, 30}}; !slices.Equal(got, want) {
		t.Errorf("windows of days %v, want %v", got, want)
	}
}

// TestARunThatDidNotEndCountsAsGone: when nothing tells how a run ended, what
// it announced cannot be relied on; when it let nothing go, all is there.
func TestARunThatDidNotEndCountsAsGone(t *testing.T) {
	s := keeping(Policy{})
	registered(t, s, 1, Source{ID: "vpn"})
	line := Expired{Source: "vpn", Retention: event.Days(400), Records: 5, Windows: []ExpiredWindow{{From: day(1), To: day(10)}}}
	own(t, s, 10, event.SourceExpiry, expiryOp{Op: opExpireBegin, Records: 5, Lines: []Expired{line}})
	if len(s.registry.judged()[0].Absent) != 1 || !s.registry.interrupted() {
		t.Error("what was announced counts as there")
	}
	own(t, s, 11, event.SourceExpiry, expiryOp{Op: opExpireFailed, Begun: 10, Lines: []Expired{line}, Error: "disk full"})
	if len(s.registry.judged()[0].Absent) != 0 || s.registry.interrupted() {
		t.Error("what stayed counts as gone")
	}
	sources, err := s.Sources(t.Context())
	if err != nil || len(sources[0].Absent) != 0 {
		t.Errorf("%+v, %v", sources, err)
	}
}

func TestAddingASourceAgainKeepsItsRetention(t *testing.T) {
	s := keeping(Policy{})
	registered(t, s, 1, Source{ID: "vpn", Retention: event.Days(400), OriginRetention: event.Days(7)})
	src := Source{ID: "vpn", Kind: "vpn"}
	if err := s.keepsEnough(&src); err != nil || src.Retention != event.Days(400) || src.OriginRetention != event.Days(7) {
		t.Errorf("%+v, %v", src, err)
	}
	src = Source{ID: "vpn", Retention: event.Days(30)}
	s.Keep.Preset = "pci"
	if err := s.keepsEnough(&src); err == nil || !strings.Contains(err.Error(), "preset pci") {
		t.Errorf("less than the preset: %v", err)
	}
}

func FuzzOwnRecordsOfKeeping(f *testing.F) {
	f.Add([]byte(`{"op":"hold.start","case":"c1","sources":["vpn*"],"from":"2026-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"op":"hold.release","case":"c1","reason":"over"}`))
	f.Add([]byte(`{"op":"expiry.begin","lines":[{"source":"vpn","retention":"400d","windows":[{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}]}]}`))
	f.Add([]byte(`{"op":"expiry.end","begun":1,"records":1,"lines":[{"source":"vpn","retention":"400"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := keeping(Policy{Default: event.Days(1)})
		registered(t, s, 1, Source{ID: "vpn"})
		for i, source := range []string{event.SourceHold, event.SourceExpiry} {
			_ = s.registry.apply(event.Record{Seq: uint64(i + 2), Source: source, Raw: raw}) // an error is fine, a panic is not
		}
		for _, a := range s.registry.judged()[0].Absent {
			if !a.From.Before(a.To) {
				t.Errorf("an absence of no length: %+v", a)
			}
		}
		s.registry.holding("vpn", day(1))
	})
}
