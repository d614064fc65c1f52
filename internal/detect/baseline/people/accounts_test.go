package people

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/basetest"
	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

const (
	desktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
	phone   = "Mozilla/5.0 (iPhone; CPU iPhone OS 11_2 like Mac OS X) Mobile/15C114"
)

func jst(tb testing.TB, s string) time.Time { return basetest.JST(tb, s) }

// A story collects events in time order and numbers their records.
type story struct{ events []event.Event }

func (s *story) logon(at time.Time, source, account, addr, client string, ok bool) {
	ev := event.Event{
		Time: at, Source: source, ClassUID: event.ClassAuthentication, ActivityID: event.ActivityLogon,
		StatusID: event.StatusFailure, ActorUser: account, SrcIP: addr, ClientApp: client, Format: "jsonlines",
	}
	if ok {
		ev.StatusID = event.StatusSuccess
	}
	s.events = append(s.events, ev)
}

// watching returns all baselines with nothing learned.
func watching(tb testing.TB, settings learn.Settings) *learn.Set {
	return basetest.Watching(tb, settings, Builders(nil))
}

func observe(s *learn.Set, ev *event.Event) {
	s.Arrive(ev)
	if s.Wants(ev) {
		s.Observe(ev)
	}
}

func (s *story) run(b *learn.Set) []finding.Finding {
	slices.SortStableFunc(s.events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	var out []finding.Finding
	for i := range s.events {
		s.events[i].Record = uint64(i + 1)
		observe(b, &s.events[i])
		out = append(out, b.Take()...)
	}
	if n := len(s.events); n > 0 {
		b.Advance(s.events[n-1].Time)
	}
	return append(out, b.Take()...)
}

// find returns the findings of a rule about an account.
func find(list []finding.Finding, rule, account string) []finding.Finding {
	var out []finding.Finding
	for _, f := range list {
		if f.RuleID == rule && f.ActorUser == account {
			out = append(out, f)
		}
	}
	return out
}

func by(tb testing.TB, list []finding.Finding, rule, account string, latest time.Time) {
	tb.Helper()
	found := find(list, rule, account)
	if len(found) == 0 {
		tb.Errorf("%s about %s: not raised", rule, account)
		return
	}
	if found[0].Time.After(latest) {
		tb.Errorf("%s about %s: raised at %s, want by %s", rule, account, found[0].Time, latest)
	}
	if len(found[0].Records) == 0 || found[0].Why == "" || found[0].WhyJA == "" || found[0].ID == "" {
		tb.Errorf("%s about %s: incomplete: %+v", rule, account, found[0])
	}
}

// stolen tells the story of stolen accounts used over two months: addresses
// and names are invented, the order and distances are those of the incident.
func stolen(tb testing.TB) *story {
	at := func(s string) time.Time { return jst(tb, s) }
	const x, y = "203.0.113.9", "198.51.100.8"
	s := &story{}
	s.logon(at("2018-01-07 08:57:58"), "chat", "fuji", y, desktop, true)
	s.logon(at("2018-01-07 09:58:00"), "chat", "fuji", x, desktop, true)
	for i := range 3 {
		s.logon(at("2018-01-09 10:00:00").Add(time.Duration(i)*20*time.Second), "groupware", "den", x, desktop, false)
	}
	s.logon(at("2018-01-09 10:02:00"), "groupware", "den", x, desktop, true)
	s.logon(at("2018-01-09 10:30:00"), "groupware", "eno", x, desktop, false)
	for _, day := range []string{"2018-01-11", "2018-01-17", "2018-01-24"} {
		s.logon(at(day+" 11:00:00"), "chat", "den", x, desktop, true)
	}
	s.logon(at("2018-01-31 12:00:00"), "chat", "baba", x, desktop, true)
	s.logon(at("2018-02-02 12:00:00"), "chat", "abe", x, desktop, true)
	s.logon(at("2018-03-03 11:08:34"), "vpn", "abe", x, "", true)
	s.logon(at("2018-03-03 14:59:44"), "vpn", "chiba", x, "", false)
	s.logon(at("2018-03-03 15:10:26"), "vpn", "baba", x, "", true)
	return s
}

func checkStolen(t *testing.T, found []finding.Finding) {
	t.Helper()
	at := func(s string) time.Time { return jst(t, s) }
	by(t, found, "baseline-new-address", "fuji", at("2018-01-07 09:58:00"))
	by(t, found, "baseline-shared-address", "den", at("2018-01-09 10:02:00"))
	by(t, found, "baseline-failed-then-success", "den", at("2018-01-09 10:02:00"))
	by(t, found, "baseline-shared-address", "baba", at("2018-01-31 12:00:00"))
	by(t, found, "baseline-shared-address", "abe", at("2018-02-02 12:00:00"))
	by(t, found, "baseline-vpn-tied-address", "abe", at("2018-03-03 11:08:34"))
	by(t, found, "baseline-shared-address", "chiba", at("2018-03-03 14:59:44"))
	by(t, found, "baseline-vpn-tied-address", "baba", at("2018-03-03 15:10:26"))
	if f := find(found, "baseline-new-address", "fuji"); len(f) > 0 && f[0].Level != finding.LevelHigh {
		t.Errorf("new address within the hour is %s, want high", f[0].Level)
	}
}

func TestStolenAccountsAreNoticedByTheFirstEventThatShowsThem(t *testing.T) {
	checkStolen(t, stolen(t).run(watching(t, nil)))
}

func TestStolenAccountsAreNoticedAmongOrdinaryTraffic(t *testing.T) {
	s := ordinary(jst(t, "2017-12-20 00:00:00"), 75, 60, 7)
	s.events = append(s.events, stolen(t).events...)
	found := s.run(watching(t, nil))
	checkStolen(t, found)
}

func TestSameEventsGiveTheSameFindings(t *testing.T) {
	s := ordinary(jst(t, "2018-01-01 00:00:00"), 20, 40, 3)
	a, b := s.run(watching(t, nil)), s.run(watching(t, nil))
	if len(a) == 0 {
		t.Fatal("nothing found: nothing compared")
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("findings differ between two runs:\n%s", d)
	}
}

func TestOfficeAddressIsLearnedAsOrdinary(t *testing.T) {
	s := &story{}
	start := jst(t, "2018-01-01 09:00:00")
	for day := range 10 {
		for p := range 8 + day { // somebody new every day
			s.logon(start.AddDate(0, 0, day).Add(time.Duration(p)*time.Minute), "chat", fmt.Sprintf("p%d", p), "198.51.100.1", desktop, true)
		}
	}
	if found := s.run(watching(t, nil)); len(found) != 0 {
		t.Errorf("%d findings, first %s", len(found), found[0].Why)
	}
}

func TestMemoryStaysBounded(t *testing.T) {
	k := learn.NewKit(nil)
	b := newAccounts(k).(*accounts)
	b.accounts, b.addresses = bounded.NewTable[string, account](50, k.Evicted()), bounded.NewTable[netip.Addr, address](60, k.Evicted())
	start := jst(t, "2018-01-01 00:00:00")
	for i := range 5000 {
		ev := event.Event{
			Time: start.Add(time.Duration(i) * time.Minute), Source: "s", Host: fmt.Sprint("h", i), ClassUID: event.ClassAuthentication,
			StatusID: event.StatusSuccess, ActorUser: fmt.Sprint("u", i), SrcIP: fmt.Sprintf("198.51.%d.%d", i/250, i%250),
		}
		b.Observe(&ev)
	}
	if *k.Evicted() == 0 {
		t.Error("nothing was forgotten")
	}
	if n := b.accounts.Len(); n > 50 {
		t.Errorf("%d accounts kept, at most 50 wanted", n)
	}
	if n := len(b.judging); n > 5000/2 {
		t.Errorf("%d addresses wait for judgement", n)
	}
}

func TestHostileAccessesDoNotPanic(t *testing.T) {
	b := watching(t, nil)
	for _, addr := range []string{"", "x", "::", "fe80::1%eth0", "::ffff:192.0.2.1", "999.1.1.1", strings.Repeat("1", 1000)} {
		for _, user := range []string{"", "@", `\`, strings.Repeat("a", 10000), "a\x00b"} {
			ev := event.Event{ClassUID: event.ClassAuthentication, StatusID: event.StatusSuccess, ActorUser: user, SrcIP: addr}
			observe(b, &ev)
			ev.Time = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
			observe(b, &ev)
		}
	}
	b.Advance(time.Now())
}

// ordinary makes the traffic of an organisation: people with a home line, the
// office, a phone on a carrier's pool, trips, forgotten passwords.
func ordinary(start time.Time, days, people int, seed uint64) *story {
	r := rand.New(rand.NewPCG(seed, 1))
	s := &story{}
	homes := make([]string, people)
	for i := range homes {
		homes[i] = homeAddress(r)
	}
	for day := range days {
		date := start.AddDate(0, 0, day)
		weekend := date.Add(9*time.Hour).Weekday()%6 == 0
		for p := range people {
			name := fmt.Sprintf("user%03d", p)
			if r.IntN(60) == 0 {
				homes[p] = homeAddress(r) // the line got another address
			}
			clock := func(hour float64) time.Time {
				return date.Add(time.Duration((hour + r.Float64()) * float64(time.Hour)))
			}
			if weekend {
				if r.IntN(10) == 0 {
					s.logon(clock(13), "groupware", name, homes[p], desktop, true)
				}
				continue
			}
			at := clock(8.5)
			if r.IntN(40) == 0 {
				for i := range 1 + r.IntN(4) {
					s.logon(at.Add(-time.Duration(i+1)*15*time.Second), "groupware", name, "198.51.100.2", desktop, false)
				}
			}
			s.logon(at, "groupware", name, "198.51.100.2", desktop, true)
			if r.IntN(3) == 0 {
				s.logon(clock(9), "chat", name, "198.51.100.2", desktop, true)
			}
			if r.IntN(2) == 0 {
				s.logon(clock(12), "chat", name, fmt.Sprintf("100.64.%d.%d", r.IntN(64), 1+r.IntN(250)), phone, true)
			}
			if r.IntN(3) == 0 {
				s.logon(clock(19.5), "vpn", name, homes[p], "", true)
			}
			if r.IntN(400) == 0 {
				s.logon(clock(15), "vpn", name, fmt.Sprintf("192.0.2.%d", 1+r.IntN(250)), "", true) // a trip
			}
		}
	}
	return s
}

func homeAddress(r *rand.Rand) string {
	return fmt.Sprintf("%d.%d.%d.%d", 36+r.IntN(90), r.IntN(30), r.IntN(250), 1+r.IntN(250))
}

func TestOrdinaryMonthOf200PeopleGivesFewFindings(t *testing.T) {
	start := jst(t, "2018-01-08 00:00:00")
	const days = 42
	s := ordinary(start, days, 200, 11)
	perDay := make([]int, days+1)
	rules := map[string]int{}
	for _, f := range s.run(watching(t, nil)) {
		rules[f.RuleID+" "+f.Level]++
		if f.Level == finding.LevelLow {
			continue
		}
		perDay[int(f.Time.Sub(start).Hours()/24)]++
	}
	sum := 0
	for _, n := range perDay {
		sum += n
	}
	t.Logf("%d events; medium or higher per day: %v; mean %.2f; %v", len(s.events), perDay[:days], float64(sum)/days, rules)
	if mean := float64(sum) / days; mean > 3 {
		t.Errorf("%.2f findings a day at medium or higher, want at most 3", mean)
	}
	if worst := slices.Max(perDay); worst > 10 {
		t.Errorf("%d findings on one day", worst)
	}
}

func BenchmarkObserve(b *testing.B) {
	s := ordinary(time.Date(2018, 1, 8, 0, 0, 0, 0, time.UTC), 30, 200, 5)
	s.run(watching(b, nil))
	bl := watching(b, nil)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		observe(bl, &s.events[i%len(s.events)])
		i++
	}
}
