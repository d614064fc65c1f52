package coverage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func because(a Answer) string {
	var b strings.Builder
	for _, p := range a.Because {
		fmt.Fprintln(&b, p.EN)
	}
	return b.String()
}

func TestTheVerdictNeedsCompleteSourcesAndAPositiveControl(t *testing.T) {
	file := []Source{{ID: "vpn", Kind: "vpn", Ack: "file"}, {ID: "chat", Kind: "chat", Ack: "file"}}
	seen := append(hourly("vpn", "", 0, 48), hourly("chat", "", 0, 24)...)
	l := made(file, seen, nil, time.Hour, hour(99))
	udp := made([]Source{{ID: "vpn", Kind: "vpn", Ack: "datagram"}}, seen[:48], nil, time.Hour, hour(48))
	sparse := made(file[:1], append(hourly("vpn", "", 0, 1), hourly("vpn", "", 9, 10)...), nil, time.Hour, hour(99))
	for _, c := range []struct {
		name    string
		ledger  *Ledger
		q       Question
		verdict Verdict
		because string
	}{
		{"found", l, Question{From: hour(1), To: hour(2), Found: 3}, Found, "3 events match"},
		{"not found and covered", l, Question{From: hour(1), To: hour(2)}, NotFoundCovered, "all 2 sources that could hold it are complete over the window and hold 120 other records of the kind (positive control)"},
		{"only the sources named count", l, Question{From: hour(30), To: hour(31), Sources: []string{"vpn"}}, NotFoundCovered, "all 1 sources"},
		{"all sources count when none is named", l, Question{From: hour(30), To: hour(31)}, VerdictUnknown, "chat: 2018-04-02 06:00:00 – 2018-04-02 07:00:00 UTC unknown (after its last record)"},
		{"only kinds that can hold the classes count", l, Question{From: hour(30), To: hour(31), Classes: []int32{event.ClassTunnel}}, NotFoundCovered, "all 1 sources"},
		{"the index is behind", l, Question{From: hour(1), To: hour(2), Behind: 7}, VerdictUnknown, "7 acknowledged records are not indexed yet"},
		{"found although the index is behind", l, Question{From: hour(1), To: hour(2), Behind: 7, Found: 1}, Found, "7 acknowledged records are not indexed yet"},
		{"a source named that was never seen", l, Question{From: hour(1), To: hour(2), Sources: []string{"proxy"}}, VerdictUnknown, "proxy: 2018-04-01 01:00:00 – 2018-04-01 02:00:00 UTC unknown (no record ever arrived)"},
		{"no source could hold it", l, Question{From: hour(1), To: hour(2), Classes: []int32{event.ClassPeripheral}}, VerdictUnknown, "no source that could hold the answer"},
		{"no source at all", made(nil, nil, nil, time.Hour, hour(0)), Question{From: hour(1), To: hour(2)}, VerdictUnknown, "no source that could hold the answer"},
		{"best effort is not complete", udp, Question{From: hour(1), To: hour(2)}, VerdictUnknown, "UDP can lose records unnoticed"},
		{"no positive control", sparse, Question{From: hour(3), To: hour(5)}, VerdictUnknown, "no positive control"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := c.ledger.Answer(c.q)
			if a.Verdict != c.verdict || !strings.Contains(because(a), c.because) {
				t.Errorf("%s because\n%swant %s because %s", a.Verdict, because(a), c.verdict, c.because)
			}
			if a.Partial() && a.Verdict == NotFoundCovered {
				t.Error("covered, and partial")
			}
		})
	}
}

// The questions of the first incident: VPN logs were kept for a month, chat
// for ever.
func TestExpiredLogsAnswerUnknownAndKeptOnesAnswerCovered(t *testing.T) {
	jst := time.FixedZone("JST", 9*3600)
	march := time.Date(2018, 3, 1, 0, 0, 0, 0, jst)
	sources := []Source{
		{ID: "vpn", Kind: "vpn", Ack: "file", Name: event.Phrase{JA: "VPN 装置", EN: "VPN gateway"}, Absent: []Absence{{
			From: march.AddDate(0, -3, 0), To: day(), State: Expired, Reason: event.Phrase{JA: "保存期間 1 か月", EN: "kept for one month"}}}},
		{ID: "chat", Kind: "chat", Ack: "file"},
	}
	l := made(sources, append(hourly("vpn", "", 0, 48), hourly("chat", "", -24*40, 48)...), nil, time.Hour, hour(99))

	a := l.Answer(Question{From: march, To: march.AddDate(0, 0, 1), Classes: []int32{event.ClassTunnel}, Zone: jst})
	if a.Verdict != VerdictUnknown || len(a.Coverage) != 1 || a.Coverage[0].State != Expired {
		t.Errorf("VPN on 2018-03-01: %+v", a)
	}
	if want := "VPN gateway: 2018-03-01 00:00:00 – 2018-03-02 00:00:00 JST expired (kept for one month)\n"; because(a) != want {
		t.Errorf("because %swant %s", because(a), want)
	}
	if want := "VPN 装置：2018-03-01 00:00:00 – 2018-03-02 00:00:00 JST 保存期間超過（保存期間 1 か月）"; a.Because[0].JA != want {
		t.Errorf("%s\nwant %s", a.Because[0].JA, want)
	}
	a = l.Answer(Question{From: march, To: march.AddDate(0, 0, 1), Sources: []string{"chat"}, Zone: jst})
	if a.Verdict != NotFoundCovered || a.Coverage[0].Events != 24*60 {
		t.Errorf("no chat on 2018-03-01: %s because %s", a.Verdict, because(a))
	}
}

func TestNoAnswerIsWithoutGroundsAndNoneIsCoveredWithoutThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := someLedger(t)
		from, to := someWindow(t)
		q := Question{From: from, To: to, Found: rapid.Int64Range(0, 2).Draw(t, "found"), Behind: rapid.Uint64Range(0, 1).Draw(t, "behind")}
		if rapid.Bool().Draw(t, "classes") {
			q.Classes = []int32{rapid.SampledFrom([]int32{event.ClassTunnel, event.ClassPeripheral, event.ClassWebResources}).Draw(t, "class")}
		}
		if rapid.Bool().Draw(t, "sources") {
			q.Sources = []string{rapid.SampledFrom([]string{"s0", "s1", "none"}).Draw(t, "source")}
		}
		a := l.Answer(q)
		if len(a.Because) == 0 || slices.ContainsFunc(a.Because, event.Phrase.Empty) {
			t.Fatalf("%s because of nothing: %+v", a.Verdict, a.Because)
		}
		if len(a.Because) > maxReasons+1 {
			t.Fatalf("%d reasons", len(a.Because))
		}
		if (a.Verdict == Found) != (q.Found > 0) {
			t.Fatalf("%s with %d found", a.Verdict, q.Found)
		}
		for _, c := range a.Coverage {
			if a.Verdict == NotFoundCovered && (c.State != Complete || c.Events == 0 || q.Behind > 0) {
				t.Fatalf("covered although %s is %s with %d events and the index is %d behind", c.Source, c.State, c.Events, q.Behind)
			}
		}
	})
}

func TestReasonsAreBoundedAndSayHowManyAreLeftOut(t *testing.T) {
	var sources []Source
	for i := range 60 {
		sources = append(sources, Source{ID: fmt.Sprint("s", i)})
	}
	a := made(sources, nil, nil, time.Hour, hour(0)).Answer(Question{From: hour(0), To: hour(1)})
	if len(a.Because) != maxReasons+1 || a.Because[maxReasons].EN != "and 36 more reasons" || len(a.Coverage) != 60 {
		t.Errorf("%d reasons, the last %q; %d sources", len(a.Because), a.Because[len(a.Because)-1].EN, len(a.Coverage))
	}
}

func TestAHostThatNoSourceEverHeardOfIsUnknown(t *testing.T) {
	l := made([]Source{{ID: "server", Kind: "server", Ack: "file"}}, append(hourly("server", "WEB-1", 0, 24), hourly("server", "web-2", 0, 24)...), nil, time.Hour, hour(99))
	ask := func(hosts ...string) Answer {
		return l.Answer(Question{From: hour(2), To: hour(20), Hosts: hosts})
	}
	if a := ask("web-1"); a.Verdict != NotFoundCovered || a.Coverage[0].Host != "WEB-1" {
		t.Errorf("web-1: %s because %s", a.Verdict, because(a))
	}
	for _, hosts := range [][]string{{"web-9"}, {"web-1", "web-9"}} {
		if a := ask(hosts...); a.Verdict != VerdictUnknown || !strings.Contains(because(a), "ever had a record of web-9") {
			t.Errorf("%v: %s because %s", hosts, a.Verdict, because(a))
		}
	}
}

// The positive control of a host is its own: what the others of its source sent
// shows nothing.
func TestAHostIsItsOwnPositiveControl(t *testing.T) {
	l := made([]Source{{ID: "server", Kind: "server", Ack: "file"}}, append(hourly("server", "WEB-1", 0, 24), hourly("server", "web-2", 0, 24)...), nil, time.Hour, hour(99))
	q := Question{From: hour(2), To: hour(20), Hosts: []string{"web-1"}, Classes: []int32{event.ClassAuthentication}, Controls: map[string]Control{"server": {Events: 40}}}
	if a := l.Answer(q); a.Verdict != VerdictUnknown || !strings.Contains(because(a), "by this host itself") {
		t.Errorf("only others signed in: %s because %s", a.Verdict, because(a))
	}
	q.HostControls = map[string]map[string]Control{"web-1": {"server": {Events: 7}}}
	if a := l.Answer(q); a.Verdict != NotFoundCovered || !strings.Contains(because(a), "hold 7 other records of the kind (positive control; 7 of them are of the hosts asked about)") {
		t.Errorf("it signed in itself: %s because %s", a.Verdict, because(a))
	}
}

func TestNobodyDeclaresCompleteWhatIsStillToCome(t *testing.T) {
	l := made([]Source{{ID: "chat", Kind: "chat", Ack: "file", Covers: []Claim{{From: hour(0), To: hour(500)}}}}, hourly("chat", "", 0, 24), nil, time.Hour, hour(99))
	if a := l.Answer(Question{From: hour(2), To: hour(90)}); a.Verdict != NotFoundCovered {
		t.Errorf("before now: %s because %s", a.Verdict, because(a))
	}
	if a := l.Answer(Question{From: hour(2), To: hour(200)}); a.Verdict != VerdictUnknown {
		t.Errorf("until later than now: %s because %s", a.Verdict, because(a))
	}
}
